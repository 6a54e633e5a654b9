// The register tiles for int8 weights (pack.ts has their layout): y += w x or y = bias + w x, from sums of products of integers.
//
//   y = bias + (scale step) (sum of w q)          scale of the row, step of the lane; rounded four times, in this order
//
// Sums of integers do not depend on their order, so one sequence alone gets the bits that it has beside seven others. Both tiles have eight
// accumulators. For 64 products they take 18 vector instructions at width 8 and 20 at width 1, the f32 tiles 32, at four times the bytes.

import { VECTOR } from "../lanes";

/** Eight lanes, two pairs of rows. */
export function panel(
  y: usize, // [rows][8]
  low: usize, // offset of the first pair's low row in y [rows][1], in bytes
  high: i32, // the same for the high row; negative for none
  bias: usize, // [rows], or 0 to add to y
  scales: usize, // of the low rows; 16 bytes on, of the high rows
  head: usize, // steps [8], 128 times the sums of q [8] i32
  q: usize, // [k/2][8][2] i16
  w: usize, // [k/2], `stride` bytes apart: [2 pairs][2] i16
  stride: usize,
  k: i32, // even
): void {
  let v00 = i32x4.splat(0);
  let v01 = i32x4.splat(0);
  let h00 = i32x4.splat(0);
  let h01 = i32x4.splat(0);
  let v10 = i32x4.splat(0);
  let v11 = i32x4.splat(0);
  let h10 = i32x4.splat(0);
  let h11 = i32x4.splat(0);
  for (const end = q + ((<usize>k) << 4); q < end; q += 32, w += stride) {
    const x0 = v128.load(q);
    const x1 = v128.load(q, 16);
    let v = v128.load32_splat(w);
    v00 = i32x4.add(v00, i32x4.dot_i16x8_s(v, x0));
    v01 = i32x4.add(v01, i32x4.dot_i16x8_s(v, x1));
    v = i16x8.shr_s(v, 8);
    h00 = i32x4.add(h00, i32x4.dot_i16x8_s(v, x0));
    h01 = i32x4.add(h01, i32x4.dot_i16x8_s(v, x1));
    v = v128.load32_splat(w, 4);
    v10 = i32x4.add(v10, i32x4.dot_i16x8_s(v, x0));
    v11 = i32x4.add(v11, i32x4.dot_i16x8_s(v, x1));
    v = i16x8.shr_s(v, 8);
    h10 = i32x4.add(h10, i32x4.dot_i16x8_s(v, x0));
    h11 = i32x4.add(h11, i32x4.dot_i16x8_s(v, x1));
  }
  const sum0 = v128.load(head, 32);
  const sum1 = v128.load(head, 48);
  const step0 = v128.load(head);
  const step1 = v128.load(head, 16);
  putRow(y, low, bias, scales, lowSum(v00, h00, sum0), lowSum(v01, h01, sum1), step0, step1);
  putRow(y, low + 4, bias, scales + 4, lowSum(v10, h10, sum0), lowSum(v11, h11, sum1), step0, step1);
  if (high < 0) return;
  putRow(y, high, bias, scales + 16, h00, h01, step0, step1);
  putRow(y, high + 4, bias, scales + 20, h10, h11, step0, step1);
}

