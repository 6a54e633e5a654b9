/** `npm run evidence -- all`: every trial of the manifest that is not in the results yet. */

import { readChosen, writeChosen } from "./chosen.js";
import { counted, jobsOf, left, openJobs, readManifest } from "./manifest.js";
import { runJobs } from "./pool.js";
import type { Results } from "./results.js";
import { ROWS_TUNED } from "./rowsToday.js";
import { choose } from "./tune.js";

/** Rows of tuned settings come last, when what they need has been chosen. */
const TUNED = new Set(ROWS_TUNED.map(({ name }) => name));

/** @returns whether all have been run, unless Ctrl-C stopped it */
export async function runAll(results: Results, threads: number, hours: number): Promise<{ finished: boolean; stopped: boolean }> {
  const jobs = jobsOf(readManifest());
  const until = performance.now() + 3_600_000 * hours;
  const run = (tuned: boolean) => {
    const open = openJobs(jobs, results).filter(({ row }) => TUNED.has(row) === tuned);
    return runJobs(open, jobs.length, threads, (result) => results.add(result), until);
  };
  let stopped = await run(false);
  writeChosen(choose(counted(results.all), readChosen()));
  if (!stopped && performance.now() < until) stopped = await run(true);
  const open = openJobs(jobs, results);
  console.log(left(open, jobs.length));
  return { finished: open.length === 0, stopped };
}
