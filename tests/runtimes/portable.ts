/** The program that runs test files, those of the kernels apart from the others. */

import { type Result, run } from "./vitest.js";

export interface Report {
  kernels: Result;
  api: Result;
}

/**
 * @param files test files, loaded by name
 * @param without names of tests that this runtime cannot run
 */
export async function portable(files: Record<string, () => Promise<unknown>>, without: readonly string[]): Promise<Report> {
  const { kernels, ...api } = files;
  return { kernels: await run(kernels ? { kernels } : {}, without), api: await run(api, without) };
}
