/** What the searches share: a training set kept, the mean error of a net on it, the best weights found so far. */

import type { Example, Interface, Learner } from "../learner.js";
import type { Guessing } from "./guessing.js";
import { shapeOf } from "./guessing.js";
import { halfSquares, Net } from "./net.js";

export interface Search extends Pick<Guessing, "architecture" | "hidden" | "selves"> {
  /** Of all units; "logistic", but "tanh" for the net of the latch problem. */
  squash?: "logistic" | "tanh";
  /** Sequences in the training set; 100. */
  set?: number;
}

/**
 * The first `set` sequences learned become the training set; with the last of them, and at each call after it, `trial` is told the
 * mean of E = 1/2 sum (target - y)^2 over the set for the weights that `point` then has, and writes the next ones to be tried there.
 * The outputs, in `learn` as in `predict`, are those of the best weights so far.
 */
export function searchWith(task: Interface, o: Search, begin: (point: Float64Array) => (cost: number, isBest: boolean) => void): Learner {
  const { set = 100 } = o;
  const shape = shapeOf(task, o);
  if (o.squash) shape.squash = o.squash;
  const tried = new Net(shape);
  const best = new Net(shape);
  const trial = begin(tried.weights);
  best.weights.set(tried.weights);
  const examples: Example[] = [];
  let least = Infinity;
  return {
    units: shape.hidden,
    weights: tried.weights.length,
    cost: set * tried.weights.length,
    learn(example) {
      const outputs = best.run(example.inputs, task.output);
      if (examples.length < set) examples.push(example);
      if (examples.length < set) return outputs;
      let cost = 0;
      for (const { inputs, targets } of examples) cost += halfSquares(tried.run(inputs, task.output), targets) / set;
      const isBest = cost < least;
      if (isBest) {
        least = cost;
        best.weights.set(tried.weights);
      }
      trial(cost, isBest);
      return outputs;
    },
    predict: (sequences) => sequences.map(({ inputs }) => best.run(inputs, task.output)),
  };
}
