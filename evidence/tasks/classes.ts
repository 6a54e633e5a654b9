/**
 * What the tasks with which the rivals were tested have in common: sequences of two classes, as probable as each other, of
 * lengths that vary, with one target at the end. The rivals' papers say little of when they stop. Here a trial has learned when
 * the last 100 sequences were right as they came, and 1,000 others are; a sequence is right if its error is below `within`.
 */

import type { Example } from "../learner.js";
import type { Random } from "../random.js";
import { stoppedByStreak } from "../stop.js";
import type { Task } from "../task.js";

export interface Lengths {
  /** Steps, uniform from `shortest` to `longest`. */
  shortest: number;
  longest: number;
  /** 0.25 */
  within?: number;
}

export const drawLength = (random: Random, { shortest, longest }: Lengths) => shortest + random.below(longest - shortest + 1);

export function twoClasses(features: number, draw: (random: Random) => Example, within = 0.25): Task {
  return stoppedByStreak({ features, outputs: 1, draw, isRight: ({ most }) => most < within, streak: 100, tested: 1000 });
}
