/**
 * Second-order nets with real-time recurrent learning (Giles, Miller, Chen, Chen, Sun & Lee 1992, Neural Computation 4:393-405):
 *
 *     S_i(t) = f(sum_jk W_ijk S_j(t-1) I_k(t)),   S(0) = (1, 0, ..., 0)
 *     dS_l/dW_imn = f'_l (delta_li S_m(t-1) I_n(t) + sum_jk W_ljk I_k(t) dS_j(t-1)/dW_imn)
 *
 * The first units are the outputs; f is logistic. The source has one verdict at the end of a string; with targets at every step the
 * errors of all steps are added up. A step takes as many operations as units times weights: for N units and as many inputs O(W^(4/3)),
 * and O(W^2) where the inputs are few.
 */

import { Diverged, type Interface, type Learner } from "../learner.js";
import { randomOf } from "../task.js";
import { type Differentiated, targetsAt } from "./descent.js";

export interface SecondOrder {
  /** State units, the outputs among them; 4 more than these. */
  units?: number;
  /** 0.5 */
  rate?: number;
  /** Weights begin uniform in [-range, range]; 1. */
  range?: number;
}

export function createSecondOrder(task: Interface, seed: number, options: SecondOrder): Learner & Differentiated {
  const { features: K, outputs: O } = task;
  const { units: N = O + 4, rate = 0.5, range = 1 } = options;
  const random = randomOf(seed, 0);
  // [to i][from j][input k]
  const W = Float64Array.from({ length: N * N * K }, () => range * (2 * random.uniform() - 1));
  const count = W.length;
  const gradient = new Float64Array(count);
  let S = new Float64Array(N);
  let next = new Float64Array(N);
  // dS_l/dW: [l][count]
  let p = new Float64Array(N * count);
  let q = new Float64Array(N * count);

  /** One step on the inputs from `at` on. */
  const step = (inputs: ArrayLike<number>, at: number, learns: boolean) => {
    if (learns) q.fill(0);
    for (let l = 0; l < N; l++) {
      let net = 0;
      for (let j = 0; j < N; j++) {
        let w = 0;
        for (let k = 0; k < K; k++) {
          const input = inputs[at + k]!;
          if (input === 0) continue;
          w += W[(l * N + j) * K + k]! * input;
          if (learns) q[l * count + (l * N + j) * K + k]! += S[j]! * input;
        }
        net += w * S[j]!;
        if (learns && w !== 0) for (let i = 0; i < count; i++) q[l * count + i]! += w * p[j * count + i]!;
      }
      const value = 1 / (1 + Math.exp(-net));
      next[l] = value;
      if (learns) for (let i = l * count; i < (l + 1) * count; i++) q[i]! *= value * (1 - value);
    }
    [S, next] = [next, S];
    [p, q] = [q, p];
  };
  const begin = () => {
    S.fill(0);
    S[0] = 1;
    p.fill(0);
  };
  const run = (inputs: Float32Array, targets?: Float32Array) => {
    const steps = inputs.length / K;
    const results: number[] = [];
    begin();
    for (let t = 1; t <= steps; t++) {
      step(inputs, (t - 1) * K, targets !== undefined);
      if (task.output === "last" && t < steps) continue;
      results.push(...S.subarray(0, O));
      const goal = targets && targetsAt(task, targets, t, steps);
      for (let o = 0; goal && o < O; o++) {
        const error = S[o]! - goal[o]!;
        for (let i = 0; i < count; i++) gradient[i]! += error * p[o * count + i]!;
      }
    }
    return results;
  };
  return {
    parameters: W,
    gradient,
    units: N - O,
    weights: count,
    cost: N * count,
    learn({ inputs, targets }) {
      gradient.fill(0);
      const outputs = run(inputs, targets);
      for (let i = 0; i < count; i++) W[i]! -= rate * gradient[i]!;
      if (!W.every(Number.isFinite)) throw new Diverged("a weight is no longer finite");
      return outputs;
    },
    predict: (examples) => examples.map(({ inputs }) => run(inputs)),
  };
}
