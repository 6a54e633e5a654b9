/** Running mean and deviation, step by step, in double precision (Welford 1962): the same bits on every engine. */

import { atLeast0, type Check, complete, deepFreeze, fail, finite, numbers, type Option, type Refuse } from "../core/check.js";
import type { Config } from "../model/config.js";
import { flatten } from "../model/flatten.js";
import type { Input } from "../model/input.js";
import type { Layout } from "../model/layout.js";
import type { Loss } from "../model/losses.js";
import { ruleOf } from "../model/losses.js";
import type { Scale } from "../model/scale.js";

/** The statistics of each number. Plain data. */
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

/** The statistics after one more step; NaN is skipped. */
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

/** The deviation is that of the numbers so far, divided by their count. It is 1 where f32 would round it to 0, which a scale refuses. */
const scaleOf = ({ counts, mean, squares }: Running): Scale => ({
  mean: [...mean],
  deviation: squares
    .map((sum, k) => Math.sqrt(sum / Math.max(1, counts[k] as number)))
    .map((value) => (Math.fround(value) > 0 ? value : 1)),
});

/** Statistics for each part of a model's scaler. Replaced, never changed. */
export interface Statistics {
  readonly inputs?: Running;
  readonly targets?: Running;
}

/** Empty statistics for all parts that can be scaled: features, and rescalable targets. @throws RangeError if there are none */
export function noStatistics(path: string, { input, outputs }: Layout, loss: Required<Loss>): Statistics {
  const rule = ruleOf(loss);
  const statistics = {
    ...(input.scaled > 0 && { inputs: noneSeen(input.scaled) }),
    ...(rule.scaled && { targets: noneSeen(rule.targets(loss, outputs).per) }),
  };
  if (Object.keys(statistics).length === 0) fail(RangeError, path, "features as input, or a loss whose targets rescale", loss.type);
  return statistics;
}

/** The statistics after the inputs of one more step, which are checked. Gaps are skipped. */
export function withInputs(statistics: Statistics, path: string, value: unknown, input: Input): Statistics {
  const { inputs } = statistics;
  return inputs ? { ...statistics, inputs: after(inputs, input.numbers(path, value, 1)) } : statistics;
}

/** The statistics after the targets of one more step, which are checked. Missing ones may be NaN if the loss allows it. */
export function withTargets(statistics: Statistics, path: string, value: unknown, loss: Loss): Statistics {
  const { targets } = statistics;
  if (!targets) return statistics;
  const missing = "missing" in loss && loss.missing === "ignore";
  const refuse: Refuse = (value) => (missing && Number.isNaN(value) ? undefined : finite(value));
  const list = flatten(path, value, targets.mean.length, "number", refuse, Float64Array, undefined, 1);
  return { ...statistics, targets: after(targets, list) };
}

export function scalerOf({ inputs, targets }: Statistics, loss: Loss): Config["scaler"] {
  const outputs = ruleOf(loss).scaled;
  return deepFreeze({
    ...(inputs && { inputs: scaleOf(inputs) }),
    ...(targets && { targets: scaleOf(targets), ...(outputs && outputs !== "values" && { outputs }) }),
  });
}

/** Checks for statistics from a file, which must have the shape of these. */
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
