/**
 * NARX nets (Lin, Horne, Tino & Giles 1996, NIPS 8:577-583): the outputs of the last D steps are inputs beside those of the data,
 *
 *     y(t) = MLP(u(t), ..., u(t - n), y(t-1), ..., y(t-D)),   y(t) = 0 for t < 1
 *
 * taught by backpropagation through time, in which an error takes D steps at once.
 */

import { Diverged, type Interface, type Learner } from "../learner.js";
import { randomOf } from "../task.js";
import { type Differentiated, targetsAt } from "./descent.js";
import { Perceptron } from "./perceptron.js";

export interface Narx {
  /** Outputs that come back, D; 5. */
  taps?: number;
  /** Past inputs, n; 0. */
  inputs?: number;
  /** Hidden units; 5. */
  hidden?: number;
  /** 0.5 */
  rate?: number;
  /** Weights begin uniform in [-range, range]; 0.5. */
  range?: number;
}

export function createNarx(task: Interface, seed: number, options: Narx): Learner & Differentiated {
  const { taps: D = 5, inputs: n = 0, hidden = 5, rate = 0.5, range = 0.5 } = options;
  const { features: F, outputs: O } = task;
  const own = F * (n + 1);
  const width = own + O * D;
  const net = new Perceptron(width, hidden, O, randomOf(seed, 0), range);
  // Of each step: what the net read, its hidden units and outputs, dE/dy.
  let [z, units, dy] = [0, 0, 0].map(() => new Float64Array(0)) as [Float64Array, Float64Array, Float64Array];
  const dz = new Float64Array(width);
  const unitsAt = (t: number) => units.subarray(t * (hidden + O), (t + 1) * (hidden + O));

  const run = (values: Float32Array) => {
    const steps = values.length / F;
    if (dy.length < steps * O)
      [z, units, dy] = [width, hidden + O, O].map((each) => new Float64Array(each * steps)) as [typeof z, typeof z, typeof z];
    const results: number[] = [];
    for (let t = 0; t < steps; t++) {
      const read = z.subarray(t * width, (t + 1) * width).fill(0);
      for (let d = 0; d <= Math.min(n, t); d++) for (let f = 0; f < F; f++) read[d * F + f] = values[(t - d) * F + f]!;
      for (let d = 1; d <= Math.min(D, t); d++) for (let o = 0; o < O; o++) read[own + (d - 1) * O + o] = unitsAt(t - d)[hidden + o]!;
      net.forward(read, unitsAt(t));
      if (task.output === "every" || t === steps - 1) results.push(...unitsAt(t).subarray(hidden));
    }
    return results;
  };
  return {
    parameters: net.weights,
    gradient: net.gradient,
    units: hidden,
    weights: net.weights.length,
    cost: 2 * net.weights.length,
    learn({ inputs, targets }) {
      const outputs = run(inputs);
      const steps = inputs.length / F;
      net.gradient.fill(0);
      dy.fill(0, 0, steps * O);
      for (let t = steps - 1; t >= 0; t--) {
        const goal = targetsAt(task, targets, t + 1, steps);
        const error = dy.subarray(t * O, (t + 1) * O);
        for (let o = 0; goal && o < O; o++) error[o]! += unitsAt(t)[hidden + o]! - goal[o]!;
        net.back(z.subarray(t * width, (t + 1) * width), unitsAt(t), error, dz);
        for (let d = 1; d <= Math.min(D, t); d++) for (let o = 0; o < O; o++) dy[(t - d) * O + o]! += dz[own + (d - 1) * O + o]!;
      }
      net.descend(rate);
      if (!net.weights.every(Number.isFinite)) throw new Diverged("a weight is no longer finite");
      return outputs;
    },
    predict: (examples) => examples.map(({ inputs }) => run(inputs)),
  };
}
