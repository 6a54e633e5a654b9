/** The online learner of rnn and gru keeps their recurrent weights within bounds. */

import { describe, expect, test } from "vitest";
import { adam, createModel, createOnlineLearner, dense, gru, type Layer, lstm, type Model, rnn } from "../../src/index.js";
import { asTensors } from "../helpers/cases.js";
import { still } from "../helpers/online.js";

describe("the recurrent weights of approximated gradients stay within bounds", () => {
  /** Sums of |w| of the rows of weight_hh. */
  const sums = (model: Model, units: number) => {
    const { data } = model.parameters().weight_hh_l0!;
    return Array.from({ length: data.length / units }, (_, r) =>
      data.slice(r * units, (r + 1) * units).reduce((a, w) => a + Math.abs(w), 0),
    );
  };
  const all = (rows: number, columns: number, value: number) => ({ shape: [rows, columns], data: new Array(rows * columns).fill(value) });

  test("a relu's state does not explode by weights that were learned", () => {
    const layers = [rnn({ units: 4, activation: "relu" }), dense({ units: 1 })];
    const model = createModel({ input: { features: 1 }, layers, seed: 1 });
    // Eigenvalue 1.2.
    model.setParameters(asTensors({ weight_hh_l0: all(4, 4, 0.3) }));
    const learner = createOnlineLearner(model, { loss: "mse", ...still });
    for (let t = 0; t < 2000; t++) learner.step(1, 0);
    expect(Math.max(...sums(model, 4))).toBeLessThan(1 + 1e-6);
  });

  test.each<[string, Layer, number]>([
    ["rnn", rnn({ units: 5 }), 0.1],
    ["gru", gru({ units: 5 }), 0.1],
    ["gru", gru({ units: 5 }), 0.7],
  ])("%s: they do not grow beyond 2, or beyond what they were (%#)", (type, layer, value) => {
    const model = createModel({ input: { features: 1 }, layers: [layer, dense({ units: 1 })], seed: 1 });
    model.setParameters(asTensors({ weight_hh_l0: all(type === "rnn" ? 5 : 15, 5, value) }));
    const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: 0.1 }) });
    for (let t = 0; t < 500; t++) learner.step(Math.sin(t), Math.sin(3 * t * t));
    expect(Math.max(...sums(model, 5))).toBeLessThan(Math.max(2, 5 * value) + 1e-4);
  });

  test("with the lstm they are as the optimizer leaves them", () => {
    const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 5 }), dense({ units: 1 })], seed: 1 });
    const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: 0.1 }) });
    for (let t = 0; t < 500; t++) learner.step(Math.sin(t), Math.sin(3 * t * t));
    expect(Math.max(...sums(model, 5))).toBeGreaterThan(3);
  });
});
