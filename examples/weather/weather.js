/** Seattle's weather of 2012 to 2015, day by day, as columns, with holes punched into what was measured. */

import { readFileSync } from "node:fs";

const file = new URL("data/seattle-weather.csv", new URL("../", import.meta.resolve("vega-datasets")));
const days = readFileSync(file, "utf8")
  .trim()
  .split("\n")
  .slice(1)
  .map((line) => line.split(","));
const dates = days.map(([date]) => new Date(date));

/** Days since the year began. */
export const dayOfYear = dates.map((date) => Math.floor((date - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000));
const season = (wave) => Float32Array.from(dayOfYear, (day) => wave((2 * Math.PI * day) / 365.25));

/** The first day of a year. */
export const start = (year) => dates.findIndex((date) => date.getUTCFullYear() === year);

/** The highest temperatures as they were, to compare with. */
export const truth = Float32Array.from(days, ([, , high]) => Number(high));

/** The table without a `share` of what was measured. */
export function weather(seed, share = 0.05) {
  // A small generator of random numbers, mulberry32: the same seed punches the same holes everywhere.
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const measured = (column) => Float32Array.from(days, (day) => (random() < share ? NaN : Number(day[column])));
  return {
    rain: measured(1),
    high: measured(2),
    low: measured(3),
    wind: measured(4),
    sky: days.map((day) => (random() < share ? null : day[5])),
    weekday: Uint8Array.from(dates, (date) => date.getUTCDay()),
    sin: season(Math.sin),
    cos: season(Math.cos),
  };
}

/** Some days of the table. */
export const part = (table, from, to) => Object.fromEntries(Object.entries(table).map(([name, list]) => [name, list.slice(from, to)]));
