/**
 * The optimizers: plain data, and the step of each. Formulas and defaults are PyTorch's. Weight decay spares biases and other vectors,
 * because it is meant to limit weights (PyTorch users make parameter groups for that).
 */

import { power } from "../core/arithmetic.js";
import { boolean, inBounds, type Option, share, typed, typedData } from "../core/check.js";
import type { Kernels } from "../core/kernels.js";
import type { Span } from "../model/layout.js";

/** Stochastic gradient descent, optionally with momentum. */
export interface Sgd {
  type: "sgd";
  /** The factor of a gradient before it is subtracted. */
  learningRate: number;
  /** The share of each step that the next one keeps, from 0 to below 1. Default 0. */
  momentum?: number;
  /** Nesterov's momentum, which looks ahead (Sutskever et al. 2013). Default false. */
  nesterov?: boolean;
  /** `weightDecay` times each weight matrix is added to its clipped gradient. Default 0. */
  weightDecay?: number;
}

/** RMSprop (Tieleman & Hinton 2012). */
export interface RmsProp {
  type: "rmsprop";
  /** The length of steps, above 0 to 1e6. Default 0.01. */
  learningRate?: number;
  /** Decay of the mean of the gradient's square. Default 0.99. */
  decay?: number;
  /** The share of each step that the next one keeps, from 0 to below 1. Default 0. */
  momentum?: number;
  /** Added to the root that the step is divided by. Default 1e-8. */
  epsilon?: number;
  /** `weightDecay` times each weight matrix is added to its clipped gradient. Default 0. */
  weightDecay?: number;
}

/** Adagrad (Duchi, Hazan & Singer 2011). */
export interface Adagrad {
  type: "adagrad";
  /** The length of steps, above 0 to 1e6. Default 0.01. */
  learningRate?: number;
  /** Added to the root that the step is divided by. Default 1e-10. */
  epsilon?: number;
  /** `weightDecay` times each weight matrix is added to its clipped gradient. Default 0. */
  weightDecay?: number;
}

/** Adam (Kingma & Ba 2015). */
export interface Adam {
  type: "adam";
  /** The length of steps, above 0 to 1e6. Default 0.001. */
  learningRate?: number;
  /** Decay of the mean of the gradient. Default 0.9. */
  beta1?: number;
  /** Decay of the mean of the gradient's square. Default 0.999. */
  beta2?: number;
  /** Added to the root that the step is divided by. Default 1e-8. */
  epsilon?: number;
  /** `weightDecay` times each weight matrix is added to its clipped gradient. Default 0. */
  weightDecay?: number;
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019). */
export interface AdamW extends Omit<Adam, "type"> {
  type: "adamw";
  /** Each update subtracts `learningRate * weightDecay` times every weight matrix. Default 0.01. */
  weightDecay?: number;
}

/** An optimizer, made by `adam`, `sgd`, … */
export type Optimizer = Sgd | RmsProp | Adagrad | Adam | AdamW;

/**
 * Stochastic gradient descent, with momentum on request.
 * @example sgd({ learningRate: 0.1, momentum: 0.9 })
 */
export const sgd = (options: Omit<Sgd, "type">): Sgd => typedData("sgd", options, "learningRate: 0.1");
/**
 * RMSprop.
 * @example rmsprop({ learningRate: 2e-3, decay: 0.95 })
 */
export const rmsprop = (options: Omit<RmsProp, "type"> = {}): RmsProp => typedData("rmsprop", options, "learningRate: 0.01");
/**
 * Adagrad.
 * @example adagrad({ learningRate: 0.05 })
 */
export const adagrad = (options: Omit<Adagrad, "type"> = {}): Adagrad => typedData("adagrad", options, "learningRate: 0.01");
/**
 * Adam.
 * @example adam({ learningRate: 1e-3 })
 */
export const adam = (options: Omit<Adam, "type"> = {}): Adam => typedData("adam", options, "learningRate: 0.001");
/**
 * Adam with decoupled weight decay.
 * @example adamw({ learningRate: 1e-3, weightDecay: 0.01 })
 */
export const adamw = (options: Omit<AdamW, "type"> = {}): AdamW => typedData("adamw", options, "learningRate: 0.001");

/** The pointers and numbers of one update. */
export interface Update {
  parameter: number;
  gradient: number;
  /** One pointer for each name in `moments`. */
  moments: number[];
  /** Floats in each. */
  count: number;
  /** The factor on the gradient that clips its norm. */
  scale: number;
  /** The spans that hold weight matrices. */
  matrices: readonly Span[];
  /** The parameters with zeros for those that are frozen; 0 if none are. */
  decaying: number;
  /** The learning rate of this update. */
  rate: number;
  /** Updates made, this one included. */
  step: number;
}

/** The moments that are sums or means of squares. */
const SQUARES = ["exp_avg_sq", "square_avg", "sum"];

