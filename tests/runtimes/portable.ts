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
  const some = (kernels: boolean) => Object.fromEntries(Object.entries(files).filter(([name]) => name.startsWith("kernels/") === kernels));
  return { kernels: await run(some(true), without), api: await run(some(false), without) };
}
