/**
 * Standardising, as plain data that is saved with a model: z = (x - mean) / deviation on the way in, x = z deviation + mean on
 * the way out. It is done in double precision, so that large numbers (times, pressures) keep their small differences.
 */

import { complete, each, fail, finiteNumber, positive } from "../core/check.js";
import { partOf, pathOf } from "./heads.js";

/** Mean and standard deviation of each feature or output, as `scaler` measures them. */
export interface Scale {
  /** In your units. */
  mean: number[];
  /** In your units, above 0. */
  deviation: number[];
}

/**
 * The meaning of outputs with respect to targets, as the losses have it. "values": as many, in the same order. "quantile": some quantiles
 * of each, one after the other. "gaussianNLL": all means, then the logarithms of all variances.
 */
export type Outputs = "values" | "quantile" | "gaussianNLL";

/** The parts of the data that a model standardises; by head where the model has heads. */
export interface Scaler {
  /** Of the features, or of the numeric columns in their order. Default: no scaling. */
  inputs?: Scale;
  /** Of the numbers of a target. Default: no scaling. */
  targets?: Scale | Readonly<Record<string, Scale>>;
  /** The meaning of the outputs, for models with `targets`. Default "values". */
  outputs?: Outputs | Readonly<Record<string, Outputs>>;
}

/** The scale of one head's targets, and the meaning of its outputs. */
export interface HeadScale {
  targets: Scale | undefined;
  outputs: Outputs;
}

/** @param name of the head; "" for the only output of a model without heads */
export const scaleOfHead = ({ targets, outputs }: Scaler, name: string): HeadScale => ({
  targets: partOf(targets, { name }),
  outputs: partOf(outputs, { name }) ?? "values",
});

export function checkScale(path: string, value: unknown): Scale {
  const scale = complete(path, value, { mean: [each(finiteNumber, "numbers")], deviation: [each(positive, "numbers")] });
  const { length } = scale.mean;
  if (scale.deviation.length !== length) fail(RangeError, `${path}.deviation`, `${length} numbers`, scale.deviation);
  return scale;
}

/**
 * The deviations of numbers, from the sums of their squared differences from the mean and their counts. One that f32 would round to 0
 * is 1 instead, as a scale refuses 0.
 */
export const deviations = (squares: readonly number[], counts: readonly number[]): number[] =>
  squares.map((sum, k) => Math.sqrt(sum / Math.max(1, counts[k] as number))).map((value) => (Math.fround(value) > 0 ? value : 1));

export const standardise = ({ mean, deviation }: Scale, value: number, k: number) =>
  (value - (mean[k] as number)) / (deviation[k] as number);

export const restore = ({ mean, deviation }: Scale, value: number, k: number) => value * (deviation[k] as number) + (mean[k] as number);

/** The scale from each output of a head back to the targets' units; undefined if there is none. */
export function scaleOfOutputs(scaler: Scaler, { name, outputs }: { name: string; outputs: number }): Scale | undefined {
  const { targets, outputs: kind } = scaleOfHead(scaler, name);
  if (!targets) return undefined;
  const { mean, deviation } = targets;
  const { length } = mean;
  const fits = { values: outputs === length, quantile: outputs % length === 0, gaussianNLL: outputs === 2 * length }[kind];
  if (!fits) {
    const expected = { values: `${outputs} numbers`, quantile: `a divisor of ${outputs} numbers`, gaussianNLL: `${outputs / 2} numbers` };
    fail(RangeError, `${pathOf("scaler.targets", { name })}.mean`, expected[kind], mean);
  }
  if (kind === "values") return targets;
  if (kind === "quantile") {
    const of = (list: number[]) => Array.from({ length: outputs }, (_, k) => list[Math.floor((k * length) / outputs)] as number);
    return { mean: of(mean), deviation: of(deviation) };
  }
  // The variance of d z is d^2 times that of z.
  return { mean: [...mean, ...deviation.map((d) => 2 * Math.log(d))], deviation: [...deviation, ...deviation.map(() => 1)] };
}
