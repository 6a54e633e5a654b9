/** Standardising: what is measured against its definition, and a model that does it against one that is given it done. */

import { describe, expect, test } from "vitest";
import type { Scale, Sequence } from "../src/index.js";
import {
  adam,
  categorical,
  createModel,
  createTrainer,
  dense,
  dropout,
  gaussianNLL,
  huber,
  loadModel,
  lstm,
  mae,
  mse,
  numeric,
  quantile,
  resumeTrainer,
  scaler,
  windows,
} from "../src/index.js";
import { numbers, relativeError } from "./helpers/cases.js";

describe("measured", () => {
  const next = numbers(1);
  const rows = Array.from({ length: 101 }, () => [next(), 1e9 + next(), 1000 * next() - 300, 7.3]);
  /** The definition, in two passes, from the first value on so that nothing is lost. */
  const column = (k: number) => {
    const values = rows.map((row) => row[k]! - rows[0]![k]!);
    const mean = values.reduce((a, b) => a + b) / values.length;
    return [mean + rows[0]![k]!, Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length)];
  };
  const sequences = [rows.slice(0, 40), rows.slice(40, 41), rows.slice(41)].map((part) => ({
    inputs: part,
    targets: part.map(([a]) => a!),
  }));

  test.each<[string, Scale]>([
    ["rows", scaler(rows)],
    ["typed rows", scaler(rows.map((row) => Float64Array.from(row)))],
    ["flat", scaler(rows.flat(), { features: 4 })],
    ["a flat typed array", scaler(Float64Array.from(rows.flat()), { features: 4 })],
    ["sequences", scaler(sequences)],
    ["sequences of an iterable, flat", scaler(new Set(sequences.map(({ inputs }) => ({ inputs: inputs.flat() }))), { features: 4 })],
    ["windows that tile it", scaler(windows([...rows, rows[0]!], { length: 101 }))],
  ])(
    "%s: mean and deviation of each feature, to the last digits beside a large mean; 1 where nothing changes",
    (_, { mean, deviation }) => {
      for (const k of [0, 1, 2]) {
        const expected = column(k);
        expect(relativeError([mean[k]!], [expected[0]!])).toBeLessThan(1e-14);
        expect(relativeError([deviation[k]!], [expected[1]!])).toBeLessThan(1e-7);
      }
      expect([mean[3], deviation[3]]).toEqual([7.3, 1]);
    },
  );

  test("numeric columns in their order, of sequences and of a table; gaps are passed over where there may be some", () => {
    const input = { columns: { a: numeric(), label: categorical(["x", "y"]), b: numeric({ missing: "last" }) } };
    const table = (list: number[][]) => ({
      b: list.map((row) => (row[0]! > 0.5 ? null : row[2]!)),
      a: list.map((row) => row[1]!),
      label: list.map((_, i) => (i % 2 ? "x" : "y")),
    });
    const seen = rows.filter((row) => !(row[0]! > 0.5));
    const expected = {
      mean: [scaler(rows).mean[1]!, scaler(seen).mean[2]!],
      deviation: [scaler(rows).deviation[1]!, scaler(seen).deviation[2]!],
    };
    expect(scaler(table(rows), { input })).toEqual(expected);
    const parts = [table(rows.slice(0, 30)), table(rows.slice(30))].map((inputs) => ({ inputs, targets: inputs.a }));
    expect(scaler(parts, { input })).toEqual(expected);
    expect(scaler(parts, { of: "targets" })).toEqual({ mean: [expected.mean[0]!], deviation: [expected.deviation[0]!] });
    expect(() => scaler({ ...table(rows), b: [NaN] }, { input })).toThrow(
      '"series.b" expected 101 values, as many as a has, got an array of 1',
    );
    const gap = { ...table(rows), a: rows.map(() => NaN) };
    expect(() => scaler(gap, { input })).toThrow('"series, step 0, column a" expected a finite number (gaps need');
  });

  test("what is missing is passed over, if that is asked for", () => {
    const gaps = rows.map((row, i) => row.map((value, k) => (k < 3 && i % (k + 2) === 0 ? NaN : value)));
    const { mean, deviation } = scaler(gaps, { missing: "ignore" });
    for (const k of [0, 1, 2]) {
      const alone = scaler(gaps.map((row) => row[k]!).filter((value) => !Number.isNaN(value)));
      expect([mean[k], deviation[k]]).toEqual([alone.mean[0], alone.deviation[0]]);
    }
    expect(mean[3]).toBe(7.3);
  });

  test("flat targets of several numbers, as many as it is told", () => {
    const flat = sequences.map(({ inputs }) => ({ inputs, targets: inputs.flat() }));
    expect(scaler(flat, { of: "targets", features: 4 })).toEqual(scaler(sequences));
  });

  test("targets, of every step or one number of a sequence", () => {
    expect(scaler(sequences, { of: "targets" }).mean[0]).toBeCloseTo(column(0)[0]!, 12);
    expect(
      scaler(
        [1, 3, 8].map((targets) => ({ inputs: [0], targets })),
        { of: "targets" },
      ),
    ).toEqual({ mean: [4], deviation: [Math.sqrt(26 / 3)] });
  });
});

