/** Sequences out of one long series: windows to forecast from, and parallel lanes. */

import { arrayLike, fail, integer, oneOf, options } from "./check.js";
import type { Sequence, Series } from "./sequences.js";

export interface WindowOptions {
  /** Steps of each sequence. */
  length: number;
  /** How many steps after its input the target of a step lies. Default 1: the next one. */
  horizon?: number;
  /** Steps from the beginning of one sequence to that of the next. Default 1. */
  stride?: number;
  /** As in the model's configuration: a target for every step, or for the last alone. Default "every". */
  output?: "every" | "last";
  /** Numbers to a step in a flat series. Default 1. */
  features?: number;
  /** Which features are targets, by their index from 0, in this order. Default: all. */
  targetFeatures?: number[];
}

/** A series, and how many numbers of it come to an element and to a step; elements are rows where it is nested. */
interface Measured {
  list: ArrayLike<unknown>;
  nested: boolean;
  features: number;
  steps: number;
}

function measure(value: unknown, features: unknown): Measured {
  const list = arrayLike("series", value, "an array or a typed array");
  const given = features === undefined ? 1 : integer("features", features);
  const nested = typeof list[0] === "object" && list[0] !== null;
  if (nested) {
    const { length } = arrayLike("series, step 0", list[0], "numbers");
    if (features !== undefined && given !== length) fail(RangeError, "features", `${length}, as the series has rows of ${length}`, given);
    return { list, nested, features: length, steps: list.length };
  }
  if (list.length % given !== 0) fail(RangeError, "series", `a multiple of ${given} numbers (${given} for each step)`, value);
  return { list, nested, features: given, steps: list.length / given };
}

/** Steps of a series: a view where it is a typed array. */
function cut({ list, nested, features }: Measured, from: number, to: number): Series {
  const [begin, end] = nested ? [from, to] : [from * features, to * features];
  return ArrayBuffer.isView(list) ? (list as unknown as Float32Array).subarray(begin, end) : (list as number[]).slice(begin, end);
}

/**
 * Sequences cut out of one long series, for forecasting: each has `length` steps as inputs, and as targets what comes `horizon`
 * steps after them. What it returns can be iterated as often as you like; it cuts as it goes, views where the series is a typed
 * array (or else copies of the part), so that a long series takes no more memory. `fit` takes it as it is, in order; spread into
 * an array, `[...windows(series, …)]`, its sequences are shuffled.
 *
 * @param series steps of numbers: rows, or a flat array or typed array with `features` to a step
 * @throws TypeError, RangeError if an option is wrong or the series is too short for a single sequence
 * @example
 * // A log of [temperature, humidity, pressure]: the temperature an hour (60 steps) later, out of the last three hours.
 * trainer.fit(windows(log, { length: 180, horizon: 60, output: "last", targetFeatures: [0] }), { epochs: 10 });
 */
export function windows(series: Series, windowOptions: WindowOptions): Iterable<Sequence> {
  const o = options("options", windowOptions, ["length", "horizon", "stride", "output", "features", "targetFeatures"]);
  const measured = measure(series, o.features);
  const { list, nested, features, steps } = measured;
  const length = integer("length", o.length);
  const horizon = o.horizon === undefined ? 1 : integer("horizon", o.horizon);
  const stride = o.stride === undefined ? 1 : integer("stride", o.stride);
  const last = o.output !== undefined && oneOf("output", o.output, ["every", "last"]) === "last";
  const chosen =
    o.targetFeatures === undefined
      ? null
      : Array.from(arrayLike("targetFeatures", o.targetFeatures, "indices of features"), (index, i) =>
          integer(`targetFeatures[${i}]`, index, 0, features - 1),
        );
  if (chosen?.length === 0) fail(RangeError, "targetFeatures", "at least one index", chosen);
  if (steps < length + horizon) fail(RangeError, "series", `at least ${length + horizon} steps (length + horizon)`, series);

  const at = (step: number, k: number) => (nested ? (list[step] as ArrayLike<unknown> | undefined)?.[k] : list[step * features + k]);
  const targets = (from: number, to: number): Series => {
    if (!chosen) return cut(measured, from, to);
    return Array.from({ length: (to - from) * chosen.length }, (_, i) =>
      at(from + Math.floor(i / chosen.length), chosen[i % chosen.length] as number),
    ) as number[];
  };
  return {
    *[Symbol.iterator]() {
      for (let from = 0; from + length + horizon <= steps; from += stride) {
        const to = from + length;
        yield { inputs: cut(measured, from, to), targets: targets((last ? to - 1 : from) + horizon, to + horizon) };
      }
    },
  };
}

/**
 * One long sequence as `count` equally long pieces that follow each other, to be learned side by side: the target of each step
 * is the step after it, be they tokens or numbers. With `batch: count`, a trainer goes through the whole of it in one pass.
 * Views where the series is a typed array. Up to `count` steps at the end are left over.
 *
 * @param series tokens, or steps of numbers: rows, or flat with `features` (default 1) to a step
 * @throws TypeError, RangeError if an option is wrong or there are less than `count + 1` steps
 * @example const trainer = createTrainer(model, { …, batch: 16 }); trainer.fit(lanes(tokens, 16));
 */
export function lanes(series: Series, count: number, laneOptions: { features?: number } = {}): Sequence[] {
  const measured = measure(series, options("options", laneOptions, ["features"]).features);
  const length = Math.floor((measured.steps - 1) / integer("count", count));
  if (length < 1) fail(RangeError, "series", `at least ${count + 1} steps (count + 1)`, series);
  return Array.from({ length: count }, (_, i) => ({
    inputs: cut(measured, i * length, (i + 1) * length),
    targets: cut(measured, i * length + 1, (i + 1) * length + 1),
  }));
}
