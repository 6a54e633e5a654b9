/**
 * Simulated annealing as Bengio, Simard & Frasconi 1994 (IEEE TNN 5(2):157-166) used it on recurrent nets, after Corana, Marchesi,
 * Martini & Ridella 1987 (ACM TOMS 13(3):262-280). The weights take turns; weight i is tried at
 *
 *     w_i' = w_i + r v_i,  r uniform in [-1, 1], drawn again until |w_i'| <= bound
 *
 * and taken with probability min(1, exp(-(E' - E) / T)). After `cycles` turns of all weights (N_S), by the share a_i of those taken:
 *
 *     v_i *= 1 + c (a_i - 0.6) / 0.4  where a_i > 0.6;   v_i /= 1 + c (0.4 - a_i) / 0.4  where a_i < 0.4
 *
 * and after `adjustments` of these (N_T) T *= cooling, and the search goes on from the best weights so far. E is the mean over a
 * training set (`search.ts`); a call of `learn` tries one point. N_S, N_T, c and the cooling are Corana's; the temperature at the
 * start and the bounds are not known of Bengio et al. and are ours.
 */

import type { Create } from "../learner.js";
import { randomOf } from "../task.js";
import { type Search, searchWith } from "./search.js";

export interface Annealing extends Search {
  /** T at the start; 0.1, that of constant answers being an error of 1/8. */
  temperature?: number;
  /** Weights stay in [-bound, bound], and v begins there; 20. */
  bound?: number;
  /** N_S; 20. */
  cycles?: number;
  /** N_T; 100, or 5 for each weight where that is more. */
  adjustments?: number;
  /** 0.85 */
  cooling?: number;
}

/** Corana's c. */
const C = 2;

export const createAnnealing: Create<Annealing> = (task, seed, options) => {
  const { bound = 20, cycles = 20, cooling = 0.85 } = options;
  const random = randomOf(seed, 0);
  return searchWith(task, options, (point) => {
    const n = point.length;
    const { adjustments = Math.max(100, 5 * n) } = options;
    let T = options.temperature ?? 0.1;
    const symmetric = () => 2 * random.uniform() - 1;
    for (let i = 0; i < n; i++) point[i] = symmetric();
    const best = Float64Array.from(point);
    const v = new Float64Array(n).fill(bound);
    const taken = new Float64Array(n);
    let [least, E] = [Infinity, Infinity];
    let kept = point[0]!;
    // The weight that differs from those last taken; before the first trial none does.
    let [i, turns, adjusted] = [-1, 0, 0];

    function adjust(): void {
      for (let k = 0; k < n; k++) {
        const a = taken[k]! / cycles;
        if (a > 0.6) v[k] = Math.min(bound, v[k]! * (1 + (C * (a - 0.6)) / 0.4));
        else if (a < 0.4) v[k]! /= 1 + (C * (0.4 - a)) / 0.4;
      }
      taken.fill(0);
      if (++adjusted % adjustments !== 0) return;
      T *= cooling;
      point.set(best);
      E = least;
    }

    return (cost, isBest) => {
      if (cost <= E || random.uniform() < Math.exp(-(cost - E) / T)) {
        E = cost;
        if (i >= 0) taken[i]!++;
      } else point[i] = kept;
      if (isBest) {
        least = cost;
        best.set(point);
      }
      i++;
      if (i === n) {
        i = 0;
        if (++turns % cycles === 0) adjust();
      }
      kept = point[i]!;
      do point[i] = kept + v[i]! * symmetric();
      while (Math.abs(point[i]!) > bound);
    };
  });
};
