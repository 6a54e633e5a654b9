import { describe, expect, test } from "vitest";
import {
  createModel,
  dense,
  dropout,
  gradientFlow,
  gru,
  type Layer,
  type LstmLayer,
  lstm,
  lstm97,
  normalization,
  rnn,
  trace,
} from "../src/index.js";
import { f32s, numbers } from "./helpers/cases.js";

const [steps, units] = [9, 3];
const next = numbers(31);
const inputs = Array.from({ length: steps }, () => f32s(2, next));
const build = (layer: Layer, output: "every" | "last" = "every") =>
  createModel({ input: { features: 2 }, layers: [layer, dense({ units: 2 })], output, seed: 5, initial: "keras" });
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** The output's activation. */
function squashOf(layer: Layer): (x: number) => number {
  if (layer.type === "lstm97") return (x) => 2 * sigmoid(x) - 1;
  const { outputActivation = "tanh" } = layer as LstmLayer;
  return { tanh: Math.tanh, logistic: sigmoid, identity: (x: number) => x }[outputActivation as "tanh"];
}

const LAYERS: Record<string, Layer> = {
  rnn: rnn({ units }),
  "rnn, relu": rnn({ units, activation: "relu" }),
  gru: gru({ units }),
  lstm: lstm({ units }),
  "lstm, coupled, linear output": lstm({ units, coupled: true, outputActivation: "identity" }),
  "lstm, hard gates, logistic output": lstm({ units, gateActivation: "hardSigmoid", outputActivation: "logistic" }),
  "gru, hard gates, relu": gru({ units, gateActivation: "hardSigmoid", inputActivation: "relu" }),
  "lstm without output gate": lstm({ units, outputGate: false }),
  "lstm, projection": lstm({ units: 5, projection: units }),
  "lstm97, recurrence of cells": lstm97({ blocks: units, recurrence: "cells", range: 0.6 }),
};

describe.each(Object.entries(LAYERS))("%s", (_, layer) => {
  test("the trace is what a stream goes through, and its gates make its states", () => {
    const model = build(layer);
    const { layers, outputs, steps: counted } = trace(model, { inputs });
    const { h, c, i, f, g, o, r, z, n, m, in: input, out } = layers[0]!;
    const at = (recorded: typeof h, t: number, unit: number) => (t < 0 ? 0 : recorded!.data[t * recorded!.units + unit]!);
    expect(counted).toBe(steps);
    const stream = model.stream();
    inputs.forEach((x, t) => {
      expect([...stream.step(x)]).toEqual([...outputs.data.slice(2 * t, 2 * t + 2)]);
      const state = stream.state();
      expect([...state.h_l0!]).toEqual([...h!.data.slice(t * h!.units, (t + 1) * h!.units)]);
      if (c) expect([...state.c_l0!]).toEqual([...c.data.slice(t * c.units, (t + 1) * c.units)]);
      for (let u = 0; u < units; u++) {
        if (r && n) {
          const reset = (1 - at(z, t, u)) * at(n, t, u) + at(z, t, u) * at(h, t - 1, u);
          expect(at(h, t, u)).toBeCloseTo(reset, 5);
          if (t > 0) expect(at(m, t, u)).not.toBe(0);
        } else if (input) {
          expect(at(c, t, u)).toBeCloseTo(at(c, t - 1, u) + at(input, t, u) * at(g, t, u), 5);
          expect(at(h, t, u)).toBeCloseTo(at(out, t, u) * (2 * sigmoid(at(c, t, u)) - 1), 5);
        } else if (f) {
          const write = i ? at(i, t, u) : 1 - at(f, t, u);
          expect(at(c, t, u)).toBeCloseTo(at(f, t, u) * at(c, t - 1, u) + write * at(g, t, u), 5);
          if (o && i && h!.units === c!.units) expect(at(h, t, u)).toBeCloseTo(at(o, t, u) * squashOf(layer)(at(c, t, u)), 5);
        }
      }
    });
  });

  test("the gradient that flows back is that of numerical differentiation", () => {
    const model = build(layer, "last");
    const target = [0.7, -0.4];
    const flow = gradientFlow(model, { inputs, targets: target }, { loss: "mse" });
    expect(flow.layers).toHaveLength(1);
    const { h, c, factor } = flow.layers[0]!;
    expect([h.length, factor.length]).toEqual([steps, steps]);
    const { o, out } = trace(model, { inputs }).layers[0]!;
    /** The loss when the state after step t is changed. */
    const lossAfter = (t: number, change: (state: Record<string, Float32Array>) => void) => {
      const stream = model.stream();
      for (const x of inputs.slice(0, t + 1)) stream.step(x);
      const state = stream.state();
      change(state);
      stream.restore(state);
      const y = inputs
        .slice(t + 1)
        .map((x) => stream.step(x))
        .at(-1)!;
      return y.reduce((sum, value, k) => sum + (value - target[k]!) ** 2, 0) / 2;
    };
    // Small enough to stay on one side of a corner.
    const e = layer.type === "rnn" ? 0.001 : 0.01;
    const norm = (values: number[]) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));
    const close = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThan(1e-4 + 0.02 * Math.abs(b));
    for (const t of [2, 5, steps - 2]) {
      const along = (name: string, also: (state: Record<string, Float32Array>, u: number, by: number) => void) => (u: number) => {
        const moved = (by: number) =>
          lossAfter(t, (state) => {
            also(state, u, by);
            state[name]![u]! += by;
          });
        return (moved(e) - moved(-e)) / (2 * e);
      };
      const each = (length: number) => Array.from({ length }, (_, u) => u);
      close(h[t]!, norm(each(units).map(along("h_l0", () => {}))));
      if (!c) continue;
      // A cell is seen at its own step through h as well.
      const squash = squashOf(layer);
      const gate = (u: number) => (o ?? out)?.data[t * units + u] ?? 1;
      const withOutput = (state: Record<string, Float32Array>, u: number, by: number) => {
        state.h_l0![u]! += gate(u) * (squash(state.c_l0![u]! + by) - squash(state.c_l0![u]!));
      };
      close(c[t]!, norm(each(units).map(along("c_l0", withOutput))));
    }
    expect(c === undefined).toBe(["rnn", "gru"].includes(layer.type) || "projection" in layer);
  });
});

