/** The tests that need nothing but a JavaScript engine: the others start processes, read files, or stand in for Node's own parts. */

import { type Result, run } from "./vitest.js";

const KERNELS = { kernels: () => import("../kernels.test.js") };

const API = {
  data: () => import("../data.test.js"),
  errors: () => import("../errors.test.js"),
  fit: () => import("../fit.test.js"),
  gradients: () => import("../gradients.test.js"),
  initializers: () => import("../initializers.test.js"),
  insight: () => import("../insight.test.js"),
  losses: () => import("../losses.test.js"),
  lstm97: () => import("../lstm97.test.js"),
  online: () => import("../online.test.js"),
  oracle: () => import("../oracle.test.js"),
  pytorch: () => import("../pytorch.test.js"),
  safetensors: () => import("../safetensors.test.js"),
  scaler: () => import("../scaler.test.js"),
  schedules: () => import("../schedules.test.js"),
  stream: () => import("../stream.test.js"),
  streams: () => import("../streams.test.js"),
  truncation: () => import("../truncation.test.js"),
};

export interface Report {
  kernels: Result;
  api: Result;
}

/** @param without names of tests that this runtime cannot run */
export async function portable(without: readonly string[] = []): Promise<Report> {
  return { kernels: await run(KERNELS, without), api: await run(API, without) };
}
