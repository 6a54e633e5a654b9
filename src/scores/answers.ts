/** The material of scores: truths, how much each counts, and the numbers that were said of it. */

import { arrayLike, atLeast0, fail, numbers, type Refuse } from "../internal.js";

export interface Answers {
  targets: ArrayLike<number>;
  weights: ArrayLike<number>;
  /** Numbers said of each truth. */
  said: ArrayLike<number>;
  per: number;
  /** The truths that count, by index. */
  counted: number[];
}

/**
 * A truth that is NaN, or whose weight is 0, is not there.
 * @param name of what was said, for messages
 * @param refuse says what is wrong with a truth
 * @throws TypeError, RangeError with the index of the number
 */
export function checkAnswers(targets: unknown, name: string, said: unknown, weights: unknown, refuse: (per: number) => Refuse): Answers {
  const truths = arrayLike("targets", targets, "numbers") as ArrayLike<number>;
  const { length } = truths;
  const all = arrayLike(name, said, "numbers").length;
  const per = length === 0 ? 1 : all / length;
  if (all === 0 ? length > 0 : !Number.isInteger(per)) fail(RangeError, name, `${length} numbers, or a multiple of that`, said);
  numbers(name, said, all);
  const shares = weights === undefined ? new Float64Array(length).fill(1) : numbers("weights", weights, length, atLeast0);
  const wrong = refuse(per);
  const counted: number[] = [];
  for (let i = 0; i < length; i++) {
    const truth = truths[i] as number;
    if (typeof truth !== "number") fail(TypeError, `targets[${i}]`, "a number", truth);
    if (shares[i] === 0 || Number.isNaN(truth)) continue;
    const expected = wrong(truth);
    if (expected !== undefined) fail(RangeError, `targets[${i}]`, expected, truth);
    counted.push(i);
  }
  return { targets: truths, weights: shares, said: said as ArrayLike<number>, per, counted };
}

/** The mean of a number over the truths that count, by their weights; NaN if there are none. */
export function meanOf({ weights, counted }: Answers, of: (i: number) => number): number {
  let [sum, all] = [0, 0];
  for (const i of counted) {
    sum += (weights[i] as number) * of(i);
    all += weights[i] as number;
  }
  return sum / all;
}
