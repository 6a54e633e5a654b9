/** What is timed: a layer with a dense head of one output, at the shapes (inputs I, units H, batch B, steps T). */

import { lanesFor } from "../src/core/lanes.js";
import {
  adam,
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  type Environment,
  lstm,
  type ModelConfig,
  sgd,
} from "../src/index.js";
import { Model } from "../src/model/model.js";
import { Network } from "../src/model/network.js";
import type { Row } from "../src/model/window.js";
import { wholeRow, writeWindow } from "../src/model/window.js";
import { LocalUpdater } from "../src/training/localUpdater.js";
import { numbers } from "../tests/helpers/cases.js";
import type { Work } from "./measure.js";

export type Shape = [I: number, H: number, B: number, T: number];

export type Layer = ModelConfig["layers"][number];

/** Weights that an LSTM of H units multiplies at each step. */
export const lstmWeights = (I: number, H: number) => 4 * H * (I + H);

/** Floating-point operations forward of a layer with so many weights in its products: a multiplication and an addition are two. */
export const flops = (weights: number, [, , B, T]: Shape) => 2 * weights * B * T;

function build(I: number, layer: Layer, where?: Environment) {
  const model = createModel({ input: { features: I }, layers: [layer, dense({ units: 1 })], seed: 1 }, where);
  return { model, engine: Model.engine("model", model) };
}

function rowsOf([I, , B, T]: Shape): Row[] {
  const next = numbers(1);
  return Array.from({ length: B }, (_, ordinal) => {
    const inputs = Float32Array.from({ length: T * I }, next);
    const targets = Float32Array.from({ length: T }, next);
    return wholeRow({ inputs, goals: [{ targets, weights: new Float32Array(T).fill(1) }], length: T }, ordinal, false);
  });
}

/** The register tile on long sums, its panels in the first-level cache: what a kernel can reach at best here. */
export function peak(where?: Environment): Work & { flops: number } {
  const { engine } = build(1, lstm({ units: 4 }), where);
  const { kernels, memory } = engine;
  const [slots, I, O, repeats] = [2, 512, 64, 50];
  const [y, x, w, b] = [slots * O * 8, slots * I * 8, O * I, O].map((floats) => memory.allocate(4 * floats)) as [
    number,
    number,
    number,
    number,
  ];
  const next = numbers(2);
  for (const [at, floats] of [
    [x, slots * I * 8],
    [w, O * I],
  ] as const)
    memory.f32.set(Float32Array.from({ length: floats }, next), at / 4);
  return {
    name: "peak",
    flops: repeats * 2 * I * O * slots * 8,
    run() {
      for (let i = 0; i < repeats; i++) kernels.denseForward(y, x, w, b, slots, I, O, 8);
    },
  };
}

/** A window through the network, its inputs written, as `predict` does it. */
export function forward(shape: Shape, where?: Environment): Work {
  const [I, H, B, T] = shape;
  const { engine } = build(I, lstm({ units: H }), where);
  const network = new Network(engine, T, lanesFor(B), "infer");
  const rows = rowsOf(shape);
  return {
    name: `forward ${shape}`,
    run() {
      writeWindow(engine, network, rows, T);
      network.forward(T);
    },
  };
}

/** An update as `fit` makes it: inputs and targets written, loss, gradients, clipping, Adam. */
export function training(shape: Shape, layer: Layer = lstm({ units: shape[1] }), name = String(shape), where?: Environment): Work {
  const [I, , , T] = shape;
  const { model, engine } = build(I, layer, where);
  const { options } = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 1e-4 }), clipNorm: 1 });
  const learner = new LocalUpdater(engine, options, model);
  const rows = rowsOf(shape);
  return {
    name: `training ${name}`,
    run() {
      learner.learn(rows, T);
    },
  };
}

/** An update by the rule of 1997: one sequence on two inputs, a target at its last step, plain descent. */
export function rule97(layer: Layer): Work & { steps: number; weights: number } {
  const steps = 100;
  const model = createModel({ input: { features: 2 }, layers: [layer, dense({ units: 1 })], output: "last", seed: 1 });
  const engine = Model.engine("model", model);
  const optimizer = sgd({ learningRate: 1e-6 });
  const { options } = createTrainer(model, { loss: "mse", optimizer, gradient: "truncated-1997", window: Infinity, batch: 1 });
  const learner = new LocalUpdater(engine, options, model);
  const inputs = Float32Array.from({ length: 2 * steps }, numbers(1));
  const row = wholeRow({ inputs, goals: [{ targets: Float32Array.of(0.5) }], length: steps }, 0, false);
  return {
    name: "rule of 1997",
    steps,
    weights: Object.values(model.parameters()).reduce((sum, { data }) => sum + data.length, 0),
    run() {
      learner.learn([row], steps);
    },
  };
}

/** One step of a stream through the public API. */
export function streaming([I, H]: [number, number], where?: Environment): Work & { steps: number } {
  const stream = build(I, lstm({ units: H }), where).model.stream();
  const next = numbers(3);
  const inputs = Array.from({ length: 16 }, () => Float32Array.from({ length: I }, next));
  const out = new Float32Array(1);
  const steps = 1024;
  return {
    name: `streaming ${[I, H]}`,
    steps,
    run() {
      for (let i = 0; i < steps; i++) stream.step(inputs[i & 15] as Float32Array, out);
    },
  };
}

/** One step of so many of 1,000 live streams at once, through the public API; always others, as sessions come. */
export function liveStreams([I, H]: [number, number], count: number): Work & { steps: number } {
  const live = 1000;
  const streams = build(I, lstm({ units: H })).model.streams({ capacity: live });
  const ids = Array.from({ length: live }, () => streams.open());
  const next = numbers(5);
  const inputs = Float32Array.from({ length: count * I }, next);
  const out = new Float32Array(count);
  const parts = Array.from({ length: live / count }, (_, i) => ids.slice(i * count, (i + 1) * count));
  return {
    name: `${count} of ${live} live streams ${[I, H]}`,
    steps: live,
    run() {
      for (const part of parts) streams.step(part, inputs, out);
    },
  };
}

/** A step of the learner from a stream without end, of one input, with a target and an update. */
export function online(name: string, layer: Layer): Work & { steps: number; weights: number } {
  const { model } = build(1, layer);
  const learner = createOnlineLearner(model, { loss: "mse", optimizer: sgd({ learningRate: 1e-4 }) });
  const next = numbers(4);
  const values = Array.from({ length: 17 }, () => Float32Array.of(next()));
  const steps = 16;
  return {
    name: `online ${name}`,
    steps,
    weights: Object.values(model.parameters()).reduce((sum, { data }) => sum + data.length, 0),
    run() {
      for (let i = 0; i < steps; i++) learner.step(values[i] as Float32Array, values[i + 1] as Float32Array);
    },
  };
}
