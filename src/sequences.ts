/** User data, checked and made flat: what windows are cut from. */

import { arrayLike, fail } from "./check.js";
import type { Config } from "./config.js";
import type { Loss } from "./losses.js";
import { type Scale, standardise } from "./scale.js";

/** Numbers of several steps: a flat array (step by step), a typed array, or one array for each step. */
export type Series = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/**
 * One sequence. Lengths may differ from sequence to sequence.
 *
 * `inputs` has `features` numbers for each step, or one token. `targets` has, for each step (or for the last alone, where the
 * model's output is "last"), `outputs` numbers, or with cross-entropy one class.
 */
export interface Sequence {
  inputs: Series;
  targets?: Series | number;
}

/** A checked sequence: flat numbers. */
export interface Checked {
  inputs: ArrayLike<number>;
  targets: ArrayLike<number>;
  length: number;
}

/** What a model and a loss ask of sequences. */
export interface Demands {
  config: Config;
  outputs: number;
  /** Absent where no targets are needed. */
  loss?: Required<Loss>;
}

/** Checks values that come `per` to a step, and copies them, flat and standardised, so that what was checked stays as it is. */
export function flatten<A extends Float32Array | Float64Array | Int32Array>(
  path: string,
  value: unknown,
  per: number,
  unit: string,
  refuse: (value: number) => string | undefined,
  numbers: new (length: number) => A,
  scale?: Scale,
): A {
  const list = arrayLike(path, value, "an array or a typed array");
  const nested = typeof list[0] === "object" && list[0] !== null;
  if (!nested && list.length % per !== 0) fail(RangeError, path, `a multiple of ${per} numbers (${per} for each step)`, value);
  const steps = nested ? list.length : list.length / per;
  const copy = new numbers(steps * per);
  for (let step = 0; step < steps; step++) {
    let row = list;
    if (nested) {
      row = arrayLike(`${path}, step ${step}`, list[step], `${per} numbers`);
      if (row.length !== per) fail(RangeError, `${path}, step ${step}`, `${per} numbers`, row);
    }
    for (let k = 0; k < per; k++) {
      let number = row[nested ? k : step * per + k];
      let wrong = typeof number === "number" ? refuse(number) : "a number";
      if (scale && wrong === undefined) {
        number = standardise(scale, number as number, k);
        wrong = refuse(number as number);
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

export const finite = (value: number) => (Number.isFinite(Math.fround(value)) ? undefined : "a finite number");

const probability = (value: number) => (value >= 0 && value <= 1 ? undefined : "a number in [0, 1]");

const indexBelow = (count: number, extra?: number) => (value: number) =>
  (Number.isInteger(value) && value >= 0 && value < count) || value === extra
    ? undefined
    : `an integer from 0 to ${count - 1}${extra === undefined ? "" : ` (or ${extra})`}`;

/** @throws TypeError, RangeError with the path of the value, its step and feature */
export function checkSequence(path: string, value: unknown, { config, outputs, loss }: Demands): Checked {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    fail(TypeError, path, "a sequence { inputs, targets }", value);
  }
  for (const key of Object.keys(value)) {
    if (key !== "inputs" && key !== "targets") throw new RangeError(`"${path}.${key}" is not known; a sequence has inputs and targets`);
  }
  const { inputs, targets } = value as { inputs: unknown; targets: unknown };
  const { input } = config;
  const checked =
    "tokens" in input
      ? flatten(`${path}.inputs`, inputs, 1, "token", indexBelow(input.tokens), Int32Array)
      : flatten(`${path}.inputs`, inputs, input.features, "feature", finite, Float32Array, config.scaler.inputs);
  const length = checked.length / ("tokens" in input ? 1 : input.features);
  if (length === 0) fail(RangeError, `${path}.inputs`, "at least one step", inputs);
  if (!loss) return { inputs: checked, targets: [], length };

  const list = typeof targets === "number" ? [targets] : targets;
  const per = loss.type === "crossEntropy" ? 1 : outputs;
  const refuse = loss.type === "binaryCrossEntropy" ? probability : finite;
  const goals =
    loss.type === "crossEntropy"
      ? flatten(`${path}.targets`, list, per, "class", indexBelow(outputs, loss.ignoreIndex), Int32Array)
      : flatten(`${path}.targets`, list, per, "output", refuse, Float32Array, config.scaler.targets);
  const steps = config.output === "every" ? length : 1;
  if (goals.length !== steps * per) {
    fail(RangeError, `${path}.targets`, `${per * steps} numbers (${steps} step${steps > 1 ? "s" : ""} of ${per})`, targets);
  }
  return { inputs: checked, targets: goals, length };
}

/** The sequences of an array or an iterable, all checked. */
export function checkSequences(path: string, value: unknown, demands: Demands, atLeast = 1): Checked[] {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value) || ArrayBuffer.isView(value)) {
    fail(TypeError, path, "sequences: an array or an iterable of { inputs, targets }", value);
  }
  const list = Array.from(value as Iterable<unknown>, (sequence, i) => checkSequence(`${path}[${i}]`, sequence, demands));
  if (list.length < atLeast) fail(RangeError, path, "at least one sequence", value);
  return list;
}
