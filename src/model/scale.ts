/**
 * Standardising, as plain data that is saved with a model: z = (x - mean) / deviation on the way in, x = z deviation + mean on
 * the way out. In double precision, so that large numbers with small differences (times, pressures) keep them.
 */

import { complete, each, fail, finiteNumber, positive } from "../core/check.js";

/** Mean and standard deviation of each feature or output, as `scaler` measures them. */
export interface Scale {
  mean: number[];
  deviation: number[];
}

/**
 * What outputs are of the targets. "values": as many, in the same order. "quantile": some quantiles of each, one after the other.
 * "gaussianNLL": all means, then the logarithms of all variances. As the losses have them.
 */
export type Outputs = "values" | "quantile" | "gaussianNLL";

/** What a model standardises. */
export interface Scaler {
  inputs?: Scale;
  targets?: Scale;
  /** Of models with `targets`. Default "values". */
  outputs?: Outputs;
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

/** What brings each of so many outputs back to the targets' units; undefined where nothing does. */
export function scaleOfOutputs({ targets, outputs: kind = "values" }: Scaler, outputs: number): Scale | undefined {
  if (!targets) return undefined;
  const { mean, deviation } = targets;
  const { length } = mean;
  const fits = { values: outputs === length, quantile: outputs % length === 0, gaussianNLL: outputs === 2 * length }[kind];
  if (!fits) {
    const expected = { values: `${outputs} numbers`, quantile: `a divisor of ${outputs} numbers`, gaussianNLL: `${outputs / 2} numbers` };
    fail(RangeError, "scaler.targets.mean", expected[kind], mean);
  }
  if (kind === "values") return targets;
  if (kind === "quantile") {
    const of = (list: number[]) => Array.from({ length: outputs }, (_, k) => list[Math.floor((k * length) / outputs)] as number);
    return { mean: of(mean), deviation: of(deviation) };
  }
  // The variance of d z is d^2 that of z.
  return { mean: [...mean, ...deviation.map((d) => 2 * Math.log(d))], deviation: [...deviation, ...deviation.map(() => 1)] };
}
