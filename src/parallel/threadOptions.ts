/** The options of threads: how many, and how to make their workers. */

import type { AnyWorker } from "../core/workers.js";
import { fail, integer, isRecord } from "../internal.js";
import type { PoolSettings } from "./pool.js";

/** The threads of a trainer or predictor, and their workers. */
export interface Threads {
  /** Threads including the calling one, from 1 to 256. Default: as many as the machine runs at once. */
  threads?: number;
  /**
   * Makes the worker of each further thread, for bundlers or addresses that need a file of your own (which calls `serve` of
   * `memcell/parallel/host`): `() => new Worker(new URL("./thread.js", import.meta.url), { type: "module" })`. Default: the package's.
   */
  worker?: () => AnyWorker;
}

/** Separates the options of threads from the trainer's. A value that is no object is passed on, to be refused. */
export function apart(given: unknown): { settings: Record<keyof Threads, unknown>; rest: unknown } {
  if (!isRecord(given)) return { settings: { threads: undefined, worker: undefined }, rest: given };
  const { threads, worker, ...rest } = given;
  return { settings: { threads, worker }, rest };
}

/** The limit: no machine that memcell is meant for runs more. */
const MOST = 256;

function cores(): number {
  return globalThis.navigator?.hardwareConcurrency ?? globalThis.process?.getBuiltinModule?.("node:os").availableParallelism() ?? 1;
}

/** @throws TypeError, RangeError if it is not a valid number of threads */
export function checkThreads(value: unknown): number {
  return value === undefined ? Math.min(cores(), MOST) : integer("threads", value, 1, MOST);
}

/** @throws TypeError if it is not a function */
export function checkWorker(value: unknown): (() => AnyWorker) | undefined {
  if (value !== undefined && typeof value !== "function") fail(TypeError, "worker", "a function that makes a worker", value);
  return value as (() => AnyWorker) | undefined;
}

/** Both, checked. */
export function checkSettings({ threads, worker }: Record<keyof Threads, unknown>): PoolSettings {
  return { threads: checkThreads(threads), worker: checkWorker(worker) };
}
