/**
 * Backpropagation through time (Werbos 1990; Williams & Zipser 1992): with e_j = y_j - target_j where there is a target,
 *
 *     d_j(t) = f'_j(net_j(t)) (e_j(t) + sum_i w_ij d_i(t+1)),   dE/dw_jl = sum_t d_j(t) z_l(t)
 *
 * over the whole sequence; or with `back`, for each error the last so many steps alone: BPTT(h) of Williams & Peng 1990. With
 * `back: 1` the state of the step before is an input like others: the simple recurrent net of Elman 1988.
 */

import type { Create, Interface, Learner } from "../learner.js";
import { createDescent, type Descent, type Gradient, targetsAt } from "./descent.js";
import type { Net } from "./net.js";

export interface Bptt extends Descent {
  /** Steps that an error goes back, its own among them; `Infinity`. */
  back?: number;
}

export function bptt(net: Net, task: Interface, back: number): Gradient {
  const dy = new Float64Array(net.units);
  const { hidden } = net.shape;
  const addErrors = (t: number, targets: Float32Array) => {
    for (let k = 0; k < targets.length; k++) dy[hidden + k]! += net.y[t * net.units + hidden + k]! - targets[k]!;
  };
  return {
    cost: 2 * net.weights.length * (Number.isFinite(back) && task.output === "every" ? back : 1),
    differentiate({ inputs, targets }, gradient) {
      const outputs = net.run(inputs, task.output);
      const { steps } = net;
      dy.fill(0);
      if (back === Infinity) {
        for (let t = steps; t > 0; t--) {
          const goal = targetsAt(task, targets, t, steps);
          if (goal) addErrors(t, goal);
          net.back(t, dy, gradient);
        }
        return outputs;
      }
      for (let at = steps; at > 0; at--) {
        const goal = targetsAt(task, targets, at, steps);
        if (!goal) continue;
        dy.fill(0);
        addErrors(at, goal);
        for (let t = at; t > Math.max(0, at - back); t--) net.back(t, dy, gradient);
      }
      return outputs;
    },
  };
}

export const createBptt: Create<Bptt> = (task, seed, options): Learner =>
  createDescent(task, seed, options, (net, task) => bptt(net, task, options.back ?? Infinity));

export const createElman: Create<Descent> = (task, seed, options) => createBptt(task, seed, { ...options, back: 1 });
