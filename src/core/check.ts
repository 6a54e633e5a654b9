/**
 * The checks at the border. Each returns its value or throws: TypeError for the wrong kind, RangeError for the wrong value,
 * always `"path" expected X, got Y`.
 */

type Kind = TypeErrorConstructor | RangeErrorConstructor;

export function fail(kind: Kind, path: string, expected: string, got: unknown): never {
  throw new kind(`"${clip(path)}" expected ${clip(expected, 600)}, got ${describe(got)}`);
}

/** `fail` with a RangeError if the value has the right type, and with a TypeError otherwise. */
export function refuse(type: "number" | "string" | "boolean", path: string, expected: string, got: unknown): never {
  fail(typeof got === type ? RangeError : TypeError, path, expected, got);
}

/** Keeps every message shorter than a screen, whatever a file or a user passes. */
export const clip = (text: string, most = 100): string => (text.length > most ? `${text.slice(0, most)}…` : text);

/** The first few names of a list, and the count of the rest. */
export const listed = (items: readonly string[]): string =>
  items.length > 12 ? `${items.slice(0, 12).join(", ")}, … (${items.length} in all)` : items.join(", ");

/** A shape, for messages. */
export const shapeText = (shape: unknown): string =>
  Array.isArray(shape) ? `[${shape.slice(0, 8).map(describe)}${shape.length > 8 ? ",…" : ""}]` : describe(shape);

/** A short name for any value, for messages. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(clip(value, 40));
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return clip(`${value}n`, 40);
  if (!isObject(value)) return clip(String(value), 40);
  let given: unknown;
  try {
    given = value.constructor?.name;
  } catch {
    // Reading its constructor threw, but it is an object all the same.
  }
  const name = typeof given === "string" ? given.slice(0, 40) : "";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value)) return `${name} of ${(value as Uint8Array).length ?? value.byteLength}`;
  // Minifiers leave names of one or two letters, which tell nothing.
  return !name[2] || name === "Object" ? "an object" : `a ${name}`;
}

export const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

/** Whether a value can hold options by name. */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  isObject(value) && !Array.isArray(value) && !ArrayBuffer.isView(value);

interface Bounds {
  min?: number;
  max?: number;
  /** Excludes the bound itself. */
  aboveMin?: boolean;
  belowMax?: boolean;
  /** Text for the message, where "a number in …" is not clear enough. */
  expected?: string;
}

export function number(path: string, value: unknown, bounds: Bounds = {}): number {
  const { min = -Infinity, max = Infinity, aboveMin, belowMax } = bounds;
  const range = bounds.expected ?? `a number in ${aboveMin ? "(" : "["}${min}, ${max}${belowMax ? ")" : "]"}`;
  // Check the type first: comparing an object would call its valueOf.
  if (typeof value !== "number") fail(TypeError, path, range, value);
  // The kernels take f32, so a number that rounds to an excluded bound is outside as well. The comparisons are false for NaN.
  const single = Math.fround(value);
  const inside = (aboveMin ? single > min : value >= min) && (belowMax ? single < max : value <= max);
  if (!inside) fail(RangeError, path, range, value);
  return value;
}

export function integer(path: string, value: unknown, min = 1, max = Infinity): number {
  const least = min === 1 ? "a positive integer" : `an integer of at least ${min}`;
  const inside = Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
  if (!inside) refuse("number", path, max < Infinity ? `an integer from ${min} to ${max}` : least, value);
  return value as number;
}

/** Checks the value found at `path`. */
export type Check<T> = (path: string, value: unknown) => T;

export const inBounds =
  (bounds: Bounds): Check<number> =>
  (path, value) =>
    number(path, value, bounds);

export const integerIn =
  (min: number, max?: number): Check<number> =>
  (path, value) =>
    integer(path, value, min, max);

/** Accepts a given value as it is; passes all others to `check`. */
export const either =
  <T, U>(other: T, check: Check<U>): Check<T | U> =>
  (path, value) =>
    value === other ? other : check(path, value);

/** Checks each item of a list. */
export const each =
  <T>(check: Check<T>, expected: string): Check<T[]> =>
  (path, value) =>
    Array.from(arrayLike(path, value, expected), (element, i) => check(`${path}[${i}]`, element));

/** A number from 0 to below 1. */
export const share = inBounds({ min: 0, max: 1, belowMax: true });

export const positive = inBounds({ min: 0, aboveMin: true, expected: "a positive number" });

/** A number that is finite in f32. */
export const finiteNumber = inBounds({ aboveMin: true, belowMax: true, expected: "a finite number" });

/** A count: an integer from 0. */
export const count = integerIn(0);

/** The largest dimension, so that sizes of products stay exact. */
export const LARGEST = 1 << 20;

export const size = integerIn(1, LARGEST);

export function boolean(path: string, value: unknown): boolean {
  if (typeof value !== "boolean") fail(TypeError, path, "true or false", value);
  return value;
}

export const oneOf =
  <const T extends string>(...choices: readonly T[]): Check<T> =>
  (path, value) => {
    if (!choices.includes(value as T)) {
      refuse("string", path, `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`, value);
    }
    return value as T;
  };

/** Freezes options once they are checked. */
export function deepFreeze<T>(value: T): T {
  if (!isObject(value)) return value;
  Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** For these paths messages name the key alone, `"units"` instead of `"options.units"`: they are a function's own options. */
const ROOTS = ["config", "options"];
const keyAt = (path: string, key: string) => (ROOTS.includes(path) ? key : `${path}.${key}`);

/** An object with known keys only: an unknown option is refused rather than ignored. */
export function options(path: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  const keys = `an object with ${known.length ? known.join(", ") : "no options"}`;
  if (!isRecord(value)) fail(TypeError, path, keys, value);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) throw new RangeError(`"${clip(keyAt(path, key))}" is not an option; the options are ${known.join(", ")}`);
  }
  return value;
}

