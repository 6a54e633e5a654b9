/** The forecasts that any other must beat. Each knows all rows up to its origin, Holt-Winters' parameters those before `until`. */

import { fitSmoothing, Smoother } from "./smoothing.js";

/** The forecast of a step after a row, from 0. */
export type Baseline = readonly [name: string, at: (row: number, step: number) => number];

/** Longer seasons have too many places to be smoothed. */
export const LONGEST = 200;

/** At each row what was carried there from `every` rows before; gaps change nothing. */
function carriedOf(target: Float64Array, every: number, start: number, next: (before: number, value: number, row: number) => number) {
  const all: number[] = [];
  target.forEach((value, row) => all.push(Number.isNaN(value) ? (all[row - every] ?? start) : next(all[row - every] ?? start, value, row)));
  return (row: number) => all[row] as number;
}

/** The last row that is at the same place in the season, of those that are known. */
const same = (season: number, row: number, step: number) => row + 1 + step - season * Math.ceil((1 + step) / season);

/** The value of a season before, or the last one where the season is 1. */
export function naive(target: Float64Array, season: number): Baseline[1] {
  const latest = carriedOf(target, season, NaN, (_, value) => value);
  return (row, step) => latest(same(season, row, step));
}

export function baselinesOf(target: Float64Array, until: number, seasons: readonly number[], horizon: number): Baseline[] {
  const carried = (every: number, start: number, next: (before: number, value: number, row: number) => number) =>
    carriedOf(target, every, start, next);
  const lengths = [...new Set(seasons.map(Math.round))].filter((season) => season < until);
  const bySeason = lengths.flatMap((season): Baseline[] => {
    const sum = carried(season, 0, (before, value) => before + value);
    const count = carried(season, 0, (before) => before + 1);
    return [
      [`seasonal naive (${season})`, naive(target, season)],
      [
        `seasonal mean (${season})`,
        (row, step) => {
          const place = same(season, row, step);
          return sum(place) / count(place);
        },
      ],
    ];
  });
  const first = target.findIndex((value) => !Number.isNaN(value));
  const value = naive(target, 1);
  const when = carried(1, NaN, (_, __, row) => row);
  const slope = (row: number) => (value(row, 0) - (target[first] as number)) / (when(row) - first || 1);
  const season = lengths.find((length) => length <= LONGEST && 2 * length <= until) ?? 0;
  const known = target.subarray(0, until);
  const smoother = new Smoother(fitSmoothing([known], season, horizon), known);
  const smoothed = new Float64Array(target.length * horizon);
  target.forEach((value, row) => {
    smoother.step(value);
    smoother.forecast(smoothed, row * horizon, horizon);
  });
  return [
    ...bySeason,
    ["drift", (row, step) => value(row, 0) + slope(row) * (row - when(row) + step + 1)],
    [season ? `Holt-Winters (${season})` : "Holt", (row, step) => smoothed[row * horizon + step] as number],
  ];
}
