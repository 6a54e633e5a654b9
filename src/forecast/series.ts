/** A table as a series: its target and columns on a regular grid of times, NaN and null where something is missing. */

import type { Value } from "../index.js";
import { arrayLike, fail, finite, isRecord } from "../internal.js";
import type { Checked } from "./options.js";
import { type Grid, readGrid, timeAt } from "./time.js";

export interface Series {
  grid: Grid;
  /** The row of the grid at which it begins; steps count from there. */
  start: number;
  length: number;
  target: Float64Array;
  /** Of the columns that are past or known, by name. Known ones may be longer. */
  columns: Record<string, Value[]>;
  fixed: Record<string, Value>;
  /** Rows between the first and the last that the table does not have. */
  absent: number;
}

/** Columns of equal lengths by name, or rows of objects. */
export type ForecastTable = Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];

/** The columns of a table; one that is a single value stands for all rows. */
export function columnsOf(
  path: string,
  table: unknown,
): { column(name: string): ArrayLike<unknown>; has(name: string): boolean; rows: number } {
  if (Array.isArray(table)) {
    const rowAt = (row: unknown, i: number) => (isRecord(row) ? row : fail(TypeError, `${path}, row ${i}`, "an object", row));
    return {
      rows: table.length,
      has: (name) => table.length > 0 && name in rowAt(table[0], 0),
      column: (name) => table.map((row, i) => rowAt(row, i)[name]),
    };
  }
  if (!isRecord(table)) return fail(TypeError, path, "columns by name, or rows of objects", table);
  const lists = Object.values(table).filter((list) => Array.isArray(list) || ArrayBuffer.isView(list)) as unknown as ArrayLike<unknown>[];
  const rows = lists[0]?.length ?? 0;
  return {
    rows,
    has: (name) => name in table,
    column: (name) => {
      const own = table[name];
      const alone = typeof own !== "object" && own !== undefined;
      const list = alone ? Array(rows).fill(own) : arrayLike(`${path}.${name}`, own, "an array or a typed array");
      return list.length === rows ? list : fail(RangeError, `${path}.${name}`, `${rows} rows, as many as the others have`, list);
    },
  };
}

const isGap = (value: unknown) => value === null || value === undefined || value === "" || Number.isNaN(value);

function cellOf(path: string, value: unknown): Value {
  if (isGap(value)) return null;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "number" && finite(value)) return fail(RangeError, path, "a finite number, or null for a gap", value);
  return typeof value === "number" || typeof value === "string"
    ? value
    : fail(TypeError, path, "a number, a label, or null for a gap", value);
}

/** The cells of a column, in rows of the grid. */
export function spread(path: string, list: ArrayLike<unknown>, rows: readonly number[], start: number, length: number): Value[] {
  const cells: Value[] = Array(length).fill(null);
  rows.forEach((row, i) => (cells[row - start] = cellOf(`${path}, row ${i}`, list[i])));
  return cells;
}

export function readSeries(path: string, table: unknown, o: Checked, known?: Grid): Series {
  const given = columnsOf(path, table);
  if (given.rows === 0) fail(RangeError, path, "at least one row", table);
  const time = o.time ?? ["time", "date"].find(given.has);
  const column = (name: string) =>
    given.has(name) ? given.column(name) : fail(RangeError, `${path}.${name}`, "a column of the table", undefined);
  const none: Grid = { first: 0, ms: 1, months: 0, form: null, zone: null };
  const { grid, rows } =
    time !== undefined && known?.form !== null
      ? readGrid(`${path}.${time}`, column(time), o.timeZone ?? null, known)
      : { grid: none, rows: Array.from({ length: given.rows }, (_, row) => row) };
  const [start, last] = [rows[0] as number, rows.at(-1) as number];
  const length = last - start + 1;
  if (length > 20 * rows.length + 100)
    fail(RangeError, `${path}.${time}`, "rows at most of which are there", `${rows.length} rows of ${length}`);
  const target = new Float64Array(length).fill(NaN);
  const goals = column(o.target);
  rows.forEach((row, i) => {
    const at = `${path}.${o.target}, row ${i}`;
    const value = cellOf(at, goals[i]);
    if (typeof value === "string") fail(TypeError, at, "a number, or null for a gap", value);
    if (o.transform !== "none" && value !== null && !((value as number) > 0))
      fail(RangeError, at, `a positive number, for transform "${o.transform}"`, value);
    target[row - start] = (value as number | null) ?? NaN;
  });
  const columns = Object.fromEntries(
    [...o.past, ...o.known].map((name) => [name, spread(`${path}.${name}`, column(name), rows, start, length)]),
  );
  const fixed = Object.fromEntries(
    o.static.map((name) => {
      const list = column(name);
      const value = cellOf(`${path}.${name}, row 0`, list[0]);
      for (let i = 1; i < list.length; i++)
        if (cellOf(`${path}.${name}, row ${i}`, list[i]) !== value)
          fail(RangeError, `${path}.${name}, row ${i}`, `${value}, as in row 0: a static column does not change`, list[i]);
      return [name, value];
    }),
  );
  return { grid, start, length, target, columns, fixed, absent: length - rows.length };
}

/** The rows of a series from one to another. */
export function partOf(series: Series, from: number, to: number): Series {
  const columns = Object.fromEntries(Object.entries(series.columns).map(([name, cells]) => [name, cells.slice(from, to)]));
  return { ...series, start: series.start + from, length: to - from, target: series.target.slice(from, to), columns };
}

/** A series followed by another, which begins after it ends. */
export function joined(path: string, series: Series, more: Series): Series {
  const gap = more.start - series.start - series.length;
  if (gap < 0) fail(RangeError, `${path}, row 0`, "a time after the last one so far", "an earlier one");
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
  return { ...series, length, target, columns, absent: series.absent + gap + more.absent };
}

/** The series with what is known of the next steps. */
export function withKnown(series: Series, known: unknown, o: Checked): Series {
  if (o.known.length === 0) return series;
  const end = series.start + series.length;
  const expected = `the columns ${o.known.join(", ")} of the next ${o.horizon} rows`;
  if (known === undefined) return fail(TypeError, "known", expected, known);
  const table = columnsOf("known", known);
  const time = o.time ?? ["time", "date"].find(table.has);
  const rows =
    time !== undefined && table.has(time) && series.grid.form !== null
      ? readGrid(`known.${time}`, table.column(time), o.timeZone ?? null, series.grid).rows
      : Array.from({ length: table.rows }, (_, i) => end + i);
  const there = rows.filter((row) => row >= end && row < end + o.horizon);
  if (new Set(there).size < o.horizon) {
    const missing = Array.from({ length: o.horizon }, (_, h) => end + h).find((row) => !there.includes(row)) as number;
    fail(RangeError, "known", `${expected}, also of ${String(timeAt(series.grid, missing))}`, `${there.length} rows`);
  }
  const inside = rows.flatMap((row, i) => (there.includes(row) ? [[row, i] as const] : []));
  const columns = { ...series.columns };
  for (const name of o.known) {
    if (!table.has(name)) fail(RangeError, `known.${name}`, "a column of the table", undefined);
    const list = table.column(name);
    const cells = spread(
      `known.${name}`,
      Array.from(inside, ([, i]) => list[i]),
      inside.map(([row]) => row),
      end,
      o.horizon,
    );
    columns[name] = [...(series.columns[name] ?? []).slice(0, series.length), ...cells];
  }
  return { ...series, columns };
}
