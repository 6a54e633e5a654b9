/** `npm run evidence -- all`: every trial of the manifest that is not in the results yet. */

import { jobsOf, left, openJobs, readManifest } from "./manifest.js";
import { runJobs } from "./pool.js";
import type { Results } from "./results.js";

/** @returns whether all have been run, unless Ctrl-C stopped it */
export async function runAll(results: Results, threads: number, hours: number): Promise<{ finished: boolean; stopped: boolean }> {
  const jobs = jobsOf(readManifest());
  const until = performance.now() + 3_600_000 * hours;
  const stopped = await runJobs(openJobs(jobs, results), jobs.length, threads, (result) => results.add(result), until);
  const open = openJobs(jobs, results);
  console.log(left(open, jobs.length));
  return { finished: open.length === 0, stopped };
}
