/**
 * Experiment 6, temporal order: symbols from E to B, at random a, b, c or d but for two (6a) or three (6b), each X or Y. At the
 * end, which of the four classes XX, XY, YX, YY (or eight) was it? The length is uniform in [100, 110]; counting from 1, the
 * symbols of 6a lie at a step from 10 to 20 and at one from 50 to 60, those of 6b at 10 to 20, 33 to 43 and 66 to 76.
 *
 * Of the two readings of the average error in the stop rule (adding.ts) neither matters here: once 2,000 sequences are right,
 * with every error below 0.3, both are below 0.1.
 */

import type { Random } from "../random.js";
import { stoppedByRecent } from "../stop.js";
import { type Errors, Symbols, type Task } from "../task.js";

/** One input for each. */
export const SYMBOLS = "EBabcdXY";

const PLACES = { "6a": [10, 50], "6b": [10, 33, 66] } as const;

export function drawOrder(random: Random, experiment: keyof typeof PLACES): Symbols {
  const length = 100 + random.below(11);
  const tokens = Int32Array.from({ length }, () => SYMBOLS.indexOf("a") + random.below(4));
  tokens[0] = SYMBOLS.indexOf("E");
  tokens[length - 1] = SYMBOLS.indexOf("B");
  let chosen = 0;
  for (const earliest of PLACES[experiment]) {
    const which = random.below(2);
    tokens[earliest + random.below(11) - 1] = SYMBOLS.indexOf("X") + which;
    chosen = 2 * chosen + which;
  }
  const targets = new Float32Array(2 ** PLACES[experiment].length);
  targets[chosen] = 1;
  return new Symbols(tokens, targets, SYMBOLS.length);
}

export const isRight = ({ most }: Errors) => most < 0.3;

export const order = (experiment: keyof typeof PLACES): Task =>
  stoppedByRecent({
    features: SYMBOLS.length,
    tokens: true,
    outputs: 2 ** PLACES[experiment].length,
    draw: (random) => drawOrder(random, experiment),
    isRight,
    rules: { learned: { wrong: 1, average: 0.1 } },
  });
