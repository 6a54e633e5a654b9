/** Scores of forecasts with quantiles, summed up truth by truth. */

/** How good forecasts were; `rmse`, `pinball` and `wis` are in the target's units. */
export interface ForecastScore {
  /** Whose forecasts: the forecaster's, or those of a baseline by its name. */
  forecast: string;
  /** The truths that were forecast. */
  count: number;
  /** Mean absolute error over that of the seasonal naive forecast on what was learned from (Hyndman & Koehler 2006). */
  mase: number;
  /** The mean of 2 |error| / (|truth| + |forecast|). */
  smape: number;
  /** The root of the mean squared error. */
  rmse: number;
  /** The mean pinball loss over all quantiles. */
  pinball: number;
  /** The weighted interval score of the median and all pairs of quantiles (Bracher et al. 2021). */
  wis: number;
  /** The share of truths within the widest interval. */
  coverage: number;
  /** The share that should be. */
  level: number;
}

/** Sums over truths: their number, then each score's. */
export type Tally = number[];

const mean = (list: readonly number[]) => list.reduce((sum, value) => sum + value, 0) / list.length;

/**
 * Scores of one truth.
 * @param said its quantiles; where they are NaN nothing counts
 * @param scale the mean absolute error of the naive forecast
 */
export function scoresOf(truth: number, said: ArrayLike<number>, quantiles: readonly number[], scale: number): Tally {
  const of = (q: number) => said[q] as number;
  const median = of(quantiles.indexOf(0.5));
  if (Number.isNaN(truth - median)) return [];
  const error = Math.abs(truth - median);
  const losses = quantiles.map((quantile, q) => (truth - of(q)) * (quantile - Number(truth < of(q))));
  // An interval's score is twice the pinball loss of its ends over their quantile, by which it is weighted.
  const paired = losses.filter((_, q) => quantiles.some((other) => Math.abs(other + (quantiles[q] as number) - 1) < 1e-9));
  const within = of(0) <= truth && truth <= of(quantiles.length - 1);
  return [
    1,
    error / scale,
    error && (2 * error) / (Math.abs(truth) + Math.abs(median)),
    error ** 2,
    mean(losses),
    2 * mean(paired),
    +within,
  ];
}

export const total = (tallies: readonly Tally[]): Tally =>
  tallies.reduce((all, one) => (one.length ? one.map((value, k) => value + (all[k] ?? 0)) : all), []);

export function scoreOf(forecast: string, [count = 0, ...sums]: Tally, quantiles: readonly number[]): ForecastScore {
  const [mase = NaN, smape = NaN, square = NaN, pinball = NaN, wis = NaN, coverage = NaN] = sums.map((sum) => sum / count);
  const level = (quantiles.at(-1) as number) - (quantiles[0] as number);
  return { forecast, count, mase, smape, rmse: Math.sqrt(square), pinball, wis, coverage, level };
}

/** The mean absolute error of "as a season before", or as the step before where there are none. */
export const naiveScale = (target: Float64Array, until: number, season: number): number =>
  mean([...target.subarray(season, until)].map((value, t) => Math.abs(value - (target[t] as number))).filter((error) => error >= 0));
