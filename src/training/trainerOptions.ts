/** The options of training: plain data, saved with it. */

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
import type { Engine } from "../model/engine.js";
import { byName } from "../model/heads.js";
import { type CheckedLosses, checkLosses, checkLossWeights, type Losses, plainLosses } from "../model/objective.js";
import { checkFreeze } from "./freeze.js";
import type { Optimizer } from "./optimizers.js";
import { checkOptimizer, rate } from "./optimizers.js";
import type { Schedule } from "./schedules.js";
import { checkSchedule } from "./schedules.js";

/** The options of `createTrainer`. */
export interface TrainerOptions {
  /** "mse", "crossEntropy", or one of them with options; for a model with heads one for each, by name. */
  loss: Losses;
  /** For a model with heads the factor of each one's loss in the sum that updates differentiate. Default 1 each. */
  lossWeights?: Readonly<Record<string, number>>;
  /** `adam()`, `sgd({ learningRate: 0.1 })`, …; plain data, each with options of its own. */
  optimizer: Optimizer;
  /** Schedule of the learning rate: `stepDecay`, `exponential`, `cosine`, `plateau`. Default `constant()`. */
  schedule?: Schedule;
  /** The largest norm of the gradient over all parameters; a longer gradient is scaled down to it. Default `Infinity`: never. */
  clipNorm?: number;
  /** Limit on every number of the gradient, cut to plus or minus this before the norm is taken. Default `Infinity`: no cut. */
  clipValue?: number;
  /**
   * Steps of a window: how far gradients flow back. `Infinity` is full BPTT. Windows start at the beginning of a sequence. Where the
   * model's output is "last" they end with it instead, so that the window that learns is whole. The state of earlier windows is carried
   * into it, but no gradient reaches them, so the model does not learn what to keep from there. Memory grows with the window: an LSTM of 64
   * units takes some 60 kB a step with 32 rows. Default 64; with output "last", with pooling, with bidirectional or reverse layers and
   * with the loss `ctc` `Infinity`.
   */
  window?: number;
  /**
   * Steps from one update to the next, at most `window`: BPTT(h; h') of Williams & Peng 1990. Each window begins `window - stride` steps
   * before the end of the last one, runs those steps again from the state kept there, and learns the targets after them. So every
   * gradient flows back over at least that many steps. Takes window / stride times as long. For models with output "every". Default:
   * the window.
   */
  stride?: number;
  /**
   * "full", or "truncated-1997": errors flow back in time through the cells alone and are cut at the recurrent inputs of gates and cells
   * (Hochreiter & Schmidhuber 1997, appendix A.1; with forget gate Gers et al. 2000). The latter is for models whose recurrent layers are
   * all lstm or lstm97. Default "full".
   */
  gradient?: "full" | "truncated-1997";
  /** The most sequences side by side; `fit` shares an array out evenly, 33 as 17 and 16. Default 32. */
  batch?: number;
  /**
   * Windows per update. The gradient is that of the mean loss over all their targets (or of the sum, if the loss says so): a larger batch
   * in the same memory. Windows in which no target counts are not counted. Default 1.
   */
  accumulate?: number;
  /**
   * Decay of a running mean of the parameters, updated after every update; `trainer.averaged` returns it. The mean is often better than
   * the last parameters (Polyak & Juditsky 1992). 0.999 is the mean over some 1,000 updates, or all if there were fewer. `fit` validates
   * the mean; the model keeps the parameters that learn, unless `patience` restores the best mean. Default 0: no mean.
   */
  average?: number;
  /**
   * Parameters that do not learn, by their names or their layer's: `l0` for the first recurrent layer (both directions), `embedding`,
   * `dense_1`. Their bits do not change, weight decay spares them, and they do not count in the norm that clips. Nothing is computed back
   * below the lowest layer that learns. Default: none.
   * @example freeze: ["embedding", "l0"]
   */
  freeze?: string[];
  /** Whether `fit` shuffles an array's sequences anew in every epoch. Default true. */
  shuffle?: boolean;
  /** Seed of shuffling and dropout. Default 0. */
  seed?: number;
}

/** The trainer's options that an online learner has too; `accumulate` counts steps with targets. */
export const ONLINE = ["loss", "lossWeights", "optimizer", "schedule", "clipNorm", "clipValue", "accumulate", "average", "seed"] as const;

