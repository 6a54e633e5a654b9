/** What training is set to: plain data, saved with it. */

import { boolean, deepFreeze, fail, integer, oneOf, options, positive, share } from "./check.js";
import type { Config } from "./config.js";
import type { Layout } from "./layout.js";
import type { Loss } from "./losses.js";
import { checkLoss } from "./losses.js";
import type { Optimizer } from "./optimizers.js";
import { checkOptimizer } from "./optimizers.js";
import type { Schedule } from "./schedules.js";
import { checkSchedule } from "./schedules.js";

export interface TrainerOptions {
  /** "mse", "crossEntropy", or one of them with options. */
  loss: Loss | Loss["type"];
  optimizer: Optimizer;
  /** Of the optimizer's learning rate: `stepDecay`, `exponential`, `cosine`, `plateau`. Default `constant()`. */
  schedule?: Schedule;
  /** The gradient is scaled down to this norm, over all parameters, where it is longer. Default `Infinity`: never. */
  clipNorm?: number;
  /** Every number of the gradient is cut to plus or minus this, before its norm is taken. Default `Infinity`: not at all. */
  clipValue?: number;
  /**
   * Steps of a window: how far gradients flow back. `Infinity` is full BPTT. Default 64. Windows start with their sequence;
   * where the model's output is "last" they end with it, so that the one that learns is whole. With a bidirectional layer it is
   * `Infinity`.
   */
  window?: number;
  /**
   * Steps from one update to the next, at most `window`: BPTT(h; h') of Williams & Peng 1990. Each window begins `window - stride`
   * steps before the end of what was learned, runs those again from the state that was kept there, and learns the targets
   * after them, so that every gradient flows back over that many steps at least. Takes window / stride times as long. For
   * models with output "every". Default: the window.
   */
  stride?: number;
  /**
   * "full", or "truncated-1997": errors flow back in time through the cells alone and are cut at the gates' and the cells'
   * recurrent inputs (Hochreiter & Schmidhuber 1997, appendix A.1; with forget gate Gers et al. 2000). For models whose
   * recurrent layers are all lstm or lstm97. Default "full".
   */
  gradient?: "full" | "truncated-1997";
  /** Sequences side by side. Default 32. */
  batch?: number;
  /**
   * Windows to an update, whose gradient is that of the mean loss over all their targets (or of the sum, where the loss says
   * so): a larger batch in the same memory. Windows in which no target counts are not counted. Default 1.
   */
  accumulate?: number;
  /**
   * Decay of a running mean of the parameters, taken after every update, which `trainer.averaged` returns: it is often better
   * than the last ones (Polyak & Juditsky 1992). 0.999 is the mean over some 1,000 updates. Default 0: the last ones.
   */
  average?: number;
  /** `fit` takes an array's sequences in a new random order in every epoch. Default true. */
  shuffle?: boolean;
  /** Of shuffling and dropout. Default 0. */
  seed?: number;
}

export type CheckedTrainerOptions = Required<Omit<TrainerOptions, "loss" | "optimizer" | "schedule">> & {
  loss: Required<Loss>;
  optimizer: Required<Optimizer>;
  schedule: Required<Schedule>;
};

export function checkTrainerOptions(value: unknown, model: { config: Config; layout: Layout }): CheckedTrainerOptions {
  const { whole } = model.layout;
  const o = options("options", value, [
    "loss",
    "optimizer",
    "schedule",
    "clipNorm",
    "clipValue",
    "window",
    "stride",
    "gradient",
    "batch",
    "accumulate",
    "average",
    "shuffle",
    "seed",
  ]);
  if (whole && o.window !== undefined && o.window !== Infinity) {
    fail(RangeError, "window", "Infinity, as the model has a bidirectional layer, which needs whole sequences", o.window);
  }
  const window = o.window === undefined ? (whole ? Infinity : 64) : o.window === Infinity ? Infinity : integer("window", o.window);
  return deepFreeze({
    loss: checkLoss("loss", o.loss, model),
    optimizer: checkOptimizer("optimizer", o.optimizer),
    schedule: checkSchedule("schedule", o.schedule),
    clipNorm: o.clipNorm === undefined ? Infinity : positive("clipNorm", o.clipNorm),
    clipValue: o.clipValue === undefined ? Infinity : positive("clipValue", o.clipValue),
    window,
    stride: o.stride === undefined || o.stride === window ? window : integer("stride", o.stride, 1, window),
    gradient: o.gradient === undefined ? "full" : oneOf("gradient", o.gradient, ["full", "truncated-1997"]),
    batch: o.batch === undefined ? 32 : integer("batch", o.batch, 1, 65536),
    accumulate: o.accumulate === undefined ? 1 : integer("accumulate", o.accumulate, 1, 65536),
    average: o.average === undefined ? 0 : share("average", o.average),
    shuffle: o.shuffle === undefined ? true : boolean("shuffle", o.shuffle),
    seed: o.seed === undefined ? 0 : integer("seed", o.seed, 0),
  });
}
