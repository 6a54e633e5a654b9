/** Sequences out of a long series: every cut against its definition, spelled out on rows. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Sequence, Series } from "../src/index.js";
import { adam, createModel, createTrainer, dense, lanes, lstm, windows } from "../src/index.js";

/** Row t, feature k is 100 t + k: its place can be read off. */
const rows = (steps: number, features: number) =>
  Array.from({ length: steps }, (_, t) => Array.from({ length: features }, (_, k) => 100 * t + k));
const flat = (part: Series | number | undefined) =>
  Array.from(part as ArrayLike<number | ArrayLike<number>>, (row) => (typeof row === "number" ? row : Array.from(row))).flat();
const flatten = (sequences: Iterable<Sequence<Series>>) => Array.from(sequences, ({ inputs, targets }) => [flat(inputs), flat(targets)]);

/** The same series in every form in which it may be given. */
const forms = (series: number[][]): [Series, { features?: number }][] => {
  const features = series[0]!.length;
  return [
    [series, {}],
    [series.map((row) => Float64Array.from(row)), { features }],
    [series.flat(), { features }],
    [Float32Array.from(series.flat()), { features }],
    [Int32Array.from(series.flat()), { features }],
  ];
};

describe("windows", () => {
  test("of every form, length, horizon, stride, output and choice of targets are what their definition says", () => {
    const sizes = fc.record({
      features: fc.integer({ min: 1, max: 3 }),
      length: fc.integer({ min: 1, max: 6 }),
      horizon: fc.integer({ min: 1, max: 5 }),
      stride: fc.integer({ min: 1, max: 7 }),
      more: fc.integer({ min: 0, max: 20 }),
      output: fc.constantFrom("every", "last"),
      reversed: fc.boolean(),
    });
    fc.assert(
      fc.property(sizes, ({ features, length, horizon, stride, more, output, reversed }) => {
        const series = rows(length + horizon + more, features);
        const targetFeatures = reversed ? Array.from({ length: features }, (_, k) => features - 1 - k) : undefined;
        const expected: unknown[] = [];
        for (let from = 0; from + length - 1 + horizon < series.length; from += stride) {
          const steps = Array.from({ length }, (_, t) => from + t);
          const goals = (output === "every" ? steps : steps.slice(-1)).map((t) => series[t + horizon]!);
          expected.push([steps.flatMap((t) => series[t]!), goals.flatMap((row) => targetFeatures?.map((k) => row[k]!) ?? row)]);
        }
        for (const [form, options] of forms(series)) {
          const cut = windows(form, { length, horizon, stride, output, ...options, ...(targetFeatures && { targetFeatures }) });
          expect(flatten(cut)).toEqual(expected);
        }
      }),
    );
  });

  test("by default: of one feature, one step ahead, from every step, a target for each; as often as it is iterated", () => {
    const cut = windows([1, 2, 3, 4, 5], { length: 3 });
    const expected = [
      [
        [1, 2, 3],
        [2, 3, 4],
      ],
      [
        [2, 3, 4],
        [3, 4, 5],
      ],
    ];
    expect([flatten(cut), flatten(cut)]).toEqual([expected, expected]);
  });

  test("of a typed array are views", () => {
    const series = Float32Array.from({ length: 1000 }, (_, t) => t);
    for (const { inputs, targets } of [...windows(series, { length: 10 }), ...lanes(series, 7)])
      for (const part of [inputs, targets]) expect((part as Float32Array).buffer).toBe(series.buffer);
  });

  test("fit learns from them, also once they are shuffled, and predict takes them", async () => {
    const series = Float64Array.from({ length: 200 }, (_, t) => Math.sin(t / 5));
    const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 8 }), dense({ units: 1 })], output: "last" });
    const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }) });
    const cut = windows(series, { length: 20, horizon: 3, output: "last" });
    for (const data of [cut, [...cut]]) for await (const _ of trainer.fit(data, { epochs: 10 }));
    expect(trainer.evaluate(cut).loss).toBeLessThan(0.02);
    expect(model.predict(cut)).toHaveLength(178);
  });
});

describe("lanes", () => {
  test.each([
    [9, 2, 4],
    [10, 3, 3],
    [11, 10, 1],
    [500, 16, 31],
  ])("%d steps as %d pieces of %d, end to end, each step's target the next", (steps, count, length) => {
    const series = rows(steps, 2);
    const expected = Array.from({ length: count }, (_, i) => [
      series.slice(i * length, (i + 1) * length).flat(),
      series.slice(i * length + 1, (i + 1) * length + 1).flat(),
    ]);
    for (const [form, options] of forms(series)) expect(flatten(lanes(form, count, options))).toEqual(expected);
  });
});
