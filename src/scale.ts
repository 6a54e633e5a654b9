/**
 * Standardising, as plain data that is saved with a model: z = (x - mean) / deviation on the way in, x = z deviation + mean on
 * the way out. In double precision, so that large numbers with small differences (times, pressures) keep them.
 */

import { arrayLike, numbers, options, positive } from "./check.js";

/** Mean and standard deviation of each feature or output, as `scaler` measures them. */
export interface Scale {
  mean: number[];
  deviation: number[];
}

/** @param length how many there must be; left out, as many as there are means */
export function checkScale(path: string, value: unknown, length?: number): Scale {
  const o = options(path, value, ["mean", "deviation"]);
  length ??= arrayLike(`${path}.mean`, o.mean, "numbers").length;
  return {
    mean: Array.from(numbers(`${path}.mean`, o.mean, length)),
    deviation: Array.from(numbers(`${path}.deviation`, o.deviation, length), (deviation, k) =>
      positive(`${path}.deviation[${k}]`, deviation),
    ),
  };
}

export const standardise = ({ mean, deviation }: Scale, value: number, k: number) =>
  (value - (mean[k] as number)) / (deviation[k] as number);

export const restore = ({ mean, deviation }: Scale, value: number, k: number) => value * (deviation[k] as number) + (mean[k] as number);
