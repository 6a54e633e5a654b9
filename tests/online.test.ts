/** Learning forward in time: the traces' gradient is that of 1997, in memory that does not grow. */

import { describe, expect, test } from "vitest";
import type { Layer, OnlineOptions } from "../src/index.js";
import {
  adam,
  createModel,
  createOnlineLearner,
  dense,
  dropout,
  embedding,
  gru,
  loadModel,
  lstm,
  lstm97,
  mse,
  normalization,
  resumeOnlineLearner,
  rnn,
  sgd,
} from "../src/index.js";
import { Model } from "../src/model.js";
import { asTensors, type Case, examples, randomParameters, relativeError } from "./cases.js";
import { type Example, Oracle, type Parameters } from "./oracle.js";

/** So small a rate that no step changes anything. */
const still = { optimizer: sgd({ learningRate: 1e-30 }) };

/** The mean over all targets of the gradients of a stream's steps. */
function streamed(entry: Case, parameters: Parameters, example: Example, options: Partial<OnlineOptions> = {}) {
  const model = createModel(entry.model);
  model.setParameters(asTensors(parameters));
  const learner = createOnlineLearner(model, { loss: entry.loss, ...still, ...options });
  const sums = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, new Float64Array(data.length)]));
  const outputs: number[][] = [];
  let targets = 0;
  example.inputs.forEach((x, t) => {
    const target = example.targets[t];
    const marked = target !== -100;
    outputs.push([...learner.step(x, marked ? target : undefined)]);
    if (!marked) return;
    targets++;
    for (const [name, { data }] of Object.entries(learner.gradients())) data.forEach((d, i) => (sums[name]![i]! += d));
  });
  for (const sum of Object.values(sums)) sum.forEach((value, i) => (sum[i] = value / targets));
  return { outputs, gradients: sums, learner };
}

const LAYERS: Record<string, Layer[]> = {
  lstm: [lstm({ units: 5 })],
  "lstm, coupled": [lstm({ units: 6, coupled: true })],
  "lstm without forget gate, clipped": [lstm({ units: 3, forgetGate: false, cellClip: 0.4 })],
  "lstm without input and output gate, linear": [lstm({ units: 5, inputGate: false, outputGate: false, inputActivation: "identity" })],
  "lstm, linear output": [lstm({ units: 5, outputActivation: "identity" })],
  lstm97: [lstm97({ blocks: 5 })],
  "lstm97, blocks of 3, biases of gates": [lstm97({ blocks: 2, cellsPerBlock: 3, bias: "gates" })],
  "lstm97, one block, no output gate": [lstm97({ blocks: 1, cellsPerBlock: 5, outputGate: false, g: "tanh", h: "identity" })],
  "lstm97, recurrence of cells": [lstm97({ blocks: 6, recurrence: "cells", bias: "none" })],
  "lstm97, no recurrence, inputs beside the outputs": [lstm97({ blocks: 3, recurrence: "none", g: "logistic" })],
  "layers above": [lstm({ units: 4 }), dense({ units: 6, activation: "tanh" }), normalization()],
};

describe.each(Object.entries(LAYERS))("%s", (_, layers) => {
  const features: Case = {
    name: "",
    model: { input: { features: 3 }, layers: [...layers, dense({ units: 2 })], output: "every" },
    loss: "mse",
    lengths: [17],
  };
  const tokens: Case = {
    name: "",
    model: { input: { tokens: 6 }, layers: [...layers, dense({ units: 4 })], output: "every" },
    loss: "crossEntropy",
    lengths: [25],
  };
  test.each([
    ["features", features],
    ["tokens, with steps without target", tokens],
  ])("on %s the gradient is that with the recurrent inputs held constant", (_, entry) => {
    const parameters = randomParameters(createModel(entry.model).parameters());
    const [example] = examples(entry) as [Example];
    const oracle = new Oracle(entry.model, parameters, false);
    const expected = oracle.learn([example], entry.loss);
    const { outputs, gradients } = streamed(entry, parameters, example);
    expect(relativeError(outputs.flat(), expected.outputs.flat(2))).toBeLessThan(1e-5);
    for (const [name, data] of Object.entries(gradients))
      expect(relativeError(data, oracle.gradients[name]!.data), name).toBeLessThan(1e-5);
  });
});

test("inputs beside the outputs, and dropout above", () => {
  const layers = [lstm97({ blocks: 3, residual: "concat" }), dropout({ rate: 0 }), dense({ units: 2 })];
  const entry: Case = { name: "", model: { input: { features: 4 }, layers, output: "every" }, loss: "mse", lengths: [9] };
  const parameters = randomParameters(createModel(entry.model).parameters());
  const [example] = examples(entry) as [Example];
  const oracle = new Oracle(entry.model, parameters, false);
  oracle.learn([example], entry.loss);
  const { gradients } = streamed(entry, parameters, example);
  for (const [name, data] of Object.entries(gradients)) expect(relativeError(data, oracle.gradients[name]!.data), name).toBeLessThan(1e-5);
});

test("the gradient of the sum", () => {
  const loss = mse({ reduction: "sum" });
  const layers = [lstm({ units: 3 }), dense({ units: 2 })];
  const entry: Case = { name: "", model: { input: { features: 4 }, layers, output: "every" }, loss, lengths: [9] };
  const parameters = randomParameters(createModel(entry.model).parameters());
  const [example] = examples(entry) as [Example];
  const oracle = new Oracle(entry.model, parameters, false);
  oracle.learn([example], loss);
  const { gradients } = streamed(entry, parameters, example);
  for (const [name, data] of Object.entries(gradients)) {
    const sums = data.map((mean) => 9 * mean);
    expect(relativeError(sums, oracle.gradients[name]!.data), name).toBeLessThan(1e-5);
  }
});