describe("in a model", () => {
  const inputs: Scale = { mean: [3, 1.7e9], deviation: [0.5, 3600] };
  const targets: Scale = { mean: [-20, 1000, 0.1], deviation: [4, 0.3, 1] };
  const config = (output: "every" | "last") => ({
    input: { features: 2 },
    layers: [lstm({ units: 6 }), dropout({ rate: 0.2 }), dense({ units: 3 })],
    seed: 2,
    output,
  });
  const into = ({ mean, deviation }: Scale, row: number[]) => row.map((x, k) => Math.fround((x - mean[k]!) / deviation[k]!));
  const back = ({ mean, deviation }: Scale, flat: Float32Array) =>
    flat.map((z, i) => z * deviation[i % mean.length]! + mean[i % mean.length]!);
  const next = numbers(4);
  const row = ({ mean, deviation }: Scale) => mean.map((m, k) => m + 2 * deviation[k]! * next());
  const make = (output: "every" | "last") => {
    const raw = [9, 4, 12, 7, 1, 10, 3].map((length) => ({
      inputs: Array.from({ length }, () => row(inputs)),
      targets: Array.from({ length: output === "every" ? length : 1 }, () => row(targets)),
    }));
    const done: Sequence[] = raw.map((s) => ({
      inputs: s.inputs.map((x) => into(inputs, x)),
      targets: s.targets.map((y) => into(targets, y)),
    }));
    return { raw, done };
  };

  describe.each(["every", "last"] as const)("with output %s", (output) => {
    const { raw, done } = make(output);
    test("everything has the bits of a plain model that is given standardised numbers, outputs in the targets' units", async () => {
      const scaled = createModel({ ...config(output), scaler: { inputs, targets } });
      const plain = createModel(config(output));
      const options = { loss: huber({ delta: 0.7 }), optimizer: adam({ learningRate: 0.02 }), window: 5, batch: 3 };
      const [a, b] = [createTrainer(scaled, options), createTrainer(plain, options)];
      expect(a.gradients(raw)).toEqual(b.gradients(done));
      expect(a.step(raw)).toBe(b.step(done));
      const losses: number[] = [];
      for await (const { loss, validationLoss } of a.fit(raw, { epochs: 2, validation: raw })) losses.push(loss, validationLoss!);
      for await (const { loss, validationLoss } of b.fit(done, { epochs: 2, validation: done }))
        expect([loss, validationLoss]).toEqual(losses.splice(0, 2));
      expect(scaled.parameters()).toEqual(plain.parameters());
      for (const loss of [mse(), mae(), "mse"] as const) expect(scaled.evaluate(raw, { loss })).toEqual(plain.evaluate(done, { loss }));
      expect(scaled.predict(raw)).toEqual(plain.predict(done).map((flat) => back(targets, flat)));
    });
  });

  test("a stream takes and gives your units; either part may be left out", () => {
    const { raw } = make("every");
    for (const parts of [{ inputs, targets }, { inputs }, { targets }, {}]) {
      const model = createModel({ ...config("every"), scaler: parts });
      const plain = createModel(config("every"));
      const [stream, reference] = [model.stream(), plain.stream()];
      const steps = raw[0]!.inputs.map((x) => ("inputs" in parts ? x : into(inputs, x)));
      const outputs = steps.map((x) => stream.step(x));
      steps.forEach((x, t) => {
        const output = reference.step("inputs" in parts ? into(inputs, x) : x);
        expect(outputs[t]).toEqual("targets" in parts ? back(targets, output) : output);
      });
      expect(Float32Array.from(outputs.flatMap((y) => [...y]))).toEqual(model.predict([{ inputs: steps }])[0]);
      expect(stream.state()).toEqual(reference.state());
    }
    const one = createModel({ input: { features: 1 }, layers: [lstm({ units: 2 })], scaler: { inputs: { mean: [5], deviation: [2] } } });
    expect(one.stream().step(9)).toEqual(
      createModel({ ...one.config, scaler: {} })
        .stream()
        .step(2),
    );
  });

  const two: Scale = { mean: [-20, 1000], deviation: [4, 0.25] };
  const KINDS = [
    [
      "quantile",
      quantile({ quantiles: [0.1, 0.5, 0.9] }),
      (y: number[]) => y.map((z, j) => z * two.deviation[j < 3 ? 0 : 1]! + two.mean[j < 3 ? 0 : 1]!),
    ],
    // Means, then logarithms of variances: that of d z is 2 log d more.
    [
      "gaussianNLL",
      gaussianNLL(),
      ([a, b, s, t]: number[]) => [a! * 4 - 20, b! * 0.25 + 1000, s! + 2 * Math.log(4), t! + 2 * Math.log(0.25)],
    ],
  ] as const;
  test.each(KINDS)("%s: trains as on standardised targets, and gives its outputs in their units", (outputs, loss, back) => {
    const layers = [lstm({ units: 6 }), dense({ units: outputs === "quantile" ? 6 : 4 })];
    const plain = createModel({ input: { features: 2 }, layers, seed: 2 });
    const scaled = loadModel(createModel({ ...plain.config, scaler: { targets: two, outputs } }).save());
    const raw = [5, 2, 9].map((length) => ({
      inputs: Array.from({ length }, () => [next(), next()]),
      targets: Array.from({ length }, () => row(two)),
    }));
    const done = raw.map(({ inputs, targets }) => ({ inputs, targets: targets.map((y) => into(two, y)) }));
    const options = { loss, optimizer: adam({ learningRate: 0.02 }) };
    const [a, b] = [createTrainer(scaled, options), createTrainer(plain, options)];
    for (let i = 0; i < 5; i++) expect(a.step(raw)).toBe(b.step(done));
    const [y, z] = [scaled.predict(raw)[0]!, plain.predict(done)[0]!];
    const width = y.length / 5;
    for (let t = 0; t < 5; t++) {
      const expected = Float32Array.from(back([...z.subarray(t * width, (t + 1) * width)]));
      expect(y.subarray(t * width, (t + 1) * width)).toEqual(expected);
    }
    expect(scaled.stream().step(raw[0]!.inputs[0]!)).toEqual(y.slice(0, width));
  });

  test("rmse and mae are in the targets' units, over those that are there; losses are not", () => {
    const { raw } = make("every");
    const gaps = raw.map((s) => ({ ...s, targets: s.targets.map((y) => y.map((value) => (next() > 0.6 ? NaN : value))) }));
    const scaled = createModel({ ...config("every"), scaler: { inputs, targets } });
    const errors = scaled.predict(raw).flatMap((y, i) => [...y].map((value, k) => value - gaps[i]!.targets.flat()[k]!));
    const there = errors.filter((error) => !Number.isNaN(error));
    const mean = (of: (error: number) => number) => there.reduce((sum, error) => sum + of(error), 0) / there.length;
    const scores = scaled.evaluate(gaps, { loss: mse({ missing: "ignore" }), metrics: ["mae", "rmse"] });
    expect(relativeError([scores.mae!, scores.rmse!], [mean(Math.abs), Math.sqrt(mean((error) => error ** 2))])).toBeLessThan(1e-5);
    expect(scores.loss).toBe(scaled.evaluate(gaps, { loss: mse({ missing: "ignore" }) }).loss);
  });

  test("is saved with it, to the last bit, and is frozen", () => {
    const third = { mean: [1 / 3, 1.7e9 + 1 / 7], deviation: [Math.PI, 1e-20] };
    const model = createModel({ ...config("every"), scaler: { inputs: third } });
    third.mean[0] = 9;
    const trainer = createTrainer(model, { loss: "mse", optimizer: adam() });
    for (const same of [loadModel(model.save()), resumeTrainer(trainer.save()).model]) {
      expect(same.config.scaler).toEqual({ inputs: { ...third, mean: [1 / 3, third.mean[1]] } });
      expect(() => same.config.scaler.inputs!.mean.push(1)).toThrow(TypeError);
    }
    expect(createModel(config("every")).config.scaler).toEqual({});
  });
});
