/** The optimizers: plain data, and how each one takes a step. Formulas and defaults are PyTorch's. */

import { fail, number, oneOf, options } from "./check.js";
import type { Kernels } from "./kernels.js";

/** Stochastic gradient descent, with momentum on request. */
export interface Sgd {
  type: "sgd";
  learningRate: number;
  /** From 0 to below 1. Default 0. */
  momentum?: number;
}

/** Adam (Kingma & Ba 2015). */
export interface Adam {
  type: "adam";
  /** Default 0.001. */
  learningRate?: number;
  /** Decay of the mean of the gradient. Default 0.9. */
  beta1?: number;
  /** Decay of the mean of its square. Default 0.999. */
  beta2?: number;
  /** Default 1e-8. */
  epsilon?: number;
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019). */
export interface AdamW extends Omit<Adam, "type"> {
  type: "adamw";
  /** Each update takes `learningRate * weightDecay` of every parameter. Default 0.01. */
  weightDecay?: number;
}

export type Optimizer = Sgd | Adam | AdamW;

/** @example sgd({ learningRate: 0.1, momentum: 0.9 }) */
export const sgd = (options: Omit<Sgd, "type">): Sgd => ({ ...options, type: "sgd" });
/** @example adam({ learningRate: 1e-3 }) */
export const adam = (options: Omit<Adam, "type"> = {}): Adam => ({ ...options, type: "adam" });
/** @example adamw({ learningRate: 1e-3, weightDecay: 0.01 }) */
export const adamw = (options: Omit<AdamW, "type"> = {}): AdamW => ({ ...options, type: "adamw" });

/** Where the optimizer's data lies, and how far it has come. */
export interface Update {
  parameter: number;
  gradient: number;
  /** One pointer for each name in `moments`. */
  moments: number[];
  /** Floats in each. */
  count: number;
  /** Factor on the gradient, from clipping. */
  scale: number;
  /** Updates made, this one included. */
  step: number;
}

interface Rule<T extends Optimizer> {
  /** PyTorch's names of what the optimizer keeps for each parameter. */
  moments: readonly string[];
  check(path: string, optimizer: Record<string, unknown>): Required<T>;
  update(kernels: Kernels, optimizer: Required<T>, update: Update): void;
}

const rate = (path: string, value: unknown) =>
  number(`${path}.learningRate`, value, { min: 0, aboveMin: true, max: 1e6, expected: "a positive number up to 1000000" });
/** The default where nothing was given. */
const or = (value: unknown, otherwise: number) => (value === undefined ? otherwise : value);
const share = (path: string, value: unknown) => number(path, value, { min: 0, max: 1, belowMax: true });

/** base^n by repeated squaring: Math.pow may differ between engines. */
function power(base: number, n: number): number {
  let result = 1;
  for (let factor = base, left = n; left > 0; left = Math.floor(left / 2), factor *= factor) {
    if (left % 2 === 1) result *= factor;
  }
  return result;
}

function checkAdam(path: string, o: Record<string, unknown>) {
  return {
    learningRate: rate(path, or(o.learningRate, 1e-3)),
    beta1: share(`${path}.beta1`, or(o.beta1, 0.9)),
    beta2: share(`${path}.beta2`, or(o.beta2, 0.999)),
    epsilon: number(`${path}.epsilon`, or(o.epsilon, 1e-8), { min: 0, aboveMin: true, max: 1 }),
  };
}

function updateAdam(kernels: Kernels, o: Required<Adam | AdamW>, u: Update): void {
  const rate = o.learningRate / (1 - power(o.beta1, u.step));
  const correction = 1 / Math.sqrt(1 - power(o.beta2, u.step));
  const decay = o.type === "adamw" ? 1 - o.learningRate * o.weightDecay : 1;
  const [first, second] = u.moments as [number, number];
  kernels.adam(u.parameter, first, second, u.gradient, u.count, rate, o.beta1, o.beta2, o.epsilon, correction, decay, u.scale);
}

/** A new optimizer is a row here and a kernel. */
export const RULES: { [T in Optimizer["type"]]: Rule<Extract<Optimizer, { type: T }>> } = {
  sgd: {
    moments: ["momentum_buffer"],
    check(path, o) {
      options(path, o, ["type", "learningRate", "momentum"]);
      return { type: "sgd", learningRate: rate(path, o.learningRate), momentum: share(`${path}.momentum`, or(o.momentum, 0)) };
    },
    update(kernels, o, u) {
      kernels.sgd(u.parameter, u.moments[0] as number, u.gradient, u.count, o.learningRate, o.momentum, u.scale);
    },
  },
  adam: {
    moments: ["exp_avg", "exp_avg_sq"],
    check(path, o) {
      options(path, o, ["type", "learningRate", "beta1", "beta2", "epsilon"]);
      return { type: "adam", ...checkAdam(path, o) };
    },
    update: updateAdam,
  },
  adamw: {
    moments: ["exp_avg", "exp_avg_sq"],
    check(path, o) {
      options(path, o, ["type", "learningRate", "beta1", "beta2", "epsilon", "weightDecay"]);
      const weightDecay = number(`${path}.weightDecay`, or(o.weightDecay, 0.01), { min: 0, max: 1 });
      return { type: "adamw", ...checkAdam(path, o), weightDecay };
    },
    update: updateAdam,
  },
};

export function checkOptimizer(path: string, value: unknown): Required<Optimizer> {
  if (typeof value !== "object" || value === null) fail(TypeError, path, "an optimizer such as adam()", value);
  const optimizer = value as Record<string, unknown>;
  const type = oneOf(`${path}.type`, optimizer.type, Object.keys(RULES) as Optimizer["type"][]);
  return RULES[type].check(path, optimizer);
}
