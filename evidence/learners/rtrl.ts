/**
 * Real-time recurrent learning (Robinson & Fallside 1987; Williams & Zipser 1989), on a `Net`: with p_i^k(t) = dy_i(t)/dw_k, where
 * weight k leads from z_l to unit u,
 *
 *     p_i^k(t) = f'_i(net_i(t)) (sum_j w_ij p_j^k + [i = u] z_l),   dE/dw_k = sum_t sum_i e_i(t) p_i^k(t)
 *
 * j of the step before, but for the hidden units that output units read, which are of this step. Its gradient over a sequence is
 * BPTT's; its memory does not grow with the sequence, its time is that of all units times all weights. With a discount d below 1, as
 * Kalman filters have it, d p_j^k stands for p_j^k where j is of the step before.
 */

import type { Create, Interface, Learner } from "../learner.js";
import { createDescent, type Descent, type Gradient, targetsAt } from "./descent.js";
import { type Net, slope } from "./net.js";

/** p, [units][weights], step by step. */
export interface Sensitivities {
  begin(): void;
  /** Runs a step of the net on the features from `offset` on. @returns p; the array is written again two steps later */
  step(values: ArrayLike<number>, offset: number): Float64Array;
}

export function sensitivities(net: Net, discount = 1): Sensitivities {
  const { units, inputs, start, middle, to, weights } = net;
  const { hidden, squash } = net.shape;
  const W = weights.length;
  let before = new Float64Array(units * W);
  let now = new Float64Array(units * W);

  /** p of the units from `first` on: of weights that begin at `from(j)` and end at `end(j)`, for each source j. */
  const layer = (first: number, last: number, from: (j: number) => number, end: (j: number) => number) => {
    const y = net.y.subarray(net.steps * units);
    now.fill(0, first * W, last * W);
    for (let j = 0; j <= inputs + units; j++) {
      const unit = j - inputs;
      const isNow = first > 0 && unit >= 0 && unit < hidden;
      const source = isNow ? now : before;
      const z =
        unit < 0 ? net.u[(net.steps - 1) * inputs + j]! : unit === units ? 1 : isNow ? y[unit]! : net.y[(net.steps - 1) * units + unit]!;
      for (let k = from(j); k < end(j); k++) {
        const row = to[k]! * W;
        now[row + k]! += z;
        if (unit < 0 || unit === units) continue;
        const w = isNow ? weights[k]! : discount * weights[k]!;
        for (let i = 0; i < W; i++) now[row + i]! += w * source[unit * W + i]!;
      }
    }
    for (let i = first; i < last; i++) {
      const f = slope(y[i]!, squash);
      for (let k = i * W; k < (i + 1) * W; k++) now[k]! *= f;
    }
  };
  const ofHidden = [(j: number) => start[j]!, (j: number) => middle[j]!] as const;
  const ofOutputs = [(j: number) => middle[j]!, (j: number) => start[j + 1]!] as const;

  return {
    begin() {
      before.fill(0);
      net.begin();
    },
    step(values, offset) {
      net.step(values, offset);
      layer(0, hidden, ...ofHidden);
      layer(hidden, units, ...ofOutputs);
      [before, now] = [now, before];
      return before;
    },
  };
}

export function rtrl(net: Net, task: Interface, discount = 1): Gradient {
  const { units } = net;
  const { hidden, features } = net.shape;
  const W = net.weights.length;
  const { begin, step } = sensitivities(net, discount);
  return {
    cost: units * W,
    differentiate({ inputs: values, targets }, gradient) {
      const steps = values.length / features;
      const outputs = new Float64Array(targets.length);
      let at = 0;
      begin();
      for (let t = 1; t <= steps; t++) {
        const p = step(values, (t - 1) * features);
        const goal = targetsAt(task, targets, t, steps);
        if (!goal) continue;
        for (let k = 0; k < goal.length; k++) {
          const output = net.y[t * units + hidden + k]!;
          outputs[at++] = output;
          const error = output - goal[k]!;
          const row = (hidden + k) * W;
          for (let i = 0; i < W; i++) gradient[i]! += error * p[row + i]!;
        }
      }
      return outputs;
    },
  };
}

export const createRtrl: Create<Descent> = (task, seed, options): Learner =>
  createDescent(task, seed, options, (net, task) => rtrl(net, task));
