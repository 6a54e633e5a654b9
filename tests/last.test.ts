/** `output: "last"`: the final state of each direction, and how far its error flows back. */

import { describe, expect, test } from "vitest";
import {
  adam,
  createModel,
  createTrainer,
  dense,
  gru,
  type Layer,
  loadModel,
  lstm,
  lstm97,
  type ModelConfig,
  readSafetensors,
  resumeTrainer,
  rnn,
  writeSafetensors,
} from "../src/index.js";
import { f32s, numbers } from "./helpers/cases.js";

const next = numbers(21);
/** Sequences of one of four classes, which the first step tells, and numbers. */
const first = (count: number, steps: number) =>
  Array.from({ length: count }, () => {
    const answer = Math.floor(2 * (next() + 1));
    const inputs = Array.from({ length: steps }, (_, t) => (t === 0 ? [0, 1, 2, 3].map((k) => Number(k === answer)) : f32s(4, next, 0.5)));
    return { inputs, targets: [answer] };
  });
const config = (layer: Layer): ModelConfig => ({ input: { features: 4 }, layers: [layer, dense({ units: 4 })], output: "last", seed: 1 });

test.each([
  ["lstm", lstm({ units: 16, bidirectional: "concat" })],
  ["gru", gru({ units: 16, bidirectional: "sum" })],
] as const)("both directions tell the class of sequences whose first of 60 steps says it: %s", async (_, layer) => {
  const trainer = createTrainer(createModel(config(layer)), { loss: "crossEntropy", optimizer: adam({ learningRate: 0.01 }), clipNorm: 1 });
  for await (const _ of trainer.fit(first(320, 60), { epochs: 6 }));
  expect(trainer.evaluate(first(200, 60), { metrics: ["accuracy"] }).accuracy).toBeGreaterThan(0.98);
});

describe("how far errors flow back", () => {
  test("to the first step, if nothing else is said", async () => {
    // Inputs after the first are 0, so the weights that multiply them learn from the first alone.
    const sequences = [0, 1, 2].map((answer) => ({
      inputs: Array.from({ length: 100 }, (_, t) => [0, 1, 2, 3].map((k) => Number(t === 0 && k === answer))),
      targets: [answer],
    }));
    for (const window of [undefined, 64]) {
      const model = createModel(config(lstm({ units: 4, chrono: 100 })));
      const before = model.parameters();
      const options = { loss: "crossEntropy", optimizer: adam(), ...(window && { window }) } as const;
      const trainer = createTrainer(model, options);
      expect(trainer.options.window).toBe(window ?? Infinity);
      for await (const report of trainer.fit(sequences)) expect("notes" in report).toBe(window === 64);
      expect(model.parameters().bias_ih_l0).not.toEqual(before.bias_ih_l0);
      if (window) expect(model.parameters().weight_ih_l0).toEqual(before.weight_ih_l0);
      else expect(model.parameters().weight_ih_l0).not.toEqual(before.weight_ih_l0);
    }
  });

  test.each(["an array", "an iterable"])(
    "a window that is shorter than the sequences is told once, in the first report: %s",
    async (kind) => {
      const list = [...first(3, 20), ...first(3, 100)];
      const data = kind === "an array" ? list : { [Symbol.iterator]: () => list.values() };
      const options = { loss: "crossEntropy", optimizer: adam(), window: 64, batch: 8, shuffle: false } as const;
      for (const output of ["last", "every"] as const) {
        const trainer = createTrainer(createModel({ ...config(lstm({ units: 4 })), output }), options);
        const given = output === "last" ? data : list.map(({ inputs }) => ({ inputs, targets: inputs.map(() => 1) }));
        const notes: unknown[] = [];
        for await (const report of trainer.fit(given, { epochs: 2, every: 1 })) notes.push(report.notes);
        expect(notes.length).toBeGreaterThan(2);
        const said = ["gradients flow back over the last 64 of up to 100 steps: window: Infinity lets them reach the first"];
        expect(notes).toEqual(notes.map((_, i) => (i === 0 && output === "last" ? said : undefined)));
      }
    },
  );
});

test.each([
  ["lstm", lstm({ units: 3, bidirectional: "concat", projection: 2 })],
  ["rnn", rnn({ units: 3, bidirectional: "concat" })],
  ["lstm97", lstm97({ blocks: 3, bidirectional: "concat" })],
] as const)("the output is what either direction by itself comes to, ragged and padded alike: %s", (_, layer) => {
  const both = createModel({ input: { features: 2 }, layers: [layer], output: "last", seed: 4 });
  const { bidirectional: _way, ...options } = layer;
  const alone = ["", "_reverse"].map((end) => {
    const one = createModel({ input: { features: 2 }, layers: [options as Layer], output: "last" });
    const own = Object.keys(one.parameters()).map((name) => [name, both.parameters()[name + end]!] as const);
    one.setParameters(Object.fromEntries(own));
    return one;
  });
  const sequences = [5, 1, 9, 3, 7, 7, 2, 8, 4, 6].map((steps) => ({ inputs: Array.from({ length: steps }, () => f32s(2, next)) }));
  const turned = sequences.map(({ inputs }) => ({ inputs: inputs.toReversed() }));
  const [forth, back] = [alone[0]!.predict(sequences), alone[1]!.predict(turned)];
  both.predict(sequences).forEach((y, i) => {
    const expected = [...forth[i]!, ...back[i]!];
    y.forEach((value, k) => expect(value).toBeCloseTo(expected[k]!, 6));
    expect(y).toHaveLength(expected.length);
  });
});

describe("files of 0.1, which do not say their format", () => {
  const old = (bytes: Uint8Array, changes: object = {}) => {
    const { tensors, metadata } = readSafetensors(bytes);
    const { format, ...rest } = JSON.parse(metadata.memcell!);
    expect(format).toBe(2);
    return writeSafetensors({ tensors, metadata: { memcell: JSON.stringify({ ...rest, ...changes }) } });
  };

  test('with output "last" of both directions are refused, and their parameters can be had', () => {
    const model = createModel(config(lstm({ units: 3, bidirectional: "concat" })));
    const trainer = createTrainer(model, { loss: "crossEntropy", optimizer: adam() });
    expect(() => loadModel(old(model.save()))).toThrow(/"bytes" is a model of memcell 0\.1 with output "last" of a bidirectional layer/);
    expect(() => resumeTrainer(old(trainer.save()))).toThrow("must be trained again");
    expect(loadModel(old(model.save()), { config: model.config }).parameters()).toEqual(model.parameters());
    expect(resumeTrainer(trainer.save()).model.config).toEqual(model.config);
  });

  test("mean what they meant otherwise", () => {
    const below = [lstm({ units: 3, bidirectional: "concat" }), gru({ units: 3 }), dense({ units: 4 })];
    for (const layers of [below, below.slice(1)]) {
      const model = createModel({ input: { features: 4 }, layers, output: "last" });
      expect(loadModel(old(model.save())).save()).toEqual(model.save());
    }
    const every = createModel({ input: { features: 4 }, layers: below.slice(0, 1) });
    expect(loadModel(old(every.save())).save()).toEqual(every.save());
  });

  test.each([3, 0, 1.5, "2", null])("and those of a format that is not known are refused: %s", (format) => {
    const model = createModel(config(lstm({ units: 3 })));
    expect(() => loadModel(old(model.save(), { format }))).toThrow('"metadata.memcell.format" expected');
  });
});
