/**
 * The frame of a series, from which a network says only what differs: its scale, a ridge regression on what is known beforehand, and
 * exponential smoothing of the rest, as in the hybrid of Smyl (2020), which won the M4 competition. The network learns the errors of
 * this first forecast, in units of their own size at each step of the horizon.
 */

import type { Checked } from "./options.js";
import { encoded, type Kind, type Plan, phaseAt } from "./plan.js";
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

/** The knowledge beforehand of `length` rows of a series: the waves of its seasons, then its known columns, each label by itself. */
const knowledge = ({ seasons, grid, harmonics, kinds }: Plan, o: Checked, { start, columns }: Series, length: number): number[][] =>
  Array.from({ length }, (_, row) => [
    ...seasons.flatMap((season, i) => [...waves(phaseAt(grid, season, start + row), harmonics[i] as number)]),
    ...o.known.flatMap((name) => {
      const kind = kinds[name] as Kind;
      const x = encoded(name, row, kind, columns[name]?.[row] ?? null);
      return "labels" in kind ? kind.labels.map((_, k) => Number(k === x)) : x || 0;
    }),
  ]);

const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

/** The target in standard units, without what is known beforehand; and that, also of `horizon` rows more. */
function parts(plan: Plan, o: Checked, series: Series, { weights, mean, deviation }: Omit<Frame, "spread">) {
  const fixed = knowledge(plan, o, series, series.length + o.horizon).map((row) =>
    row.reduce((sum, value, k) => sum + (weights[k] as number) * value, 0),
  );
  const rest = series.target.map((y, row) => (transformed(y, plan.lambda) - mean) / (deviation || 1) - (fixed[row] as number));
  return { fixed, rest };
}

/** The scale, and the regression on what is known beforehand, by the rows before `until`. */
export function regression(plan: Plan, o: Checked, series: Series, until: number): Omit<Frame, "spread"> {
  const values = series.target.subarray(0, until).map((y) => transformed(y, plan.lambda));
  const there = values.filter((value) => !Number.isNaN(value));
  const mean = meanOf(there);
  const deviation = Math.sqrt(meanOf(there.map((value) => (value - mean) ** 2)));
  const constant = !(deviation > 1e-9 * Math.abs(mean));
  // A trend of second order keeps out of the weights what smoothing will follow.
  const rows = knowledge(plan, o, series, until).map((row, t) => {
    const u = (2 * t) / until - 1;
    return [1, u, u * u, ...row];
  });
  const weights = [
    ...ridge(constant ? values.fill(0) : values.map((value) => (value - mean) / deviation), rows, (k) => (k < 3 ? 1e-6 : 1)),
  ];
  return { mean, deviation: constant ? 0 : deviation, weights: weights.slice(3) };
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