describe("SnAp-1", () => {
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  const [H, I] = [3, 2];

  /** h(t) of one unit from all nets, and the same with one more weight: all in double precision. */
  const units: Record<string, (nets: number[][], before: number[]) => number[]> = {
    rnn: ([h]) => h!.map(Math.tanh),
    gru: ([r, z, n, m], before) =>
      before.map((value, u) => {
        const update = sigmoid(z![u]!);
        return (1 - update) * Math.tanh(n![u]! + sigmoid(r![u]!) * m![u]!) + update * value;
      }),
  };

  test.each(["rnn", "gru"])("%s: each weight's trace follows its own unit, by numerical differentiation", (type) => {
    const layer = type === "rnn" ? rnn({ units: H }) : gru({ units: H });
    const entry: Case = { name: "", model: { input: { features: I }, layers: [layer], output: "every" }, loss: "mse", lengths: [6] };
    const parameters = randomParameters(createModel(entry.model).parameters());
    const [example] = examples(entry) as [Example];
    const { gradients } = streamed(entry, parameters, example);

    const gates = type === "rnn" ? 1 : 3;
    /** One step with unit u's h(t-1) moved by `shift`, where its own recurrence alone is seen. */
    const step = (p: Parameters, x: number[], before: number[]) => {
      const net = (name: string, values: number[], r: number) =>
        values.reduce(
          (sum, value, j) => sum + p[`weight_${name}_l0`]!.data[r * values.length + j]! * value,
          p[`bias_${name}_l0`]!.data[r]!,
        );
      const rows = (name: string, values: number[]) =>
        Array.from({ length: gates }, (_, g) => Array.from({ length: H }, (_, u) => net(name, values, g * H + u)));
      const [ih, hh] = [rows("ih", x), rows("hh", before)];
      const sum = (g: number) => ih[g]!.map((value, u) => value + hh[g]![u]!);
      return units[type]!(type === "rnn" ? [sum(0)] : [sum(0), sum(1), ih[2]!, hh[2]!], before);
    };
    const e = 1e-5;
    for (const [name, { shape, data }] of Object.entries(parameters)) {
      const columns = shape[1] ?? 1;
      data.forEach((_, i) => {
        const unit = Math.floor(i / columns) % H;
        let before = new Array(H).fill(0);
        let trace = 0;
        let expected = 0;
        example.inputs.forEach((x, t) => {
          const moved = (sign: number) => {
            const changed = { ...parameters, [name]: { shape, data: data.map((w, j) => (j === i ? w + sign * e : w)) } };
            return step(
              changed,
              x as number[],
              before.map((value, u) => (u === unit ? value + sign * e * trace : value)),
            )[unit]!;
          };
          trace = (moved(1) - moved(-1)) / (2 * e);
          before = step(parameters, x as number[], before);
          expected += ((2 * (before[unit] - (example.targets[t] as number[])[unit]!)) / H) * trace;
        });
        expect(Math.abs(gradients[name]![i]! - expected / example.inputs.length), `${name} ${i}`).toBeLessThan(2e-6);
      });
    }
  });
});

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

test("learns: the loss falls, and what is not finite changes nothing", () => {
  const learner = createOnlineLearner(createModel({ ...entry.model, seed: 1 }), { loss: "mse", optimizer: adam({ learningRate: 0.02 }) });
  const losses = Array.from({ length: 4000 }, (_, t) => {
    // The target is the input of three steps before.
    learner.step([Math.sin(t), Math.cos(2 * t)], Math.sin(t - 3));
    return learner.loss;
  });
  const mean = (from: number) => losses.slice(from, from + 200).reduce((a, b) => a + b) / 200;
  expect(mean(3800)).toBeLessThan(0.2 * mean(0));
  const before = learner.model.parameters();
  expect(() => learner.step([3e38, 3e38], 3e38)).toThrow(/no longer finite/);
  expect(learner.model.parameters()).toEqual(before);
});

test("the memory is the same after 100 and after 1,000,000 steps", () => {
  const learner = createOnlineLearner(createModel(entry.model), { loss: "mse", optimizer: sgd({ learningRate: 1e-4 }) });
  const { memory } = Model.engine("model", learner.model);
  const out = new Float32Array(1);
  const steps = (count: number) => {
    for (let t = 0; t < count; t++) learner.step([Math.sin(t), 1], t % 2, out);
    return { used: memory.used, bytes: memory.f32.byteLength };
  };
  const before = steps(100);
  expect(steps(1_000_000)).toEqual(before);
});

test.each([
  ["two recurrent layers", [lstm({ units: 2 }), lstm({ units: 2 })]],
  ["a layer below", [dense({ units: 2 }), lstm({ units: 2 })]],
  ["no recurrent layer", [dense({ units: 2 })]],
  ["both directions", [lstm({ units: 2, bidirectional: "sum" as const })]],
  ["peepholes", [lstm({ units: 2, peepholes: true })]],
  ["a projection", [lstm({ units: 2, projection: 1 })]],
])("%s are refused", (_, layers) => {
  expect(() => createOnlineLearner(createModel({ input: { features: 2 }, layers }), { loss: "mse", ...still })).toThrow(
    "an online learner needs a model whose first layer is its only recurrent one",
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
