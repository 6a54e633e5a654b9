/**
 * The latch problem (Bengio, Simard & Frasconi 1994): one bit at the beginning is to be held against noise until the end. The
 * inputs of the first L steps are the learner's own to choose, one value for each class and step:
 *
 *     a_t = w tanh(a_t-1) + h_t^k   for t <= L,   a_t = w tanh(a_t-1) + noise_t   after that;   the target of tanh(a_T) is +-0.8
 *
 * The noise is Gaussian of mean 0 and variance 0.2. So that the h are weights as others are, feature 1 + 2 t + k is 1 in step t
 * of class k, and otherwise 0; feature 0 is the noise, which a net that is true to the source adds to its unit as it is
 * (`given` in learners/net.ts). With L = 1, the default, the source's net has three free parameters (Schmidhuber & Hochreiter's
 * variant I); Bengio et al. have L = 3 (of medium confidence).
 */

import type { Example } from "../learner.js";
import type { Random } from "../random.js";
import type { Task } from "../task.js";
import { drawLength, type Lengths, twoClasses } from "./classes.js";
import { DEVIATION } from "./twoSequences.js";

export interface Latch extends Lengths {
  /** Steps whose input is the learner's; 1. */
  L?: number;
}

export const TARGET = 0.8;

export function drawLatch(random: Random, o: Latch): Example {
  const L = o.L ?? 1;
  const features = 1 + 2 * L;
  const k = random.below(2);
  const length = drawLength(random, o);
  const inputs = new Float32Array(length * features);
  for (let t = 0; t < length; t++) inputs[t * features + (t < L ? 1 + 2 * t + k : 0)] = t < L ? 1 : DEVIATION * random.normal();
  return { inputs, targets: Float32Array.of(k ? TARGET : -TARGET) };
}

export const latch = (o: Latch): Task => twoClasses(1 + 2 * (o.L ?? 1), (random) => drawLatch(random, o), o.within);