test("the factor between steps is the rnn's slope, the lstm's forget gate, 1 in 1997", () => {
  const factors = (layer: Layer) => gradientFlow(build(layer), { inputs, targets: inputs }, { loss: "mse" }).layers[0]!.factor;
  expect([...factors(lstm97({ blocks: 2 }))]).toEqual(new Array(steps).fill(1));
  expect([...factors(lstm({ units, forgetGate: false }))]).toEqual(new Array(steps).fill(1));
  const model = build(LAYERS.lstm!);
  const { f } = trace(model, { inputs }).layers[0]!;
  gradientFlow(model, { inputs, targets: inputs }, { loss: "mse" }).layers[0]!.factor.forEach((factor, t) => {
    expect(factor).toBeCloseTo((f!.data[t * units]! + f!.data[t * units + 1]! + f!.data[t * units + 2]!) / 3, 6);
  });
  for (const slope of factors(rnn({ units }))) expect(slope > 0 && slope <= 1).toBe(true);
});

test("stacks, other layers and ways past them; nothing of the model changes", () => {
  const layers = [lstm({ units: 4, residual: "concat" }), normalization(), dropout({ rate: 0.5 }), gru({ units: 3 }), dense({ units: 2 })];
  const model = createModel({ input: { features: 2 }, layers, seed: 2 });
  const before = model.save();
  const flow = gradientFlow(model, { inputs, targets: inputs }, { loss: "mse" });
  expect(flow.layers.map(({ h, c }) => [h.length, c?.length])).toEqual([
    [steps, steps],
    [steps, undefined],
  ]);
  expect(flow.layers.every(({ h }) => h.every((norm) => norm > 0))).toBe(true);
  expect(trace(model, { inputs }).layers.map((layer) => Object.keys(layer))).toEqual([
    ["i", "f", "g", "o", "h", "c"],
    ["r", "z", "n", "m", "h"],
  ]);
  expect(model.save()).toEqual(before);
});

test.each([
  [
    "both directions",
    () => trace(build(rnn({ units: 2, bidirectional: "sum" })), { inputs }),
    '"model" expected a model without a bidirectional layer',
  ],
  ["no model", () => trace({} as never, { inputs }), '"model" expected a model'],
  ["wrong inputs", () => trace(build(LAYERS.rnn!), { inputs: [1] }), '"sequence.inputs"'],
  ["no loss", () => gradientFlow(build(LAYERS.rnn!), { inputs, targets: inputs }, {} as never), '"loss" expected a loss'],
  ["an unknown option", () => gradientFlow(build(LAYERS.rnn!), { inputs }, { lost: "mse" } as never), '"lost" is not an option'],
])("%s: refused", (_, attempt, message) => {
  expect(attempt).toThrow(message);
});
