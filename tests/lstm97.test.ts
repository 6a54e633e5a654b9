/** The networks of the 1997 paper: as many weights as its tables say, and beginning as it says. */

import { expect, test } from "vitest";
import { createModel, dense, type Lstm97Layer, lstm97 } from "../src/index.js";

type Options = Omit<Lstm97Layer, "type" | "blocks">;

/** Inputs, outputs, blocks, options, whether the outputs have biases, and the number of weights in tables 1, 2, 3 and 10. */
const NETWORKS: [experiment: string, inputs: number, outputs: number, blocks: number, Options, outputBias: boolean, weights: number][] = [
  ["1, 4 blocks of 1", 7, 7, 4, { bias: "gates" }, false, 264],
  ["1, 3 blocks of 2", 7, 7, 3, { cellsPerBlock: 2, bias: "gates" }, false, 276],
  // The outputs of 2a read the inputs as well.
  ["2a and 2b", 101, 101, 1, { recurrence: "none", outputGate: false, bias: "none", residual: "concat" }, false, 10504],
  ["2c, p = 50", 54, 2, 2, { bias: "none" }, false, 364],
  ["2c, p = 100", 104, 2, 2, { bias: "none" }, false, 664],
  ["2c, p = 1000", 1004, 2, 2, { bias: "none" }, false, 6064],
  ["3", 1, 1, 3, {}, false, 102],
  ["4 and 5", 2, 1, 2, { cellsPerBlock: 2 }, true, 93],
  ["6a", 8, 4, 2, { cellsPerBlock: 2 }, true, 156],
  ["6b", 8, 8, 3, { cellsPerBlock: 2 }, true, 308],
];

test.each(NETWORKS)("experiment %s", (_, inputs, outputs, blocks, options, outputBias, weights) => {
  const layers = [lstm97({ blocks, ...options }), dense({ units: outputs, activation: "logistic", bias: outputBias })];
  const parameters = createModel({ input: { features: inputs }, layers }).parameters();
  expect(Object.values(parameters).reduce((sum, { data }) => sum + data.length, 0)).toBe(weights);
});

test("initial weights lie in the range, gate biases are what was asked for, block by block", () => {
  const layer = lstm97({ blocks: 3, cellsPerBlock: 2, range: 0.2, inputGateBias: [-1, -3, -5], outputGateBias: -2 });
  const parameters = createModel({ input: { features: 4 }, layers: [layer], seed: 3 }).parameters();
  const { weight_ih_l0: w, weight_hh_l0: r, bias_ih_l0: b } = parameters;
  expect([w!.shape, r!.shape, b!.shape]).toEqual([[12, 4], [12, 12], [12]]);
  const all = [...w!.data, ...r!.data];
  expect(Math.max(...all)).toBeLessThanOrEqual(0.2);
  expect(Math.max(...all)).toBeGreaterThan(0.19);
  expect(Math.min(...all)).toBeLessThan(-0.19);
  expect([...b!.data.slice(6)]).toEqual([-1, -3, -5, -2, -2, -2]);
  expect(b!.data.slice(0, 6).every((bias) => bias !== 0 && Math.abs(bias) <= 0.2)).toBe(true);
});
