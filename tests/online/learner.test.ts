/** The online learner: it goes on from what it saved, in memory that does not grow, and survives wrong steps. */

import { describe, expect, test } from "vitest";
import {
  adam,
  createModel,
  createOnlineLearner,
  dense,
  embedding,
  type Layer,
  loadModel,
  lstm,
  lstm97,
  resumeOnlineLearner,
  rnn,
  sgd,
  uniform,
} from "../../src/index.js";
import { Model } from "../../src/model/model.js";
import { type Case, examples } from "../helpers/cases.js";
import { still } from "../helpers/online.js";
import type { Example } from "../helpers/oracle.js";

const entry: Case = {
  name: "",
  model: { input: { features: 2 }, layers: [lstm97({ blocks: 2, cellsPerBlock: 2 }), dense({ units: 1 })], output: "every" },
  loss: "mse",
  lengths: [40],
};

const [example] = examples(entry) as [Example];
const run = (learner: ReturnType<typeof createOnlineLearner>, from: number, to: number) =>
  example.inputs.slice(from, to).map((x, t) => {
    const target = (from + t) % 3 === 0 ? undefined : (example.targets[from + t] as number[]);
    return [...learner.step(x as number[], target), target && learner.loss];
  });

test.each([
  ["sgd", {}],
  ["adam, accumulating", { optimizer: adam({ learningRate: 0.01 }), accumulate: 3, clipNorm: 0.1 }],
] as const)("goes on bit for bit from what it saved: %s", (_, options) => {
  const begin = () => createOnlineLearner(createModel(entry.model), { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), ...options });
  const whole = begin();
  run(whole, 0, 18);
  const parts = begin();
  run(parts, 0, 18);
  const bytes = parts.save();
  const resumed = resumeOnlineLearner(bytes);
  expect(run(resumed, 18, 40)).toEqual(run(whole, 18, 40));
  expect(resumed.save()).toEqual(whole.save());
  expect(resumed.updates).toBe(whole.updates);
  expect(loadModel(bytes).parameters()).toEqual(parts.model.parameters());
});

test("reset begins anew: state and traces are zero", () => {
  const learner = createOnlineLearner(createModel(entry.model), { loss: "mse", ...still });
  const first = run(learner, 0, 9);
  const gradients = learner.gradients();
  expect(run(learner.reset(), 0, 9)).toEqual(first);
  expect(learner.gradients()).toEqual(gradients);
  expect(run(resumeOnlineLearner(learner.reset().save()), 0, 9)).toEqual(first);
});

test("learns: the loss falls", () => {
  const learner = createOnlineLearner(createModel({ ...entry.model, seed: 1 }), { loss: "mse", optimizer: adam({ learningRate: 0.02 }) });
  const losses = Array.from({ length: 4000 }, (_, t) => {
    // The target is the input of three steps before.
    learner.step([Math.sin(t), Math.cos(2 * t)], Math.sin(t - 3));
    return learner.loss;
  });
  const mean = (from: number) => losses.slice(from, from + 200).reduce((a, b) => a + b) / 200;
  expect(mean(3800)).toBeLessThan(0.2 * mean(0));
});

describe("what leaves the finite", () => {
  const wide = { weights: uniform({ bound: 20 }), recurrent: uniform({ bound: 0.1 }) };
  const relu = [rnn({ units: 8, activation: "relu", initial: wide }), dense({ units: 1 })];
  test.each<[string, Layer[], number[], number | undefined]>([
    ["a loss", [lstm97({ blocks: 2 }), dense({ units: 1 })], [1, 1], 3e38],
    ["a gradient", relu, [1e10, 1e10], 1e16],
    ["a state", relu, [3e38, 3e38], 0],
    ["a state without a target", relu, [3e38, 3e38], undefined],
  ])("%s: the parameters are those before, and the next step begins a sequence", (_, layers, input, target) => {
    const make = () =>
      createOnlineLearner(createModel({ input: { features: 2 }, layers, seed: 4 }), {
        loss: "mse",
        optimizer: sgd({ learningRate: 0.01 }),
        accumulate: 2,
      });
    const some = (learner: ReturnType<typeof make>) =>
      Array.from({ length: 9 }, (_, t) => [...learner.step([Math.sin(t), 1], Math.cos(t)), learner.loss]);
    const [learner, other] = [make(), make()];
    expect(some(learner)).toEqual(some(other));
    const before = learner.model.parameters();
    expect(() => learner.step(input, target)).toThrow(/no longer finite/);
    expect(learner.model.parameters()).toEqual(before);
    expect(some(learner)).toEqual(some(other.reset()));
  });
});

test("the memory is the same after 100 and after 200,000 steps", () => {
  const learner = createOnlineLearner(createModel(entry.model), { loss: "mse", optimizer: sgd({ learningRate: 1e-4 }) });
  const { memory } = Model.engine("model", learner.model);
  const out = new Float32Array(1);
  const steps = (count: number) => {
    for (let t = 0; t < count; t++) learner.step([Math.sin(t), 1], t % 2, out);
    return { used: memory.used, bytes: memory.f32.byteLength };
  };
  const before = steps(100);
  expect(steps(200_000)).toEqual(before);
});

test.each<[string, Layer[], number]>([
  ["a layer below", [dense({ units: 2 }), lstm({ units: 2 })], 0],
  ["no recurrent layer", [dense({ units: 2 })], 0],
  ["both directions", [lstm({ units: 2, bidirectional: "sum" as const })], 0],
  ["peepholes", [lstm({ units: 2, peepholes: true })], 0],
  ["peepholes above", [lstm({ units: 2 }), lstm({ units: 2, peepholes: true })], 1],
  ["a projection", [lstm({ units: 2, projection: 1 })], 0],
])("%s are refused", (_, layers, wrong) => {
  expect(() => createOnlineLearner(createModel({ input: { features: 2 }, layers }), { loss: "mse", ...still })).toThrow(
    new RegExp(`^an online learner needs a model whose first layer is recurrent.* got layers\\[${wrong}\\]$`),
  );
});

test("wrong steps are refused and change nothing", () => {
  const learner = createOnlineLearner(createModel(entry.model), { loss: "mse", optimizer: sgd({ learningRate: 0.1 }) });
  const other = createOnlineLearner(createModel(entry.model), { loss: "mse", optimizer: sgd({ learningRate: 0.1 }) });
  run(learner, 0, 5);
  run(other, 0, 5);
  expect(() => learner.step([1])).toThrow(RangeError);
  expect(() => learner.step([1, NaN])).toThrow('"step.inputs, step 0, feature 1" expected a finite number, got NaN');
  expect(() => learner.step([1, 2], [1, 2])).toThrow(RangeError);
  expect(() => learner.step([1, 2], 1, new Float32Array(2))).toThrow('"out" expected a Float32Array of 1');
  expect(() => learner.step([1, 2, 3, 4])).toThrow(RangeError);
  expect(run(learner, 5, 12)).toEqual(run(other, 5, 12));
  expect(() => createOnlineLearner(createModel(entry.model), { loss: "mse", ...still, window: 3 } as never)).toThrow(
    '"window" is not an option',
  );
});

test("an embedding below is refused, tokens straight into the layer are not", () => {
  const layers = [embedding({ units: 2 }), lstm({ units: 2 })];
  expect(() => createOnlineLearner(createModel({ input: { tokens: 3 }, layers }), { loss: "mse", ...still })).toThrow("first layer");
});
