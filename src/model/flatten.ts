/** Values of several steps as users give them, in rows or flat: measured, checked, and copied flat. */

import { arrayLike, fail, finite, integer, isObject } from "../core/check.js";
import { type Scale, standardise } from "./scale.js";

/** Numbers of several steps: a flat array (step by step), a typed array, or one array for each step. */
export type Series = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** A series and its count of numbers per step; elements are rows where it is nested. */
export interface Measured {
  list: ArrayLike<unknown>;
  nested: boolean;
  features: number;
  steps: number;
}

/** @param features default: as many as the first row has, or one */
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

/** Adds zeros or NaN in four sums: in a single sum each addition would wait for the one before. */
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
 * Checks values with `per` numbers a step, and copies them flat and standardised, so that later changes by the user do no harm. If a
 * number of steps is `expected`, a bare number may stand for one step of one number.
 * @param lent no copy where none is needed: the caller has read them before users can change them
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
  lent = false,
): A {
  const { list, nested, steps } = measure(path, expected && typeof value === "number" ? [value] : value, per);
  if (expected && steps !== expected) {
    fail(RangeError, path, `${per * expected} numbers (${expected} step${expected > 1 ? "s" : ""} of ${per})`, value);
  }
  // The most common case, in a seventh of the time.
  if (list instanceof Float32Array && refuse === finite && !scale) {
    const copy = lent ? list : new Float32Array(list);
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
