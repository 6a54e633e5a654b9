/** A table as a series: its target and columns on a regular grid of times, NaN and null where something is missing. */

import type { Value } from "../index.js";
import { arrayLike, fail, finite, isRecord } from "../internal.js";
import type { Checked } from "./options.js";
import { type Grid, isDate, readGrid, timeAt } from "./time.js";

export interface Series {
  grid: Grid;
  /** The row of the grid at which it begins; steps count from there. */
  start: number;
  length: number;
  target: Float64Array;
  /** Of the columns that are past or known, by name. Known ones may be longer. */
  columns: Record<string, Value[]>;
  fixed: Record<string, Value>;
}

/** Columns of equal lengths by name, or rows of objects. */
export type ForecastTable = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];

/** The columns of a table; one that is a single value stands for all rows. */
function columnsOf(
  path: string,
  table: unknown,
): {
  rows: number;
  /** Of each column its first cell. */
  first: [name: string, cell: unknown][];
  has(name: string): boolean;
  column(name: string): ArrayLike<unknown>;
} {
  if (Array.isArray(table)) {
    table.forEach((row, i) => isRecord(row) || fail(TypeError, `${path}, row ${i}`, "an object", row));
    const first = Object(table[0]) as Record<string, unknown>;
    return {
      rows: table.length,
      first: Object.entries(first),
      has: (name) => name in first,
      column: (name) => table.map((row) => row[name]),
    };
  }
  if (!isRecord(table)) return fail(TypeError, path, "columns by name, or rows of objects", table);
  const lists = Object.values(table).filter((list) => Array.isArray(list) || ArrayBuffer.isView(list)) as unknown as ArrayLike<unknown>[];
  const rows = lists[0]?.length ?? 0;
  return {
    rows,
    first: Object.entries(table).map(([name, list]) => [name, Object(list)[0]]),
    has: (name) => name in table,
    column: (name) => {
      const own = table[name];
      const list = typeof own === "object" ? arrayLike(`${path}.${name}`, own, "an array or a typed array") : Array(rows).fill(own);
      return list.length === rows ? list : fail(RangeError, `${path}.${name}`, `${rows} rows, as many as the others have`, list);
    },
  };
}

const isGap = (value: unknown) => value === null || value === undefined || value === "" || Number.isNaN(value);

function cellOf(path: string, value: unknown): Value {
  if (isGap(value)) return null;
  if (typeof value === "boolean") return Number(value);
  const wrong = typeof value === "number" && finite(value);
  if (wrong) return fail(RangeError, path, `${wrong}, or null for a gap`, value);
  return typeof value === "number" || typeof value === "string"
    ? value
    : fail(TypeError, path, "a number, a label, or null for a gap", value);
}

/**
 * A table on its grid.
 * @param known the grid of rows before these
 * @param after the row at which those begin that have no times
 */
function gridded(path: string, table: unknown, o: Checked, known?: Grid, after?: number) {
  const { rows: count, first, has, column } = columnsOf(path, table);
  if (count === 0) fail(RangeError, path, "an array of at least one row, or columns that are such arrays", table);
  const listOf = (name: string) => (has(name) ? column(name) : fail(RangeError, `${path}.${name}`, "a column of the table", undefined));
  const used = [o.target, ...o.past, ...o.known, ...o.static];
  const free = first.filter(([name]) => !used.includes(name));
  const named = o.time ?? ["time", "date"].find(has) ?? free.find(([name]) => /^(time|date)$/i.test(name))?.[0];
  const time = named ?? (known?.form ? "date" : undefined);
  // Rows would be numbered, without a word, beside times of another name.
  const [dates, date] = (!named && !known && free.find(([, cell]) => isDate(cell))) || [];
  if (dates) fail(RangeError, `${path}.${dates}`, `the option time: "${dates}" for a column of dates, or to be left out`, date);
  const timed = time !== undefined && known?.form !== null && (after === undefined || has(time));
  const { grid, rows } = timed
    ? readGrid(`${path}.${time}`, listOf(time), o.timeZone ?? null, known)
    : {
        grid: known ?? { first: 0, ms: 1, months: 0, form: null, zone: null },
        rows: Array.from({ length: count }, (_, i) => (after ?? 0) + i),
      };
  const start = rows[0] as number;
  const length = (rows.at(-1) as number) - start + 1;
  if (length > 20 * count + 100) fail(RangeError, `${path}.${time}`, "rows at most of which are there", `${count} rows of ${length}`);
  /** The cells of a column, null where there are no rows. */
  const cells = (name: string, check: (at: string, value: Value) => void = () => {}): Value[] => {
    const all: Value[] = Array(length).fill(null);
    const list = listOf(name);
    rows.forEach((row, i) => {
      const at = `${path}.${name}, row ${i}`;
      check(at, (all[row - start] = cellOf(at, list[i])));
    });
    return all;
  };
  return { grid, start, length, count, cells };
}

