/** What may be other when training is resumed than when it was saved: what no saved number belongs to. */

import { fail, options } from "../core/check.js";
import type { Environment } from "../model/engine.js";
import { loadModel, type Model } from "../model/model.js";
import { openCheckpoint, type TrainerFile } from "./checkpoint.js";
import { checkOptimizer } from "./optimizers.js";
import type { TrainerOptions } from "./trainerOptions.js";

/** At any time. */
const ALWAYS = ["optimizer", "schedule", "clipNorm", "clipValue"] as const;
/** Where no epoch, and no update, is under way: rows and windows have places in it. */
const BETWEEN = ["window", "stride", "batch", "accumulate"] as const;

/** What a trainer may be resumed with. */
export const CHANGES = [...ALWAYS, ...BETWEEN] as const;
/** What an online learner may. */
export const ONLINE_CHANGES = [...ALWAYS, "accumulate"] as const;
export const ENVIRONMENT = ["module", "kernels"] as const;

/**
 * Options in which training goes on otherwise than it was saved. An optimizer must be of the type that it was, whose moments the
 * file has; a schedule counts updates from the first on. `window`, `stride`, `batch` and `accumulate` may change between epochs.
 * Default: as saved.
 */
export type Changes = Partial<Pick<TrainerOptions, (typeof CHANGES)[number]>>;

/** What `resumeTrainer` takes beside the bytes. */
export interface ResumeOptions extends Changes, Environment {}

/** What `resumeOnlineLearner` does: `accumulate` may change where no gradients wait for an update. */
export interface OnlineResumeOptions extends Pick<Changes, (typeof ONLINE_CHANGES)[number]>, Environment {}

interface Resumed {
  model: Model;
  /** With the changed options. */
  file: TrainerFile;
  /** Those, and what else was given. */
  given: Record<string, unknown>;
}

/**
 * A checkpoint and its model, with the options that training goes on with.
 * @param changes the options that may be other
 * @param others what else may be given
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
  // A stride that was left to be the window remains that.
  const stride = "window" in given && saved.stride === saved.window ? { stride: undefined } : {};
  const environment = Object.fromEntries(ENVIRONMENT.filter((key) => key in given).map((key) => [key, given[key]]));
  return { model: loadModel(bytes, environment), file: { ...file, options: { ...saved, ...stride, ...changed } }, given };
}
