/** Reads the values of columns as users give them: checked, as numbers, in the order of the columns. */

import { arrayLike, clip, fail, finite, isObject, isRecord, listed } from "../core/check.js";
import type { Columns } from "./columns.js";
import { type Scale, standardise } from "./scale.js";

/** A column, as its values are read. */
export interface Reader {
  name: string;
  /** Categories; 0 for numbers. */
  count: number;
  /** The index of each label. */
  labels: ReadonlyMap<unknown, number> | null;
  gaps: boolean;
  /** Its number among the numeric columns, by which a scale has its mean and deviation. */
  k: number;
}

/** All readers in order, and the names. */
export interface Readers {
  list: readonly Reader[];
  names: ReadonlySet<string>;
}

export function readersOf(columns: Columns): Readers {
  let k = 0;
  const list = Object.entries(columns).map(([name, column]): Reader => {
    const gaps = column.missing !== undefined;
    if (column.type === "numeric") return { name, count: 0, labels: null, gaps, k: k++ };
    const { categories } = column;
    if (typeof categories === "number") return { name, count: categories, labels: null, gaps, k };
    return { name, count: categories.length, labels: new Map(categories.map((label, i) => [label, i])), gaps, k };
  });
  return { list, names: new Set(Object.keys(columns)) };
}

const isGap = (value: unknown) => value === null || Number.isNaN(value);

/** The number of a value, NaN for a gap; undefined if it is wrong. */
function numberOf({ count, labels, gaps }: Reader, value: unknown): number | undefined {
  if (isGap(value)) return gaps ? NaN : undefined;
  if (typeof value !== "number") return labels?.get(value);
  return count === 0 || (Number.isInteger(value) && value >= 0 && value < count) ? value : undefined;
}

function refuse(path: string, step: number, { name, count, labels, gaps }: Reader, value: unknown): never {
  const numbers = count ? `an integer from 0 to ${count - 1}` : (finite(value as number) ?? "a finite number");
  const known = labels ? `one of ${listed([...labels.keys()].map((label) => JSON.stringify(label)))}` : numbers;
  const option = count ? "category" : "last";
  const hint = gaps ? ", or null for a gap" : isGap(value) ? ` (gaps need the column's option missing: "${option}")` : "";
  const isValue = typeof value === "number" || (labels && typeof value === "string");
  fail(isValue ? RangeError : TypeError, `${path}, step ${step}, column ${name}`, known + hint, value);
}

/** A name of `value` that no column has. */
function unknownIn(value: object, names: ReadonlySet<string>): string | undefined {
  for (const key in value) if (!names.has(key)) return key;
  return undefined;
}

function refuseUnknown(path: string, key: string, names: ReadonlySet<string>): never {
  throw new RangeError(`"${clip(`${path}.${key}`)}" is no column of this model, which has ${listed([...names])}`);
}

/**
 * The values of some steps as one flat array, in the order of the columns: categories as their index, gaps as NaN, numbers standardised.
 * @param expected the number of steps, if it is known; then a single step may be an object or, of a single column, a bare value
 */
