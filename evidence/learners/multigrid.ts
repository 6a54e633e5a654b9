/**
 * Multigrid random search (Bengio, Simard & Frasconi 1994, IEEE TNN 5(2):157-166): points are drawn uniformly from a box round the
 * best point; one that is better becomes the centre of a smaller box.
 *
 *     w' = centre + r half,  r uniform in [-1, 1] for each weight;   if E(w') < E(centre): centre = w', half *= shrink
 *
 * The source's wording is not at hand; this is the reading of experiments-1997 (of medium confidence), made finite: a box of which
 * `patience` points brought nothing better shrinks as well, and once it is below `finest` the search begins anew with the largest
 * box, round zero. The best of all searches is kept. E is the mean over a training set (`search.ts`); a call of
 * `learn` tries one point.
 */

import type { Create } from "../learner.js";
import { randomOf } from "../task.js";
import { type Search, searchWith } from "./search.js";

export interface Multigrid extends Search {
  /** Half the width of the largest box, round zero at the start; 20. */
  half?: number;
  /** 0.8 */
  shrink?: number;
  /** Points without a better one, after which the box shrinks; 100. */
  patience?: number;
  /** Half the width of the smallest box; 0.01. */
  finest?: number;
}

export const createMultigrid: Create<Multigrid> = (task, seed, options) => {
  const { shrink = 0.8, patience = 100, finest = 0.01 } = options;
  const largest = options.half ?? 20;
  const random = randomOf(seed, 0);
  return searchWith(task, options, (point) => {
    const centre = new Float64Array(point.length);
    let half = largest;
    let E = Infinity;
    let tried = 0;
    const draw = () => {
      for (let i = 0; i < point.length; i++) point[i] = centre[i]! + half * (2 * random.uniform() - 1);
    };
    draw();
    return (cost) => {
      const better = cost < E;
      if (better) {
        E = cost;
        centre.set(point);
      }
      tried = better ? 0 : tried + 1;
      if (better || tried === patience) {
        half *= shrink;
        tried = 0;
      }
      if (half < finest) {
        half = largest;
        E = Infinity;
        centre.fill(0);
      }
      draw();
    };
  });
};
