/**
 * Experiment 3, noise and signal on one line: the first N elements say the class, +1 or -1, the rest are Gaussian noise of mean 0
 * and variance 0.2. The length is uniform in [T, T + T/10]. At the end the target is the class.
 *
 *   3a  targets 1 and 0; a sequence is wrong if its error is above 0.2
 *   3b  as 3a, the noise is also added to the elements that say the class. With N = 1 no one can be right in 1.27 % of the cases,
 *       the share of a normal distribution beyond 1 / sqrt(0.2)
 *   3c  as 3a, targets 0.2 and 0.8, and to those that are learned noise of variance 0.1 is added; wrong if the output is more than
 *       0.1 from the target without noise
 *
 * Training stops by a test set of 256, on which 3a has two marks: ST1, none wrong; ST2 ("learned"), and a mean absolute error
 * below 0.01. In 3b: fewer than 6, and below 0.04. 3c has one mark: none wrong and a mean difference below 0.015.
 */

import type { Example } from "../learner.js";
import type { Random } from "../random.js";
import { stoppedByTest, type TestRule } from "../stop.js";
import type { Task } from "../task.js";

const INPUT_NOISE = Math.sqrt(0.2);
const TARGET_NOISE = Math.sqrt(0.1);

export interface Kind {
  noisySignal: boolean;
  noisyTargets: boolean;
  /** Targets of the classes +1 and -1. */
  targets: readonly [number, number];
  tolerance: number;
  rules: Record<string, TestRule>;
}

export const KINDS = {
  "3a": {
    noisySignal: false,
    noisyTargets: false,
    targets: [1, 0],
    tolerance: 0.2,
    rules: { ST1: { wrong: 1, average: Infinity }, learned: { wrong: 1, average: 0.01 } },
  },
  "3b": {
    noisySignal: true,
    noisyTargets: false,
    targets: [1, 0],
    tolerance: 0.2,
    rules: { ST1: { wrong: 6, average: Infinity }, learned: { wrong: 6, average: 0.04 } },
  },
  "3c": {
    noisySignal: false,
    noisyTargets: true,
    targets: [0.2, 0.8],
    tolerance: 0.1,
    rules: { learned: { wrong: 1, average: 0.015 } },
  },
} as const satisfies Record<string, Kind>;

export function drawNoise(random: Random, T: number, N: number, kind: Kind, clean: boolean): Example {
  const length = T + random.below(Math.floor(T / 10) + 1);
  const which = random.below(2);
  const signal = 1 - 2 * which;
  const inputs = new Float32Array(length);
  for (let t = 0; t < length; t++) {
    if (t < N) inputs[t] = kind.noisySignal ? signal + INPUT_NOISE * random.normal() : signal;
    else inputs[t] = INPUT_NOISE * random.normal();
  }
  const target = kind.targets[which] as number;
  return { inputs, targets: Float32Array.of(kind.noisyTargets && !clean ? target + TARGET_NOISE * random.normal() : target) };
}

export function noise(experiment: keyof typeof KINDS, T: number, N: number): Task {
  const kind: Kind = KINDS[experiment];
  return stoppedByTest({
    features: 1,
    outputs: 1,
    draw: (random) => drawNoise(random, T, N, kind, false),
    clean: (random) => drawNoise(random, T, N, kind, true),
    isRight: ({ most }) => most <= kind.tolerance,
    rules: kind.rules,
  });
}
