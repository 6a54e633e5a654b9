/**
 * Standardising, as plain data that is saved with a model: z = (x - mean) / deviation on the way in, x = z deviation + mean on
 * the way out. In double precision, so that large numbers with small differences (times, pressures) keep them.
 */

import { complete, each, fail, finiteNumber, positive } from "./check.js";

/** Mean and standard deviation of each feature or output, as `scaler` measures them. */
export interface Scale {
  mean: number[];
  deviation: number[];
}

export function checkScale(path: string, value: unknown): Scale {
  const scale = complete(path, value, { mean: [each(finiteNumber, "numbers")], deviation: [each(positive, "numbers")] });
  const { length } = scale.mean;
  if (scale.deviation.length !== length) fail(RangeError, `${path}.deviation`, `${length} numbers`, scale.deviation);
  return scale;
}

export const standardise = ({ mean, deviation }: Scale, value: number, k: number) =>
  (value - (mean[k] as number)) / (deviation[k] as number);

export const restore = ({ mean, deviation }: Scale, value: number, k: number) => value * (deviation[k] as number) + (mean[k] as number);
