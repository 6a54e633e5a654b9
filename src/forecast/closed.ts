/** Times at which a series never, or hardly ever, has numbers, such as Sundays or nights: a forecast of them would be a guess. */

import { DAY, type Grid, wallAt } from "./time.js";

/** Of a cycle of the calendar, looked at over this many of its last turns, a place is closed that has numbers in at most this share. */
const TURNS = 60;
const SELDOM = 0.1;
/** Places of a cycle, of minutes in a week at most. */
const PLACES = 10_080;

const nameOf = (date: number, part: "month" | "weekday") => new Date(date).toLocaleDateString("en", { [part]: "long", timeZone: "UTC" });

/** Day, week or year in steps of a grid, of those that have several whole ones; and where in them a row is. */
function cyclesOf(grid: Grid): { places: number; of(row: number): number }[] {
  const { ms, months, form } = grid;
  if (form === null) return [];
  if (months) return [{ places: 12 / months, of: (row: number) => Math.floor(new Date(wallAt(grid, row)).getUTCMonth() / months) }];
  // The first of January 1970 was a Thursday.
  const of = (cycle: number) => (row: number) => Math.floor(((((wallAt(grid, row) + 3 * DAY) % cycle) + cycle) % cycle) / ms);
  return [DAY, 7 * DAY].map((cycle) => ({ places: cycle / ms, of: of(cycle) }));
}

interface Numbers {
  grid: Grid;
  /** The row of the grid at which they begin. */
  start: number;
  /** NaN where there is none. */
  target: Float64Array;
}

/** The closed places of each cycle. Gaps by chance would hardly ever make one. */
function closedPlaces({ grid, start, target }: Numbers) {
  const cycles = cyclesOf(grid).filter(({ places }) => Number.isInteger(places) && places > 1 && places <= PLACES);
  return cycles.map(({ places, of }) => {
    const [all, there] = [Array(places).fill(0), Array(places).fill(0)] as [number[], number[]];
    for (let i = Math.max(0, target.length - TURNS * places); i < target.length; i++) {
      const place = of(start + i);
      all[place] = (all[place] as number) + 1;
      there[place] = (there[place] as number) + Number(!Number.isNaN(target[i]));
    }
    const seldom = all.map((n, place) => n > 2 && (there[place] as number) <= SELDOM * n);
    const sum = (list: number[]) => list.reduce((total, n, place) => total + (seldom[place] ? 0 : n), 0);
    const missing = 1 - sum(there) / sum(all);
    return { places, of, closed: seldom.map((is, place) => is && places * missing ** (all[place] as number) < 0.01) };
  });
}

/** Whether a row is closed, and a text of all that are, empty where none is. */
export function closedOf(series: Numbers): { has(row: number): boolean; text: string } {
  const { ms, months } = series.grid;
  const found = closedPlaces(series);
  const names: string[] = [];
  if (months)
    found.forEach(({ closed }) => closed.forEach((is, place) => is && names.push(nameOf(Date.UTC(1970, place * months), "month"))));
  else {
    const week = found.find(({ places }) => places * ms === 7 * DAY)?.closed ?? [];
    const day = found.find(({ places }) => places * ms === DAY)?.closed ?? [];
    const perDay = DAY / ms;
    const whole: boolean[] = [];
    for (let k = 0; k * perDay < week.length; k++) {
      whole[k] = week.slice(k * perDay, (k + 1) * perDay).every(Boolean);
      // The fifth of January 1970 was a Monday.
      if (whole[k]) names.push(`${nameOf((4 + k) * DAY, "weekday")}s`);
    }
    const clock = (place: number) => new Date(place * ms).toISOString().slice(11, 16);
    day.forEach((is, place) => {
      if (!is || day[place - 1]) return;
      const end = day.findIndex((other, k) => k > place && !other);
      names.push(`the hours from ${clock(place)} to before ${end < 0 ? "24:00" : clock(end)}`);
    });
    const others = week.filter((is, k) => is && !whole[Math.floor(k / perDay)] && !day[k % perDay]).length;
    if (others) names.push(`${others} more of the week's ${week.length} steps`);
  }
  return { has: (row) => found.some(({ of, closed }) => closed[of(row)]), text: names.join(", ") };
}
