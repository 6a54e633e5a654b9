/** An update: what stops it, clipping, weight decay, and where the parameters start. */

import { expect, test } from "vitest";
import { adam, createModel, createTrainer, dense, embedding, lstm, sgd } from "../../src/index.js";
import { asSequences, asTensors, CASES, examples, randomParameters, relativeError } from "../helpers/cases.js";
import { collect, fresh, sequences } from "../helpers/fitting.js";

test("a loss that stops being finite stops the fit before the update, and says where", async () => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e6 }) });
  const data = [{ inputs: [1e6, 2e6, 3e6], targets: [4, 5, 6] }];
  trainer.step(data);
  const before = model.parameters();
  expect(() => trainer.step(data)).toThrow(/is no longer finite in update 2: the parameters are those of the update before/);
  expect(model.parameters()).toEqual(before);
  expect(trainer.updates).toBe(1);
  await expect(collect(trainer.fit(data))).rejects.toThrow(RangeError);
  expect(model.parameters()).toEqual(before);
});

test("a gradient that is not finite stops the update although the loss is", () => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e-30 }) });
  const before = model.parameters();
  expect(() => trainer.step([{ inputs: [1e25], targets: [0] }])).toThrow(/loss is no longer finite/);
  model.setParameters({
    "dense.weight": { shape: [1, 1], data: Float32Array.of(0) },
    "dense.bias": { shape: [1], data: Float32Array.of(1) },
  });
  expect(() => trainer.step([{ inputs: [3e38], targets: [0] }])).toThrow(/gradient is no longer finite in update 1/);
  expect(trainer.updates).toBe(0);
  expect(Object.keys(before)).toEqual(Object.keys(model.parameters()));
});

test("where no target counts there is no loss, and no update", async () => {
  const model = createModel({ input: { tokens: 3 }, layers: [lstm({ units: 2 }), dense({ units: 3 })] });
  const trainer = createTrainer(model, { loss: "crossEntropy", optimizer: adam() });
  const ignored = [{ inputs: [0, 1], targets: [-100, -100] }];
  expect(trainer.step(ignored)).toBe(NaN);
  expect(trainer.gradients(ignored).loss).toBe(NaN);
  expect(trainer.evaluate(ignored).loss).toBe(NaN);
  expect((await collect(trainer.fit(ignored)))[0]!.loss).toBe(NaN);
  expect(trainer.step([{ inputs: [0, 1], targets: [7, 2], weights: [0, 0] }])).toBe(NaN);
  expect(trainer.updates).toBe(0);
  expect(model.predict([])).toEqual([]);
});

test("clipping scales to the norm, less the 1e-6 that PyTorch has", () => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  const set = () =>
    model.setParameters({
      "dense.weight": { shape: [1, 1], data: Float32Array.of(0) },
      "dense.bias": { shape: [1], data: Float32Array.of(0) },
    });
  const data = [{ inputs: [0], targets: [-1e-6] }];
  set();
  createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }), clipNorm: 1e-6 }).step(data);
  // The gradient is 2e-6: scaled by 1e-6 / (2e-6 + 1e-6).
  expect(model.parameters()["dense.bias"]!.data[0]! / -1e-6).toBeCloseTo(2 / 3, 4);
});

test.each(CASES.map((entry) => [entry.name, entry] as const))("weight decay takes from every matrix and from no vector: %s", (_, entry) => {
  const model = createModel(entry.model);
  const before = randomParameters(model.parameters());
  model.setParameters(asTensors(before));
  const optimizer = sgd({ learningRate: 0.5, weightDecay: 0.5 });
  createTrainer(model, { loss: entry.loss, optimizer, clipNorm: 1e-20 }).step(asSequences(examples(entry)));
  for (const [name, { shape, data }] of Object.entries(model.parameters())) {
    const expected = before[name]!.data.map((value) => value * (shape.length > 1 ? 0.75 : 1));
    expect(relativeError(data, expected), name).toBeLessThan(1e-6);
  }
});

test("the initial weights are uniform in PyTorch's bounds", () => {
  const model = createModel({
    input: { tokens: 400 },
    layers: [embedding({ units: 25 }), lstm({ units: 49 }), dense({ units: 100 })],
    seed: 12,
  });
  const bounds = {
    weight_ih_l0: 1 / 7,
    weight_hh_l0: 1 / 7,
    bias_ih_l0: 1 / 7,
    bias_hh_l0: 1 / 7,
    "dense.weight": 1 / 7,
    "dense.bias": 1 / 7,
  };
  for (const [name, { data }] of Object.entries(model.parameters())) {
    const bound = bounds[name as keyof typeof bounds];
    if (name === "embedding.weight") continue; // PyTorch's normal: tests/initializers.test.ts
    const most = data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    expect(most, name).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(most, name).toBeGreaterThan(bound * 0.95);
    const tolerance = (4 * bound) / Math.sqrt(data.length);
    expect(Math.abs(data.reduce((a, b) => a + b, 0) / data.length), name).toBeLessThan(tolerance);
  }
});

test("padding stays exactly zero through training", async () => {
  const trainer = fresh({ batch: 3 });
  await collect(trainer.fit(sequences, { epochs: 3 }));
  const { Model } = await import("../../src/model/model.js");
  const { layout, memory, params } = Model.engine("model", trainer.model);
  const used = new Set<number>();
  for (const { shape, at } of layout.parameters) {
    for (let row = 0; row < shape[0]!; row++) for (let column = 0; column < (shape[1] ?? 1); column++) used.add(at(row, column));
  }
  const all = memory.f32.subarray(params / 4, (params + layout.params.bytes) / 4);
  const padding = all.filter((_, i) => !used.has(i));
  expect(padding.length).toBeGreaterThan(400);
  expect(padding.every((value) => value === 0)).toBe(true);
});
