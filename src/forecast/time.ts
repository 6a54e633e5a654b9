/** Times of rows: read from what tables have, checked to lie on a regular grid, and counted on in steps of it. */

import { fail } from "../internal.js";

/** A regular grid of times: `first` + i steps, of so many milliseconds or months. */
export interface Grid {
  /** The wall clock's time of row 0, as if it were UTC. */
  first: number;
  /** Milliseconds of a step; 0 where it is months. */
  ms: number;
  months: number;
  /** How times were written: the length of an ISO text, "date" for Date objects, "number" for milliseconds; null without times. */
  form: number | "date" | "number" | null;
  /** The time zone of instants, for the wall clock. */
  zone: string | null;
}

export const DAY = 86_400_000;
const ISO = /^(\d{4})[-/](\d\d?)(?:[-/](\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/;

/** Milliseconds, and whether they are an instant rather than what a clock on the wall shows; undefined if it is no time. */
function parse(value: unknown): readonly [ms: number, instant: boolean] | undefined {
  if (value instanceof Date || typeof value === "number") return Number.isFinite(+value) ? [+value, true] : undefined;
  const found = typeof value === "string" ? ISO.exec(value.trim()) : null;
  if (!found) return undefined;
  const [, year, month, day = "1", hour = "0", minute = "0", second = "0", offset] = found;
  const ms = Date.UTC(+(year as string), +(month as string) - 1, +day, +hour, +minute) + 1000 * +second;
  // A day that the month does not have, such as 30 February, would be one of the next month.
  if (new Date(ms).getUTCMonth() + 1 !== +(month as string) || +day < 1 || +hour > 23 || +minute > 59) return undefined;
  if (!offset || offset === "Z") return [ms, offset === "Z"];
  const sign = offset[0] === "-" ? -1 : 1;
  return [ms - sign * 60_000 * (60 * +offset.slice(1, 3) + +offset.slice(-2)), true];
}

/** What the wall clock of a zone shows at an instant, by the engine's table of zones; as if it were UTC. */
function wallClock(zone: string): (instant: number) => number {
  const digits = { year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" } as const;
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    calendar: "gregory",
    numberingSystem: "latn",
    ...digits,
  });
  return (instant) => {
    const of = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, +value])) as Record<string, number>;
    const { year, month, day, hour, minute, second } = of as Record<keyof typeof digits, number>;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (((instant % 1000) + 1000) % 1000);
  };
}

const monthOf = (ms: number) => {
  const date = new Date(ms);
  return 12 * date.getUTCFullYear() + date.getUTCMonth();
};
const dayOf = (ms: number) => new Date(ms).getUTCDate();
const isLastDay = (ms: number) => dayOf(ms + DAY) === 1;

/** The wall clock's time of a row of the grid, also one after the last. */
export function wallAt({ first, ms, months, zone }: Grid, row: number): number {
  if (months === 0) return zone && ms < DAY ? wallClock(zone)(first + row * ms) : first + row * ms;
  const month = monthOf(first) + row * months;
  const [year, own] = [Math.floor(month / 12), month % 12];
  const days = new Date(Date.UTC(year, own + 1, 0)).getUTCDate();
  return Date.UTC(year, own, isLastDay(first) ? days : Math.min(days, dayOf(first))) + (first % DAY);
}

/** The time of a row as the table writes it: a text, a Date or a number. */
export function timeAt(grid: Grid, row: number): string | Date | number {
  if (grid.form === null) return row;
  const { form, zone } = grid;
  let ms = zone && grid.ms && grid.ms < DAY ? grid.first + row * grid.ms : wallAt(grid, row);
  if (zone && !(grid.ms && grid.ms < DAY)) {
    const wall = wallClock(zone);
    for (let i = 0, goal = ms; i < 2; i++) ms += goal - wall(ms);
  }
  if (typeof form !== "number") return form === "date" ? new Date(ms) : ms;
  const text = new Date(ms).toISOString();
  return form > 16 && zone ? text : text.slice(0, Math.min(form, 19));
}

export const describeStep = ({ ms, months }: Grid) =>
  months
    ? months === 12
      ? "a year"
      : months === 1
        ? "a month"
        : `${months} months`
    : ms % DAY === 0
      ? `${ms / DAY} day(s)`
      : `${ms / 3_600_000} h`;

/**
 * The grid on which times lie, and the row of each; rows that are missing between them are gaps.
 * @param known the grid of rows before these, which go on there
 * @throws TypeError, RangeError with the row and what would be right
 */
export function readGrid(path: string, cells: ArrayLike<unknown>, zone: string | null, known?: Grid): { grid: Grid; rows: number[] } {
  let instants = false;
  const shown = zone ? wallClock(zone) : undefined;
  const times = Array.from(cells, (value, row) => {
    const parsed = parse(value);
    if (!parsed)
      fail(
        typeof value === "string" ? RangeError : TypeError,
        `${path}, row ${row}`,
        'a time such as "2024-05-31" or "2024-05-31T06:00:00Z"',
        value,
      );
    instants ||= parsed[1];
    return parsed[0];
  });
  const show = (ms: number) => new Date(ms).toISOString().replace("T00:00:00.000Z", "");
  for (let row = 1; row < times.length; row++) {
    const [before, now] = [times[row - 1] as number, times[row] as number];
    if (now <= before)
      fail(
        RangeError,
        `${path}, row ${row}`,
        `a time after that of row ${row - 1} (${show(before)}): ${now === before ? "each time once" : "rows in the order of time"}`,
        cells[row],
      );
  }
  if (times.length < 2 && !known) fail(RangeError, path, "at least two rows", cells);
  const walls = shown && instants ? times.map(shown) : times;
  const grid = known ?? gridOf(cells, times, walls, instants ? zone : null);
  const list = grid.ms && grid.ms < DAY ? times : walls;
  const rows = list.map((time, row) => {
    const at = grid.months ? (monthOf(time) - monthOf(grid.first)) / grid.months : (time - grid.first) / grid.ms;
    const near = Math.round(at);
    const off = grid.months ? near !== at || dayOf(time) !== dayOf(wallAt(grid, near)) : Math.abs(at - near) > 0.01;
    if (off)
      fail(
        RangeError,
        `${path}, row ${row}`,
        `a time on the grid of ${describeStep(grid)}, such as ${show(wallAt(grid, near))}`,
        cells[row],
      );
    return near;
  });
  return { grid, rows };
}

function gridOf(cells: ArrayLike<unknown>, times: number[], walls: number[], zone: string | null): Grid {
  const first = cells[0];
  const form = first instanceof Date ? "date" : typeof first === "number" ? "number" : (first as string).trim().length;
  const median = (list: number[]) =>
    list
      .slice(1)
      .map((time, i) => time - (list[i] as number))
      .sort((a, b) => a - b)[(list.length - 2) >> 1] as number;
  const ms = median(times);
  if (ms < 23 * 3_600_000) return { first: times[0] as number, ms, months: 0, form, zone };
  const days = Math.round(ms / DAY);
  // Months, quarters and years are no number of days.
  const months = days < 28 ? 0 : Math.round(days / 30.44);
  const monthly =
    months > 0 &&
    walls.every(
      (time) =>
        dayOf(time) === dayOf(walls[0] as number) ||
        (isLastDay(time) && dayOf(time) < dayOf(walls[0] as number)) ||
        isLastDay(walls[0] as number),
    );
  return { first: walls[0] as number, ms: monthly ? 0 : median(walls), months: monthly ? months : 0, form, zone };
}
