/** Random sizes and numbers for the properties of kernels. */

import fc from "fast-check";
import { pad4 } from "./kernels.js";

export const width = fc.constantFrom(1, 8);

export const size = (max: number) => fc.integer({ min: 1, max });

export const seed = fc.integer({ min: 1, max: 1e6 });

export const check = <T extends [unknown, ...unknown[]]>(...args: [...{ [K in keyof T]: fc.Arbitrary<T[K]> }, (...values: T) => void]) => {
  const run = args.pop() as (...values: T) => void;
  fc.assert(fc.property(...(args as unknown as { [K in keyof T]: fc.Arbitrary<T[K]> }), run), { numRuns: 60, seed: 1997 });
};

/** Panels [slots][rows padded][width] of random numbers, the padded rows zero; and how to look one up. */
export function panels(next: () => number, slots: number, rows: number, lanes: number) {
  const at = (slot: number, row: number, lane: number) => (slot * pad4(rows) + row) * lanes + lane;
  const data = new Float32Array(slots * pad4(rows) * lanes);
  for (let slot = 0; slot < slots; slot++) {
    for (let row = 0; row < rows; row++) for (let lane = 0; lane < lanes; lane++) data[at(slot, row, lane)] = next();
  }
  return { data, at, get: (slot: number, row: number, lane: number) => data[at(slot, row, lane)]! };
}

export const range = (n: number) => Array.from({ length: n }, (_, i) => i);

export const sum = (n: number, term: (i: number) => number) => range(n).reduce((total, i) => total + term(i), 0);
