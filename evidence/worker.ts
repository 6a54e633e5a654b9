/** A thread that runs trials, one at a time: a trial in, its progress and its result out. */

import { parentPort } from "node:worker_threads";
import type { Result } from "./row.js";
import { rowNamed } from "./rows.js";
import { type Progress, runTrial } from "./trial.js";

export interface Job {
  row: string;
  trial: number;
  limit: number;
}

export type Message = { progress: Progress } | { result: Result };

/** Milliseconds between reports. */
const OFTEN = 250;

const port = parentPort as NonNullable<typeof parentPort>;

port.on("message", ({ row, trial, limit }: Job) => {
  const run = runTrial(rowNamed(row), trial, limit);
  let reported = performance.now();
  let step = run.next();
  while (!step.done) {
    if (performance.now() - reported > OFTEN) {
      port.postMessage({ progress: step.value } satisfies Message);
      reported = performance.now();
    }
    step = run.next();
  }
  port.postMessage({ result: step.value } satisfies Message);
});
