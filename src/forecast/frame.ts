/**
 * The frame of a series, from which a network says only what differs: its scale, a ridge regression on what is known beforehand, and
 * exponential smoothing of the rest, as in the hybrid of Smyl (2020), which won the M4 competition. The network learns the errors of
 * this first forecast, in units of their own size at each step of the horizon.
 */

import type { Checked } from "./options.js";
import { type Kind, numbersOf, type Plan, phaseAt } from "./plan.js";
import { ridge, waves } from "./regression.js";
import type { Series } from "./series.js";
import { Smoother } from "./smoothing.js";
import { transformed } from "./transform.js";

export interface Frame {
  mean: number;
  /** 0 of a series that is constant. */
  deviation: number;
  /** Of what is known beforehand. */
  weights: number[];
  /** The mean absolute error of the first forecast at each step of the horizon. */
  spread: number[];
}

/** The knowledge beforehand of `length` rows of a series, row after row: the waves of its seasons, then its known columns. */
export function knowledge(plan: Plan, o: Checked, series: Series, length: number): { width: number; values: Float64Array } {
  const kinds = o.known.map((name) => [name, plan.kinds[name] as Kind] as const);
  const width =
    plan.harmonics.reduce((sum, k) => sum + 2 * k, 0) +
    kinds.reduce((sum, [, kind]) => sum + ("labels" in kind ? kind.labels.length : 1), 0);
  const values = new Float64Array(length * width);
  for (let row = 0, at = 0; row < length; row++) {
    plan.seasons.forEach((season, i) => {
      for (const wave of waves(phaseAt(plan.grid, season, series.start + row), plan.harmonics[i] as number)) values[at++] = wave;
    });
    for (const [name, kind] of kinds)
      for (const number of numbersOf(`table.${name}, row ${row}`, kind, series.columns[name]?.[row] ?? null)) values[at++] = number;
  }
  return { width, values };
}

const known = (values: ArrayLike<number>) => Array.from(values).filter((value) => !Number.isNaN(value));
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The target in standard units, without what is known beforehand; and that, also of `horizon` rows more. */
function parts(plan: Plan, o: Checked, series: Series, frame: Pick<Frame, "mean" | "deviation" | "weights">) {
  const length = series.length + o.horizon;
  const { width, values } = knowledge(plan, o, series, length);
  const fixed = new Float64Array(length);
  for (let row = 0; row < length; row++)
    for (let k = 0; k < width; k++)
      fixed[row] = (fixed[row] as number) + (frame.weights[k] as number) * (values[row * width + k] as number);
  const rest = series.target.map((y, row) => (transformed(y, plan.lambda) - frame.mean) / (frame.deviation || 1) - (fixed[row] as number));
  return { fixed, rest };
}

/** The scale, and the regression on what is known beforehand, by the rows before `until`. */
export function regression(plan: Plan, o: Checked, series: Series, until: number): Omit<Frame, "spread"> {
  const values = series.target.subarray(0, until).map((y) => transformed(y, plan.lambda));
  const there = known(values);
  const mean = there.length ? meanOf(there) : 0;
  const deviation = Math.sqrt(meanOf(there.map((value) => (value - mean) ** 2)));
  const constant = !(deviation > 1e-9 * Math.abs(mean));
  const { width, values: x } = knowledge(plan, o, series, until);
  if (constant) return { mean, deviation: 0, weights: Array(width).fill(0) };
  // A trend of second order keeps out of the weights what smoothing will follow.
  const all = ridge(
    values.map((value) => (value - mean) / deviation),
    width + 3,
    (row, to) => {
      const u = (2 * row) / until - 1;
      to.set([1, u, u * u]);
      to.set(x.subarray(row * width, (row + 1) * width), 3);
    },
    (k) => (k < 3 ? 1e-6 : 1),
  );
  return { mean, deviation, weights: [...all.subarray(3)] };
}

/** @see Frame */
export class Framed {
  readonly frame: Frame;
  readonly ahead: Float64Array;
  readonly errors: Float64Array;
  /** Errors of the first forecasts in units of `spread`, NaN where there is no truth. */
  readonly truths: Float32Array;

  /** The target in standard units, without what is known beforehand. */
  static rest(plan: Plan, o: Checked, series: Series, frame: Omit<Frame, "spread">): Float64Array {
    return parts(plan, o, series, frame).rest;
  }

  /** @param frame that of an earlier part of the series; by default that of its rows before `until` */
  constructor(plan: Plan, o: Checked, series: Series, until: number, frame?: Frame) {
    const { horizon } = o;
    const base = frame ?? regression(plan, o, series, until);
    const { fixed, rest } = parts(plan, o, series, base);
    const smoother = new Smoother(plan.smoothing, rest.subarray(0, until));
    const rows = series.length;
    this.ahead = new Float64Array(rows * horizon);
    this.errors = new Float64Array(rows);
    this.truths = new Float32Array(rows * horizon).fill(NaN);
    const sums = new Float64Array(horizon);
    const counts = new Float64Array(horizon);
    for (let t = 0; t < rows; t++) {
      const error = smoother.step(rest[t] as number);
      this.errors[t] = Number.isNaN(rest[t]) ? NaN : error;
      smoother.forecast(this.ahead, t * horizon, horizon);
      for (let h = 0; h < horizon; h++) {
        const i = t * horizon + h;
        const error = (rest[t + 1 + h] ?? NaN) - (this.ahead[i] as number);
        this.ahead[i] = (this.ahead[i] as number) + (fixed[t + 1 + h] as number);
        this.truths[i] = error;
        if (Number.isNaN(error) || t + 1 + h >= until || t < until / 10) continue;
        sums[h] = (sums[h] as number) + Math.abs(error);
        counts[h] = (counts[h] as number) + 1;
      }
    }
    const overall = sums.reduce((a, b) => a + b) / (counts.reduce((a, b) => a + b) || 1) || 1;
    const spread = frame?.spread ?? Array.from(sums, (sum, h) => Math.max(sum / (counts[h] as number) || overall, 1e-6 * overall));
    this.frame = frame ?? { ...base, spread };
    for (let i = 0; i < this.truths.length; i++) this.truths[i] = (this.truths[i] as number) / (spread[i % horizon] as number);
  }
}
