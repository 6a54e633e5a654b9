/** Outputs of the networks as forecasts: in the target's units, with their times. */

import type { Model } from "../index.js";
import { follow, move } from "./conformal.js";
import { blended, type Learned, networkOutputs, type Prepared, prepare, restore } from "./network.js";
import type { Checked } from "./options.js";
import type { Series } from "./series.js";
import { timeAt } from "./time.js";

/** The next steps of a series: as many as the horizon, without those at which it never has numbers, unless `closed: "forecast"`. */
export interface Forecast {
  /** Of each step, written as the table's times are; without times its row. */
  time: (string | Date | number)[];
  /** The median of each step, in the target's units. */
  median: Float64Array;
  /** The smallest of the quantiles of each step. */
  lower: Float64Array;
  /** The largest. */
  upper: Float64Array;
  /** By the quantile, such as "0.1". */
  quantiles: Record<string, Float64Array>;
  /** Whether the series had one value only, which then is the forecast. */
  constant: boolean;
}

/** How far the networks' share moves along its gradient: online gradient descent (Zinkevich 2003). */
const RATE = 0.1;

/**
 * The quantiles of the rows from one on, calibrated, in units of the frame. Each row is answered before the truths after it are followed:
 * with `calibration: "adaptive"` by the networks' share and the levels of quantiles.
 * @param from the first row to answer
 * @param since the first row whose truth is followed
 */
export function* calibrated(
  o: Checked,
  learned: Learned,
  models: readonly Model[],
  prepared: Prepared,
  from: number,
  since = from,
): Generator<readonly [row: number, units: Float64Array]> {
  const { horizon, quantiles } = o;
  const Q = quantiles.length;
  const per = horizon * Q;
  const rows = prepared.series.length;
  const said = models.length ? networkOutputs(o, models, prepared) : new Float64Array(rows * per);
  const moved = new Float64Array(rows * per);
  const adaptive = o.calibration === "adaptive";
  for (let row = from; row < rows; row++) {
    let slope = 0;
    for (let h = 0; adaptive && row >= since && h < horizon && row - 1 - h >= from; h++) {
      const origin = row - 1 - h;
      const truth = prepared.framed.truths[origin * horizon + h] as number;
      const at = origin * per + h * Q;
      follow(learned.calibration, quantiles, h, truth, moved.subarray(at, at + Q));
      quantiles.forEach((quantile, q) => {
        const [net, rest] = [said[at + q] as number, learned.resting[h * Q + q] as number];
        const value = learned.share * net + (1 - learned.share) * rest;
        if (!Number.isNaN(truth)) slope += (net - rest) * (quantile - Number(truth < value));
      });
    }
    if (learned.resting.length) learned.share = Math.max(0, Math.min(1, learned.share + (RATE * slope) / per));
    const own = said.subarray(row * per, (row + 1) * per);
    const units = models.length ? blended(learned, own) : own;
    move(learned.calibration, quantiles, units);
    moved.set(units, row * per);
    yield [row, units];
  }
}

/** The quantiles in the target's units from each row of `from - 1` to before `to - 1`, in one pass. */
export function* rolling(
  o: Checked,
  learned: Learned,
  models: readonly Model[],
  series: Series,
  from: number,
  to: number,
): Generator<readonly [row: number, values: Float64Array]> {
  // A copy, as levels follow the truths.
  const own = structuredClone(learned);
  const prepared = prepare(own.plan, o, series, from, own.frame ?? undefined);
  for (const [row, units] of calibrated(o, own, models, prepared, from - 1)) {
    if (row >= to - 1) return;
    yield [row, restore(o, own, prepared, row, units)];
  }
}

/** The forecast at a series' end. @param isOmitted whether a row is left out of it */
export function answer(
  o: Checked,
  learned: Learned,
  models: readonly Model[],
  series: Series,
  isOmitted: (row: number) => boolean,
): Forecast {
  const prepared = prepare(learned.plan, o, series, series.length, learned.frame ?? undefined);
  const last = series.length - 1;
  const end = series.start + series.length;
  const steps = Array.from({ length: o.horizon }, (_, h) => h).filter((h) => !isOmitted(end + h));
  const frozen = { ...o, calibration: "split" } as const;
  const [[, units]] = [...calibrated(frozen, learned, models, prepared, last)] as [readonly [number, Float64Array]];
  const values = restore(o, learned, prepared, last, units);
  const Q = o.quantiles.length;
  const of = (q: number) => Float64Array.from(steps, (h) => values[h * Q + q] as number);
  return {
    time: steps.map((h) => timeAt(series.grid, end + h)),
    median: of(o.quantiles.indexOf(0.5)),
    lower: of(0),
    upper: of(Q - 1),
    quantiles: Object.fromEntries(o.quantiles.map((quantile, q) => [String(quantile), of(q)])),
    constant: prepared.framed.frame.deviation === 0,
  };
}