export function readSeries(path: string, table: unknown, o: Checked, known?: Grid, after?: number): Series {
  const { grid, start, length, cells } = gridded(path, table, o, known, after);
  const goals = cells(o.target, (at, value) => {
    if (typeof value === "string") fail(TypeError, at, "a number, or null for a gap", value);
    if (o.transform !== "none" && value !== null && !((value as number) > 0))
      fail(RangeError, at, `a positive number, for transform "${o.transform}"`, value);
  }) as (number | null)[];
  const constant = (name: string) => {
    let first: Value | undefined;
    cells(name, (at, value) => {
      if (value !== (first ??= value)) fail(RangeError, at, `${first}, as in row 0: a static column does not change`, value);
    });
    return first ?? null;
  };
  /** A word among numbers would make labels of them all. */
  const alike = (name: string) => {
    let numbers: boolean | undefined;
    return cells(name, (at, value) => {
      const is = typeof value === "number";
      if (value !== null && is !== (numbers ??= is)) fail(TypeError, at, `a ${is ? "label" : "number"}, as in the rows before`, value);
    });
  };
  return {
    grid,
    start,
    length,
    target: Float64Array.from(goals, (value) => value ?? NaN),
    columns: Object.fromEntries([...o.past, ...o.known].map((name) => [name, alike(name)])),
    fixed: Object.fromEntries(o.static.map((name) => [name, constant(name)])),
  };
}

/** The rows of a series from one to another. */
export function partOf(series: Series, from: number, to: number): Series {
  const columns = Object.fromEntries(Object.entries(series.columns).map(([name, cells]) => [name, cells.slice(from, to)]));
  return { ...series, start: series.start + from, length: to - from, target: series.target.slice(from, to), columns };
}

/** A series followed by another, which begins after it ends. */
export function joined(path: string, series: Series, more: Series): Series {
  const gap = more.start - series.start - series.length;
  if (gap < 0)
    fail(
      RangeError,
      `${path}, row 0`,
      `a time after the last one so far, ${timeAt(series.grid, more.start - gap - 1)}`,
      timeAt(more.grid, more.start),
    );
  const length = series.length + gap + more.length;
  const target = new Float64Array(length).fill(NaN);
  target.set(series.target);
  target.set(more.target, length - more.length);
  const columns = Object.fromEntries(
    Object.entries(series.columns).map(([name, cells]) => [
      name,
      [...cells.slice(0, series.length), ...Array(gap).fill(null), ...(more.columns[name] as Value[])],
    ]),
  );
  return { ...series, length, target, columns };
}

/** The series with what is known of the next steps. @param isOmitted whether a row need not be known */
export function withKnown(series: Series, known: unknown, o: Checked, isOmitted: (row: number) => boolean): Series {
  if (o.known.length === 0) return series;
  const end = series.start + series.length;
  const expected = `the columns ${o.known.join(", ")} of the next ${o.horizon} rows`;
  if (known === undefined) return fail(TypeError, "known", expected, known);
  const { start, length, count, cells } = gridded("known", known, o, series.grid, end);
  for (let row = end; row < end + o.horizon; row++)
    if ((row < start || row >= start + length) && !isOmitted(row))
      fail(RangeError, "known", `${expected}, also of ${timeAt(series.grid, row)}`, `${count} rows`);
  const next = (name: string) => cells(name).slice(end - start, end - start + o.horizon);
  const columns = o.known.map((name) => [name, [...(series.columns[name] as Value[]).slice(0, series.length), ...next(name)]]);
  return { ...series, columns: { ...series.columns, ...Object.fromEntries(columns) } };
}