/** The options of `createOnlineLearner`. */
export interface OnlineOptions extends Pick<TrainerOptions, (typeof ONLINE)[number]> {
  /**
   * "running": the learner keeps the model's scaler at the means and deviations of the stream so far, including each step's own
   * numbers. You give and get your units, also with `learner.model`; losses are in standardised units. It scales inputs that are
   * features, and targets where the loss allows rescaling (mse, mae, huber, quantile, gaussianNLL). The first step's inputs become 0. Until
   * the first target, outputs are as if the targets' mean were 0 and their deviation 1. The mean is over the whole stream, so each
   * step moves it less. For a model without a scaler of its own. Default: none.
   */
  scaler?: "running";
}

/** The checked options of a trainer with all defaults filled in. */
export type CheckedTrainerOptions = Required<Omit<TrainerOptions, "loss" | "lossWeights" | "optimizer" | "schedule">> & {
  loss: CheckedLosses;
  lossWeights?: Readonly<Record<string, number>>;
  optimizer: Required<Optimizer>;
  schedule: Required<Schedule>;
};

export function checkTrainerOptions(value: unknown, engine: Pick<Engine, "config" | "layout" | "exact">): CheckedTrainerOptions {
  const model = engine.exact();
  const last = model.config.output === "last";
  const { layout } = model;
  const reason = layout.whole ? `the model has ${layout.whole}` : labels(value) ? "the loss is ctc" : undefined;
  const whole: Check<number> = (path, value) => fail(RangeError, path, `Infinity, as ${reason}, which needs whole sequences`, value);
  const { stride, ...o } = complete("options", value, {
    loss: [(path, loss) => plainLosses(layout, checkLosses(path, loss, model))],
    ...(layout.heads[0]?.name && {
      lossWeights: [
        (path: string, value: unknown) => byName(layout.heads, checkLossWeights(path, value, layout.heads)) as Record<string, number>,
      ],
    }),
    optimizer: [checkOptimizer],
    schedule: [checkSchedule],
    clipNorm: [positive, Infinity],
    clipValue: [positive, Infinity],
    window: [either(Infinity, reason ? whole : integer), reason || last ? Infinity : 64],
    stride: (_, value) => value,
    gradient: [oneOf("full", "truncated-1997"), "full"],
    batch: [integerIn(1, 65536), 32],
    accumulate: [integerIn(1, 65536), 1],
    average: [share, 0],
    freeze: [(path, freeze) => checkFreeze(path, freeze, layout), []],
    shuffle: [boolean, true],
    seed: [count, 0],
  });
  const { window } = o;
  if (labels(value) && stride !== undefined) either(Infinity, whole)("stride", stride);
  return deepFreeze({ ...o, stride: stride === undefined || stride === window ? window : integer("stride", stride, 1, window) });
}

/** Those of an online learner. @throws RangeError if the loss is one of whole sequences */
export function checkOnlineOptions(value: unknown, model: Engine): CheckedTrainerOptions {
  const o = checkTrainerOptions(value, model);
  if (labels(value)) fail(RangeError, "loss", "a loss of single steps, for an online learner", "ctc");
  return o;
}

/** The types of the losses, still unchecked: of a loss, or of those of the heads. */
function typesOf(loss: unknown): unknown[] {
  const own = (loss: unknown) => Object(loss).type ?? loss;
  return typeof own(loss) === "string" ? [own(loss)] : Object.values(Object(loss)).map(own);
}

/** Whether a loss, still unchecked, is one of whole sequences. */
const labels = (value: unknown) => typesOf(Object(value).loss).includes("ctc");

/** @throws RangeError if other threads could not have the options */
export function checkSendable(options: CheckedTrainerOptions): CheckedTrainerOptions {
  if (typesOf(options.loss).includes("custom")) fail(RangeError, "loss", "no function, which other threads cannot have", "custom");
  return options;
}

/** A copy of the options with another learning rate. */
export function withLearningRate(options: CheckedTrainerOptions, value: unknown): CheckedTrainerOptions {
  return deepFreeze({ ...options, optimizer: { ...options.optimizer, learningRate: rate("learningRate", value) } });
}
