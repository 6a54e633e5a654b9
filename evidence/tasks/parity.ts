/**
 * Parity (Bengio, Simard & Frasconi 1994; Schmidhuber & Hochreiter 1996): a sequence of 1 and -1, each with probability 1/2; the
 * target at its end is 1 if the number of ones is odd, otherwise 0. Every element counts, and an answer that leaves out a single
 * one is right half of the time. Bengio et al. have 25 to 50 steps, Schmidhuber & Hochreiter 500 to 600.
 */

import type { Example } from "../learner.js";
import type { Random } from "../random.js";
import type { Task } from "../task.js";
import { drawLength, type Lengths, twoClasses } from "./classes.js";

export function drawParity(random: Random, lengths: Lengths): Example {
  const inputs = Float32Array.from({ length: drawLength(random, lengths) }, () => (random.below(2) ? 1 : -1));
  const ones = inputs.reduce((sum, input) => sum + Number(input > 0), 0);
  return { inputs, targets: Float32Array.of(ones % 2) };
}

export const parity = (lengths: Lengths): Task => twoClasses(1, (random) => drawParity(random, lengths), lengths.within);
