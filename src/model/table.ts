/** Windows over a table: columns with names, several steps ahead, and what is known of them beforehand. */

import { arrayLike, type Check, complete, each, fail, finite, integer, integerIn, isRecord, oneOf } from "../core/check.js";

/** Columns of equal lengths by name; typed arrays are fastest. null and NaN are gaps. */
export type Table<K extends string = string> = { readonly [column in K]: ArrayLike<unknown> };

/** The columns of a table that is rows of objects. */
export type ColumnOf<R> = keyof R & string;

/** The options of `windows` and `lastWindow` for a table. */
export interface TableOptions<K extends string = string> {
  /** Steps of history in each window. */
  length: number;
  /** The steps after the history to forecast: all of the next so many, or those of a list, where 1 is the next one. Default 1. */
  horizon?: number | readonly number[];
  /** The columns to forecast: numbers, with gaps. */
  targets: readonly K[];
  /**
   * Columns whose values are known ahead, such as weekdays, holidays or prices. The windows then go on to the last step of `horizon`, with
   * gaps in all other columns (the model's columns need `missing`). Default: windows of history alone.
   */
  known?: readonly K[];
  /** The columns that go in. Default: all. */
  inputs?: readonly K[];
  /** Steps from the start of one window to the start of the next, as a series' `stride`. Default 1. */
  every?: number;
  /** As in the model's configuration; with `known` it is "every". Default "every". */
  output?: "every" | "last";
}

/** The values of a window's columns; views where they are typed arrays. */
export type WindowInputs<K extends string = string> = Readonly<Record<K, ArrayLike<number | string | null>>>;

/** A sequence cut out of a table. */
export interface TableWindow<K extends string = string> {
  /** The window's part of each column. */
  inputs: WindowInputs<K>;
  /** Step by step, for each step the targets in the order that `windows` says; NaN in gaps. */
  targets: Float32Array;
  /** With `known`: 1 at the steps to forecast, 0 at the others; otherwise absent. */
  weights?: Float32Array;
}

type Cells = ArrayLike<unknown>;

const slice = (cells: Cells, from: number, to: number): Cells =>
  ArrayBuffer.isView(cells) ? (cells as Float32Array).subarray(from, to) : (cells as unknown[]).slice(from, to);

/** A copy of a part, followed by gaps. */
function withGaps(cells: Cells, from: number, to: number, gaps: number): Cells {
  const part = slice(cells, from, to);
  if (!(part instanceof Float32Array || part instanceof Float64Array)) return [...Array.from(part), ...Array(gaps).fill(null)];
  const copy = new (part.constructor as Float32ArrayConstructor)(part.length + gaps).fill(NaN);
  copy.set(part);
  return copy;
}

/** The numbers of a target; gaps are NaN. */
function numbersOf(name: string, cells: Cells): Float32Array {
  if (cells instanceof Float32Array) return cells;
  return Float32Array.from(cells as ArrayLike<number>, (value: unknown, row) => {
    if (value === null || Number.isNaN(value)) return NaN;
    const wrong = typeof value !== "number" ? TypeError : finite(value) && RangeError;
    if (wrong) fail(wrong, `table.${name}, row ${row}`, "a number, or null or NaN for a gap", value);
    return value as number;
  });
}

const checkHorizon: Check<number | number[]> = (path, value) => {
  if (typeof value === "number") return integer(path, value);
  const steps = each(integerIn(1), "a number of steps, or a list of them")(path, value);
  if (steps.length === 0) fail(RangeError, path, "at least one step", value);
  return steps;
};

