/**
 * The checks at the border. Each returns its value or throws: TypeError for the wrong kind, RangeError for the wrong value,
 * always `"path" expected X, got Y`.
 */

export type Kind = TypeErrorConstructor | RangeErrorConstructor;

export function fail(kind: Kind, path: string, expected: string, got: unknown): never {
  throw new kind(`"${path}" expected ${expected}, got ${describe(got)}`);
}

/** A short name for any value, for messages. */
export function describe(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value))
    return `${Object.prototype.toString.call(value).slice(8, -1)} of ${(value as Uint8Array).length ?? value.byteLength}`;
  if (typeof value === "function") return "a function";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "object" && value !== null) {
    const name: unknown = value.constructor?.name;
    return typeof name === "string" && name !== "" && name !== "Object" ? `a ${name.slice(0, 40)}` : "an object";
  }
  return String(value);
}

export interface Bounds {
  min?: number;
  max?: number;
  /** The bound itself is outside. */
  aboveMin?: boolean;
  belowMax?: boolean;
  /** For the message, where "a number in …" is not clear enough. */
  expected?: string;
}

export function number(path: string, value: unknown, bounds: Bounds = {}): number {
  const { min = -Infinity, max = Infinity, aboveMin = false, belowMax = false } = bounds;
  const range = bounds.expected ?? `a number in ${aboveMin ? "(" : "["}${min}, ${max}${belowMax ? ")" : "]"}`;
  if (typeof value !== "number") fail(TypeError, path, range, value);
  // The kernels take f32, in which a number may fall on the open end. Written so that NaN fails.
  const single = Math.fround(value);
  const inside = (aboveMin ? single > min : value >= min) && (belowMax ? single < max : value <= max);
  if (!inside) fail(RangeError, path, range, value);
  return value;
}

export function integer(path: string, value: unknown, min = 1, max = Number.MAX_SAFE_INTEGER): number {
  const expected =
    max !== Number.MAX_SAFE_INTEGER
      ? `an integer from ${min} to ${max}`
      : min === 1
        ? "a positive integer"
        : `an integer of at least ${min}`;
  if (typeof value !== "number") fail(TypeError, path, expected, value);
  if (!Number.isInteger(value) || value < min || value > max) fail(RangeError, path, expected, value);
  return value;
}

/** A number from 0 to below 1. */
export const share = (path: string, value: unknown) => number(path, value, { min: 0, max: 1, belowMax: true });

export const positive = (path: string, value: unknown) => number(path, value, { min: 0, aboveMin: true, expected: "a positive number" });

/** No dimension is larger, so that sizes of products stay exact. */
export const LARGEST = 1 << 20;

export function boolean(path: string, value: unknown): boolean {
  if (typeof value !== "boolean") fail(TypeError, path, "true or false", value);
  return value;
}

export function oneOf<T extends string>(path: string, value: unknown, choices: readonly T[]): T {
  const expected = `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`;
  if (typeof value !== "string") fail(TypeError, path, expected, value);
  if (!choices.includes(value as T)) fail(RangeError, path, expected, value);
  return value as T;
}

/** What is checked once stays as it is. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(deepFreeze);
  return Object.freeze(value);
}

/** Paths that are a function's own options: their keys stand alone. */
const ROOTS = ["config", "options"];

/** An object whose keys are all known: options are refused rather than ignored. */
export function options(path: string, value: unknown, known: readonly string[]): Record<string, unknown> {
  const keys = `an object with ${known.length ? known.join(", ") : "no options"}`;
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(TypeError, path, keys, value);
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new RangeError(`"${ROOTS.includes(path) ? key : `${path}.${key}`}" is not an option; the options are ${known.join(", ")}`);
    }
  }
  return value as Record<string, unknown>;
}

/**
 * The type of what has one: plain data whose `type` is the name of a row of `rows`.
 * @param example of such data, for the message
 */
export function typeOf<T extends string>(path: string, value: unknown, rows: Record<T, unknown>, example: string): T {
  if (typeof value !== "object" || value === null) fail(TypeError, path, example, value);
  return oneOf(`${path}.type`, (value as { type?: unknown }).type, Object.keys(rows) as T[]);
}

/** The same of what may be given by its bare type, and as an object with it. */
export function named<T extends string>(
  path: string,
  value: unknown,
  rows: Record<T, unknown>,
  example: string,
): { type: T; given: unknown } {
  if (typeof value !== "string") return { type: typeOf(path, value, rows, example), given: value };
  const type = oneOf(path, value, Object.keys(rows) as T[]);
  return { type, given: { type } };
}

/** How an option is checked, and its default. */
export type Option = [check: (path: string, value: unknown) => unknown, otherwise?: unknown];

/** The options of what has a type, all checked and with the defaults filled in. */
export function complete(path: string, value: unknown, type: string, known: Record<string, Option>): Record<string, unknown> {
  const given = options(path, value, ["type", ...Object.keys(known)]);
  const checked = Object.entries(known).map(([key, [check, otherwise]]) => {
    return [key, check(`${path}.${key}`, given[key] === undefined ? otherwise : given[key])];
  });
  return { type, ...Object.fromEntries(checked) };
}

/** Numbers, as many as said. */
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

/** An array to write so many numbers to; absent, a new one. */
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

/** What is expected instead of a number; undefined where it is right. */
export type Refuse = (value: number) => string | undefined;

export const finite: Refuse = (value) => (Number.isFinite(Math.fround(value)) ? undefined : "a finite number");

export const atLeast0: Refuse = (value) => (value >= 0 ? finite(value) : "a number of at least 0");

export const probability: Refuse = (value) => (value >= 0 && value <= 1 ? undefined : "a number in [0, 1]");

export const indexBelow =
  (count: number, extra?: number): Refuse =>
  (value) =>
    (Number.isInteger(value) && value >= 0 && value < count) || value === extra
      ? undefined
      : `an integer from 0 to ${count - 1}${extra === undefined ? "" : ` (or ${extra})`}`;
