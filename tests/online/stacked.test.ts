/** The online learner with several recurrent layers: each with its own traces, and the error down through them at the present step. */

import { expect, test } from "vitest";
import {
  adam,
  createModel,
  createOnlineLearner,
  dense,
  dropout,
  gru,
  type Layer,
  lstm,
  lstm97,
  normalization,
  resumeOnlineLearner,
  rnn,
} from "../../src/index.js";
import { type Case, examples, randomParameters, relativeError } from "../helpers/cases.js";
import { numbers, streamed } from "../helpers/online.js";
import { type Example, Oracle } from "../helpers/oracle.js";

const CELLS: Record<string, Layer> = {
  lstm: lstm({ units: 5 }),
  lstm97: lstm97({ blocks: 3, cellsPerBlock: 2, bias: "gates" }),
  gru: gru({ units: 6 }),
  rnn: rnn({ units: 4 }),
};
const BETWEEN: Layer[][] = [[], [normalization()], [dense({ units: 3, activation: "tanh" }), dropout({ rate: 0 })]];
const pairs = Object.keys(CELLS).flatMap((lower) => Object.keys(CELLS).map((upper): [string, string] => [lower, upper]));

test.each(pairs)("%s below %s: outputs and gradients are those of the rule", (lower, upper) => {
  for (const [n, between] of BETWEEN.entries()) {
    const layers = [CELLS[lower]!, ...between, CELLS[upper]!, dense({ units: 2 })];
    const input = n === 1 ? { tokens: 6 } : { features: 3 };
    const entry: Case = { name: "", model: { input, layers, output: "every" }, loss: n === 1 ? "crossEntropy" : "mse", lengths: [11] };
    const parameters = randomParameters(createModel(entry.model).parameters());
    const [example] = examples(entry) as [Example];
    const oracle = new Oracle(entry.model, parameters, false, {}, true);
    const expected = oracle.learn([example], entry.loss);
    const { outputs, gradients } = streamed(entry, parameters, example);
    expect(relativeError(outputs.flat(), expected.outputs.flat(2))).toBeLessThan(1e-5);
    for (const [name, data] of Object.entries(gradients)) {
      expect(relativeError(data, oracle.gradients[name]!.data), `${name}, ${n}`).toBeLessThan(1e-5);
    }
  }
});

test("three layers, with ways past them, go on after each save to the bit, also while a step waits", () => {
  const layers = [
    gru({ units: 4 }),
    dropout({ rate: 0.2 }),
    lstm({ units: 4, residual: "sum" }),
    lstm97({ blocks: 2 }),
    dense({ units: 1 }),
  ];
  const fresh = () =>
    createOnlineLearner(createModel({ input: { features: 1 }, layers, seed: 1 }), {
      loss: "mse",
      optimizer: adam({ learningRate: 0.01 }),
      scaler: "running",
    });
  const draw = numbers(1);
  const learner = fresh();
  let resumed = fresh();
  for (let t = 0; t < 30; t++) {
    const [x, y] = [draw(), draw()];
    for (const each of [learner, resumed]) each.step(x);
    resumed = resumeOnlineLearner(resumed.save());
    if (t % 3 > 0) for (const each of [learner, resumed]) each.learn(y);
    resumed = resumeOnlineLearner(resumed.save());
  }
  expect(resumed.model.parameters()).toEqual(learner.model.parameters());
  expect(resumed.save()).toEqual(learner.save());
});

// Two steps back a gru of two layers stays near the mean, and lstm97 near it for some seeds even here: see the learner's docstring.
test.each(["lstm", "gru", "rnn"])("two layers of %s recall the number of the step before, ten times better than its mean", (type) => {
  const cell = CELLS[type]!;
  const model = createModel({ input: { features: 1 }, layers: [cell, cell, dense({ units: 1 })], seed: 1 });
  const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }) });
  const draw = numbers(2);
  let [target, error, mean] = [0, 0, 0];
  for (let t = 0; t < 10_000; t++) {
    const x = draw();
    learner.step(x, target);
    if (t >= 9000) [error, mean] = [error + learner.loss, mean + target ** 2];
    target = x;
  }
  expect(error).toBeLessThan(0.1 * mean);
});

test("the bound on recurrent weights holds in each layer", () => {
  const layers = [rnn({ units: 4, activation: "relu" }), rnn({ units: 4, activation: "relu" }), dense({ units: 1 })];
  const model = createModel({ input: { features: 1 }, layers, seed: 1 });
  const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: 0.1 }) });
  for (let t = 0; t < 300; t++) learner.step(Math.sin(t), Math.sin(3 * t * t));
  for (const name of ["weight_hh_l0", "weight_hh_l1"]) {
    const { data } = model.parameters()[name]!;
    for (let r = 0; r < 4; r++) expect(data.slice(4 * r, 4 * r + 4).reduce((sum, w) => sum + Math.abs(w), 0)).toBeLessThan(1 + 1e-6);
  }
});
