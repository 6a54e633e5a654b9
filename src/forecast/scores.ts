/** Scores of forecasts with quantiles, summed up truth by truth. */

export interface ForecastScore {
  forecast: string;
  /** The truths that were forecast. */
  count: number;
  /** Mean absolute error over that of the seasonal naive forecast on what was learned from (Hyndman & Koehler 2006). */
  mase: number;
  /** The mean of 2 |error| / (|truth| + |forecast|). */
  smape: number;
  rmse: number;
  /** The mean pinball loss over all quantiles. */
  pinball: number;
  /** The weighted interval score of the median and all pairs of quantiles (Bracher et al. 2021). */
  wis: number;
  /** The share of truths within the widest interval, and the share that should be. */
  coverage: number;
  level: number;
}

export class Tally {
  readonly #sums = new Float64Array(7);

  /** @param scale the mean absolute error of the naive forecast */
  add(truth: number, outputs: ArrayLike<number>, at: number, quantiles: readonly number[], scale: number): void {
    const said = (q: number) => outputs[at + q] as number;
    const median = said(quantiles.indexOf(0.5));
    if (Number.isNaN(truth) || Number.isNaN(median)) return;
    const error = Math.abs(truth - median);
    const size = Math.abs(truth) + Math.abs(median);
    let pinball = 0;
    let wis = error / 2;
    let pairs = 0;
    quantiles.forEach((quantile, q) => {
      pinball += (truth - said(q)) * (quantile - Number(truth < said(q)));
      const other = quantiles.findIndex((high) => Math.abs(high + quantile - 1) < 1e-9);
      if (other <= q) return;
      // Half of alpha times the interval score: the width, and what lies outside.
      wis += quantile * (said(other) - said(q)) + Math.max(0, said(q) - truth) + Math.max(0, truth - said(other));
      pairs++;
    });
    const last = quantiles.length - 1;
    const within = Number(said(0) <= truth && truth <= said(last));
    [1, error / scale, size && (2 * error) / size, error ** 2, pinball / quantiles.length, wis / (pairs + 0.5), within].forEach(
      (value, k) => (this.#sums[k] = (this.#sums[k] as number) + value),
    );
  }

  /** All of several tallies. */
  static of(tallies: readonly Tally[]): Tally {
    const all = new Tally();
    for (const tally of tallies) tally.#sums.forEach((value, k) => (all.#sums[k] = (all.#sums[k] as number) + value));
    return all;
  }

  done(forecast: string, quantiles: readonly number[]): ForecastScore {
    const [count, ...sums] = this.#sums as unknown as [number, ...number[]];
    const [mase, smape, square, pinball, wis, coverage] = sums.map((sum) => sum / count) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const level = (quantiles.at(-1) as number) - (quantiles[0] as number);
    return { forecast, count, mase, smape, rmse: Math.sqrt(square), pinball, wis, coverage, level };
  }
}

/** The mean absolute error of "as a season before", or as the step before where there are none. */
export function naiveScale(target: ArrayLike<number>, until: number, season: number): number {
  let [sum, count] = [0, 0];
  for (let t = season; t < until; t++) {
    const error = Math.abs((target[t] as number) - (target[t - season] as number));
    if (!Number.isNaN(error)) [sum, count] = [sum + error, count + 1];
  }
  return sum / count;
}
