/** Cells with the activations of other frameworks, and one direction alone: PyTorch's numbers, overflow, files, cost. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { activation, createModel, createTrainer, dense, gru, type Layer, loadModel, lstm, sgd } from "../src/index.js";
import { relativeError } from "./helpers/cases.js";

interface Vector {
  layer: Layer;
  inputs: number[];
  targets: number[];
  parameters: Record<string, { shape: number[]; data: number[] }>;
  outputs: number[];
  loss: number;
  gradients: Record<string, number[]>;
}

const vectors: Vector[] = JSON.parse(readFileSync(new URL("vectors/cells.json", import.meta.url), "utf8"));

describe("outputs, loss and gradients are PyTorch's", () => {
  test.each(vectors.map((vector) => [JSON.stringify(vector.layer), vector] as const))(
    "%s",
    (_, { layer, inputs, targets, ...expected }) => {
      const layers = layer.type === "activation" ? [dense({ units: 3 }), layer] : [layer];
      const model = createModel({ input: { features: 2 }, layers });
      model.setParameters(
        Object.fromEntries(
          Object.entries(expected.parameters).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]),
        ),
      );
      // One row, and rows side by side.
      for (const rows of [1, 9]) {
        const sequences = Array.from({ length: rows }, () => ({ inputs, targets }));
        for (const y of model.predict(sequences)) expect(relativeError(y, expected.outputs)).toBeLessThan(1e-6);
        const { loss, gradients } = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }) }).gradients(sequences);
        expect(loss).toBeCloseTo(expected.loss, 6);
        for (const [name, data] of Object.entries(expected.gradients)) {
          expect(relativeError(gradients[name]!.data, data), name).toBeLessThan(2e-6);
        }
      }
      expect(loadModel(model.save()).predict([{ inputs }])).toEqual(model.predict([{ inputs }]));
    },
  );
});

test.each<[string, Layer]>([
  ["lstm, relu", lstm({ units: 3, inputActivation: "relu", outputActivation: "relu" })],
  ["lstm, identity", lstm({ units: 3, inputActivation: "identity", outputActivation: "identity" })],
  ["gru, relu", gru({ units: 3, inputActivation: "relu" })],
  ["gru, identity, reset before", gru({ units: 3, inputActivation: "identity", reset: "before" })],
])("%s: a sequence that has ended may explode in its padding, and adds nothing to the gradient", (_, layer) => {
  const model = createModel({ input: { features: 1 }, layers: [layer], seed: 1 });
  const parameters = model.parameters();
  const weights = parameters.weight_hh_l0!;
  weights.data.fill(30, weights.data.length - 27);
  model.setParameters({ ...parameters, weight_hh_l0: weights });
  const sequence = (length: number) => ({
    inputs: new Float32Array(length).fill(0.5),
    targets: new Float32Array(3 * length),
    weights: Array.from({ length }, (_, t) => Number(t === 0)),
  });
  const gradients = (sequences: ReturnType<typeof sequence>[]) =>
    createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }), window: Infinity }).gradients(sequences).gradients;
  const sequences = Array.from({ length: 9 }, () => sequence(1));
  const expected = gradients(sequences);
  const got = gradients([...sequences.slice(0, 8), sequence(60)]);
  for (const [name, { data }] of Object.entries(expected)) expect(relativeError(got[name]!.data, data), name).toBeLessThan(1e-5);
});

test("one direction alone gives what the second of two gives", () => {
  const config = (layer: Layer) => ({ input: { features: 2 }, layers: [layer] });
  const both = createModel(config(lstm({ units: 5, bidirectional: "concat" })));
  const back = createModel(config(lstm({ units: 5, direction: "reverse" })));
  const parameters = both.parameters();
  back.setParameters(Object.fromEntries(Object.keys(back.parameters()).map((name) => [name, parameters[name]!])));
  const sequences = [7, 3, 1, 12, 5, 6, 9].map((length, i) => ({
    inputs: Float32Array.from({ length: 2 * length }, (_, n) => Math.sin(n + i)),
  }));
  const halves = both.predict(sequences).map((y) => y.filter((_, n) => n % 10 >= 5));
  expect(back.predict(sequences)).toEqual(halves);
});

test("a layer alone squashes the inputs", () => {
  const model = createModel({ input: { features: 3 }, layers: [activation({ kind: "hardSigmoid" })] });
  expect(model.predict([{ inputs: [-9, 0, 1.25] }])).toEqual([Float32Array.of(0, 0.5, 0.75)]);
});
