/**
 * The claims that are about how numbers flow through a network, each as curves over time: what the library's
 * `trace` and `gradientFlow` see. Parameters are set, not learned, so that each claim stands by itself.
 */

import { createModel, dense, gradientFlow, type Layer, lstm, lstm97, type Model, normal, type RnnLayer, rnn, trace } from "../src/index.js";
import { Random } from "./random.js";

export interface Curve {
  name: string;
  /** One number for each x. */
  y: number[];
  /** In a picture of points, a line none the less. */
  line?: boolean;
}

export interface Picture {
  /** The file's name, and the claims that it is about. */
  name: string;
  claims: string[];
  title: string;
  x: { name: string; log?: boolean; values: number[] };
  y: { name: string; log: boolean };
  /** Points that are not joined, but for curves that are lines. */
  points?: boolean;
  curves: Curve[];
}

const UNITS = 16;
const SEED = 1;

const build = (layer: Layer): Model =>
  createModel({ input: { features: 1 }, layers: [layer, dense({ units: 1 })], output: "last", seed: SEED });

const signal = (steps: number, mean = 0): Float32Array => {
  const random = new Random(0, 5);
  return Float32Array.from({ length: steps }, () => mean + random.normal());
};

/** Recurrent weights scaled so that their largest singular value, of an orthogonal start, is `gain`. */
function recurrent(activation: NonNullable<RnnLayer["activation"]>, gain: number): Model {
  const model = build(rnn({ units: UNITS, activation, initial: { recurrent: "orthogonal", weights: normal({ deviation: 0.1 }) } }));
  const parameters = model.parameters();
  const weights = parameters.weight_hh_l0 as { shape: number[]; data: Float32Array };
  model.setParameters({ ...parameters, weight_hh_l0: { ...weights, data: weights.data.map((weight) => gain * weight) } });
  return model;
}

/** Sets biases of gates, by the part of the bias that a gate has: i, f, g, o. */
function biased(model: Model, gate: number, bias: number): Model {
  const parameters = model.parameters();
  const old = parameters.bias_ih_l0 as { shape: number[]; data: Float32Array };
  const data = old.data.map((value, i) => (Math.floor(i / UNITS) === gate ? bias : value));
  model.setParameters({ ...parameters, bias_ih_l0: { ...old, data } });
  return model;
}

/** The norm of the gradient at each step over that at the last one, from the last step back. */
function backwards(model: Model, steps: number, of: "h" | "c"): number[] {
  const [flow] = gradientFlow(model, { inputs: signal(steps), targets: [3] }, { loss: "mse" }).layers;
  const norms = Array.from((flow as { h: Float64Array; c?: Float64Array })[of] as Float64Array).reverse();
  return norms.map((norm) => norm / (norms[0] as number));
}

const range = (count: number, from = 0, step = 1) => Array.from({ length: count }, (_, i) => from + i * step);

const STEPS = 200;
const lags = { name: "steps back from the error", values: range(STEPS) };

/** C1, C2, C5, C8: how much of the error is left so many steps back. */
export const gradients = (): Picture => ({
  name: "gradient-norm",
  claims: ["C1", "C2", "C5", "C8"],
  title: "What is left of the gradient, by the number of steps back",
  x: lags,
  y: { name: "norm of the gradient over that at the last step", log: true },
  curves: [
    { name: "rnn tanh, gain 0.9: dh", y: backwards(recurrent("tanh", 0.9), STEPS, "h") },
    { name: "rnn tanh, gain 4: dh", y: backwards(recurrent("tanh", 4), STEPS, "h") },
    { name: "rnn relu, gain 1: dh", y: backwards(recurrent("relu", 1), STEPS, "h") },
    { name: "rnn relu, gain 2: dh", y: backwards(recurrent("relu", 2), STEPS, "h") },
    { name: "lstm97, cells alone: dc", y: backwards(build(lstm97({ blocks: UNITS, recurrence: "none" })), STEPS, "c") },
    { name: "lstm, forget bias 0: dc", y: backwards(biased(build(lstm({ units: UNITS })), 1, 0), STEPS, "c") },
    { name: "lstm, forget bias 2: dc", y: backwards(biased(build(lstm({ units: UNITS })), 1, 2), STEPS, "c") },
    { name: "lstm, forget bias 5: dc", y: backwards(biased(build(lstm({ units: UNITS })), 1, 5), STEPS, "c") },
  ],
});

/** The norm of what a layer has at each step. */
function forwards(model: Model, inputs: Float32Array, name: "h" | "c"): number[] {
  const [layer] = trace(model, { inputs }).layers;
  const { units, data } = (layer as Record<string, { units: number; data: Float32Array }>)[name] as { units: number; data: Float32Array };
  return range(inputs.length).map((t) => Math.hypot(...data.subarray(t * units, (t + 1) * units)));
}

/** C4: with ReLU nothing bounds what a recurrent net hands on. */
export const hiddenNorm = (): Picture => ({
  name: "hidden-norm",
  claims: ["C4"],
  title: "The norm of an RNN's state over time",
  x: { name: "step", values: range(STEPS) },
  y: { name: "norm of h", log: true },
  curves: ([1, 1.5, 2] as const).flatMap((gain) =>
    (["tanh", "relu"] as const).map((activation) => ({
      name: `${activation}, gain ${gain}`,
      y: forwards(recurrent(activation, gain), signal(STEPS), "h"),
    })),
  ),
});

/** C7: on a stream without end, whose inputs are mostly of one sign, a cell that only adds grows; one that forgets settles. */
export const continual = (): Picture => {
  const steps = 5000;
  const every = 25;
  const inputs = signal(steps, 0.5);
  const curve = (name: string, model: Model): Curve => ({ name, y: forwards(model, inputs, "c").filter((_, t) => t % every === 0) });
  return {
    name: "cell-state",
    claims: ["C7"],
    title: "The norm of the cells on a continual stream",
    x: { name: "step", values: range(steps / every, 0, every) },
    y: { name: "norm of c", log: true },
    curves: [
      curve("lstm97 (no forget gate)", build(lstm97({ blocks: UNITS }))),
      curve("lstm without forget gate", build(lstm({ units: UNITS, forgetGate: false }))),
      curve("lstm, forget bias 0", biased(build(lstm({ units: UNITS })), 1, 0)),
      curve("lstm, forget bias 3", biased(build(lstm({ units: UNITS })), 1, 3)),
    ],
  };
};

const logistic = (x: number) => 1 / (1 + Math.exp(-x));
const SQUASHING: Record<string, (x: number) => number> = {
  logistic,
  tanh: Math.tanh,
  "g = 4 logistic - 2": (x) => 4 * logistic(x) - 2,
  "h = 2 logistic - 1": (x) => 2 * logistic(x) - 1,
};

/** C1, C6: slopes by central differences. */
export const slopes = (): Picture => ({
  name: "slopes",
  claims: ["C1", "C6"],
  title: "Slopes of the squashing functions",
  x: { name: "x", values: range(161, -8, 0.1) },
  y: { name: "slope", log: false },
  curves: Object.entries(SQUASHING).map(([name, f]) => ({
    name,
    y: range(161, -8, 0.1).map((x) => (f(x + 1e-4) - f(x - 1e-4)) / 2e-4),
  })),
});

export const PICTURES = [slopes, gradients, hiddenNorm, continual];
