/** Inputs: the values that a model takes at each step, their checks, and their layout in memory for the first layer. */

import { type Check, complete, fail, finite, indexBelow, integer, numbers, size } from "../core/check.js";
import type { EngineParts, Memory } from "../core/memory.js";
import { pad4 } from "../layers/packing.js";
import { flatten } from "./flatten.js";
import { type Scale, standardise } from "./scale.js";

/** `features` numbers at each step, or one token out of `tokens`. */
export type InputConfig = { features: number } | { tokens: number };

export const checkInput: Check<InputConfig> = (path, value) => {
  const input = complete(path, value, { features: size, tokens: size });
  if (Object.keys(input).length !== 1) fail(RangeError, path, "either features or tokens", value);
  return input as InputConfig;
};

type Parts = Pick<EngineParts, "kernels" | "memory">;

/** The values of steps, checked: numbers as f32, standardised, or tokens as i32. */
export type Values = Float32Array | Int32Array;

/**
 * Made once for a model, in its layout. A step takes `rows` rows in memory. Numbers take those of a panel, whose padding is zero and is
 * never written. Tokens take one row of i32, by which the first layer gathers.
 */
export class Input {
  /** Values that users give for a step. */
  readonly per: number;
  /** Rows of a step in memory. */
  readonly rows: number;
  /** Number of different tokens; 0 where the input is numbers. */
  readonly tokens: number;

  constructor(input: InputConfig) {
    this.tokens = "tokens" in input ? input.tokens : 0;
    this.per = "tokens" in input ? 1 : input.features;
    this.rows = this.tokens ? 1 : pad4(this.per);
  }

  /** How many values of a step can be standardised. */
  get scaled(): number {
    return this.tokens ? 0 : this.per;
  }

  /**
   * A flat, standardised copy of the values of some steps; of `expected` steps, if given.
   * @throws TypeError, RangeError with the step and feature of the wrong value
   */
  check(path: string, value: unknown, scale: Scale | undefined, expected?: number): Values {
    if (this.tokens) return flatten(path, value, 1, "token", indexBelow(this.tokens), Int32Array, undefined, expected);
    return flatten(path, value, this.per, "feature", finite, Float32Array, scale, expected);
  }

  /** The same for a single step, where one value may stand alone. A copy only if it is standardised. */
  checkStep(path: string, value: unknown, scale: Scale | undefined): ArrayLike<number> | number {
    if (this.tokens) return integer(path, value, 0, this.tokens - 1);
    const list = numbers(path, typeof value === "number" ? [value] : value, this.per);
    if (!scale) return value as ArrayLike<number> | number;
    const scaled: number[] = [];
    for (let k = 0; k < this.per; k++) scaled[k] = standardise(scale, list[k] as number, k);
    return numbers(path, scaled, this.per);
  }

  /** Writes the result of checkStep, row after row from float `at` on. */
  writeStep({ f32, i32 }: Memory, at: number, value: ArrayLike<number> | number): void {
    const into = this.tokens ? i32 : f32;
    if (typeof value === "number") into[at] = value;
    else for (let k = 0; k < this.per; k++) into[at + k] = value[k] as number;
  }

  /**
   * Writes `count` steps of checked values, from step `from` on, and zeros for those after them up to `T`. Value k of step t lies at
   * float `at + (t apart rows + k stride)`.
   */
  write(
    { f32, i32 }: Memory,
    at: number,
    stride: number,
    apart: number,
    values: ArrayLike<number>,
    from: number,
    count: number,
    T = count,
  ): void {
    const { per, rows } = this;
    const into = this.tokens ? i32 : f32;
    let next = from * per;
    for (let t = 0; t < T; t++) {
      if (t < count) for (let k = 0; k < per; k++) into[at + k * stride] = values[next++] as number;
      else for (let k = 0; k < per; k++) into[at + k * stride] = 0;
      at += apart * rows;
    }
  }

  /** Checks a step of `count` sequences and writes it to [count][rows] at `pointer`. A flat Float32Array is fastest. */
  writeRows({ kernels, memory }: Parts, pointer: number, path: string, value: unknown, scale: Scale | undefined, count: number): void {
    const asItIs = !scale && this.scaled === this.rows;
    if (asItIs && value instanceof Float32Array && value.length === count * this.rows) {
      memory.write(pointer, value);
      // Numbers whose squares have a finite sum are finite: 2 ns for 32 of them, where to look at each takes 130.
      if (kernels.squaredNorm(pointer, value.length) < Infinity) return;
    }
    this.write(memory, pointer / 4, 1, 1, this.check(path, value, scale, count), 0, count);
  }

  /** Turns the steps of `lanes` sequences, as writeRows left them at `from`, to the panel `to`. `order` is 0, 1, … [lanes] i32. */
  toPanel({ kernels, memory }: Parts, to: number, from: number, order: number, lanes: number): void {
    if (this.rows === 1) memory.copy(to, from, lanes);
    else kernels.embeddingForward(to, order, from, 0, 1, this.rows, lanes);
  }
}
