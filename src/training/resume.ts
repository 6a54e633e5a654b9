/** The options that may change when training resumes: those that no saved number depends on. */

import { fail, options } from "../core/check.js";
import type { CustomLoss } from "../model/customLoss.js";
import type { Environment } from "../model/engine.js";
import { loadModel } from "../model/load.js";
import type { Model } from "../model/model.js";
import { openCheckpoint, type TrainerFile } from "./checkpoint.js";
import { checkOptimizer } from "./optimizers.js";
import type { TrainerOptions } from "./trainerOptions.js";

/** May change at any time. */
const ALWAYS = ["optimizer", "schedule", "clipNorm", "clipValue"] as const;
/** May change only between epochs and updates: the progress of an epoch refers to its rows and windows. */
const BETWEEN = ["window", "stride", "batch", "accumulate"] as const;

/** The options that may change for a trainer. */
export const CHANGES = [...ALWAYS, "freeze", ...BETWEEN] as const;
/** The options that may change for an online learner. */
export const ONLINE_CHANGES = [...ALWAYS, "accumulate"] as const;
export const ENVIRONMENT = ["module", "kernels"] as const;
/** The options that may be given besides, on the thread that calls. */
export const HERE = [...ENVIRONMENT, "loss"] as const;

/**
 * Options to change when training resumes. An optimizer must keep its type, as the file has its moments; a schedule counts updates from
 * the very first. what is frozen loses its moments. `window`, `stride`, `batch` and `accumulate` may change between epochs. Default: as saved.
 */
export type Changes = Partial<Pick<TrainerOptions, (typeof CHANGES)[number]>>;

/** The loss of a trainer that was saved with a `customLoss`: needed there, as a file holds no functions; refused elsewhere. */
interface OwnLoss {
  loss?: CustomLoss;
}

/** The options of `resumeTrainer`. */
export interface ResumeOptions extends Changes, Environment, OwnLoss {}

/** The options of `resumeOnlineLearner`. `accumulate` may change where no gradients wait for an update. */
export interface OnlineResumeOptions extends Pick<Changes, (typeof ONLINE_CHANGES)[number]>, Environment, OwnLoss {}

interface Resumed {
  model: Model;
  /** With the changed options. */
  file: TrainerFile;
  /** The changed options, and all others given. */
  given: Record<string, unknown>;
}

/**
 * Opens a checkpoint: the file, with the changed options, and its model.
 * @param changes the options that may change
 * @param others further options that may be given
 */
export function resume(
  bytes: Uint8Array | ArrayBuffer,
  resumeOptions: unknown,
  changes: readonly string[],
  others: readonly string[] = ENVIRONMENT,
): Resumed {
  const known = options("options", resumeOptions, [...changes, ...others]);
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  const file = openCheckpoint(bytes);
  const saved = file.options as Record<string, unknown>;
  if ("optimizer" in given) {
    const { type } = checkOptimizer("optimizer", given.optimizer);
    const before = (saved.optimizer as { type?: unknown } | null)?.type;
    if (type !== before) fail(RangeError, "optimizer", `${before}, whose moments the file has`, type);
  }
  const type = (loss: unknown) => (loss as { type?: unknown } | null | undefined)?.type;
  if (type(saved.loss) === "custom" && type(given.loss) !== "custom") {
    const where = others.includes("loss") ? "" : " of resumeTrainer of memcell";
    fail(TypeError, "loss", `the customLoss(f)${where} by which this was trained, as files hold no functions`, given.loss);
  }
  if (type(saved.loss) !== "custom" && "loss" in given) fail(RangeError, "loss", "none, as the file has the trainer's", given.loss);
  const { progress, pending } = (file.counters ?? {}) as { progress?: unknown; pending?: { windows?: unknown } };
  for (const key of progress || pending?.windows ? BETWEEN : []) {
    if (!(key in given) || given[key] === saved[key]) continue;
    fail(
      RangeError,
      key,
      `${saved[key]}, as an epoch or update is under way, to be finished or dropped (rewind) before saving`,
      given[key],
    );
  }
  const changed = Object.fromEntries(Object.entries(given).filter(([key]) => key === "loss" || changes.includes(key)));
  // A stride that defaulted to the window keeps following it.
  const stride = "window" in given && saved.stride === saved.window ? { stride: undefined } : {};
  const environment = Object.fromEntries(ENVIRONMENT.filter((key) => key in given).map((key) => [key, given[key]]));
  return { model: loadModel(bytes, environment), file: { ...file, options: { ...saved, ...stride, ...changed } }, given };
}