export function readColumns<A extends Float32Array | Float64Array>(
  path: string,
  value: unknown,
  { list: readers, names }: Readers,
  numbers: new (length: number) => A,
  scale?: Scale,
  expected?: number,
): A {
  const per = readers.length;
  const first = (readers[0] as Reader).name;
  const lone = expected === 1 && !ArrayBuffer.isView(value) && !Array.isArray(value);
  const apart = isRecord(value) && !(lone && !isObject(value[first]));
  const unknown = apart ? unknownIn(value, names) : undefined;
  if (unknown !== undefined) refuseUnknown(path, unknown, names);
  const lists = apart ? readers.map(({ name }) => arrayLike(`${path}.${name}`, value[name], "an array or a typed array")) : [];
  const bare = lone && (per === 1 || isRecord(value)) ? [value] : value;
  const given = lists[0] ?? arrayLike(path, bare, "columns by name, an array or a typed array");
  const rows = !apart && isObject(given[0]) ? given : null;
  const steps = apart || rows ? given.length : given.length / per;
  const expectedRow = () => `${per} values (${listed([...names])})`;
  if (!Number.isInteger(steps)) fail(RangeError, path, `a multiple of ${expectedRow()}`, value);
  if (expected && steps !== expected) fail(RangeError, path, `${expected} step${expected > 1 ? "s" : ""}`, value);
  lists.forEach(({ length }, k) => {
    if (length !== steps) fail(RangeError, `${path}.${readers[k]?.name}`, `${steps} values, as many as ${first} has`, lists[k]);
  });
  // Which rows are objects. To look for unknown names in each would take long: it is done only for a row that has not as many names as
  // there are columns, or has a wrong value.
  const objects = new Uint8Array(rows ? steps : 0);
  const seek = (step: number) => {
    const key = objects[step] ? unknownIn(rows?.[step] as object, names) : undefined;
    if (key !== undefined) refuseUnknown(`${path}, step ${step}`, key, names);
  };
  for (let step = 0; rows && step < steps; step++) {
    const row = rows[step];
    if (isRecord(row)) {
      objects[step] = 1;
      let count = 0;
      for (const _ in row) count++;
      if (count !== per) seek(step);
    } else if (!isObject(row) || (row as ArrayLike<unknown>).length !== per) {
      const at = `${path}, step ${step}`;
      if (arrayLike(at, row, "a row").length !== per) fail(RangeError, at, expectedRow(), row);
    }
  }
  const result = new numbers(steps * per);
  readers.forEach((reader, k) => {
    const { name } = reader;
    const own = rows && new Array<unknown>(steps);
    for (let step = 0; own && step < steps; step++) {
      const row = rows?.[step];
      own[step] = objects[step] ? (row as Record<string, unknown>)[name] : (row as ArrayLike<unknown>)[k];
    }
    const list = own ?? lists[k] ?? given;
    const [from, stride] = list === given && !apart ? [k, per] : [0, 1];
    const wrong = readColumn(result, k, per, list, from, stride, steps, reader, scale);
    if (wrong < 0) return;
    seek(wrong);
    refuse(path, wrong, reader, list[from + wrong * stride]);
  });
  return result;
}

/** The number of a value, standardised; undefined if it is wrong. */
function standardised(reader: Reader, value: unknown, scale: Scale | undefined): number | undefined {
  const plain = reader.count === 0 && typeof value === "number" && !Number.isNaN(value);
  const number = plain ? value : numberOf(reader, value);
  if (number === undefined || reader.count > 0) return number;
  const scaled = scale ? standardise(scale, number, reader.k) : number;
  return Math.abs(Math.fround(scaled)) === Infinity ? undefined : scaled;
}

/** A faster way for one step, an object or a row; undefined where it does not do, as the values are wrong or in another form. */
export function readStep(value: unknown, { list }: Readers, scale: Scale | undefined): Float32Array | undefined {
  if (!isObject(value)) return undefined;
  const named = isRecord(value);
  let count = named ? 0 : (value as ArrayLike<unknown>).length;
  if (named) for (const _ in value) count++;
  if (count !== list.length) return undefined;
  const result = new Float32Array(count);
  for (let k = 0; k < count; k++) {
    const reader = list[k] as Reader;
    const number = standardised(reader, named ? value[reader.name] : (value as ArrayLike<unknown>)[k], scale);
    if (number === undefined) return undefined;
    result[k] = number;
  }
  return result;
}

/** Writes the numbers of a column to `result[to]` and on, `per` apart. Returns the first step whose value is wrong, or -1. */
function readColumn(
  result: Float32Array | Float64Array,
  to: number,
  per: number,
  list: ArrayLike<unknown>,
  from: number,
  stride: number,
  steps: number,
  reader: Reader,
  scale: Scale | undefined,
): number {
  for (let step = 0; step < steps; step++) {
    const number = standardised(reader, list[from + step * stride], scale);
    if (number === undefined) return step;
    result[to + step * per] = number;
  }
  return -1;
}
