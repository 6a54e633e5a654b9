/**
 * Nets whose memory is a line of past inputs before a perceptron.
 *
 * Time delays, TDNN (Waibel et al. 1989; Lang, Waibel & Hinton 1990): x_d(t) = x(t - d) for d = 0..D. What lies further back is gone.
 *
 * The gamma memory (de Vries & Principe 1991, NIPS 3:162-168): x_0 = u, x_k(t) = (1 - mu) x_k(t-1) + mu x_(k-1)(t-1), of depth
 * about K / mu; mu is learned by a_k = dx_k/dmu,
 *
 *     a_k(t) = (1 - mu) a_k(t-1) + mu a_(k-1)(t-1) + x_(k-1)(t-1) - x_k(t-1)
 *
 * and kept in [0.01, 1]; with mu = 1 that does not learn it is the line of delays, which is how TDNN is made here: its hidden
 * units see a window of the inputs, its outputs (as the task asks at one step at a time) the hidden units of one step.
 */

import { Diverged, type Interface, type Learner } from "../learner.js";
import { randomOf } from "../task.js";
import { type Differentiated, targetsAt } from "./descent.js";
import { Perceptron } from "./perceptron.js";

export interface Gamma {
  /** Past inputs, or stages of the memory; 10. */
  taps?: number;
  /** At the start; 0.5. */
  mu?: number;
  /** Hidden units; 5. */
  hidden?: number;
  /** 0.5 */
  rate?: number;
  /** Of mu; 0.01. */
  muRate?: number;
  /** Weights begin uniform in [-range, range]; 0.2. */
  range?: number;
}

export function createGamma(task: Interface, seed: number, options: Gamma): Learner & Differentiated & { mu: number; muSlope(): number } {
  const { taps = 10, hidden = 5, rate = 0.5, muRate = 0.01, range = 0.2 } = options;
  const { features: F, outputs: O } = task;
  const lines = taps + 1;
  const net = new Perceptron(F * lines, hidden, O, randomOf(seed, 0), range);
  const units = new Float64Array(hidden + O);
  const dz = new Float64Array(F * lines);
  const error = new Float64Array(O);
  // [lines][F], of this step and of the one before; and their derivatives by mu
  let [x, before, a, aBefore] = [0, 0, 0, 0].map(() => new Float64Array(F * lines)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  let dmu = 0;

  const run = (inputs: Float32Array, targets?: Float32Array) => {
    const { mu } = learner;
    const steps = inputs.length / F;
    const results: number[] = [];
    x.fill(0);
    a.fill(0);
    dmu = 0;
    for (let t = 1; t <= steps; t++) {
      [x, before] = [before, x];
      [a, aBefore] = [aBefore, a];
      for (let f = 0; f < F; f++) {
        x[f] = inputs[(t - 1) * F + f]!;
        a[f] = 0;
      }
      for (let i = F; i < F * lines; i++) {
        x[i] = (1 - mu) * before[i]! + mu * before[i - F]!;
        a[i] = (1 - mu) * aBefore[i]! + mu * aBefore[i - F]! + before[i - F]! - before[i]!;
      }
      const goal = targets && targetsAt(task, targets, t, steps);
      if (!goal && task.output === "last" && t < steps) continue;
      net.forward(x, units);
      for (let o = 0; o < O; o++) {
        const y = units[hidden + o]!;
        results.push(y);
        if (goal) error[o] = y - goal[o]!;
      }
      if (!goal) continue;
      net.back(x, units, error, dz);
      for (let i = F; i < F * lines; i++) dmu += dz[i]! * a[i]!;
    }
    return results;
  };
  const learner = {
    mu: options.mu ?? 0.5,
    muSlope: () => dmu,
    parameters: net.weights,
    gradient: net.gradient,
    units: hidden,
    weights: net.weights.length + (muRate > 0 ? 1 : 0),
    cost: 2 * net.weights.length,
    learn({ inputs, targets }: { inputs: Float32Array; targets: Float32Array }) {
      net.gradient.fill(0);
      const outputs = run(inputs, targets);
      net.descend(rate);
      learner.mu = Math.min(1, Math.max(0.01, learner.mu - muRate * dmu));
      if (!net.weights.every(Number.isFinite)) throw new Diverged("a weight is no longer finite");
      return outputs;
    },
    predict: (examples: { inputs: Float32Array }[]) => examples.map(({ inputs }) => run(inputs)),
  };
  return learner;
}

/** A line of delays. */
export const createTdnn = (task: Interface, seed: number, options: Pick<Gamma, "taps" | "hidden" | "rate" | "range">) =>
  createGamma(task, seed, { ...options, mu: 1, muRate: 0 });
