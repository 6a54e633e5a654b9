/**
 * Experiment 4, the adding problem: a sequence of pairs, a value in [-1, 1] and a marker. Two values are marked with 1; at the
 * end the target is 0.5 + (their sum) / 4. The length is uniform in [T, T + T/10]. One of the first ten pairs is marked, then
 * one of the first T/2 - 1 that are still unmarked; so there are at least T/2 steps from the last marked pair to the end.
 *
 * The first and the last pair have marker -1, the others 0. "In the rare case where the first pair of the sequence gets marked,
 * we set X1 to zero": read here as the first pair keeping its -1 and counting for nothing, by whichever of the two draws it was
 * marked. So the target is always a function of what is marked with 1. Always answering 0.5 has, where the first pair is not
 * marked, a mean squared error of 1/24 and is right in 15.4 % of the cases.
 *
 * Experiment 5, multiplication: values in [0, 1], the target is the product of the two; a first pair that is marked counts as 1.
 *
 * The paper leaves open whether the average error of its stop rule is of absolute or squared errors: "learned" has the absolute
 * ones (the stricter, as they are below 1), "squared" the others.
 */

import type { Example } from "../learner.js";
import type { Random } from "../random.js";
import { type RecentRule, stoppedByRecent } from "../stop.js";
import type { Errors, Task } from "../task.js";

function drawPairs(random: Random, T: number, least: number, first: number, answer: (X1: number, X2: number) => number): Example {
  const length = T + random.below(Math.floor(T / 10) + 1);
  const one = random.below(10);
  const other = random.below(T / 2 - 1);
  const two = other < one ? other : other + 1;
  const inputs = new Float32Array(2 * length);
  for (let t = 0; t < length; t++) inputs[2 * t] = least + (1 - least) * random.uniform();
  const value = (t: number) => {
    if (t === 0) return first;
    inputs[2 * t + 1] = 1;
    return inputs[2 * t] as number;
  };
  const target = answer(value(one), value(two));
  inputs[1] = -1;
  inputs[2 * length - 1] = -1;
  return { inputs, targets: Float32Array.of(target) };
}

export const drawAdding = (random: Random, T: number) => drawPairs(random, T, -1, 0, (X1, X2) => 0.5 + (X1 + X2) / 4);

export const drawMultiplication = (random: Random, T: number) => drawPairs(random, T, 0, 1, (X1, X2) => X1 * X2);

export const isRight = ({ most }: Errors) => most < 0.04;

const PUBLISHED = { squared: { wrong: 1, average: 0.01, of: "squared" }, learned: { wrong: 1, average: 0.01 } } as const;

export const adding = (T: number, rules: Record<string, RecentRule> = PUBLISHED): Task =>
  stoppedByRecent({ features: 2, outputs: 1, draw: (random) => drawAdding(random, T), isRight, rules });

/** The paper stops at two places: fewer than 140, and fewer than 13, of the last 2,000 wrong. */
export const multiplication: Task = stoppedByRecent({
  features: 2,
  outputs: 1,
  draw: (random) => drawMultiplication(random, 100),
  isRight,
  rules: { n140: { wrong: 140 }, learned: { wrong: 13 } },
});
