/** Arithmetic of which no layer has been made yet. It is recognised by the numbers that it gives, not by how it is written. */

import { type Maker, PLACES, type Signal } from "./signal.js";

const signalOf = ({ signals }: Maker, id: number) => signals[Math.floor(id / PLACES)] as Signal;

/** The features that a feature is computed of; undefined if it is the output of a layer. */
const partsOf = ({ formula, terms }: Signal, place: number) =>
  (formula?.of ?? terms?.map(({ ids }) => ids))?.map((ids) => ids[place] as number);

/** The values of some features when the features `below` have the values `x`. */
export function evaluate(chain: Maker, ids: ArrayLike<number>, below: ArrayLike<number>, x: readonly number[]): number[] {
  const known = new Map(x.map((value, i) => [below[i] as number, value]));
  const value = (id: number): number => {
    const had = id < 0 ? 0 : known.get(id);
    if (had !== undefined) return had;
    const signal = signalOf(chain, id);
    const { formula, terms = [], shift } = signal;
    const place = id % PLACES;
    const parts = (partsOf(signal, place) ?? []).map(value);
    const y = formula
      ? formula.op(place, ...parts)
      : parts.reduce((sum, part, k) => sum + part * (terms[k]?.scale?.[place] ?? 1), shift?.[place] ?? 0);
    known.set(id, y);
    return y;
  };
  return Array.from(ids, value);
}

/** The most steps back through arithmetic: that of a cell is a dozen nodes long. */
const LONGEST = 100;

/**
 * The features that some features are computed of, ever further back: first before the last operation, then before the one before it, until
 * only outputs of layers are left.
 */
export function* frontiers(chain: Maker, ids: Iterable<number>): Generator<number[]> {
  let front = [...ids];
  for (let left = LONGEST; left > 0; left--) {
    let top: Signal | undefined;
    for (const id of front) {
      const signal = signalOf(chain, id);
      const rank = ({ open, id }: Signal) => (open ? PLACES : 0) + id;
      if ((signal.formula || signal.terms) && (!top || rank(signal) > rank(top))) top = signal;
    }
    if (!top) return;
    chain.spend(32 * front.length, "its arithmetic takes");
    const next = new Set<number>();
    for (const id of front) {
      const parts = signalOf(chain, id) === top ? (partsOf(top, id % PLACES) as number[]) : [id];
      for (const part of parts) if (part >= 0) next.add(part);
    }
    front = [...next];
    yield front;
  }
}

/** Irregular numbers, for which different formulas give different results. */
export const probe = (count: number, scale: number, phase = 0) =>
  Array.from({ length: count }, (_, i) => scale * Math.sin(1.3 + phase + 2.1 * i + 0.01 * i * i));

export const same = (a: number, b: number) => Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));
