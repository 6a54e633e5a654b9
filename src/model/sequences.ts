/** User data, checked and made flat: what windows are cut from. */

import { arrayLike, atLeast0, fail, finite, indexBelow, integer, isObject, options } from "../core/check.js";
import type { Config } from "./config.js";
import type { Loss } from "./losses.js";
import { ruleOf } from "./losses.js";
import { type Scale, standardise } from "./scale.js";

/** Numbers of several steps: a flat array (step by step), a typed array, or one array for each step. */
export type Series = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/**
 * One sequence. Lengths may differ from sequence to sequence.
 *
 * `inputs` has `features` numbers for each step, or one token. `targets` has, for each step (or for the last alone, where the
 * model's output is "last"), what the loss takes: `outputs` numbers, with cross-entropy one class. `weights` says how much each
 * of these steps counts, or each of their numbers, 0 or more: means are over the sum of weights, and what has weight 0 has no
 * target, whatever number stands in its place, NaN as well. Default: all 1.
 */
export interface Sequence {
  inputs: Series;
  targets?: Series | number;
  weights?: Series | number;
}

/** A checked sequence: flat numbers. */
export interface Checked {
  inputs: ArrayLike<number>;
  targets: ArrayLike<number>;
  /** Of the steps that have targets; 0 where the target is ignored. */
  weights: ArrayLike<number>;
  /** As many as targets: how much each number of a step counts beside the step; absent where all count 1. */
  each?: Float32Array;
  length: number;
}

/** What a model and a loss ask of sequences. */
export interface Demands {
  config: Config;
  outputs: number;
  /** Absent where no targets are needed. */
  loss?: Required<Loss>;
}

/** A series, and how many numbers of it come to a step; elements are rows where it is nested. */
export interface Measured {
  list: ArrayLike<unknown>;
  nested: boolean;
  features: number;
  steps: number;
}

/** @param features absent, as many as the first row has, or one */
export function measure(path: string, value: unknown, features?: number): Measured {
  const list = arrayLike(path, value, "an array or a typed array");
  const nested = isObject(list[0]);
  const row = nested && arrayLike(`${path}, step 0`, list[0], "numbers");
  features ??= row ? integer("features", row.length) : 1;
  if (row && row.length !== features) fail(RangeError, `${path}, step 0`, `${features} numbers`, row);
  if (!row && list.length % features !== 0) {
    fail(RangeError, path, `a multiple of ${features} numbers (${features} for each step)`, value);
  }
  return { list, nested, features, steps: nested ? list.length : list.length / features };
}

/** Four sums side by side, of zeros or NaN: one alone waits for itself. */
export function allFinite(numbers: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = numbers.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += 0 * (numbers[i] as number);
    b += 0 * (numbers[i + 1] as number);
    c += 0 * (numbers[i + 2] as number);
    d += 0 * (numbers[i + 3] as number);
  }
  for (let i = whole; i < numbers.length; i++) a += 0 * (numbers[i] as number);
  return a + b + c + d === 0;
}

/**
 * Checks values that come `per` to a step, and copies them, flat and standardised, so that what was checked stays as it is. Where
 * a number of steps is `expected`, a bare number is one.
 */
export function flatten<A extends Float32Array | Float64Array | Int32Array>(
  path: string,
  value: unknown,
  per: number,
  unit: string,
  refuse: (value: number, index: number) => string | undefined,
  numbers: new (length: number) => A,
  scale?: Scale,
  expected?: number,
): A {
  const { list, nested, steps } = measure(path, expected && typeof value === "number" ? [value] : value, per);
  if (expected && steps !== expected) {
    fail(RangeError, path, `${per * expected} numbers (${expected} step${expected > 1 ? "s" : ""} of ${per})`, value);
  }
  // Most data, in a seventh of the time.
  if (list instanceof Float32Array && refuse === finite && !scale) {
    const copy = new Float32Array(list);
    if (allFinite(copy)) return copy as unknown as A;
  }
  const copy = new numbers(steps * per);
  for (let step = 0; step < steps; step++) {
    let row = list;
    if (nested) {
      row = arrayLike(`${path}, step ${step}`, list[step], `${per} numbers`);
      if (row.length !== per) fail(RangeError, `${path}, step ${step}`, `${per} numbers`, row);
    }
    for (let k = 0; k < per; k++) {
      let number = row[nested ? k : step * per + k];
      let wrong = typeof number === "number" ? refuse(number, step * per + k) : "a number";
      if (scale && wrong === undefined) {
        number = standardise(scale, number as number, k);
        wrong = refuse(number as number, step * per + k);
      }
      if (wrong !== undefined) {
        const place = `${path}, step ${step}${per > 1 ? `, ${unit} ${k}` : ""}`;
        fail(typeof number === "number" ? RangeError : TypeError, place, wrong, number);
      }
      copy[step * per + k] = number as number;
    }
  }
  return copy;
}

