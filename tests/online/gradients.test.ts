/** Learning forward in time: the gradient of the traces is that of 1997, or of SnAp-1. */

import { describe, expect, test } from "vitest";
import {
  activation,
  createModel,
  createOnlineLearner,
  dense,
  dropout,
  gru,
  type Layer,
  lstm,
  lstm97,
  mse,
  normalization,
  rnn,
} from "../../src/index.js";
import { asTensors, type Case, examples, randomParameters, relativeError } from "../helpers/cases.js";
import { still, streamed } from "../helpers/online.js";
import { type Example, Oracle, type Parameters } from "../helpers/oracle.js";

const LAYERS: Record<string, Layer[]> = {
  lstm: [lstm({ units: 5 })],
  "lstm, coupled": [lstm({ units: 6, coupled: true })],
  "lstm without forget gate, clipped": [lstm({ units: 3, forgetGate: false, cellClip: 0.4 })],
  "lstm without input and output gate, linear": [lstm({ units: 5, inputGate: false, outputGate: false, inputActivation: "identity" })],
  "lstm, linear output": [lstm({ units: 5, outputActivation: "identity" })],
  "lstm, hard gates, relu in, logistic out": [
    lstm({ units: 5, gateActivation: "hardSigmoid", inputActivation: "relu", outputActivation: "logistic" }),
  ],
  "lstm, logistic in, and an activation above": [lstm({ units: 6, inputActivation: "logistic" }), activation({ kind: "tanh" })],
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
  const hard = (x: number) => Math.min(1, Math.max(0, 0.2 * x + 0.5));
  const units: Record<string, (nets: number[][], before: number[]) => number[]> = {
    rnn: ([h]) => h!.map(Math.tanh),
    gru: ([r, z, n, m], before) =>
      before.map((value, u) => {
        const update = sigmoid(z![u]!);
        return (1 - update) * Math.tanh(n![u]! + sigmoid(r![u]!) * m![u]!) + update * value;
      }),
    hard: ([r, z, n, m], before) =>
      before.map((value, u) => {
        const update = hard(z![u]!);
        return (1 - update) * sigmoid(n![u]! + hard(r![u]!) * m![u]!) + update * value;
      }),
  };

  test.each([
    ["rnn", 0],
    ["gru", 0],
    ["hard", 0],
    ["rnn", 2.5],
    ["gru", 2.5],
  ])("%s, %d added to units' weights to themselves: each trace follows its own unit, by numerical differentiation", (type, added) => {
    const own = { gateActivation: "hardSigmoid", inputActivation: "logistic" } as const;
    const layer = type === "rnn" ? rnn({ units: H }) : gru({ units: H, ...(type === "hard" && own) });
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
    ["gru, relu, with its gates open", gru({ units: 2, inputActivation: "relu" }), [20, 20, -20, -20]],
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
