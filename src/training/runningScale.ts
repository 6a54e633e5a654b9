/** Mean and deviation of numbers that come a step at a time, in double precision (Welford 1962): the same bits on every engine. */

import { atLeast0, type Check, complete, deepFreeze, fail, finite, numbers, type Option, type Refuse } from "../core/check.js";
import type { Config } from "../model/config.js";
import type { Loss } from "../model/losses.js";
import { ruleOf } from "../model/losses.js";
import type { Scale } from "../model/scale.js";
import { flatten } from "../model/sequences.js";

/** What is known of each number. Plain data. */
export interface Running {
  counts: number[];
  mean: number[];
  /** Sums of squared differences from the mean. */
  squares: number[];
}

const noneSeen = (features: number): Running => {
  const zeros = () => new Array<number>(features).fill(0);
  return { counts: zeros(), mean: zeros(), squares: zeros() };
};

/** The same after one more step; NaN is passed over. */
function after({ counts, mean, squares }: Running, list: ArrayLike<number>): Running {
  const next = { counts: [...counts], mean: [...mean], squares: [...squares] };
  Array.from(list).forEach((number, k) => {
    if (Number.isNaN(number)) return;
    const before = number - (mean[k] as number);
    const count = (counts[k] as number) + 1;
    const now = (mean[k] as number) + before / count;
    next.counts[k] = count;
    next.mean[k] = now;
    next.squares[k] = (squares[k] as number) + before * (number - now);
  });
  return next;
}

/** The deviation is that of these numbers, divided by their count; 1 where it is nothing in f32, which a scale refuses. */
const scaleOf = ({ counts, mean, squares }: Running): Scale => ({
  mean: [...mean],
  deviation: squares
    .map((sum, k) => Math.sqrt(sum / Math.max(1, counts[k] as number)))
    .map((value) => (Math.fround(value) > 0 ? value : 1)),
});

/** Of what a model's scaler has. Never changed, but replaced. */
export interface Statistics {
  readonly inputs?: Running;
  readonly targets?: Running;
}

/** Before anything has come, of what there is to scale: features, and targets that rescale. @throws RangeError if there is nothing */
export function noStatistics(path: string, { input }: Config, loss: Required<Loss>, outputs: number): Statistics {
  const rule = ruleOf(loss);
  const statistics = {
    ...("features" in input && { inputs: noneSeen(input.features) }),
    ...(rule.scaled && { targets: noneSeen(rule.targets(loss, outputs).per) }),
  };
  if (Object.keys(statistics).length === 0) fail(RangeError, path, "features as input, or a loss whose targets rescale", loss.type);
  return statistics;
}

/** The same after one more step, whose numbers are checked: of targets, those that are missing may be NaN where the loss says so. */
export function measured(statistics: Statistics, part: keyof Statistics, path: string, value: unknown, loss: Loss): Statistics {
  const running = statistics[part];
  if (!running) return statistics;
  const unit = part === "inputs" ? "feature" : "number";
  const missing = part === "targets" && "missing" in loss && loss.missing === "ignore";
  const refuse: Refuse = (value) => (missing && Number.isNaN(value) ? undefined : finite(value));
  const list = flatten(path, value, running.mean.length, unit, refuse, Float64Array, undefined, 1);
  return { ...statistics, [part]: after(running, list) };
}

export function scalerOf({ inputs, targets }: Statistics, loss: Loss): Config["scaler"] {
  const outputs = ruleOf(loss).scaled;
  return deepFreeze({
    ...(inputs && { inputs: scaleOf(inputs) }),
    ...(targets && { targets: scaleOf(targets), ...(outputs && outputs !== "values" && { outputs }) }),
  });
}

/** How a file's are checked, that are to be like these. */
export const statisticsLike = (statistics: Statistics): Record<string, Option> =>
  Object.fromEntries(Object.entries(statistics).map(([part, { mean }]) => [part, [checkRunning(mean.length)]]));

const checkRunning =
  (features: number): Check<Running> =>
  (path, value) => {
    const list = (refuse: Refuse): Check<number[]> => {
      return (path, value) => Array.from(numbers(path, value, features, refuse));
    };
    const squares = (value: number) => (value >= 0 && value < Infinity ? undefined : "a number of at least 0");
    return complete(path, value, {
      counts: [list((value) => (Number.isSafeInteger(value) ? atLeast0(value) : "a count"))],
      mean: [list(finite)],
      squares: [list(squares)],
    });
  };
