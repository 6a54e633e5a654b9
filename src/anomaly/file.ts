/** A detector as bytes: the length of its JSON, the JSON, and what its online learner saved. */

import { Smoother, type Smoothing } from "../forecast/smoothing.js";
import { bytes, fail } from "../internal.js";
import { checkOptions, type DetectorOptions } from "./options.js";
import type { Tail } from "./tail.js";
import type { Watched } from "./watched.js";

/** The state of a detector after a step, besides its network. */
export interface Parts {
  o: Required<DetectorOptions>;
  watched: Watched[];
  /** Of the scores of steps and of the last steps together; null until there are enough. */
  tails: Tail[] | null;
  /** Scores that wait to become tails. */
  waiting: number[][];
  /** Steps without tails, below 0 during a fit; and all steps since the network began. */
  steps: number;
  place: number;
  /** The forecast of the next step: the means of all columns' errors, then their deviations. */
  said: number[];
  /** By which each threshold is moved, and whether the last score passed it. */
  factors: number[];
  alarmed: boolean[];
}

type SavedColumn = Omit<Watched, "smoother"> & { of: Smoothing; level: number; trend: number; seasonal: number[]; at: number };

export function write({ watched, ...parts }: Parts, learner: Uint8Array): Uint8Array<ArrayBuffer> {
  const columns = watched.map(({ smoother: { of, level, trend, seasonal, at }, ...own }) => ({
    ...own,
    of,
    level,
    trend,
    seasonal: [...seasonal],
    at,
  }));
  const json = new TextEncoder().encode(JSON.stringify({ version: 1, columns, ...parts }));
  const result = new Uint8Array(4 + json.length + learner.length);
  new DataView(result.buffer).setUint32(0, json.length, true);
  result.set(json, 4);
  result.set(learner, 4 + json.length);
  return result;
}

const numbers = (list: unknown, length?: number) =>
  Array.isArray(list) && (length ?? list.length) === list.length && list.every(Number.isFinite);

/** @throws TypeError, RangeError if it is something else */
export function read(source: unknown): { parts: Parts; learner: Uint8Array } {
  const file = bytes("bytes", source);
  try {
    const end = 4 + new DataView(file.buffer, file.byteOffset, 4).getUint32(0, true);
    const { version, columns, ...parts } = JSON.parse(new TextDecoder().decode(file.subarray(4, end))) as Omit<Parts, "watched"> & {
      version: number;
      columns: SavedColumn[];
    };
    const o = checkOptions(parts.o);
    const watched = columns.map(({ of, level, trend, seasonal, at, ...own }): Watched => {
      const { alpha, beta, gamma, phi, season } = of;
      const { seen, scale, mean, energy, repeats, longest } = own;
      const all = [alpha, beta, gamma, phi, level, trend, at, seen, scale, mean, energy, repeats, longest];
      if (season !== o.season || !numbers(seasonal, season) || !numbers(all) || !(at >= 0)) throw null;
      const smoother = new Smoother({ alpha, beta, gamma, phi, season }, []);
      smoother.seasonal.set(seasonal);
      Object.assign(smoother, { level, trend, at });
      return { smoother, seen, scale, mean, energy, repeats, longest, last: own.last ?? NaN };
    });
    const { tails, waiting, steps, place, said, factors, alarmed } = parts;
    const sound =
      version === 1 &&
      watched.length === o.columns.length &&
      numbers(said, 2 * watched.length) &&
      numbers([steps, place]) &&
      numbers(factors, 2) &&
      alarmed.length === 2 &&
      waiting.length === 2 &&
      waiting.every((list) => numbers(list)) &&
      (tails === null ||
        (tails.length === 2 && tails.every(({ level, scores, peaks, sum, squares }) => numbers([level, scores, peaks, sum, squares]))));
    if (sound) return { parts: { o, watched, tails, waiting, steps, place, said, factors, alarmed }, learner: file.subarray(end) };
  } catch {
    // Something is missing or of another kind.
  }
  return fail(RangeError, "bytes", "what a detector's save() wrote", source);
}
