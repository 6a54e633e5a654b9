/** Preparing data: cuts sequences out of one long series, and measures the scale of the numbers. */

import { type Check, complete, each, fail, finite, integer, integerIn, isObject, isRecord, oneOf, type Refuse } from "../core/check.js";
import type { Inputs } from "./columns.js";
import { flatten, type Measured, measure, type Series } from "./flatten.js";
import { checkInput, Input, type InputConfig } from "./input.js";
import type { Scale } from "./scale.js";
import type { AnySequence, Sequence } from "./sequences.js";
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

/** Refuses flat targets whose count per step is ambiguous. */
function checkTargets(path: string, { inputs }: Sequence, targets: Series | number | undefined): void {
  if (!targets || typeof targets === "number" || isObject(targets[0]) || targets.length === 1) return;
  const columns: object = isRecord(inputs) ? (Object.values(inputs)[0] ?? []) : inputs;
  const rows = isRecord((columns as ArrayLike<unknown>)[0]);
  const steps =
    isRecord(inputs) || rows
      ? (columns as ArrayLike<unknown>).length
      : measure("inputs", typeof inputs === "number" ? [inputs] : inputs).steps;
  if (targets.length !== steps)
    fail(RangeError, path, `a row for each step, or one number for each of ${steps}, or the option features`, targets);
}

/**
 * Measures the mean and the standard deviation of each feature, for `scaler` of a model's configuration. A feature that never changes
 * gets deviation 1. One pass, in double precision (Welford 1962); the deviation is that of these numbers, divided by their count.
 *
 * @param data a series, as `windows` takes it, or sequences (`of` selects their inputs, the default, or their targets)
 * @param scalerOptions `features`: numbers per step where the data are flat, default 1; required where flat targets are neither one
 * number nor one for each step of the inputs. `missing: "ignore"`: NaN is skipped; default "refuse". `input`: the model's, where it has
 * columns: then it measures the numeric ones in their order, and skips gaps where a column may have them. `head`: whose targets
 * @throws TypeError, RangeError if a number is not finite, with its path, step and feature, or if there is none
 * @example
 * const scale = scaler(log); // rows of 3
 * createModel({ input: { features: 3 }, layers, scaler: { inputs: scale, targets: scale } }); // predicts all 3
 * createModel({ input: { features: 3 }, layers, scaler: { inputs: scaler(train), targets: scaler(train, { of: "targets" }) } });
 * createModel({ input, layers, scaler: { inputs: scaler(train, { input }) } }); // input = { columns: { wind: numeric(), … } }
 */
export function scaler(
  data: Inputs | Iterable<AnySequence>,
  scalerOptions: {
    of?: "inputs" | "targets";
    head?: string;
    features?: number;
    missing?: "refuse" | "ignore";
    input?: InputConfig;
  } = {},
): Scale {
  const sequences = Array.isArray(data) ? data[0]?.inputs !== undefined : !ArrayBuffer.isView(data) && Symbol.iterator in Object(data);
  const of = oneOf("inputs", "targets");
  const part: "inputs" | "targets" = Object(scalerOptions).of ?? "inputs";
  const head: Check<string> = (path, value) => (typeof value === "string" ? value : fail(TypeError, path, "the name of a head", value));
  const given = complete("options", scalerOptions, {
    ...(sequences && { of, ...(part === "targets" && { head }) }),
    features: integer,
    missing: oneOf("refuse", "ignore"),
    input: checkInput,
  });
  const input = given.input && new Input(given.input, true);
  const refuse: Refuse = given.missing === "ignore" ? (value) => (Number.isNaN(value) ? undefined : finite(value)) : finite;
  const { head: name } = given;
  const mean: number[] = [];
  const squares: number[] = [];
  const counts: number[] = [];
  let features = 0;
  const flat = (path: string, value: unknown) => {
    if (input && part === "inputs") {
      features = input.scaled;
      return input.numbers(path, value);
    }
    const list = typeof value === "number" ? [value] : value;
    features ||= measure(path, list, given.features).features;
    return flatten(path, list, features, "feature", refuse, Float64Array);
  };
  const add = (path: string, value: unknown) => {
    flat(path, value).forEach((number, i) => {
      const k = i % features;
      counts[k] ??= 0;
      if (Number.isNaN(number)) return;
      const before = number - (mean[k] ??= 0);
      mean[k] += before / ++(counts[k] as number);
      squares[k] = (squares[k] ?? 0) + before * (number - mean[k]);
    });
  };
  if (sequences) {
    let i = 0;
    for (const sequence of data as Iterable<Sequence>) {
      const path = `sequences[${i++}].${part}${name === undefined ? "" : `.${name}`}`;
      const all: unknown = sequence?.[part];
      const values = name !== undefined && isRecord(all) ? all[name] : all;
      // A head's targets that are not there.
      if (values === null && values !== all) continue;
      if (part === "targets" && !given.features) checkTargets(path, sequence, values as Series);
      add(path, values);
    }
  } else add("series", data);
  if (counts.length === 0) fail(RangeError, "data", "at least one step", data);
  counts.forEach((count, k) => {
    if (count === 0) fail(RangeError, "data", `a number of feature ${k}`, data);
  });
  // A scale refuses a deviation that f32 rounds to 0: use 1 instead.
  return {
    mean,
    deviation: squares.map((sum, k) => Math.sqrt(sum / (counts[k] as number))).map((value) => (Math.fround(value) > 0 ? value : 1)),
  };
}
