/** Sequences cut out of one long series. */

import { complete, each, fail, integer, integerIn, isRecord, oneOf } from "../core/check.js";
import { type Measured, measure, type Series } from "./flatten.js";
import type { Sequence } from "./sequences.js";
import { type ColumnOf, type Table, type TableOptions, type TableWindow, tableWindows } from "./table.js";

/** The options of `windows` for a series of numbers. */
export interface WindowOptions {
  /** Steps of each sequence. */
  length: number;
  /** How many steps the target of a step lies after its input. Default 1: the next step. */
  horizon?: number;
  /** Steps from the start of one sequence to the start of the next. Default 1. */
  stride?: number;
  /** As in the model's configuration: a target for every step, or for the last one only. Default "every". */
  output?: "every" | "last";
  /** Numbers per step in a flat series. Default 1. */
  features?: number;
  /** The features that are targets, by index from 0, in this order. Default: all. */
  targetFeatures?: number[];
}

/** Steps of a series: a view where it is a typed array. */
function cut({ list, nested, features }: Measured, from: number, to: number): Series {
  const [begin, end] = nested ? [from, to] : [from * features, to * features];
  return ArrayBuffer.isView(list) ? (list as unknown as Float32Array).subarray(begin, end) : (list as number[]).slice(begin, end);
}

/**
 * Cuts sequences for forecasting out of one long series: each has `length` steps as inputs, and as targets the values `horizon` steps
 * after them. You can iterate the result as often as you like. It cuts as it goes, so that a long series takes no more memory: views
 * where the series is a typed array, otherwise copies of the part. `fit` takes the result as it is, in order; spread into an array,
 * `[...windows(series, …)]`, its sequences are shuffled.
 *
 * @param series steps of numbers: rows, or a flat array or typed array with `features` per step
 * @throws TypeError, RangeError if an option is wrong or the series is too short for a single sequence
 * @example
 * // A log of [temperature, humidity, pressure]: the temperature an hour (60 steps) later, out of the last three hours.
 * trainer.fit(windows(log, { length: 180, horizon: 60, output: "last", targetFeatures: [0] }), { epochs: 10 });
 */
export function windows(series: Series, options: WindowOptions): Iterable<Sequence<Series>>;
/**
 * Cuts sequences for forecasting out of a table: `length` rows of its columns as inputs, and as targets columns of the rows after them, of
 * all steps of the horizon in one forecast. The numbers of a target are in the order of the steps ahead, for each of them in the order of
 * `targets`: output `i * targets.length + k` is target k at the i-th step of the horizon. With `output: "last"` they are those of the
 * window's last step, otherwise each step has its own.
 *
 * With `known`, the window goes on over the steps ahead: there columns that are not known are gaps, and the targets stand at these steps
 * themselves, `targets.length` numbers each; all other steps have weight 0. A gap in a target is NaN (for losses with `missing: "ignore"`).
 * Typed columns are cut as views, but for those that end in gaps.
 *
 * @param table columns of arrays (`{ wind: Float32Array, weather: string[] }`), or rows of objects
 * @throws TypeError, RangeError for an unknown column, columns of unequal lengths, a target that is no number, a table that is too short
 * @example
 * // Temperature and rain of the next 14 days, out of 60 days of all columns.
 * windows(weather, { length: 60, horizon: 14, targets: ["temperature", "rain"], output: "last" });
 * // The same where weekdays and holidays are known ahead.
 * windows(weather, { length: 60, horizon: 14, targets: ["temperature", "rain"], known: ["weekday", "holiday"] });
 */
export function windows<K extends string>(table: Table<K>, options: TableOptions<NoInfer<K>>): Iterable<TableWindow<K>>;
export function windows<R extends object>(
  rows: readonly R[],
  options: TableOptions<ColumnOf<NoInfer<R>>>,
): Iterable<TableWindow<ColumnOf<R>>>;
export function windows(series: unknown, windowOptions: unknown): Iterable<unknown> {
  if (isRecord(series) || (Array.isArray(series) && isRecord(series[0]))) return tableWindows(series, windowOptions);
  return seriesWindows(series as Series, windowOptions);
}

function seriesWindows(series: Series, windowOptions: unknown): Iterable<Sequence<Series>> {
  const given = complete("options", windowOptions, {
    length: [integer],
    horizon: [integer, 1],
    stride: [integer, 1],
    output: [oneOf("every", "last"), "every"],
    features: integer,
    targetFeatures: (_, value) => value,
  });
  const { length, horizon, stride, output, targetFeatures } = given;
  const measured = measure("series", series, given.features);
  const { list, nested, features, steps } = measured;
  const indices = each(integerIn(0, features - 1), "indices of features");
  const chosen = targetFeatures === undefined ? null : indices("targetFeatures", targetFeatures);
  if (steps < length + horizon) fail(RangeError, "series", `at least ${length + horizon} steps (length + horizon)`, series);

  const at = (step: number, k: number) => (nested ? (list[step] as number[] | undefined)?.[k] : list[step * features + k]) as number;
  const targets = (from: number, to: number): Series =>
    chosen ? Array.from({ length: to - from }, (_, i) => chosen.map((k) => at(from + i, k))) : cut(measured, from, to);
  return {
    *[Symbol.iterator]() {
      for (let from = 0; from + length + horizon <= steps; from += stride) {
        const to = from + length;
        yield { inputs: cut(measured, from, to), targets: targets((output === "last" ? to - 1 : from) + horizon, to + horizon) };
      }
    },
  };
}

/**
 * Cuts one long sequence into `count` equally long pieces that follow each other, to be learned side by side. The target of each step is
 * the next step, for tokens as for numbers. With `batch: count`, a trainer goes through the whole sequence in one pass. The pieces are
 * views where the series is a typed array. Up to `count` steps at the end are left over.
 *
 * @param series tokens, or steps of numbers: rows, or flat with `features` (default 1) per step
 * @throws TypeError, RangeError if an option is wrong or there are fewer than `count + 1` steps
 * @example const trainer = createTrainer(model, { …, batch: 16 }); trainer.fit(lanes(tokens, 16));
 */
export function lanes(series: Series, count: number, laneOptions: { features?: number } = {}): Sequence<Series>[] {
  const { features } = complete("options", laneOptions, { features: integer });
  const measured = measure("series", series, features);
  const length = Math.floor((measured.steps - 1) / integer("count", count));
  if (length < 1) fail(RangeError, "series", `at least ${count + 1} steps (count + 1)`, series);
  return Array.from({ length: count }, (_, i) => ({
    inputs: cut(measured, i * length, (i + 1) * length),
    targets: cut(measured, i * length + 1, (i + 1) * length + 1),
  }));
}
