/**
 * Schedules of the learning rate: plain data, and the factor that they put on the optimizer's `learningRate`. Formulas are those of
 * PyTorch's `lr_scheduler`. All but plateau's are functions of the number of updates made.
 */

import { cosine as cos, power, root } from "../core/arithmetic.js";
import { count, inBounds, integer, type Option, typed, typedData } from "../core/check.js";

interface Warmup {
  /** The number of first updates in which the rate rises in equal steps; the schedule begins after them (Goyal et al. 2017). Default 0. */
  warmup?: number;
}

/** The same rate throughout. */
export interface Constant extends Warmup {
  type: "constant";
}

/** Multiplies the rate by `factor` every so many updates; PyTorch's `StepLR`. */
export interface StepDecay extends Warmup {
  type: "stepDecay";
  /** Updates between reductions. */
  every: number;
  /** The factor of each reduction, above 0 to 1. Default 0.1. */
  factor?: number;
}

/** A smooth decay, decay^(updates / every); with every = 1 PyTorch's `ExponentialLR`. */
export interface Exponential extends Warmup {
  type: "exponential";
  /** The factor of the rate every so many updates. */
  decay: number;
  /** Updates in which the rate falls by `decay`. Default 1. */
  every?: number;
}

/** Half a cosine from the full rate down to `minimum`, where it stays (Loshchilov & Hutter 2017); PyTorch's `CosineAnnealingLR`. */
export interface Cosine extends Warmup {
  type: "cosine";
  /** Updates until the minimum. */
  updates: number;
  /** The lowest rate, as a share of the optimizer's. Default 0. */
  minimum?: number;
}

/**
 * Lowers the rate when learning gets stuck: after more than `patience` epochs of `fit` in which the validation loss (or the loss, without
 * validation data) did not fall below the best by more than the share `threshold`. PyTorch's `ReduceLROnPlateau`.
 */
export interface Plateau extends Warmup {
  type: "plateau";
  /** The factor of each reduction. Default 0.1. */
  factor?: number;
  /** Epochs without improvement. Default 10. */
  patience?: number;
  /** The share by which the loss must fall below the best to count as an improvement. Default 1e-4. */
  threshold?: number;
  /** The lowest rate, as a share of the optimizer's. Default 0. */
  minimum?: number;
}

/** A schedule of the learning rate, made by `cosine`, `plateau`, … */
export type Schedule = Constant | StepDecay | Exponential | Cosine | Plateau;

/**
 * The same learning rate throughout, after the warmup if there is one.
 * @example constant({ warmup: 200 })
 */
export const constant = (options: Omit<Constant, "type"> = {}): Constant => typedData("constant", options, "warmup: 200");
/**
 * A learning rate that falls in steps.
 * @example stepDecay({ every: 1000, factor: 0.5 })
 */
export const stepDecay = (options: Omit<StepDecay, "type">): StepDecay => typedData("stepDecay", options, "every: 1000");
/**
 * A learning rate that falls exponentially.
 * @example exponential({ decay: 0.5, every: 1000 }) // halves in 1000 updates
 */
export const exponential = (options: Omit<Exponential, "type">): Exponential =>
  typedData("exponential", options, "decay: 0.5, every: 1000");
/**
 * A learning rate that falls along half a cosine.
 * @example cosine({ updates: 5000, warmup: 200 })
 */
export const cosine = (options: Omit<Cosine, "type">): Cosine => typedData("cosine", options, "updates: 5000");
/**
 * A learning rate that falls when the loss no longer does.
 * @example plateau({ factor: 0.5, patience: 3 })
 */
export const plateau = (options: Omit<Plateau, "type"> = {}): Plateau => typedData("plateau", options, "patience: 3");

/** Plateau's memory: its factor on the rate, the least loss, and the epochs since that loss or the last reduction. */
export interface Seen {
  factor: number;
  loss: number | null;
  epochs: number;
}

/** The options of one type, and its factor after n updates. */
interface Rule<T extends Schedule> {
  options: Record<Exclude<keyof T, "type" | "warmup">, Option>;
  factor(schedule: Required<T>, n: number, seen: Seen): number;
}

const share = inBounds({ min: 0, max: 1 });
const multiplier = inBounds({ min: 0, aboveMin: true, max: 1 });

/** To add a schedule, add a row here. */
const SCHEDULES: { [T in Schedule["type"]]: Rule<Extract<Schedule, { type: T }>> } = {
  constant: { options: {}, factor: () => 1 },
  stepDecay: {
    options: { every: [integer], factor: [multiplier, 0.1] },
    factor: ({ every, factor }, n) => power(factor, Math.floor(n / every)),
  },
  exponential: {
    options: { decay: [multiplier], every: [integer, 1] },
    factor: ({ decay, every }, n) => power(root(decay, every), n),
  },
  cosine: {
    options: { updates: [integer], minimum: [share, 0] },
    factor: ({ updates, minimum }, n) => minimum + ((1 - minimum) * (1 + cos(Math.min(1, n / updates)))) / 2,
  },
  plateau: {
    options: { factor: [multiplier, 0.1], patience: [count, 10], threshold: [share, 1e-4], minimum: [share, 0] },
    factor: (_, __, seen) => seen.factor,
  },
};

/** The factor on the learning rate of the update that follows the first `n`. */
export function factorAfter(schedule: Required<Schedule>, n: number, seen: Seen): number {
  // One rule per type: the compiler cannot see that rule and schedule belong together.
  const { factor } = SCHEDULES[schedule.type] as Rule<Schedule>;
  return Math.min(1, (n + 1) / schedule.warmup) * factor(schedule, Math.max(0, n - schedule.warmup), seen);
}

/** Plateau's memory after an epoch with this loss. */
export function see(schedule: Required<Schedule>, seen: Seen, loss: number): Seen {
  if (schedule.type !== "plateau") return seen;
  if (loss < (seen.loss ?? Infinity) * (1 - schedule.threshold)) return { ...seen, loss, epochs: 0 };
  if (seen.epochs < schedule.patience) return { ...seen, epochs: seen.epochs + 1 };
  return { ...seen, factor: Math.max(schedule.minimum, seen.factor * schedule.factor), epochs: 0 };
}

export function checkSchedule(path: string, value: unknown = constant()): Required<Schedule> {
  const example = "a schedule such as cosine({ updates: 1000 })";
  return typed(path, value, SCHEDULES, example, { warmup: [count, 0] }) as Required<Schedule>;
}
