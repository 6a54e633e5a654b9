/** Measures the scale of data: the mean and the standard deviation of each number. */

import { type Check, complete, fail, finite, integer, isObject, isRecord, oneOf, type Refuse } from "../core/check.js";
import type { Inputs } from "./columns.js";
import { flatten, measure, type Series } from "./flatten.js";
import { checkInput, Input, type InputConfig } from "./input.js";
import { deviations, type Scale } from "./scale.js";
import type { AnySequence, Sequence } from "./sequences.js";

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
  return { mean, deviation: deviations(squares, counts) };
}
