/** Learning forward in time: the traces' gradient is that of 1997, in memory that does not grow. */

import { describe, expect, test } from "vitest";
import { Random } from "../src/core/random.js";
import type { Layer, OnlineOptions } from "../src/index.js";
import {
  adam,
  createModel,
  createOnlineLearner,
  dense,
  dropout,
  embedding,
  gaussianNLL,
  gru,
  loadModel,
  lstm,
  lstm97,
  mse,
  normalization,
  quantile,
  readSafetensors,
  resumeOnlineLearner,
  rnn,
  sgd,
  uniform,
  writeSafetensors,
} from "../src/index.js";
import { Model } from "../src/model/model.js";
import { asTensors, type Case, examples, randomParameters, relativeError } from "./helpers/cases.js";
import { type Example, Oracle, type Parameters } from "./helpers/oracle.js";

/** So small a rate that no step changes anything. */
const still = { optimizer: sgd({ learningRate: 1e-30 }) };

/** Numbers from -1 to 1. */
function numbers(seed: number): () => number {
  const random = new Random(seed, 66, 0);
  return () => 2 * random.uniform() - 1;
}

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

  test.each([
    ["rnn", 0],
    ["gru", 0],
    ["rnn", 2.5],
    ["gru", 2.5],
  ])("%s, %d added to units' weights to themselves: each trace follows its own unit, by numerical differentiation", (type, added) => {
    const layer = type === "rnn" ? rnn({ units: H }) : gru({ units: H });
    const entry: Case = { name: "", model: { input: { features: I }, layers: [layer], output: "every" }, loss: "mse", lengths: [6] };
    const parameters = randomParameters(createModel(entry.model).parameters());
    const recurrent = parameters.weight_hh_l0!.data;
    for (let r = 0; r < recurrent.length / H; r++) recurrent[r * H + (r % H)]! += added;
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
    let largest = 0;
    for (const [name, { shape, data }] of Object.entries(parameters)) {
      const columns = shape[1] ?? 1;
      data.forEach((_, i) => {
        const unit = Math.floor(i / columns) % H;
        let before = new Array(H).fill(0);
        let trace = 0;
        let expected = 0;
        example.inputs.forEach((x, t) => {
          const slope = (moved: (by: number) => number[]) => (moved(e)[unit]! - moved(-e)[unit]!) / (2 * e);
          const gain = slope((by) => {
            const changed = { ...parameters, [name]: { shape, data: data.map((w, j) => (j === i ? w + by : w)) } };
            return step(changed, x as number[], before);
          });
          const decay = slope((by) => {
            return step(
              parameters,
              x as number[],
              before.map((value, u) => (u === unit ? value + by : value)),
            );
          });
          largest = Math.max(largest, Math.abs(decay));
          trace = (Math.abs(decay) > 1 ? 0 : decay) * trace + gain;
          before = step(parameters, x as number[], before);
          expected += ((2 * (before[unit] - (example.targets[t] as number[])[unit]!)) / H) * trace;
        });
        expect(Math.abs(gradients[name]![i]! - expected / example.inputs.length), `${name} ${i}`).toBeLessThan(2e-6);
      });
    }
    expect(largest > 1).toBe(added > 0);
  });

  test.each<[string, Layer, number[]]>([
    ["rnn", rnn({ units: 2 }), []],
    ["rnn, relu", rnn({ units: 2, activation: "relu" }), []],
    ["gru with its gates open", gru({ units: 2 }), [20, 20, -20, -20]],
  ])("%s: traces stay bounded where a unit alone would explode and the network does not", (_, layer, gates) => {
    const model = createModel({ input: { features: 1 }, layers: [layer, dense({ units: 1 })], seed: 1 });
    const rows = 2 + gates.length;
    const closed = new Array<number>(2 * gates.length).fill(0);
    model.setParameters(
      asTensors({
        // The first unit's weight to itself is 1.2; both eigenvalues have size 0.4.
        weight_hh_l0: { shape: [rows, 2], data: [...closed, 1.2, -1, 1, -0.7] },
        bias_ih_l0: { shape: [rows], data: [...gates, 0.02, 0] },
        bias_hh_l0: { shape: [rows], data: new Array<number>(rows).fill(0) },
      }),
    );
    const learner = createOnlineLearner(model, { loss: "mse", ...still });
    for (let t = 0; t < 2000; t++) learner.step(0.01 * Math.sin(t), 0);
    for (const [name, { data }] of Object.entries(learner.gradients())) expect(Math.max(...data.map(Math.abs)), name).toBeLessThan(1000);
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

describe("the truth comes later", () => {
  const layers: Record<string, Layer[]> = {
    "lstm97, dropout above": [lstm97({ blocks: 2, cellsPerBlock: 2 }), dropout({ rate: 0.3 }), dense({ units: 1 })],
    gru: [gru({ units: 3 }), dense({ units: 1 })],
  };
  const make = (layers: Layer[], options: Partial<OnlineOptions> = {}) =>
    createOnlineLearner(createModel({ input: { features: 2 }, layers, seed: 2 }), {
      loss: "mse",
      optimizer: adam({ learningRate: 0.01 }),
      ...options,
    });
  const input = (t: number) => [1000 + Math.sin(t), Math.cos(t)];
  const target = (t: number) => 1000 + Math.sin(t - 2);

  describe.each(Object.entries(layers))("%s", (_, layers) => {
    test.each<Partial<OnlineOptions>>([{}, { accumulate: 2 }, { scaler: "running" }])(
      "step and learn have the bits of both at once: %o",
      (options) => {
        const [whole, parts] = [make(layers, options), make(layers, options)];
        for (let t = 0; t < 30; t++) {
          const taught = t % 4 < 3;
          const outputs = whole.step(input(t), taught ? target(t) : undefined);
          expect(parts.step(input(t))).toEqual(outputs);
          if (taught) expect(parts.learn(target(t))).toBe(whole.loss);
        }
        // A step that may yet be taught is saved as such, so the files differ until the next one.
        const end = (learner: typeof whole) => [learner.step(input(30), target(30)), learner.save()];
        expect(end(parts)).toEqual(end(whole));
      },
    );

    test.each([0, 1, 17])("a step saved after %i others is taught after it", (steps) => {
      const learner = make(layers, { scaler: "running" });
      for (let t = 0; t < steps; t++) learner.step(input(t), target(t));
      learner.step(input(steps));
      const bytes = learner.save();
      const resumed = resumeOnlineLearner(bytes);
      expect(resumed.save()).toEqual(bytes);
      expect(resumed.state()).toEqual(learner.state());
      const rest = (learner: ReturnType<typeof make>) => [
        learner.learn(target(steps)),
        ...Array.from({ length: 9 }, (_, i) => [...learner.step(input(steps + 1 + i), target(steps + 1 + i))]),
        learner.save(),
      ];
      expect(rest(resumed)).toEqual(rest(learner));
    });
  });

  test("without a step that waits for it, a target is refused", () => {
    const learner = make(layers.gru as Layer[]);
    const refused = () => expect(() => learner.learn(1)).toThrow("no step waits for its target");
    refused();
    learner.step([1, 2]);
    learner.learn(1);
    refused();
    learner.step([1, 2], 1);
    refused();
    learner.step([1, 2]);
    learner.reset();
    refused();
    learner.step([1, 2]);
    learner.restore(learner.state());
    refused();
    expect(learner.updates).toBe(2);
  });

  test("a wrong target changes nothing: the right one can follow", () => {
    const options = { scaler: "running" } as const;
    const [learner, other] = [make(layers.gru as Layer[], options), make(layers.gru as Layer[], options)];
    for (const one of [learner, other]) one.step(input(0), target(0));
    for (const one of [learner, other]) one.step(input(1));
    expect(() => learner.learn(NaN)).toThrow('"step.targets, step 0" expected a finite number, got NaN');
    expect(() => learner.learn([1, 2])).toThrow(RangeError);
    expect(() => learner.learn("1" as never)).toThrow(TypeError);
    expect(() => learner.step([1, NaN], 1)).toThrow('"step.inputs, step 0, feature 1" expected a finite number, got NaN');
    expect(() => learner.step([1, 2], Infinity)).toThrow(RangeError);
    expect(() => learner.restore({ h_l0: [1] })).toThrow(RangeError);
    expect(learner.save()).toEqual(other.save());
    expect(learner.learn(target(1))).toBe(other.learn(target(1)));
    expect(learner.save()).toEqual(other.save());
  });

  test("a target that the loss ignores teaches nothing", () => {
    const model = createModel({ input: { tokens: 3 }, layers: [lstm({ units: 2 }), dense({ units: 3 })] });
    const learner = createOnlineLearner(model, { loss: "crossEntropy", ...still });
    learner.step(1);
    expect(learner.learn(-100)).toBeNaN();
    expect(learner.updates).toBe(0);
    expect(() => learner.learn(1)).toThrow("no step waits");
  });

  test.each(Object.entries(layers))("%s: the state is that of the model's streams, there and back", (_, layers) => {
    const learner = make(
      layers.filter(({ type }) => type !== "dropout"),
      { ...still, scaler: "running" },
    );
    expect(learner.state()).toEqual(learner.model.stream().state());
    for (let t = 0; t < 9; t++) learner.step(input(t), target(t));
    const state = learner.state();
    const stream = learner.model.stream().restore(state);
    expect(stream.step(input(9))).not.toEqual(learner.model.stream().step(input(9)));
    const after = stream.step(input(10));
    const plain = make(
      layers.filter(({ type }) => type !== "dropout"),
      still,
    ).restore(state);
    const { inputs, targets } = learner.model.config.scaler;
    const scaled = (t: number) => input(t).map((value, k) => (value - inputs!.mean[k]!) / inputs!.deviation[k]!);
    plain.step(scaled(9));
    const [y] = plain.step(scaled(10));
    expect(after[0]).toBeCloseTo(y! * targets!.deviation[0]! + targets!.mean[0]!, 3);
    expect(plain.state()).toEqual(stream.state());
    // Traces begin at the state: the first gradient is that of one step.
    const first = (learner: ReturnType<typeof make>) => learner.step([0.5, 0.5], 1) && learner.gradients();
    expect(first(plain.restore(learner.model.stream().state()))).toEqual(first(plain.reset()));
  });
});

describe("a running scaler", () => {
  const make = (input: { features: number } | { tokens: number }, options: Partial<OnlineOptions> = {}, units = 1) =>
    createOnlineLearner(createModel({ input, layers: [gru({ units: 4 }), dense({ units })], seed: 3 }), {
      loss: "mse",
      optimizer: adam({ learningRate: 0.01 }),
      scaler: "running",
      ...options,
    });

  test("has mean and deviation of all that came, and the model works with them", () => {
    const learner = make({ features: 2 });
    const inputs = Array.from({ length: 50 }, (_, t) => [1e6 + Math.sin(t * t), 7]);
    const targets = inputs.map((_, t) => 5e4 + 300 * Math.cos(t * t));
    expect(learner.model.config.scaler).toEqual({ inputs: { mean: [0, 0], deviation: [1, 1] }, targets: { mean: [0], deviation: [1] } });
    inputs.forEach((x, t) => learner.step(x, targets[t]));
    const expected = (list: number[]) => {
      const mean = list.reduce((a, b) => a + b) / list.length;
      return [mean, Math.sqrt(list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length)];
    };
    const close = (scale: { mean: number[]; deviation: number[] }, k: number, list: number[]) => {
      const [mean, deviation] = expected(list);
      expect(scale.mean[k]).toBeCloseTo(mean!, 6);
      expect(scale.deviation[k]).toBeCloseTo(deviation!, 6);
    };
    const { scaler } = learner.model.config;
    close(
      scaler.inputs!,
      0,
      inputs.map(([x]) => x!),
    );
    expect([scaler.inputs!.mean[1], scaler.inputs!.deviation[1]]).toEqual([7, 1]);
    close(scaler.targets!, 0, targets);
    const saved = loadModel(learner.save());
    expect(saved.config.scaler).toEqual(scaler);
    const next = ({ model }: { model: Model }) => model.stream().restore(learner.state()).step(inputs[0]!);
    expect(next({ model: saved })).toEqual(next(learner));
  });

  test("each step's own numbers are among them: its inputs before it, its target after its outputs", () => {
    const running = make({ features: 1 }, still);
    const plain = createOnlineLearner(createModel({ input: { features: 1 }, layers: [gru({ units: 4 }), dense({ units: 1 })], seed: 3 }), {
      loss: "mse",
      ...still,
    });
    // Of 10, of 10 and 14 (mean 12, deviation 2); of targets none, of 100 alone, then of 100 and 104.
    const first = plain.step(0, 0);
    expect(running.step(10, 100)).toEqual(first);
    expect(running.loss).toBe(plain.loss);
    const [y] = plain.step(1, 1);
    expect(running.step(14, 104)[0]).toBe(Math.fround(y! + 100));
    expect(running.loss).toBe(plain.loss);
  });

  test("raw units near 1,000: better than the value before, where raw numbers are not", () => {
    const errors = (options: Partial<OnlineOptions>) => {
      const learner = createOnlineLearner(
        createModel({ input: { features: 1 }, layers: [gru({ units: 8 }), dense({ units: 1 })], seed: 1 }),
        {
          loss: "mse",
          optimizer: adam({ learningRate: 0.003 }),
          ...options,
        },
      );
      const uniform = numbers(5);
      const [AR, out] = [[1.2, -0.6], new Float32Array(1)];
      let [before, now, ours, persistent] = [0, 0, 0, 0];
      for (let t = 0; t < 12_000; t++) {
        const next = AR[0]! * now + AR[1]! * before + uniform();
        learner.step(1000 + now, 1000 + next, out);
        if (t >= 9_000) {
          ours += (out[0]! - 1000 - next) ** 2;
          persistent += (now - next) ** 2;
        }
        [before, now] = [now, next];
      }
      return ours / persistent;
    };
    expect(errors({ scaler: "running" })).toBeLessThan(0.8);
    expect(errors({})).toBeGreaterThan(1);
  });

  test("scales targets alone over tokens, inputs alone where targets are classes", () => {
    const tokens = make({ tokens: 3 });
    tokens.step(1, 1000);
    expect(tokens.model.config.scaler).toEqual({ targets: { mean: [1000], deviation: [1] } });
    const classes = make({ features: 1 }, { loss: "crossEntropy" }, 3);
    classes.step(1000, 2);
    expect(classes.model.config.scaler).toEqual({ inputs: { mean: [1000], deviation: [1] } });
    const resumed = resumeOnlineLearner(tokens.save());
    expect(resumed.step(2, 1010)).toEqual(tokens.step(2, 1010));
    expect(resumed.save()).toEqual(tokens.save());
  });

  test.each<[string, OnlineOptions["loss"], number]>([
    ["quantile", quantile({ quantiles: [0.1, 0.5, 0.9] }), 6],
    ["gaussianNLL", gaussianNLL(), 4],
    ["mse, targets missing", mse({ missing: "ignore" }), 2],
  ])("%s: outputs are in the targets' units", (_, loss, units) => {
    const learner = make({ features: 1 }, { loss }, units);
    for (let t = 0; t < 300; t++) learner.step(t % 2, [1000 + 10 * Math.sin(t), "missing" in (loss as object) && t % 3 ? NaN : 5000]);
    const { scaler } = learner.model.config;
    expect(scaler.targets!.mean[0]).toBeCloseTo(1000, 0);
    expect(scaler.targets!.mean[1]).toBe(5000);
    const outputs = learner.step(0);
    const of = units / 2;
    const first = (_ === "gaussianNLL" ? outputs.subarray(0, 2) : outputs.filter((_, k) => k % of === 0)) as Float32Array;
    expect(Math.abs(first[0]! - 1000)).toBeLessThan(60);
    expect(Math.abs(first[1]! - 5000)).toBeLessThan(10);
    const resumed = resumeOnlineLearner(learner.save());
    expect(resumed.step(1, [1, 2])).toEqual(learner.step(1, [1, 2]));
    expect(resumed.save()).toEqual(learner.save());
  });

  test("what it does not go with is refused", () => {
    expect(() => make({ tokens: 3 }, { loss: "crossEntropy" }, 3)).toThrow('"scaler" expected features as input, or a loss whose targets');
    expect(() => make({ features: 1 }, { scaler: "Running" as never })).toThrow('"scaler" expected one of "running", got "Running"');
    const layers = [gru({ units: 2 }), dense({ units: 1 })];
    const model = createModel({ input: { features: 1 }, layers, scaler: { inputs: { mean: [1], deviation: [2] } } });
    expect(() => createOnlineLearner(model, { loss: "mse", ...still, scaler: "running" })).toThrow("a model without a scaler of its own");
    expect(createOnlineLearner(model, { loss: "mse", ...still }).options).not.toHaveProperty("scaler");
  });

  test("a step that is refused leaves it where it was", () => {
    const learner = make({ features: 1 });
    const set = (value: number) => learner.model.setParameters({ "dense.bias": { shape: [1], data: Float32Array.of(value) } });
    for (let t = 0; t < 5; t++) learner.step(t, t);
    const before = learner.model.config.scaler;
    set(3e38);
    expect(() => learner.step(70, 80)).toThrow(/no longer finite/);
    expect(learner.model.config.scaler).toEqual(before);
    set(0);
    learner.step(70);
    expect(learner.model.config.scaler.inputs?.mean).toEqual([80 / 6]);
  });

  test.each([
    ["counts", [-1]],
    ["counts", [0.5]],
    ["mean", [1, 2]],
    ["squares", [-1]],
    ["squares", ["1"]],
  ])("a file whose %s are %j is refused", (name, value) => {
    const learner = make({ features: 1 });
    learner.step(1, 2);
    const { tensors, metadata } = readSafetensors(learner.save());
    const memcell = JSON.parse(metadata.memcell!);
    memcell.counters.online.inputs[name] = value;
    const bytes = writeSafetensors({ tensors, metadata: { memcell: JSON.stringify(memcell) } });
    expect(() => resumeOnlineLearner(bytes)).toThrow(`"counters.online.inputs.${name}`);
  });
});
