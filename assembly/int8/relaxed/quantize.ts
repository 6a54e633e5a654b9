// Activations of 7 bits: x = (q - 64) step, q from 64 - limit to 64 + limit, with a step for each lane and each step of time, from the
// largest |x| there. So nothing needs to be calibrated, and a sequence's bits do not depend on those beside it.
//
// No sum overflows, as with 16 bits (../quantize.ts): |sum of w (q - 64)| <= limit (sum of |w| of the row) <= 2^31 - 1.

import { aligned, DEBUG, fours, isWidth, positive } from "../../asserts";
import { PANEL } from "../../codes";
import { splat, VECTOR } from "../../lanes";
import { largest, ofAll, putStep, scaleOf } from "../quantize";

/** The activation that stands for 0. */
export const ZERO: i32 = 64;

/** 1.5 2^23: added, it rounds as IEEE 754 does and leaves the integer in the low bits. With it, the zero. */
const SHIFT: f32 = 12582912 + 64;

/** Steps [8] f32 and ones [8] i16, before the numbers of a panel. */
export const HEAD: usize = 48;

/** Bytes of a panel of k rows. */
export function panelBytes(k: i32, width: i32): usize {
  return HEAD + ((<usize>k * width + 15) & ~15);
}

/** Writes one panel. A lane with a number that is not finite gets the step NaN. */
export function quantize(
  to: usize, // [8] steps, [8] ones i16, [k/4][width][4] u8
  x: usize, // [k][width]
  limit: f32, // 1 to 63
  k: i32, // multiple of 4
  width: i32,
): void {
  if (DEBUG) assert(aligned(to, x) && fours(k) && positive(k) && isWidth(width));
  v128.store(to, i16x8.splat(1), 32);
  if (width == PANEL) for (let half: usize = 0; half < 32; half += VECTOR) lanes(to + half, to + HEAD + half, x + half, limit, k);
  else single(to, x, limit, k);
}

/** Four of eight lanes. */
function lanes(head: usize, to: usize, x: usize, limit: f32, k: i32): void {
  const end = x + ((<usize>k) << 5);
  const top = largest(x, end, 32);
  const scale = scaleOf(top, limit);
  const low = i32x4.splat(0xff);
  for (; x < end; x += 128, to += 32) {
    const even = v128.or(v128.and(rounded(v128.load(x), scale), low), i32x4.shl(v128.and(rounded(v128.load(x, 32), scale), low), 8));
    const odd = v128.or(v128.and(rounded(v128.load(x, 64), scale), low), i32x4.shl(rounded(v128.load(x, 96), scale), 8));
    v128.store(to, v128.or(even, i32x4.shl(odd, 16)));
  }
  putStep(head, top, limit);
}

/** The only lane. */
function single(to: usize, x: usize, limit: f32, k: i32): void {
  const end = x + ((<usize>k) << 2);
  const top = ofAll(largest(x, end, VECTOR));
  const scale = scaleOf(top, limit);
  for (let q = to + HEAD; x < end; x += VECTOR, q += 4) {
    const number = rounded(v128.load(x), scale);
    // The low byte of each of the four.
    v128.store32_lane(q, v128.shuffle<u8>(number, number, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), 0);
  }
  putStep(to, top, limit);
}

/** q in the low byte. */
function rounded(x: v128, scale: v128): v128 {
  return f32x4.add(f32x4.mul(x, scale), splat(SHIFT));
}
