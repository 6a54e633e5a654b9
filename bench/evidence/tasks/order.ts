/**
 * Experiment 6a, temporal order: symbols from E to B, at random a, b, c or d but for two, each X or Y. At the end, which of
 * the four classes XX, XY, YX, YY was it? The length is uniform in [100, 110]; counting from 1, the two symbols lie at a step
 * from 10 to 20 and at one from 50 to 60, so that there are at least 40 steps from the second one to the end.
 */

import type { Random } from "../../../src/random.js";
import { below, type Example, type Task, taskAtEnd } from "../task.js";

/** One input for each. */
export const SYMBOLS = "EBabcdXY";

export function drawOrder(random: Random): Example {
  const length = 100 + below(random, 11);
  const symbols = Array.from({ length }, () => SYMBOLS.indexOf("a") + below(random, 4));
  symbols[0] = SYMBOLS.indexOf("E");
  symbols[length - 1] = SYMBOLS.indexOf("B");
  let chosen = 0;
  for (const earliest of [10, 50]) {
    const which = below(random, 2);
    symbols[earliest + below(random, 11) - 1] = SYMBOLS.indexOf("X") + which;
    chosen = 2 * chosen + which;
  }
  const inputs = new Float32Array(length * SYMBOLS.length);
  for (let t = 0; t < length; t++) inputs[t * SYMBOLS.length + (symbols[t] as number)] = 1;
  const targets = new Float32Array(4);
  targets[chosen] = 1;
  return { inputs, targets };
}

/** @param errors |target - output| of the four outputs */
export const right = (errors: ArrayLike<number>) => Array.from(errors).every((error) => error < 0.3);

export const order: Task = taskAtEnd({ features: SYMBOLS.length, outputs: 4, draw: drawOrder, right, average: 0.1 });
