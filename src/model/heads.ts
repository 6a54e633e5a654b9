/** Heads: named outputs, each with targets, a loss and a scale of its own. A model without heads has one, without a name. */

import { destination, options } from "../core/check.js";

export interface Head {
  /** "" where the model has no heads. */
  name: string;
  /** Numbers of a step, unpadded. */
  outputs: number;
  /** The number of its layer among the layout's. */
  layer: number;
}

/** The path of a head's part of something. */
export const pathOf = (path: string, { name }: Pick<Head, "name">) => (name ? `${path}.${name}` : path);

/**
 * Takes apart what users give by head, or alone where the model has no heads. A head's part may be absent.
 * @throws TypeError, RangeError if the model has heads and these are not parts by their names
 */
export function eachHead<H extends Head, T>(
  path: string,
  value: unknown,
  heads: readonly H[],
  check: (path: string, value: unknown, head: H, i: number) => T,
): T[] {
  const named = heads[0]?.name !== "";
  const names = heads.map(({ name }) => name);
  const parts = named ? options(path, value, names) : { "": value };
  return heads.map((head, i) => check(pathOf(path, head), parts[head.name], head, i));
}

/** A head's part of something that is given by head, or alone where the model has no heads; undefined where the head has none. */
export const partOf = <T>(all: T | Readonly<Record<string, T>> | undefined, { name }: Pick<Head, "name">): T | undefined =>
  name ? (all as Readonly<Record<string, T>> | undefined)?.[name] : (all as T | undefined);

/** The inverse of eachHead: a part of each head by name, or that of the only one. */
export function byName<T>(heads: readonly Pick<Head, "name">[], parts: readonly T[]): T | Record<string, T> {
  if (heads[0]?.name === "") return parts[0] as T;
  return Object.fromEntries(heads.map(({ name }, i) => [name, parts[i] as T]));
}

/** Where to put the outputs of so many steps, for each head: as users give it, or new arrays. */
export function destinations(path: string, value: unknown, heads: readonly Head[], steps = 1): Float32Array[] {
  const [only] = heads as [Head];
  // The general way would make a short step of a stream a tenth longer.
  if (only.name === "") return [destination(path, value, steps * only.outputs)];
  if (value === undefined) return heads.map(({ outputs }) => new Float32Array(steps * outputs));
  return eachHead(path, value, heads, (path, out, { outputs }) => destination(path, out, steps * outputs));
}
