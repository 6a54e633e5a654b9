/**
 * Conformal calibration: each quantile is moved by the quantile of its errors on rows that were not learned from (split: Romano, Patterson &
 * Candès 2019, one side at a time), and the level of that follows what comes after (adaptive conformal inference: Gibbs & Candès 2021).
 */

/** Steps in which the errors' quantiles are kept. */
const STEPS = 50;
/** How far one miss moves a level. */
const RATE = 0.02;
/** Errors of one step of the horizon, of fewer those of all steps are taken. */
const ENOUGH = 40;

/** The quantile q of sorted numbers, between two of them where it falls there. */
export function quantileOf(sorted: ArrayLike<number>, q: number): number {
  const at = Math.max(0, Math.min(1, q)) * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below] as number;
  return low + (at - below) * ((sorted[below + 1] ?? low) - low);
}

export interface Calibration {
  /** For each step and quantile STEPS + 1 quantiles of the errors; empty where nothing is calibrated. */
  errors: number[][];
  /** The levels at which they are read. */
  levels: number[];
}

/** The shift of each quantile of each step. */
const moveOf = ({ errors, levels }: Calibration, i: number) => {
  const own = errors[i];
  if (!own?.length) return 0;
  const [level, low, high] = [levels[i] as number, own[0] as number, own[STEPS] as number];
  // Beyond the errors that were seen, as far again.
  return quantileOf(own, level) + (high - low) * (Math.max(0, level - 1) + Math.min(0, level));
};

/** @param rows errors of rows that were not learned from, each of steps x quantiles, NaN where there is no truth */
export function calibrate(quantiles: readonly number[], horizon: number, rows: Iterable<ArrayLike<number>>): Calibration {
  const Q = quantiles.length;
  const all = Array.from({ length: horizon * Q }, (): number[] => []);
  for (const errors of rows) all.forEach((own, i) => Number.isNaN(errors[i]) || own.push(errors[i] as number));
  const errors = all.map((own, i) => {
    const list = own.length < ENOUGH ? all.filter((_, other) => other % Q === i % Q).flat() : own;
    const sorted = Float64Array.from(list).sort();
    const moves = quantiles[i % Q] !== 0.5 && list.length >= 5;
    return moves ? Array.from({ length: STEPS + 1 }, (_, k) => quantileOf(sorted, k / STEPS)) : [];
  });
  return { errors, levels: all.map((_, i) => quantiles[i % Q] as number) };
}

/** Moves the quantiles of one row, in place, and keeps them in order around the median. */
export function move(calibration: Calibration, quantiles: readonly number[], outputs: Float64Array): void {
  const Q = quantiles.length;
  const middle = quantiles.indexOf(0.5);
  for (let at = 0; at < outputs.length; at += Q) {
    const median = outputs[at + middle] as number;
    for (let q = 0; q < Q; q++) {
      const moved = (outputs[at + q] as number) + moveOf(calibration, at + q);
      outputs[at + q] = q < middle ? Math.min(moved, median) : Math.max(moved, median);
    }
    outputs[at + middle] = median;
    outputs.subarray(at, at + Q).sort();
  }
}

/** Learns from the truth of one step of one row, of quantiles that were moved. */
export function follow(
  { levels, errors }: Calibration,
  quantiles: readonly number[],
  step: number,
  truth: number,
  moved: ArrayLike<number>,
): void {
  if (Number.isNaN(truth)) return;
  quantiles.forEach((quantile, q) => {
    const i = step * quantiles.length + q;
    if (errors[i]?.length) levels[i] = (levels[i] as number) + RATE * (quantile - Number(truth <= (moved[q] as number)));
  });
}