/** One lane, four vectors. Two turns of the loop in one would spill (V8 11.3). */
export function columns(
  sums: usize, // [4][v, high][4 pairs] i32 out: of v x, of (v >> 8) x
  q: usize, // [k/2][2] i16
  w: usize, // [k/2][4][4 pairs][2] i16
  k: i32, // even
): void {
  let v0 = i32x4.splat(0);
  let v1 = i32x4.splat(0);
  let v2 = i32x4.splat(0);
  let v3 = i32x4.splat(0);
  let h0 = i32x4.splat(0);
  let h1 = i32x4.splat(0);
  let h2 = i32x4.splat(0);
  let h3 = i32x4.splat(0);
  for (const end = q + ((<usize>k) << 1); q < end; q += 4, w += 64) {
    const x = v128.load32_splat(q);
    let v = v128.load(w);
    v0 = i32x4.add(v0, i32x4.dot_i16x8_s(v, x));
    h0 = i32x4.add(h0, i32x4.dot_i16x8_s(i16x8.shr_s(v, 8), x));
    v = v128.load(w, 16);
    v1 = i32x4.add(v1, i32x4.dot_i16x8_s(v, x));
    h1 = i32x4.add(h1, i32x4.dot_i16x8_s(i16x8.shr_s(v, 8), x));
    v = v128.load(w, 32);
    v2 = i32x4.add(v2, i32x4.dot_i16x8_s(v, x));
    h2 = i32x4.add(h2, i32x4.dot_i16x8_s(i16x8.shr_s(v, 8), x));
    v = v128.load(w, 48);
    v3 = i32x4.add(v3, i32x4.dot_i16x8_s(v, x));
    h3 = i32x4.add(h3, i32x4.dot_i16x8_s(i16x8.shr_s(v, 8), x));
  }
  v128.store(sums, v0);
  v128.store(sums, h0, 16);
  v128.store(sums, v1, 32);
  v128.store(sums, h1, 48);
  v128.store(sums, v2, 64);
  v128.store(sums, h2, 80);
  v128.store(sums, v3, 96);
  v128.store(sums, h3, 112);
}

/** One lane, one vector of fewer than four. */
export function column(
  sums: usize, // [v, high][4 pairs] i32 out
  q: usize, // [k/2][2] i16
  w: usize, // [k/2], `stride` bytes apart: [4 pairs][2] i16
  stride: usize,
  k: i32, // even
): void {
  let s = i32x4.splat(0);
  let h = i32x4.splat(0);
  for (const end = q + ((<usize>k) << 1); q < end; q += 4, w += stride) {
    const x = v128.load32_splat(q);
    const v = v128.load(w);
    s = i32x4.add(s, i32x4.dot_i16x8_s(v, x));
    h = i32x4.add(h, i32x4.dot_i16x8_s(i16x8.shr_s(v, 8), x));
  }
  v128.store(sums, s);
  v128.store(sums, h, 16);
}

/** One lane, eight rows: from the sums to y. */
export function putColumn(
  y: usize, // [rows]
  low: usize, // offset of the four low rows in y, in bytes
  high: i32, // of the high rows; negative for none
  bias: usize, // [rows], or 0 to add to y
  scales: usize, // [low, high][4]
  head: usize, // [1] the step; 32 bytes on, [1] 128 times the sum of q
  sums: usize, // [v, high][4 pairs] i32
): void {
  const step = v128.load32_splat(head);
  const h = v128.load(sums, 16);
  put(y + low, (bias ? bias : y) + low, v128.load(scales), step, lowSum(v128.load(sums), h, v128.load32_splat(head, 32)));
  if (high >= 0) put(y + <usize>high, (bias ? bias : y) + <usize>high, v128.load(scales, 16), step, h);
}

/** The sum of low x, from those of v x, of high x and 128 times that of x: see pack.ts. */
function lowSum(v: v128, high: v128, bias: v128): v128 {
  return i32x4.sub(i32x4.sub(v, i32x4.shl(high, 8)), bias);
}

/** One row of eight lanes, `offset` as at width 1. */
function putRow(y: usize, offset: usize, bias: usize, scale: usize, sum0: v128, sum1: v128, step0: v128, step1: v128): void {
  const to = y + 8 * offset;
  const factor = v128.load32_splat(scale);
  const before = bias ? v128.load32_splat(bias + offset) : v128.load(to);
  v128.store(to, scaled(before, factor, step0, sum0));
  v128.store(to, scaled(bias ? before : v128.load(to, VECTOR), factor, step1, sum1), VECTOR);
}

function put(to: usize, before: usize, scale: v128, step: v128, sum: v128): void {
  v128.store(to, scaled(v128.load(before), scale, step, sum));
}

function scaled(before: v128, scale: v128, step: v128, sum: v128): v128 {
  return f32x4.add(before, f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.mul(scale, step)));
}
