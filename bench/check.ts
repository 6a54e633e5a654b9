/** Nothing wrong is ever timed: before timing, every case of the tests' list must agree with the oracle. */

import type { Environment } from "../src/index.js";
import { errorOf, STEADY } from "../tests/helpers/agreement.js";

/** @returns how many cases were checked @throws Error at the first loss, output or gradient that is off */
export function checkAgainstOracle(where?: Environment): number {
  for (const entry of STEADY) {
    const error = errorOf(entry, where);
    if (!(error < 1e-5)) throw new Error(`"${entry.name}" is off by ${error} from the oracle: not timed`);
  }
  return STEADY.length;
}
