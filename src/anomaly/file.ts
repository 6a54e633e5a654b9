/** A detector as bytes: the length of its JSON, the JSON, and what its online learner saved. */

import type { Smoothing } from "../forecast/smoothing.js";
import { bytes, fail, numbers } from "../internal.js";
import { checkOptions, type DetectorOptions } from "./options.js";
import type { Tail } from "./tail.js";
import { type Watched, watch } from "./watched.js";

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
  /** By which each threshold is moved, and steps until its next alarm is another event. */
  factors: number[];
  alarmed: number[];
}

/** The parts that know no score yet. */
export const unlearned = () => ({ tails: null, waiting: [[], []], steps: 0, factors: [1, 1], alarmed: [0, 0] });

type SavedColumn = Omit<Watched, "smoother"> & { of: Smoothing; level: number; trend: number; seasonal: number[]; at: number };

export function write({ watched, ...parts }: Parts, learner: Uint8Array): Uint8Array<ArrayBuffer> {
  const columns = watched.map(({ smoother, ...own }) => ({ ...own, ...smoother, seasonal: [...smoother.seasonal] }));
  const json = new TextEncoder().encode(JSON.stringify({ version: 2, columns, ...parts }));
  const result = new Uint8Array(4 + json.length + learner.length);
  new DataView(result.buffer).setUint32(0, json.length, true);
  result.set(json, 4);
  result.set(learner, 4 + json.length);
  return result;
}

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
    // Tails of version 1 are those of another score: they are learned anew.
    if (version === 1) Object.assign(parts, unlearned());
    const check = (list: unknown, length = (list as number[]).length) => numbers("", list, length);
    const watched = columns.map(({ of, level, trend, seasonal, at, last, ...own }): Watched => {
      check([...Object.values(of), level, trend, at], 8);
      check(Object.values(own), 6);
      check(seasonal, o.season);
      const { smoother, ...begun } = watch(of, []);
      if (of.season !== o.season || at < 0) throw null;
      Object.assign(smoother, { level, trend, at });
      smoother.seasonal.set(seasonal);
      return { ...begun, ...own, smoother, last: last ?? NaN };
    });
    const { tails, waiting } = parts;
    check(parts.said, 2 * watched.length);
    check([parts.steps, parts.place]);
    check(parts.factors, 2);
    check(parts.alarmed, 2);
    for (const list of waiting) check(list);
    for (const tail of tails ?? []) check(Object.values(tail), 5);
    if (watched.length === o.columns.length && waiting.length === 2 && (tails ?? waiting).length === 2)
      return { parts: { ...parts, o, watched }, learner: file.subarray(end) };
  } catch {
    // Something is missing or of another kind.
  }
  return fail(RangeError, "bytes", "what a detector's save() wrote", source);
}
