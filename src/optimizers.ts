/** The optimizers: plain data, and how each one takes a step. Formulas and defaults are PyTorch's. */

import { boolean, fail, number, oneOf, options } from "./check.js";
import type { Kernels } from "./kernels.js";

/** Stochastic gradient descent, with momentum on request. */
export interface Sgd {
  type: "sgd";
  learningRate: number;
  /** From 0 to below 1. Default 0. */
  momentum?: number;
  /** Nesterov's momentum, which looks ahead (Sutskever et al. 2013). Default false. */
  nesterov?: boolean;
}

/** RMSprop (Tieleman & Hinton 2012). */
export interface RmsProp {
  type: "rmsprop";
  /** Default 0.01. */
  learningRate?: number;
  /** Of the mean of the gradient's square. Default 0.99. */
  decay?: number;
  /** From 0 to below 1. Default 0. */
  momentum?: number;
  /** Default 1e-8. */
  epsilon?: number;
}

/** Adagrad (Duchi, Hazan & Singer 2011). */
export interface Adagrad {
  type: "adagrad";
  /** Default 0.01. */
  learningRate?: number;
  /** Default 1e-10. */
  epsilon?: number;
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

export type Optimizer = Sgd | RmsProp | Adagrad | Adam | AdamW;

/** @example sgd({ learningRate: 0.1, momentum: 0.9 }) */
export const sgd = (options: Omit<Sgd, "type">): Sgd => ({ ...options, type: "sgd" });
/** @example rmsprop({ learningRate: 2e-3, decay: 0.95 }) */
export const rmsprop = (options: Omit<RmsProp, "type"> = {}): RmsProp => ({ ...options, type: "rmsprop" });
/** @example adagrad({ learningRate: 0.05 }) */
export const adagrad = (options: Omit<Adagrad, "type"> = {}): Adagrad => ({ ...options, type: "adagrad" });
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
const epsilon = (path: string, value: unknown) => number(`${path}.epsilon`, value, { min: 0, aboveMin: true, max: 1 });
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
    epsilon: epsilon(path, or(o.epsilon, 1e-8)),
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
      options(path, o, ["type", "learningRate", "momentum", "nesterov"]);
      const nesterov = o.nesterov === undefined ? false : boolean(`${path}.nesterov`, o.nesterov);
      return { type: "sgd", learningRate: rate(path, o.learningRate), momentum: share(`${path}.momentum`, or(o.momentum, 0)), nesterov };
    },
    update(kernels, o, u) {
      kernels.sgd(u.parameter, u.moments[0] as number, u.gradient, u.count, o.learningRate, o.momentum, o.nesterov, u.scale);
    },
  },
  rmsprop: {
    moments: ["square_avg", "momentum_buffer"],
    check(path, o) {
      options(path, o, ["type", "learningRate", "decay", "momentum", "epsilon"]);
      const [decay, momentum] = [share(`${path}.decay`, or(o.decay, 0.99)), share(`${path}.momentum`, or(o.momentum, 0))];
      return {
        type: "rmsprop",
        learningRate: rate(path, or(o.learningRate, 0.01)),
        decay,
        momentum,
        epsilon: epsilon(path, or(o.epsilon, 1e-8)),
      };
    },
    update(kernels, o, u) {
      const [squares, velocity] = u.moments as [number, number];
      const gain = 1 - o.decay;
      kernels.rootOfSquares(
        u.parameter,
        squares,
        velocity,
        u.gradient,
        u.count,
        o.learningRate,
        o.decay,
        gain,
        o.momentum,
        o.epsilon,
        u.scale,
      );
    },
  },
  adagrad: {
    moments: ["sum"],
    check(path, o) {
      options(path, o, ["type", "learningRate", "epsilon"]);
      return { type: "adagrad", learningRate: rate(path, or(o.learningRate, 0.01)), epsilon: epsilon(path, or(o.epsilon, 1e-10)) };
    },
    update(kernels, o, u) {
      const [squares] = u.moments as [number];
      kernels.rootOfSquares(u.parameter, squares, 0, u.gradient, u.count, o.learningRate, 1, 1, 0, o.epsilon, u.scale);
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
