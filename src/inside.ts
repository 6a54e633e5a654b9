/**
 * What memcell's other entry points share with the first: the bundles of src/parallel/ import these names from it, so that a model
 * is the same class in both. Not public.
 */

export { fail, integer, isRecord, options } from "./check.js";
export { createKernels } from "./kernels.js";
export { lanesFor } from "./lanes.js";
export { planModel } from "./layout.js";
export { Updater } from "./learner.js";
export { checkLoss } from "./losses.js";
export { Memory } from "./memory.js";
export { checkMetrics, Scoring } from "./metrics.js";
export { Model, ROWS, WINDOW } from "./model.js";
export { Network } from "./network.js";
export { checkTrainerOptions, withLearningRate } from "./options.js";
export { awaitable } from "./reports.js";
export { CHANGES, ENVIRONMENT, resume } from "./resume.js";
export { checkSequences } from "./sequences.js";
export { Training } from "./training.js";
export { Rows, readRows, roomFor, writeWindow } from "./window.js";
