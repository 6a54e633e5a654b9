/** How many threads work. */

import { integer } from "../inside.js";

export interface Threads {
  /** With the one that calls, from 1 to 256. Default: as many as the machine runs at once. */
  threads?: number;
}

/** More are refused: no machine that memcell is meant for has them. */
const MOST = 256;

function cores(): number {
  return globalThis.navigator?.hardwareConcurrency ?? globalThis.process?.getBuiltinModule?.("node:os").availableParallelism() ?? 1;
}

/** @throws TypeError, RangeError if it is not a number of threads */
export function checkThreads(value: unknown): number {
  return value === undefined ? Math.min(cores(), MOST) : integer("threads", value, 1, MOST);
}
