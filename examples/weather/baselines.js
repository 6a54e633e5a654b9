/** What a forecast must beat. Both know every year before the one that they forecast, with the same holes. */

import { dayOfYear } from "./weather.js";

/** The quantile q of numbers, between two of them where it falls there; NaN is left out. */
function quantileOf(numbers, q) {
  const sorted = Float64Array.from(numbers.filter((number) => !Number.isNaN(number))).sort();
  const at = (sorted.length - 1) * q;
  const below = Math.floor(at);
  return sorted[below] + (at - below) * ((sorted[below + 1] ?? 0) - sorted[below] || 0);
}

/** Quantiles of all days of the years before that lie within `around` days of the same day of the year. */
export function climatology(series, from, quantiles, around) {
  const known = dayOfYear.slice(0, from);
  const ofDay = Array.from({ length: 366 }, (_, day) => {
    const near = [...series.slice(0, from)].filter((_, t) => Math.min(Math.abs(known[t] - day), 365 - Math.abs(known[t] - day)) <= around);
    return quantiles.map((q) => quantileOf(near, q));
  });
  return (day) => ofDay[dayOfYear[day]];
}

/**
 * The last value seen `season` days or a multiple of them before, plus quantiles of the errors that this made in the years before, for
 * each step ahead. `season: 365` is the same day of the last year, 7 of the last week, 1 is today.
 */
export function seasonalNaive(series, from, quantiles, horizon, season) {
  const seen = (day) => {
    while (Number.isNaN(series[day])) day--;
    return series[day];
  };
  const naive = (day, ahead) => seen(day - season * Math.ceil(ahead / season));
  const spread = Array.from({ length: horizon }, (_, i) => {
    const errors = Array.from(
      { length: from - season - horizon },
      (_, t) => series[t + season + horizon] - naive(t + season + horizon, i + 1),
    );
    return quantiles.map((q) => quantileOf(errors, q));
  });
  return (day, ahead) => spread[ahead - 1].map((error) => naive(day, ahead) + error);
}
