/** The forecasts that any other must beat. Each knows all rows up to its origin, Holt-Winters' parameters those before `until`. */

import { fitSmoothing, Smoother } from "./smoothing.js";

/** Writes the forecasts of the steps after each row, one row after the other. */
export type Baseline = readonly [name: string, at: (row: number, to: Float64Array) => void];

/** Longer seasons have too many places to be smoothed. */
export const LONGEST = 200;

export function baselinesOf(target: Float64Array, until: number, seasons: readonly number[], horizon: number): Baseline[] {
  // The last value there is, and where.
  let [first, last, seen] = [-1, -1, 0];
  const drift: Baseline = [
    "drift",
    (row, to) => {
      if (!Number.isNaN(target[row])) {
        if (first < 0) first = row;
        [last, seen] = [row, seen + 1];
      }
      const slope = seen > 1 ? ((target[last] as number) - (target[first] as number)) / (last - first) : 0;
      for (let h = 0; h < horizon; h++) to[h] = seen ? (target[last] as number) + slope * (row - last + h + 1) : NaN;
    },
  ];
  const lengths = [...new Set(seasons.map(Math.round))].filter((season) => season < until);
  const bySeason = lengths.flatMap((season): Baseline[] => {
    const [latest, sums, counts] = [new Float64Array(season).fill(NaN), new Float64Array(season), new Float64Array(season)];
    const take = (row: number) => {
      const [value, place] = [target[row] as number, row % season];
      if (Number.isNaN(value)) return;
      latest[place] = value;
      sums[place] = (sums[place] as number) + value;
      counts[place] = (counts[place] as number) + 1;
    };
    const fill = (of: (place: number) => number) => (row: number, to: Float64Array) => {
      for (let h = 0; h < horizon; h++) to[h] = of((row + 1 + h) % season);
    };
    const [naive, mean] = [fill((place) => latest[place] as number), fill((place) => (sums[place] as number) / (counts[place] as number))];
    return [
      [
        `seasonal naive (${season})`,
        (row, to) => {
          take(row);
          naive(row, to);
        },
      ],
      // It shares what the naive one has taken, row by row, right before it.
      [`seasonal mean (${season})`, mean],
    ];
  });
  const season = lengths.find((length) => length <= LONGEST && 2 * length <= until) ?? 0;
  const known = target.subarray(0, until);
  const smoother = new Smoother(fitSmoothing([known], season, horizon), known);
  const smoothing: Baseline = [
    season ? `Holt-Winters (${season})` : "Holt",
    (row, to) => {
      smoother.step(target[row] as number);
      smoother.forecast(to, 0, horizon);
    },
  ];
  return [...bySeason, drift, smoothing];
}