/**
 * Gives the options of a factory function a type, as plain data. The options are checked where they are used. A value that is not an
 * object is refused here, as spreading it would lose it without a word.
 * @param example of options, for the message; without one there are no options
 * @throws TypeError that shows the right call
 */
export function typedData<T extends string, O extends object>(type: T, given: O, example?: string): O & { type: T } {
  if (!isRecord(given)) {
    const call = `${type}(${isObject(given) ? "…" : describe(given)})`;
    const expected = example ? `an object such as { ${example} }` : "no options";
    throw new TypeError(`${call}: "options" expected ${expected}, got ${describe(given)}`);
  }
  return { ...given, type };
}

/**
 * The check of an option and its default; a pair without a default must be given. A bare check is for an option that stays absent when
 * it is not given, so that a saved configuration reads as it was written.
 */
export type Option = Check<unknown> | readonly [check: Check<unknown>, otherwise?: unknown];
export type Options = Record<string, Option>;

type Checked<O extends Option> = O extends readonly [Check<infer T>, ...unknown[]] ? T : O extends Check<infer T> ? T | undefined : never;
type Completed<O extends Options> = { [K in keyof O]: Checked<O[K]> };

/** Checks all options and fills in the defaults. */
export function complete<const O extends Options>(path: string, value: unknown, known: O): Completed<O> {
  const given = options(path, value, Object.keys(known));
  const checked = Object.entries(known).flatMap(([key, option]) => {
    const present = given[key];
    if (typeof option === "function") return present === undefined ? [] : [[key, option(keyAt(path, key), present)]];
    const [check, ...otherwise] = option;
    return [[key, present === undefined && otherwise.length > 0 ? otherwise[0] : check(keyAt(path, key), present)]];
  });
  return Object.fromEntries(checked);
}

/** An object whose options `complete` checks. */
export const record =
  <const O extends Options>(known: O): Check<Completed<O>> =>
  (path, value) =>
    complete(path, value, known);

/** The type of plain data: the name of a row in `rows`. @param example of such data, for the message */
export function typeOf<T extends string>(path: string, value: unknown, rows: Record<T, unknown>, example: string): T {
  if (!isObject(value)) fail(TypeError, path, example, value);
  return oneOf(...(Object.keys(rows) as T[]))(`${path}.type`, (value as { type?: unknown }).type);
}

/** Plain data with a type, whose row in `rows` has its options. @param more options that all rows have */
export function typed<T extends string>(
  path: string,
  value: unknown,
  rows: Record<T, { options: Options }>,
  example: string,
  more: Options = {},
): { type: T } {
  const type = typeOf(path, value, rows, example);
  return complete(path, value, { type: [() => type], ...rows[type].options, ...more }) as { type: T };
}

/** For `typed`: turns the bare name of a type into data of that type, and leaves all other values as they are. */
export const named = (path: string, value: unknown, rows: object) =>
  typeof value === "string" ? { type: oneOf(...Object.keys(rows))(path, value) } : value;

/** An array of `length` numbers. */
export function numbers(path: string, value: unknown, length: number, refuse: Refuse = finite): ArrayLike<number> {
  const list = arrayLike(path, value, `${length} numbers`);
  if (list.length !== length) fail(RangeError, path, `${length} numbers`, value);
  for (let i = 0; i < length; i++) {
    if (typeof list[i] !== "number") fail(TypeError, `${path}[${i}]`, "a finite number", list[i]);
    const wrong = refuse(list[i] as number);
    if (wrong !== undefined) fail(RangeError, `${path}[${i}]`, wrong, list[i]);
  }
  return list as ArrayLike<number>;
}

/** An array or a typed array. */
export function arrayLike(path: string, value: unknown, expected: string): ArrayLike<unknown> {
  const isArray = Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
  if (!isArray) fail(TypeError, path, expected, value);
  return value as unknown as ArrayLike<unknown>;
}

/** The array to write `length` numbers to; a new one where none is given. */
export function destination(path: string, value: unknown, length: number): Float32Array {
  if (value === undefined) return new Float32Array(length);
  const isArray = value instanceof Float32Array;
  if (!isArray || value.length !== length) fail(isArray ? RangeError : TypeError, path, `a Float32Array of ${length}`, value);
  return value;
}

export function bytes(path: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return fail(TypeError, path, "a Uint8Array or an ArrayBuffer", value);
}

/** Says for a bad number what is expected instead; undefined if it is good. */
export type Refuse = (value: number) => string | undefined;

export const finite: Refuse = (value) =>
  Number.isFinite(Math.fround(value)) ? undefined : Number.isFinite(value) ? "a number between -3.4e38 and 3.4e38" : "a finite number";

export const atLeast0: Refuse = (value) => (value >= 0 ? finite(value) : "a number of at least 0");

export const probability: Refuse = (value) => (value >= 0 && value <= 1 ? undefined : "a number in [0, 1]");

export const indexBelow =
  (count: number, extra?: number): Refuse =>
  (value) =>
    (Number.isInteger(value) && value >= 0 && value < count) || value === extra
      ? undefined
      : `an integer from 0 to ${count - 1}${extra === undefined ? "" : ` (or ${extra})`}`;
