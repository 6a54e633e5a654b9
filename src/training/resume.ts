/** The options that may change when training resumes: those that no saved number depends on. */

import { fail, isRecord, options } from "../core/check.js";
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
 * the very first. Parameters that become frozen lose their moments. `window`, `stride`, `batch` and `accumulate` may change between
 * epochs only. Default: as saved.
 */
export type Changes = Partial<Pick<TrainerOptions, (typeof CHANGES)[number]>>;

/** The loss of a trainer that was saved with a `customLoss`: needed there, as a file holds no functions; refused elsewhere. */
interface OwnLoss {
  /** Of a model with heads by name. */
  loss?: CustomLoss | Readonly<Record<string, CustomLoss>>;
}

/** The options of `resumeTrainer`. */
export interface ResumeOptions extends Changes, Environment, OwnLoss {}

/** The options of `resumeOnlineLearner`. `accumulate` may change where no gradients wait for an update. */
export interface OnlineResumeOptions extends Pick<Changes, (typeof ONLINE_CHANGES)[number]>, Environment, OwnLoss {}

interface Resumed<O> {
  model: Model<O>;
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
export function resume<O = Float32Array>(
  bytes: Uint8Array | ArrayBuffer,
  resumeOptions: unknown,
  changes: readonly string[],
  others: readonly string[] = ENVIRONMENT,
): Resumed<O> {
  const known = options("options", resumeOptions, [...changes, ...others]);
  const given = Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  const file = openCheckpoint(bytes);
  const saved = file.options as Record<string, unknown>;
  if ("optimizer" in given) {
    const { type } = checkOptimizer("optimizer", given.optimizer);
    const before = (saved.optimizer as { type?: unknown } | null)?.type;
    if (type !== before) fail(RangeError, "optimizer", `${before}, whose moments the file has`, type);
  }
  const loss = losses(saved.loss, given.loss, others.includes("loss") ? "" : " of resumeTrainer of memcell");
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
  const changed = Object.fromEntries(Object.entries(given).filter(([key]) => changes.includes(key)));
  // A stride that defaulted to the window keeps following it.
  const stride = "window" in given && saved.stride === saved.window ? { stride: undefined } : {};
  const environment = Object.fromEntries(ENVIRONMENT.filter((key) => key in given).map((key) => [key, given[key]]));
  return { model: loadModel<O>(bytes, environment), file: { ...file, options: { ...saved, ...stride, ...changed, loss } }, given };
}

/** The saved losses with the given functions in their places. */
function losses(saved: unknown, given: unknown, where: string): unknown {
  const type = (loss: unknown) => Object(loss).type as unknown;
  // Only a loss has a type that is a string: a head of that name has a loss there.
  if (!isRecord(saved) || typeof type(saved) === "string") return own("loss", saved, given, where);
  const parts = given === undefined ? {} : options("loss", given, Object.keys(saved));
  return Object.fromEntries(Object.entries(saved).map(([name, loss]) => [name, own(`loss.${name}`, loss, parts[name], where)]));

  function own(path: string, saved: unknown, given: unknown, where: string): unknown {
    if (type(saved) === "custom") {
      if (type(given) === "custom") return given;
      fail(TypeError, path, `the customLoss(f)${where} by which this was trained, as files hold no functions`, given);
    }
    if (given !== undefined) fail(RangeError, path, "none, as the file has the trainer's", given);
    return saved;
  }
}