/** Bounds on the values of a moment in a file. No training goes beyond them, and larger values could overflow f32. */
export const boundsOf = (moment: string): [number, number] => (SQUARES.includes(moment) ? [0, 2 ** 126] : [-(2 ** 100), 2 ** 100]);

interface Rule<T extends Optimizer> {
  /** PyTorch's names of the moments kept for each parameter. */
  moments: readonly string[];
  options: Record<Exclude<keyof T, "type">, Option>;
  update(kernels: Kernels, optimizer: Required<T>, update: Update): void;
}

const epsilon = inBounds({ min: 0, aboveMin: true, max: 1 });
export const rate = inBounds({ min: 0, aboveMin: true, max: 1e6, expected: "a positive number up to 1000000" });
const decay = inBounds({ min: 0, max: 1 });

/** Adam's options. The decay has another default if it is decoupled. */
const adams = (weightDecay: number): Record<Exclude<keyof AdamW, "type">, Option> => ({
  learningRate: [rate, 1e-3],
  beta1: [share, 0.9],
  beta2: [share, 0.999],
  epsilon: [epsilon, 1e-8],
  weightDecay: [decay, weightDecay],
});

function updateAdam(kernels: Kernels, o: Required<Adam | AdamW>, u: Update): void {
  const rate = u.rate / (1 - power(o.beta1, u.step));
  const correction = 1 / Math.sqrt(1 - power(o.beta2, u.step));
  const [first, second] = u.moments as [number, number];
  kernels.adam(u.parameter, first, second, u.gradient, u.count, u.scale, rate, o.beta1, o.beta2, o.epsilon, correction);
}

/** To add an optimizer, add a row here and a kernel. */
export const RULES: { [T in Optimizer["type"]]: Rule<Extract<Optimizer, { type: T }>> } = {
  sgd: {
    moments: ["momentum_buffer"],
    options: { learningRate: [rate], momentum: [share, 0], nesterov: [boolean, false], weightDecay: [decay, 0] },
    update(kernels, o, u) {
      const velocity = o.momentum > 0 ? (u.moments[0] as number) : 0;
      kernels.sgd(u.parameter, velocity, u.gradient, u.count, u.scale, u.rate, o.momentum, o.nesterov);
    },
  },
  rmsprop: {
    moments: ["square_avg", "momentum_buffer"],
    options: {
      learningRate: [rate, 0.01],
      decay: [share, 0.99],
      momentum: [share, 0],
      epsilon: [epsilon, 1e-8],
      weightDecay: [decay, 0],
    },
    update(kernels, o, u) {
      const [squares, velocities] = u.moments as [number, number];
      const [velocity, gain] = [o.momentum > 0 ? velocities : 0, 1 - o.decay];
      kernels.rootOfSquares(u.parameter, squares, velocity, u.gradient, u.count, u.scale, u.rate, o.decay, gain, o.momentum, o.epsilon);
    },
  },
  adagrad: {
    moments: ["sum"],
    options: { learningRate: [rate, 0.01], epsilon: [epsilon, 1e-10], weightDecay: [decay, 0] },
    update(kernels, o, u) {
      const [squares] = u.moments as [number];
      kernels.rootOfSquares(u.parameter, squares, 0, u.gradient, u.count, u.scale, u.rate, 1, 1, 0, o.epsilon);
    },
  },
  adam: {
    moments: ["exp_avg", "exp_avg_sq"],
    options: /* @__PURE__ */ adams(0),
    update: updateAdam,
  },
  adamw: {
    moments: ["exp_avg", "exp_avg_sq"],
    options: /* @__PURE__ */ adams(0.01),
    update(kernels, o, u) {
      const decay = u.rate * o.weightDecay;
      for (const { at, count } of u.matrices) {
        if (u.decaying) kernels.blend(u.parameter + at, u.decaying + at, count, 1, -decay);
        else kernels.blend(u.parameter + at, u.parameter + at, count, 1 - decay, 0);
      }
      updateAdam(kernels, o, u);
    },
  },
};

/**
 * Adds weight decay to the scaled gradient, for all but AdamW: the derivative of weightDecay / 2 times the squared weights.
 */
export function addDecay(kernels: Kernels, { type, weightDecay }: Required<Optimizer>, u: Update): void {
  if (type === "adamw" || weightDecay === 0) return;
  if (u.scale < 1) kernels.blend(u.gradient, u.gradient, u.count, u.scale, 0);
  u.scale = 1;
  for (const { at, count } of u.matrices) kernels.blend(u.gradient + at, (u.decaying || u.parameter) + at, count, 1, weightDecay);
}

export function checkOptimizer(path: string, value: unknown): Required<Optimizer> {
  return typed(path, value, RULES, "an optimizer such as adam()") as Required<Optimizer>;
}
