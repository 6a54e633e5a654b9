/** Times of rows: read from what tables have, checked to lie on a regular grid, and counted on in steps of it. */

import { fail } from "../internal.js";

/** A regular grid of times: `first` + i steps, of so many milliseconds or months. */
export interface Grid {
  /** Row 0: what a clock on the wall shows, as if it were UTC; the instant where steps are shorter than a day. */
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
const HOUR = DAY / 24;
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

export const isDate = (value: unknown) => typeof value !== "number" && parse(value) !== undefined;

const clocks = new Map<string, Intl.DateTimeFormat>();
const UNITS = ["year", "month", "day", "hour", "minute", "second"] as const;

/** The time that a zone's wall clock shows at an instant, by the engine's table of zones; as if it were UTC. */
function wallClock(zone: string, instant: number): number {
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
      timeZone: zone,
      hourCycle: "h23",
      ...(Object.fromEntries(UNITS.map((unit) => [unit, "numeric"])) as Record<(typeof UNITS)[number], "numeric">),
    });
  clocks.set(zone, clock);
  const parts = clock.formatToParts(instant);
  const [year, month, ...rest] = UNITS.map((unit) => +(parts.find(({ type }) => type === unit)?.value as string)) as [number, number];
  return Date.UTC(year, month - 1, ...rest) + (((instant % 1000) + 1000) % 1000);
}

const monthOf = (ms: number) => {
  const date = new Date(ms);
  return 12 * (date.getUTCFullYear() - 1970) + date.getUTCMonth();
};
const dayOf = (ms: number) => new Date(ms).getUTCDate();
const isLastDay = (ms: number) => dayOf(ms + DAY) === 1;
/** Whether rows are equal steps of instants, rather than of what the wall clock shows. */
const isShort = ({ ms, months }: Pick<Grid, "ms" | "months">) => months === 0 && ms < DAY;

/** A row of the grid, also one after the last, as `first` is. */
function at({ first, ms, months }: Grid, row: number): number {
  if (months === 0) return first + row * ms;
  const month = monthOf(first) + row * months;
  const last = dayOf(Date.UTC(1970, month + 1, 0));
  return Date.UTC(1970, month, isLastDay(first) ? last : Math.min(last, dayOf(first))) + (first % DAY);
}

/** The wall clock's time of a row of the grid. */
export function wallAt(grid: Grid, row: number): number {
  const time = at(grid, row);
  return grid.zone && isShort(grid) ? wallClock(grid.zone, time) : time;
}

/** The time of a row as the table writes it: a text, a Date or a number. */
export function timeAt(grid: Grid, row: number): string | Date | number {
  const { form, zone } = grid;
  if (form === null) return row;
  const goal = at(grid, row);
  let ms = goal;
  if (zone && !isShort(grid)) for (let i = 0; i < 2; i++) ms += goal - wallClock(zone, ms);
  if (form === "date") return new Date(ms);
  if (form === "number") return ms;
  const text = new Date(ms).toISOString();
  return form > 16 && zone ? text : text.slice(0, Math.min(form, 19));
}

/** A time in words. */
export const shown = (ms: number) => new Date(ms).toISOString().replace(/(T00:00)?:00.000Z$/, "");
export const shownAt = (grid: Grid, row: number) => shown(at(grid, row));

export const counted = (n: number, word: string) => `${n} ${word}${n === 1 ? "" : "s"}`;
const UNITS_OF_STEPS = [
  [7 * DAY, "week"],
  [DAY, "day"],
  [HOUR, "hour"],
  [60_000, "minute"],
  [1000, "second"],
  [1, "millisecond"],
] as const;

/** So many steps in words: "28 days", "8 steps of 15 minutes". */
export function span({ ms, months, form }: Grid, steps: number): string {
  if (form === null) return counted(steps, "row");
  const [whole, word] = months
    ? months % 12
      ? ([1, "month"] as const)
      : ([12, "year"] as const)
    : (UNITS_OF_STEPS.find(([unit]) => ms % unit === 0 || unit === 1) as (typeof UNITS_OF_STEPS)[number]);
  const count = (months || ms) / whole;
  return steps === 1 || count === 1 ? counted(steps * count, word) : `${counted(steps, "step")} of ${counted(count, word)}`;
}

/**
 * The grid on which times lie, and the row of each; rows that are missing between them are gaps.
 * @param known the grid of rows before these, which go on there
 * @throws TypeError, RangeError with the row and what would be right
 */
export function readGrid(path: string, cells: ArrayLike<unknown>, zone: string | null, known?: Grid): { grid: Grid; rows: number[] } {
  const wrong = (row: number, expected: string) => fail(RangeError, `${path}, row ${row}`, expected, cells[row]);
  let instants = false;
  let before = -Infinity;
  const times = Array.from(cells, (value, row) => {
    const [now, instant] =
      parse(value) ??
      fail(
        typeof value === "string" ? RangeError : TypeError,
        `${path}, row ${row}`,
        'a time such as "2024-05-31" or "2024-05-31T06:00:00Z"',
        value,
      );
    if (now <= before)
      wrong(
        row,
        `a time after that of row ${row - 1} (${shown(before)}): ${now < before ? "rows in the order of time" : "each time once"}`,
      );
    instants ||= instant;
    before = now;
    return now;
  });
  if (times.length < 2 && !known) fail(RangeError, path, "at least two rows", cells);
  const walls = zone && instants ? times.map((time) => wallClock(zone, time)) : times;
  const grid = known ?? gridOf(cells[0], times, walls, instants ? zone : null);
  const { first, ms, months } = grid;
  const rows = (isShort(grid) ? times : walls).map((time, row) => {
    const place = months ? (monthOf(time) - monthOf(first)) / months : (time - first) / ms;
    const near = Math.round(place);
    if (months ? near !== place || dayOf(time) !== dayOf(at(grid, near)) : Math.abs(near - place) > 0.01)
      wrong(row, `a time on the grid of ${span(grid, 1)}, such as ${shownAt(grid, near)}`);
    return near;
  });
  return { grid, rows };
}

function gridOf(cell: unknown, times: number[], walls: number[], zone: string | null): Grid {
  const form = typeof cell === "number" ? "number" : typeof cell === "string" ? cell.trim().length : "date";
  const stepsOf = (list: number[]) =>
    list
      .slice(1)
      .map((time, i) => time - (list[i] as number))
      .sort((a, b) => a - b);
  const step = (list: number[]) => {
    const steps = stepsOf(list);
    return steps[(steps.length - 1) >> 1] as number;
  };
  /** Steps that often differ, such as of Mondays, Wednesdays and Fridays, may all be whole days or hours. */
  const common = (list: number[]) => {
    const [steps, most] = [stepsOf(list), step(list)];
    const unit = [DAY, HOUR].find((unit) => most <= 14 * unit && steps.every((each) => each % unit === 0));
    return unit && steps.filter((each) => each % most).length > steps.length / 10 ? unit : most;
  };
  const ms = step(times);
  if (ms < 23 * HOUR) return { first: times[0] as number, ms: common(times), months: 0, form, zone };
  const [first] = walls as [number];
  // Months, quarters and years are no number of days.
  const months = ms < 27.5 * DAY ? 0 : Math.round(ms / DAY / 30.44);
  const monthly =
    isLastDay(first) || walls.every((time) => dayOf(time) === dayOf(first) || (isLastDay(time) && dayOf(time) < dayOf(first)));
  return months && monthly ? { first, ms: 0, months, form, zone } : { first, ms: common(walls), months: 0, form, zone };
}
