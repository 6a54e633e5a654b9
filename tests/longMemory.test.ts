/** Gates that are wide open or shut, as trained ones often are: what a cell holds stays, and nothing leaks in. */

import { describe, expect, test } from "vitest";
import { createModel, gru, lstm, lstm97, type ModelConfig } from "../src/index.js";
import { numbers } from "./helpers/cases.js";
import { Oracle, type Parameters } from "./helpers/oracle.js";

type Layer = ModelConfig["layers"][number];

/** A model of one layer whose parameters are 0, but for a bias of each gate. */
function biased(layer: Layer, bias: string, gates: number[]) {
  const model = createModel({ input: { features: 1 }, layers: [layer] });
  const H = 4;
  const parameters = Object.entries(model.parameters()).map(([name, { shape, data }]) => {
    const values = name === bias ? Float32Array.from(data, (_, i) => gates[Math.floor(i / H)]!) : new Float32Array(data.length);
    return [name, { shape, data: values }];
  });
  model.setParameters(Object.fromEntries(parameters));
  return model;
}

describe("10,000 steps", () => {
  const units = 4;
  const kept: [string, Layer, string, number[], string][] = [
    ["lstm", lstm({ units }), "bias_ih_l0", [-40, 20, 5, 0], "c_l0"],
    ["lstm with peepholes", lstm({ units, peepholes: true }), "bias_ih_l0", [-40, 20, 5, 0], "c_l0"],
    ["gru", gru({ units }), "bias_ih_l0", [0, 20, 5], "h_l0"],
    ["gru, reset before", gru({ units, reset: "before" }), "bias_ih_l0", [0, 20, 5], "h_l0"],
  ];
  test.each(kept)("%s: what it holds stays, to the bit", (_, layer, bias, gates, state) => {
    const stream = biased(layer, bias, gates).stream();
    const held = [0.75, -0.3, 1e-3, 0].map(Math.fround);
    stream.restore({ ...stream.state(), [state]: Float32Array.from(held) });
    for (let t = 0; t < 10_000; t++) stream.step([0]);
    expect([...stream.state()[state]!]).toEqual(held);
  });

  test("lstm97: a gate of the 1997 paper that is shut lets nothing in", () => {
    const model = createModel({
      input: { features: 1 },
      layers: [lstm97({ blocks: units, inputGateBias: [-60, -60, -60, -60], range: 0.5 })],
      seed: 1,
    });
    const stream = model.stream();
    for (let t = 0; t < 10_000; t++) stream.step([1]);
    for (const [name, data] of Object.entries(stream.state())) if (name.startsWith("c")) expect([...data]).toEqual([0, 0, 0, 0]);
  });
});

test("two layers of 256 with open and shut gates stay as near to the equations over 100 steps as f32 lets them", () => {
  const model = createModel({ input: { features: 8 }, layers: [lstm({ units: 256 }), lstm({ units: 256 })] });
  const next = numbers(5);
  const parameters: Parameters = {};
  for (const [name, { shape, data }] of Object.entries(model.parameters())) {
    // Gates from -12 to 12, as a bias of each unit decides.
    const scale = name.startsWith("bias_ih") ? 12 : 0.2;
    parameters[name] = { shape, data: Array.from(data, () => Math.fround(scale * next())) };
  }
  const tensors = Object.entries(parameters).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]);
  model.setParameters(Object.fromEntries(tensors));
  const inputs = Array.from({ length: 100 }, () => Array.from({ length: 8 }, () => Math.fround(next())));
  const oracle = new Oracle({ ...model.config, output: "every" }, parameters);
  const expected = oracle.run(inputs, oracle.initialStates()).outputs.flat();
  const squares = model.predict([{ inputs }])[0]!.reduce((sum, y, i) => sum + (y - expected[i]!) ** 2, 0);
  expect(Math.sqrt(squares / expected.length)).toBeLessThan(1e-7);
});
