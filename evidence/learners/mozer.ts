/**
 * Units with time constants (Mozer 1992, Induction of multiscale temporal structure, NIPS 4:275-282):
 *
 *     c_i(t) = tau_i c_i(t-1) + (1 - tau_i) tanh(net_i(t)),   net_i(t) = b_i + sum_j w_ij x_j(t) + sum_j v_ij c_j(t-1)
 *     y_k(t) = f(d_k + sum_i u_ki c_i(t)),   f logistic
 *
 * tau is set by hand and does not learn; the rest by backpropagation through time: with dc the error of c,
 * dnet_i = (1 - tau_i)(1 - tanh^2) dc_i, and dc_j(t-1) = tau_j dc_j(t) + sum_i v_ij dnet_i.
 */

import { Diverged, type Interface, type Learner } from "../learner.js";
import { randomOf } from "../task.js";
import { type Differentiated, targetsAt } from "./descent.js";

export interface Mozer {
  /** Of each unit, from 0 (a plain unit) to 1 (one that never changes). Default 0, 0.5, 0.8, 0.9, 0.95. */
  taus?: readonly number[];
  /** 0.5 */
  rate?: number;
  /** Weights begin uniform in [-range, range]; 0.5. */
  range?: number;
}

export function createMozer(task: Interface, seed: number, options: Mozer): Learner & Differentiated {
  const { taus = [0, 0.5, 0.8, 0.9, 0.95], rate = 0.5, range = 0.5 } = options;
  const { features: F, outputs: O } = task;
  const N = taus.length;
  // Of each unit: w, v, b; then of each output: u, d.
  const row = F + N + 1;
  const second = N * row;
  const random = randomOf(seed, 0);
  const weights = Float64Array.from({ length: second + O * (N + 1) }, () => range * (2 * random.uniform() - 1));
  const gradient = new Float64Array(weights.length);
  // [steps + 1][N], the first row zero; [steps][N]; [steps][O]
  let [c, squashed, y] = [0, 0, 0].map(() => new Float64Array(0)) as [Float64Array, Float64Array, Float64Array];
  const [dc, dnet, before] = [0, 0, 0].map(() => new Float64Array(N)) as [Float64Array, Float64Array, Float64Array];

  const run = (values: Float32Array) => {
    const steps = values.length / F;
    if (squashed.length < steps * N)
      [c, squashed, y] = [N * (steps + 1), N * steps, O * steps].map((length) => new Float64Array(length)) as [
        typeof c,
        typeof c,
        typeof c,
      ];
    const results: number[] = [];
    for (let t = 0; t < steps; t++) {
      for (let i = 0; i < N; i++) {
        let net = weights[i * row + F + N]!;
        for (let j = 0; j < F; j++) net += weights[i * row + j]! * values[t * F + j]!;
        for (let j = 0; j < N; j++) net += weights[i * row + F + j]! * c[t * N + j]!;
        squashed[t * N + i] = Math.tanh(net);
        c[(t + 1) * N + i] = taus[i]! * c[t * N + i]! + (1 - taus[i]!) * squashed[t * N + i]!;
      }
      for (let k = 0; k < O; k++) {
        const at = second + k * (N + 1);
        let net = weights[at + N]!;
        for (let i = 0; i < N; i++) net += weights[at + i]! * c[(t + 1) * N + i]!;
        y[t * O + k] = 1 / (1 + Math.exp(-net));
      }
      if (task.output === "every" || t === steps - 1) results.push(...y.subarray(t * O, (t + 1) * O));
    }
    return results;
  };
  return {
    parameters: weights,
    gradient,
    units: N,
    weights: weights.length,
    cost: 2 * weights.length,
    learn({ inputs, targets }) {
      const outputs = run(inputs);
      const steps = inputs.length / F;
      gradient.fill(0);
      dc.fill(0);
      for (let t = steps - 1; t >= 0; t--) {
        const goal = targetsAt(task, targets, t + 1, steps);
        for (let k = 0; goal && k < O; k++) {
          const value = y[t * O + k]!;
          const error = value * (1 - value) * (value - goal[k]!);
          const at = second + k * (N + 1);
          for (let i = 0; i < N; i++) {
            gradient[at + i]! += error * c[(t + 1) * N + i]!;
            dc[i]! += error * weights[at + i]!;
          }
          gradient[at + N]! += error;
        }
        for (let i = 0; i < N; i++) {
          dnet[i] = (1 - taus[i]!) * (1 - squashed[t * N + i]! ** 2) * dc[i]!;
          before[i] = taus[i]! * dc[i]!;
        }
        for (let i = 0; i < N; i++) {
          for (let j = 0; j < F; j++) gradient[i * row + j]! += dnet[i]! * inputs[t * F + j]!;
          for (let j = 0; j < N; j++) {
            gradient[i * row + F + j]! += dnet[i]! * c[t * N + j]!;
            before[j]! += dnet[i]! * weights[i * row + F + j]!;
          }
          gradient[i * row + F + N]! += dnet[i]!;
        }
        dc.set(before);
      }
      for (let i = 0; i < weights.length; i++) weights[i]! -= rate * gradient[i]!;
      if (!weights.every(Number.isFinite)) throw new Diverged("a weight is no longer finite");
      return outputs;
    },
    predict: (examples) => examples.map(({ inputs }) => run(inputs)),
  };
}
