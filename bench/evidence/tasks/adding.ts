/**
 * Experiment 4, the adding problem: a sequence of pairs, a value in [-1, 1] and a marker. Two values are marked with 1; at the
 * end the target is 0.5 + (their sum) / 4. The length is uniform in [T, T + T/10]. One of the first ten pairs is marked, then
 * one of the first T/2 - 1 that are still unmarked; so there are at least T/2 steps from the last marked pair to the end.
 *
 * The first and the last pair have marker -1, the others 0. "In the rare case where the first pair of the sequence gets marked,
 * we set X1 to zero": read here as the first pair keeping its -1 and counting for nothing, by whichever of the two draws it was
 * marked. So the target is always a function of what is marked with 1. Always answering 0.5 has, where the first pair is not
 * marked, a mean squared error of 1/24 and is right in 15.4 % of the cases.
 */

import type { Random } from "../../../src/random.js";
import { below, type Example, type Task, taskAtEnd } from "../task.js";

export function drawAdding(random: Random, T: number): Example {
  const length = T + below(random, Math.floor(T / 10) + 1);
  const first = below(random, 10);
  const other = below(random, T / 2 - 1);
  const second = other < first ? other : other + 1;
  const inputs = new Float32Array(2 * length);
  for (let t = 0; t < length; t++) inputs[2 * t] = 2 * random.uniform() - 1;
  let sum = 0;
  for (const t of [first, second]) {
    if (t === 0) continue;
    inputs[2 * t + 1] = 1;
    sum += inputs[2 * t] as number;
  }
  inputs[1] = -1;
  inputs[2 * length - 1] = -1;
  return { inputs, targets: Float32Array.of(0.5 + sum / 4) };
}

/** @param errors |target - output| */
export const right = (errors: ArrayLike<number>) => (errors[0] as number) < 0.04;

export const adding = (T: number): Task =>
  taskAtEnd({ features: 2, outputs: 1, draw: (random) => drawAdding(random, T), right, average: 0.01 });
