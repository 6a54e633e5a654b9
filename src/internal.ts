/**
 * What memcell's other entry points share with the first: the bundles of src/parallel/ import these names from it, so that a model
 * is the same class in both. Not public.
 */

export { fail, integer, isRecord, options } from "./core/check.js";
export { createKernels } from "./core/kernels.js";
export { lanesFor } from "./core/lanes.js";
export { Memory } from "./core/memory.js";
export { planModel } from "./model/layout.js";
export { checkLoss } from "./model/losses.js";
export { checkMetrics, Scoring } from "./model/metrics.js";
export { Model, ROWS, WINDOW } from "./model/model.js";
export { Network } from "./model/network.js";
export { checkSequences } from "./model/sequences.js";
export { Rows, readRows, roomFor, writeWindow } from "./model/window.js";
export { Training } from "./training/fit.js";
export { awaitable } from "./training/reports.js";
export { CHANGES, ENVIRONMENT, resume } from "./training/resume.js";
export { checkTrainerOptions, withLearningRate } from "./training/trainerOptions.js";
export { Updater } from "./training/updater.js";
