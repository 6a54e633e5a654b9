/**
 * The names that memcell's other entry points need: their bundles import them from core.js, so that a model is the same class in all
 * of them. Not public.
 */

// Under other names than the schedules have.
export { cosine as cosinePi, exponential as exp, product } from "./core/arithmetic.js";
export type { Check, Refuse } from "./core/check.js";
export {
  arrayLike,
  atLeast0,
  boolean,
  bytes,
  clip,
  complete,
  describe,
  each,
  fail,
  finite,
  inBounds,
  indexBelow,
  integer,
  integerIn,
  isObject,
  isRecord,
  listed,
  numbers,
  oneOf,
  options,
  shapeText,
} from "./core/check.js";
export { parseJson } from "./core/json.js";
export type { Kernels } from "./core/kernels.js";
export { createKernels } from "./core/kernels.js";
export type { Lanes, Mode } from "./core/lanes.js";
export { lanesFor } from "./core/lanes.js";
export { Memory } from "./core/memory.js";
export type { Dtype, Tensor, TensorFile } from "./core/safetensors.js";
export { assemble, checkTensor, DTYPES, openSafetensors, writeSafetensors } from "./core/safetensors.js";
export type { Layer } from "./layers/index.js";
export { Table } from "./layers/packing.js";
export type { Inputs, StepInput } from "./model/columns.js";
export type { Config, ModelConfig } from "./model/config.js";
export { checkConfig } from "./model/config.js";
export { Engine } from "./model/engine.js";
export type { EvaluateOptions, Evaluation } from "./model/evaluation.js";
export { checkEvaluation } from "./model/evaluation.js";
export type { Head } from "./model/heads.js";
export { byName } from "./model/heads.js";
export type { Layout } from "./model/layout.js";
export { planModel } from "./model/layout.js";
export { modelOf } from "./model/load.js";
export type { Loss } from "./model/losses.js";
export { checkLayers, readMetadata, writeMetadata } from "./model/metadata.js";
export type { Metric, Metrics, Scores } from "./model/metrics.js";
export { Scoring } from "./model/metrics.js";
export type { PredictSequence } from "./model/model.js";
export { Model, ROWS } from "./model/model.js";
export type { NetworkParts } from "./model/network.js";
export { Network } from "./model/network.js";
export type { Losses, Objective } from "./model/objective.js";
export { checkLosses, meanOf, objectiveOf, scalesOf, targetsOf } from "./model/objective.js";
export type { PredictOptions } from "./model/probabilities.js";
export { checkPredict } from "./model/probabilities.js";
export { scaleOfHead } from "./model/scale.js";
export type { AnySequence, Checked, Sequence, Targets } from "./model/sequences.js";
export { checkSequences } from "./model/sequences.js";
export type { State } from "./model/state.js";
export { moduleNames } from "./model/stateDict.js";
export type { Row } from "./model/window.js";
export { limitOf, Rows, readRows, roomFor, writeWindow } from "./model/window.js";
export type { TrainerFile } from "./training/checkpoint.js";
export type { Report } from "./training/epochs.js";
export type { ValidatedSettings } from "./training/fit.js";
export { TrainerBase } from "./training/fit.js";
export type { Gradients } from "./training/reports.js";
export { awaitable } from "./training/reports.js";
export type { Changes, ResumeOptions } from "./training/resume.js";
export { CHANGES, ENVIRONMENT, resume } from "./training/resume.js";
export type { CheckedTrainerOptions, TrainerOptions } from "./training/trainerOptions.js";
export { checkSendable, checkTrainerOptions, withLearningRate } from "./training/trainerOptions.js";
export type { BatchNetwork, Learned } from "./training/updater.js";
export { Updater } from "./training/updater.js";
