/** What training is set to: plain data, saved with it. */

import {
  boolean,
  type Check,
  complete,
  count,
  deepFreeze,
  either,
  fail,
  integer,
  integerIn,
  oneOf,
  positive,
  share,
} from "../core/check.js";
import type { Config } from "../model/config.js";
import type { Layout } from "../model/layout.js";
import type { Loss } from "../model/losses.js";
import { checkLoss } from "../model/losses.js";
import type { Optimizer } from "./optimizers.js";
import { checkOptimizer, rate } from "./optimizers.js";
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
   * Steps of a window: how far gradients flow back. `Infinity` is full BPTT. Windows start with their sequence; where the model's
   * output is "last" they end with it, so that the one that learns is whole: what came before it is carried on, but not learned
   * to be kept. Memory grows with the window: an LSTM of 64 units has some 60 kB a step with 32 rows. Default 64; with output "last"
   * and with bidirectional layers `Infinity`.
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
  /**
   * Sequences side by side, at the most: `fit` shares an array out evenly, 33 as 17 and 16. Default 32.
   */
  batch?: number;
  /**
   * Windows to an update, whose gradient is that of the mean loss over all their targets (or of the sum, where the loss says
   * so): a larger batch in the same memory. Windows in which no target counts are not counted. Default 1.
   */
  accumulate?: number;
  /**
   * Decay of a running mean of the parameters, taken after every update, which `trainer.averaged` returns: it is often better
   * than the last ones (Polyak & Juditsky 1992). 0.999 is the mean over some 1,000 updates, or all that there were. `fit` validates
   * it; the model keeps the parameters that it learns with, unless `patience` restores the best mean. Default 0: the last ones.
   */
  average?: number;
  /** `fit` takes an array's sequences in a new random order in every epoch. Default true. */
  shuffle?: boolean;
  /** Of shuffling and dropout. Default 0. */
  seed?: number;
}

/** Those of a trainer that make sense for an online learner; `accumulate` counts steps with targets. */
export const ONLINE = ["loss", "optimizer", "schedule", "clipNorm", "clipValue", "accumulate", "average", "seed"] as const;

export interface OnlineOptions extends Pick<TrainerOptions, (typeof ONLINE)[number]> {
  /**
   * "running": the learner measures means and deviations of what has come so far, each step's own numbers among them, and keeps
   * the model's scaler at that: you give and get your units, `learner.model` too takes and gives them, and losses are in
   * standardised units. It scales inputs that are features, and targets where the loss has targets that rescale (mse, mae,
   * huber, quantile, gaussianNLL). The first step becomes 0, and until the first target outputs are as if its mean were 0 and its deviation 1; the mean
   * is over the whole stream, so that each step moves it less. For a model without a scaler of its own. Default: none.
   */
  scaler?: "running";
}

export type CheckedTrainerOptions = Required<Omit<TrainerOptions, "loss" | "optimizer" | "schedule">> & {
  loss: Required<Loss>;
  optimizer: Required<Optimizer>;
  schedule: Required<Schedule>;
};

export function checkTrainerOptions(value: unknown, model: { config: Config; layout: Layout }): CheckedTrainerOptions {
  const { whole } = model.layout;
  const last = model.config.output === "last";
  const wholeOnly: Check<number> = (path, value) =>
    fail(RangeError, path, "Infinity, as the model has a bidirectional layer, which needs whole sequences", value);
  const { stride, ...o } = complete("options", value, {
    loss: [(path, loss) => checkLoss(path, loss, model)],
    optimizer: [checkOptimizer],
    schedule: [checkSchedule],
    clipNorm: [positive, Infinity],
    clipValue: [positive, Infinity],
    window: [either(Infinity, whole ? wholeOnly : integer), whole || last ? Infinity : 64],
    stride: (_, value) => value,
    gradient: [oneOf("full", "truncated-1997"), "full"],
    batch: [integerIn(1, 65536), 32],
    accumulate: [integerIn(1, 65536), 1],
    average: [share, 0],
    shuffle: [boolean, true],
    seed: [count, 0],
  });
  const { window } = o;
  return deepFreeze({ ...o, stride: stride === undefined || stride === window ? window : integer("stride", stride, 1, window) });
}

/** The same with another learning rate. */
export function withLearningRate(options: CheckedTrainerOptions, value: unknown): CheckedTrainerOptions {
  return deepFreeze({ ...options, optimizer: { ...options.optimizer, learningRate: rate("learningRate", value) } });
}
