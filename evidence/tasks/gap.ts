/** The barest long lag: x or y, then a third symbol until the end, where the target is 1 for x and 0 for y. */

import { Symbols } from "../task.js";

export const GAP = { features: 3, outputs: 1, output: "last", tokens: true } as const;

/** @param lag steps, the first one among them */
export const gap = (lag: number, isX: boolean): Symbols =>
  new Symbols(
    Int32Array.from({ length: lag }, (_, t) => (t > 0 ? 2 : Number(!isX))),
    Float32Array.of(Number(isX)),
    GAP.features,
  );
