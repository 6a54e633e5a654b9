// What the comments at the kernels' arguments promise, for the debug build (`npm run test:debug`). The others are the same, to the byte,
// as without: behind a constant that is false nothing is compiled, where `assert` alone would still compute its argument. (`tile`, `moveRows`
// and `orthonormalRows` have none: with one Binaryen allots their locals otherwise.)

import { PANEL } from "./codes";

export const DEBUG: bool = !ASC_NO_ASSERT;

/** Buffers that are read four numbers at a time lie at a multiple of 16, and not at 0, which says that there is none. */
export function aligned(a: usize, b: usize = 16, c: usize = 16, d: usize = 16): bool {
  return a != 0 && b != 0 && c != 0 && d != 0 && ((a | b | c | d) & 15) == 0;
}

/** The same of buffers that may be missing. */
export function alignedOrNone(a: usize, b: usize = 0, c: usize = 0, d: usize = 0): bool {
  return ((a | b | c | d) & 15) == 0;
}

/** Buffers that are read number by number. */
export function words(a: usize, b: usize = 4): bool {
  return a != 0 && b != 0 && ((a | b) & 3) == 0;
}

/** Padded sizes. */
export function fours(a: i32, b: i32 = 0): bool {
  return a >= 0 && b >= 0 && ((a | b) & 3) == 0;
}

export function positive(a: i32, b: i32 = 1, c: i32 = 1): bool {
  return a > 0 && b > 0 && c > 0;
}

export function isWidth(width: i32): bool {
  return width == 1 || width == PANEL;
}
