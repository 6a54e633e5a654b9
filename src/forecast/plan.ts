/** The plan that all series of a forecaster share: seasons, the kinds of columns, the transform. Plain data, saved with it. */

import type { Value } from "../index.js";
import { fail, listed } from "../internal.js";
import type { Smoothing } from "./smoothing.js";
import { DAY, type Grid, span, wallAt } from "./time.js";

/** A column of numbers with their mean and deviation, or of labels. */
export type Kind = { mean: number; deviation: number } | { labels: Value[] };

export interface Plan {
  grid: Grid;
  seasons: number[];
  /** Harmonics of each season in the regression. */
  harmonics: number[];
  smoothing: Smoothing;
  kinds: Record<string, Kind>;
  /** Box-Cox's exponent; 0 is the logarithm, 1 none. */
  lambda: number;
}

/** Day, week and year of a grid, in its steps. */
const cyclesOf = ({ ms, months, form }: Grid) =>
  form === null ? [] : months ? [12 / months] : [DAY / ms, (7 * DAY) / ms, (365.25 * DAY) / ms];

/** The seasons that times suggest, of those that are at most half as long as the series. */
export function seasonsOf(grid: Grid, length: number): number[] {
  const fit = cyclesOf(grid).filter((cycle) => cycle >= 2 && 2 * cycle <= length);
  return fit.length > 2 ? fit.slice(0, 2) : fit;
}

/** The season of the naive forecast, "as a season before"; 1, "as the step before", where there is none. */
export const seasonOf = ({ seasons: [season = 1] }: Plan): number => Math.round(season);

const cycleAt = (grid: Grid, season: number) => {
  const cycle = cyclesOf(grid).findIndex((length) => Math.abs(season / length - 1) < 0.005);
  return cycle === 0 && grid.months ? 2 : cycle;
};
/** A season in words. */
export const seasonText = (grid: Grid, season: number) => ["day", "week", "year"][cycleAt(grid, season)] ?? span(grid, season);

/** The place of a row in a season, in turns; by the calendar where the season is a day, a week or a year of it. */
export function phaseAt(grid: Grid, season: number, row: number): number {
  const kind = cycleAt(grid, season);
  if (kind < 0) return row / season;
  const wall = wallAt(grid, row);
  if (kind === 0) return wall / DAY;
  // The first of January 1970 was a Thursday.
  if (kind === 1) return wall / (7 * DAY) + 3 / 7;
  const year = new Date(wall).getUTCFullYear();
  const [from, to] = [Date.UTC(year, 0), Date.UTC(year + 1, 0)];
  return grid.months ? new Date(wall).getUTCMonth() / 12 : (wall - from) / (to - from);
}

/** Of each column its labels, or the mean and deviation of its numbers, in one pass over many series. */
export class Kinds {
  readonly #of = new Map<string, { labels: Set<Value>; n: number; mean: number; square: number }>();

  add(name: string, cells: readonly Value[]): void {
    const own = this.#of.get(name) ?? { labels: new Set<Value>(), n: 0, mean: 0, square: 0 };
    this.#of.set(name, own);
    for (const cell of cells) {
      if (typeof cell === "string") own.labels.add(cell);
      if (typeof cell !== "number") continue;
      const delta = cell - own.mean;
      own.mean += delta / ++own.n;
      own.square += delta * (cell - own.mean);
    }
  }

  done(): Record<string, Kind> {
    return Object.fromEntries(
      [...this.#of].map(([name, { labels, n, mean, square }]) => {
        if (labels.size > 0 && n > 0) fail(TypeError, `table.${name}`, "numbers or labels, not both", [...labels][0]);
        if (labels.size === 0 && n === 0) fail(RangeError, `table.${name}`, "a value that is no gap", null);
        return [name, labels.size > 0 ? { labels: [...labels].sort() } : { mean, deviation: Math.sqrt(square / n) || 1 }];
      }),
    );
  }
}

/** The number of a cell: standardised, or the index of its label; NaN for a gap. @throws TypeError, RangeError for what was not learned from */
export function encoded(name: string, row: number, kind: Kind, cell: Value): number {
  const wrong = (type: TypeErrorConstructor | RangeErrorConstructor, expected: string) =>
    fail(type, `table.${name}, row ${row}`, expected, cell);
  if (cell === null) return NaN;
  if ("labels" in kind) {
    const index = kind.labels.indexOf(cell);
    return index < 0 ? wrong(RangeError, `a label that was learned (${listed(kind.labels as string[])}), or null for a gap`) : index;
  }
  return typeof cell === "number" ? (cell - kind.mean) / kind.deviation : wrong(TypeError, "a number, as was learned from");
}