/** Checks inputs, of so many steps where that is `expected`, as flatten does: what the kernels take. */
export function checkInputs(path: string, value: unknown, { input, scaler }: Config, expected?: number): Int32Array | Float32Array {
  if ("tokens" in input) return flatten(path, value, 1, "token", indexBelow(input.tokens), Int32Array, undefined, expected);
  return flatten(path, value, input.features, "feature", finite, Float32Array, scaler.inputs, expected);
}

/** Says that a target is the index of a class to those who give a row for each step, most often of zeros and a one. */
function checkClasses(path: string, value: unknown, steps: number, classes: number): void {
  const list = arrayLike(path, typeof value === "number" ? [value] : value, "an array or a typed array");
  const nested = isObject(list[0]);
  const row = nested ? arrayLike(`${path}, step 0`, list[0], "a class index") : list;
  const wide = nested && row.length !== 1;
  if (!wide && list.length === steps) return;
  const oneHot = row.length >= classes && Array.from(row).every((number) => number === 0 || number === 1);
  const what = wide ? "a class index" : `${steps} class ind${steps > 1 ? "ices" : "ex"}`;
  const hint = oneHot ? " (of a one-hot row the index of its 1)" : "";
  fail(RangeError, wide ? `${path}, step 0` : path, `${what} from 0 to ${classes - 1}${hint}`, wide ? row : value);
}

/** @throws TypeError, RangeError with the path of the value, its step and feature */
export function checkSequence(path: string, value: unknown, demands: Demands): Checked {
  const { inputs, targets, weights } = options(path, value, ["inputs", "targets", "weights"]);
  const { config, loss } = demands;
  const { input } = config;
  const checked = checkInputs(`${path}.inputs`, inputs, config);
  const length = checked.length / ("tokens" in input ? 1 : input.features);
  if (length === 0) fail(RangeError, `${path}.inputs`, "at least one step", inputs);
  if (!loss) return { inputs: checked, targets: [], weights: [], length };

  const steps = config.output === "every" ? length : 1;
  return { inputs: checked, length, ...checkTargets(path, targets, weights, { ...demands, loss }, steps) };
}

/** The targets of so many steps, and their weights. */
export function checkTargets(
  path: string,
  targets: unknown,
  weights: unknown,
  { config, outputs, loss }: Required<Demands>,
  steps: number,
): Pick<Checked, "targets" | "weights" | "each"> {
  const { per, classes, refuse, ignored } = ruleOf(loss).targets(loss, outputs);
  const weight = new Float32Array(steps).fill(1);
  let each: Float32Array | undefined;
  if (weights !== undefined) {
    const given = typeof weights === "number" ? [weights] : arrayLike(`${path}.weights`, weights, "an array or a typed array");
    const apart = per > 1 && !classes && (isObject(given[0]) || given.length === per * steps);
    const flat = flatten(`${path}.weights`, weights, apart ? per : 1, "number", atLeast0, Float32Array, undefined, steps);
    if (apart) each = flat;
    else weight.set(flat);
  }
  const ignores = "missing" in loss && loss.missing === "ignore";
  // What is not there may be anything.
  const absent = (value: number, number: number) =>
    weight[Math.floor(number / per)] === 0 || each?.[number] === 0 || (ignores && Number.isNaN(value));
  const sparse = weights !== undefined || ignores;
  const check = sparse ? (value: number, number: number) => (absent(value, number) ? undefined : refuse(value)) : refuse;
  const numbers = classes ? Int32Array : Float32Array;
  const { targets: scale } = config.scaler;
  if (classes) checkClasses(`${path}.targets`, targets, steps, outputs);
  const goals = flatten<Int32Array | Float32Array>(`${path}.targets`, targets, per, "number", check, numbers, scale, steps);
  if (classes) {
    goals.forEach((goal, step) => {
      if (goal === ignored) weight[step] = 0;
    });
  } else if (sparse) {
    const shares = each ?? new Float32Array(goals.length).fill(1);
    goals.forEach((goal, number) => {
      if (!absent(goal, number)) return;
      each = shares;
      [shares[number], goals[number]] = [0, 0];
    });
    // A step counts if one of its numbers does; one number's weight is its step's.
    for (let step = 0; each && step < steps; step++) {
      const most = Math.max(...each.subarray(step * per, (step + 1) * per));
      if (per === 1 || most === 0) weight[step] = (weight[step] as number) * most;
    }
    if (per === 1) each = undefined;
  }
  return { targets: goals, weights: weight, ...(each && { each }) };
}

/** The sequences of an array or an iterable, all checked. */
export function checkSequences(path: string, value: unknown, demands: Demands, atLeast = 1): Checked[] {
  if (!isObject(value) || !(Symbol.iterator in value) || ArrayBuffer.isView(value)) {
    fail(TypeError, path, "sequences: an array or an iterable of { inputs, targets }", value);
  }
  const list = Array.from(value as Iterable<unknown>, (sequence, i) => checkSequence(`${path}[${i}]`, sequence, demands));
  if (list.length < atLeast) fail(RangeError, path, "at least one sequence", value);
  return list;
}
