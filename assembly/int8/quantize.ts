// Activations of 16 bits: x = q step, q from -limit to limit, with a step for each lane and each step of time, from the largest |x| there.
// So nothing needs to be calibrated, and a sequence's bits do not depend on those beside it.
//
// No sum overflows: |sum of w q| <= limit (sum of |w| of the row) <= 2^31 - 1, by the choice of `limit` (src/int8/rows.ts). Rounding is
// that of IEEE 754 (to the nearest, of two the even one), by adding 1.5 2^23, which leaves the integer in the low bits; |q| <= 32767.

import { aligned, DEBUG, fours, isWidth, positive } from "../asserts";
import { PANEL } from "../codes";
import { splat, VECTOR } from "../lanes";

const SHIFT: f32 = 12582912;

/** A lane whose numbers are all smaller counts as zeros. */
const TINY: f32 = 1e-30;

/** Steps [width] f32 and 128 times the sum of q [width] i32, before the numbers of a panel. */
export const HEAD: usize = 64;

/** Bytes of a panel of k rows. */
export function panelBytes(k: i32, width: i32): usize {
  return HEAD + ((((<usize>k * width) << 1) + 15) & ~15);
}

/** Writes one panel. A lane with a number that is not finite gets the step NaN. */
export function quantize(
  to: usize, // [8] steps, [8] i32 sums, [k/2][width][2] i16
  x: usize, // [k][width]
  limit: f32, // 1 to 32767
  k: i32, // multiple of 4
  width: i32,
): void {
  if (DEBUG) assert(aligned(to, x) && fours(k) && positive(k) && isWidth(width));
  if (width == PANEL) for (let half: usize = 0; half < 32; half += VECTOR) lanes(to + half, to + HEAD + half, x + half, limit, k);
  else single(to, x, limit, k);
}

/** Four of eight lanes. */
function lanes(head: usize, to: usize, x: usize, limit: f32, k: i32): void {
  const end = x + ((<usize>k) << 5);
  const top = largest(x, end, 32);
  const scale = scaleOf(top, limit);
  let sum = i32x4.splat(0);
  for (; x < end; x += 64, to += 32) {
    const even = f32x4.add(f32x4.mul(v128.load(x), scale), splat(SHIFT));
    const odd = f32x4.add(f32x4.mul(v128.load(x, 32), scale), splat(SHIFT));
    sum = i32x4.add(sum, i32x4.add(even, odd));
    v128.store(to, v128.or(v128.and(even, i32x4.splat(0xffff)), i32x4.shl(odd, 16)));
  }
  finish(head, top, i32x4.sub(sum, i32x4.splat(reinterpret<i32>(SHIFT) * k)), limit);
}

/** The only lane. */
function single(to: usize, x: usize, limit: f32, k: i32): void {
  const end = x + ((<usize>k) << 2);
  const top = ofAll(largest(x, end, VECTOR));
  const scale = scaleOf(top, limit);
  let sum = i32x4.splat(0);
  for (let q = to + HEAD; x < end; x += VECTOR, q += 8) {
    const number = i32x4.sub(f32x4.add(f32x4.mul(v128.load(x), scale), splat(SHIFT)), splat(SHIFT));
    sum = i32x4.add(sum, number);
    v128.store64_lane(q, i16x8.narrow_i32x4_s(number, number), 0);
  }
  sum = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1));
  finish(to, top, i32x4.add(sum, v128.shuffle<i32>(sum, sum, 1, 0, 3, 2)), limit);
}

function finish(head: usize, top: v128, sum: v128, limit: f32): void {
  putStep(head, top, limit);
  v128.store(head, i32x4.shl(sum, 7), 32);
}

/** The largest |x| of each lane, of vectors `stride` bytes apart. */
export function largest(x: usize, end: usize, stride: usize): v128 {
  // As integers, |x| keep their order, infinity is above all of them, and NaN above infinity.
  let top = i32x4.splat(0);
  for (; x < end; x += stride) top = i32x4.max_s(top, f32x4.abs(v128.load(x)));
  return top;
}

/** In each lane the largest of the four. */
export function ofAll(top: v128): v128 {
  const pairs = i32x4.max_s(top, v128.shuffle<i32>(top, top, 2, 3, 0, 1));
  return i32x4.max_s(pairs, v128.shuffle<i32>(pairs, pairs, 1, 0, 3, 2));
}

/** How many steps a 1 is. */
export function scaleOf(top: v128, limit: f32): v128 {
  return f32x4.div(splat(limit), f32x4.pmax(splat(TINY), top));
}

/** The steps: NaN where the largest number is infinite or NaN. */
export function putStep(head: usize, top: v128, limit: f32): void {
  v128.store(head, f32x4.add(f32x4.div(f32x4.pmax(splat(TINY), top), splat(limit)), f32x4.sub(top, top)));
}
