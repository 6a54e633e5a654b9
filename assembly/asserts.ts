// Asserts of the promises in the comments at the kernels' arguments, for the debug build (`npm run test:debug`). The other builds do not
// change by a byte: behind a constant that is false nothing is compiled, whereas `assert` alone would still compute its argument.
// (`tile`, `moveRows` and `orthonormalRows` have none: with an assert Binaryen allots their locals differently.)

import { PANEL } from "./codes";

export const DEBUG: bool = !ASC_NO_ASSERT;

/** Buffers read four numbers at a time must lie at a multiple of 16, and not at 0, which means none. */
export function aligned(a: usize, b: usize = 16, c: usize = 16, d: usize = 16): bool {
  return a != 0 && b != 0 && c != 0 && d != 0 && ((a | b | c | d) & 15) == 0;
}

/** The same for buffers that may be missing. */
export function alignedOrNone(a: usize, b: usize = 0, c: usize = 0, d: usize = 0): bool {
  return ((a | b | c | d) & 15) == 0;
}

/** Buffers read number by number. */
export function words(a: usize, b: usize = 4): bool {
  return a != 0 && b != 0 && ((a | b) & 3) == 0;
}

/** Padded sizes. */
export function fours(a: i32, b: i32 = 0): bool {
  return a >= 0 && b >= 0 && ((a | b) & 3) == 0;
}

/** Sizes. */
export function positive(a: i32, b: i32 = 1, c: i32 = 1): bool {
  return a > 0 && b > 0 && c > 0;
}

/** Lanes of a panel: 8, or 1 for a batch of one. */
export function isWidth(width: i32): bool {
  return width == 1 || width == PANEL;
}
