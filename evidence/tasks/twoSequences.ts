/**
 * The 2-sequence problem (Bengio, Simard & Frasconi 1994), as Hochreiter & Schmidhuber 1997 (experiment 3) and Schmidhuber &
 * Hochreiter 1996 state it: one real input. The first N elements are 1 in class 1 and -1 in class 2, all others are Gaussian
 * noise of mean 0 and variance 0.2. The target at the end is 1 for class 1, 0 for class 2. Bengio et al. have 50 to 100 steps
 * (their N is not known), Schmidhuber & Hochreiter 500 to 600 with N = 1.
 */

import type { Example } from "../learner.js";
import type { Random } from "../random.js";
import type { Task } from "../task.js";
import { drawLength, type Lengths, twoClasses } from "./classes.js";

export interface TwoSequences extends Lengths {
  /** Elements that tell the class; 1. */
  N?: number;
}

/** "Variance 0.2" is the variance: the errors in the paper's experiment 3b fit no standard deviation of 0.2. */
export const DEVIATION = Math.sqrt(0.2);

export function drawTwoSequences(random: Random, o: TwoSequences): Example {
  const first = random.below(2) === 1;
  const N = o.N ?? 1;
  const inputs = Float32Array.from({ length: drawLength(random, o) }, (_, t) => (t < N ? (first ? 1 : -1) : DEVIATION * random.normal()));
  return { inputs, targets: Float32Array.of(Number(first)) };
}

export const twoSequences = (o: TwoSequences): Task => twoClasses(1, (random) => drawTwoSequences(random, o), o.within);