/** Checks a table and the options, and gives what windows are made of. */
function prepare(table: unknown, tableOptions: unknown) {
  const first = Array.isArray(table) ? table[0] : table;
  const names = isRecord(first) ? Object.keys(first) : [];
  if (names.length === 0) fail(TypeError, "table", "columns by name, or rows of objects", table);
  const some: Check<string[]> = (path, value) => {
    const list = each(oneOf(...names), "names of columns")(path, value);
    if (list.length === 0) fail(RangeError, path, "at least one column", value);
    return list;
  };
  const given = complete("options", tableOptions, {
    length: [integer],
    horizon: [checkHorizon, 1],
    targets: [some],
    known: each(oneOf(...names), "names of columns"),
    inputs: [some, names],
    every: [integer, 1],
    output: [oneOf("every", "last"), "every"],
  });
  const { length, horizon, known, inputs, output } = given;
  const far = typeof horizon === "number" ? horizon : Math.max(...horizon);
  known?.forEach((name, i) => {
    if (!inputs.includes(name)) fail(RangeError, `known[${i}]`, `one of the inputs (${inputs.join(", ")})`, name);
  });
  if (known && output === "last") fail(RangeError, "output", '"every" together with known: targets stand at the steps ahead', output);

  const rowAt = (row: unknown, i: number) => (isRecord(row) ? row : fail(TypeError, `table, row ${i}`, "an object", row));
  const columnOf = (name: string): Cells =>
    Array.isArray(table)
      ? table.map((row, i) => rowAt(row, i)[name])
      : arrayLike(`table.${name}`, (table as Record<string, unknown>)[name], "an array or a typed array");
  const cells = new Map([...inputs, ...given.targets].map((name) => [name, columnOf(name)]));
  const [[name0, { length: rows }]] = [...cells] as [[string, Cells]];
  for (const [name, column] of cells)
    if (column.length !== rows) fail(RangeError, `table.${name}`, `${rows} rows, as many as ${name0} has`, column);
  /** Refuses a table that is too short for one window. */
  const need = (least: number, what: string) => {
    if (rows < least) fail(RangeError, "table", `at least ${least} rows (${what})`, rows);
  };
  return {
    ...given,
    far,
    rows,
    need,
    cells: (name: string) => cells.get(name) as Cells,
    window(from: number): WindowInputs {
      const to = from + length;
      const part = (name: string) => {
        const column = cells.get(name) as Cells;
        return known && !known.includes(name) ? withGaps(column, from, to, far) : slice(column, from, known ? to + far : to);
      };
      return Object.fromEntries(inputs.map((name) => [name, part(name)])) as WindowInputs;
    },
  };
}

/** @see windows */
export function tableWindows(table: unknown, tableOptions: unknown): Iterable<TableWindow> {
  const { length, horizon, targets, known, every, output, far, rows, need, cells, window } = prepare(table, tableOptions);
  need(length + far, "length + the last step of horizon");
  const ahead = typeof horizon === "number" ? Array.from({ length: horizon }, (_, i) => i + 1) : horizon;
  const lists = targets.map((name) => numbersOf(name, cells(name)));
  const per = lists.length;
  const weights = known && new Float32Array(length + far);
  if (weights) for (const step of ahead) weights[length + step - 1] = 1;
  const goals = (from: number): Float32Array => {
    const last = from + length - 1;
    if (weights) {
      const values = new Float32Array(weights.length * per).fill(NaN);
      for (const step of ahead) lists.forEach((list, k) => (values[(length + step - 1) * per + k] = list[last + step] as number));
      return values;
    }
    const steps = output === "last" ? 1 : length;
    const values = new Float32Array(steps * ahead.length * per);
    let next = 0;
    for (let row = last - steps + 1; row <= last; row++)
      for (const step of ahead) for (const list of lists) values[next++] = list[row + step] as number;
    return values;
  };
  return {
    *[Symbol.iterator]() {
      for (let from = 0; from + length + far <= rows; from += every)
        yield { inputs: window(from), targets: goals(from), ...(weights && { weights }) };
    },
  };
}

/**
 * The last window of a table, to forecast from what is known now: the last `length` rows. With `known`, the table's last rows, as many as
 * the last step of `horizon`, are those to forecast: their known columns must be there, and what the others hold is not looked at.
 *
 * @param options those of `windows`
 * @throws TypeError, RangeError if an option is wrong or the table is too short
 * @example
 * const options = { length: 60, horizon: 14, targets: ["temperature"], output: "last" } as const;
 * await trainer.fit([...windows(table, options)], { epochs: 10 });
 * const [nextTwoWeeks] = model.predict([lastWindow(table, options)]);
 */
export function lastWindow<K extends string>(table: Table<K>, options: TableOptions<NoInfer<K>>): { inputs: WindowInputs<K> };
export function lastWindow<R extends object>(
  rows: readonly R[],
  options: TableOptions<ColumnOf<NoInfer<R>>>,
): { inputs: WindowInputs<ColumnOf<R>> };
export function lastWindow(table: unknown, options: unknown): { inputs: WindowInputs } {
  const { length, known, far, rows, need, window } = prepare(table, options);
  const steps = known ? length + far : length;
  need(steps, known ? "length + the last step of horizon" : "length");
  return { inputs: window(rows - steps) };
}
