// The register tiles for int8 weights and activations of 7 bits (pack.ts has their layout): y += w x or y = bias + w x.
//
//   y = bias + (scale step) (sum of w q)          scale of the row, step of the lane; rounded four times, in this order
//
// The freedom that relaxed SIMD gives an engine cannot show. |w| <= 127 and 0 <= q <= 127: a sum of two products is at most 32,258, so it is no
// matter whether it saturates at 32,767; and no q has the bit by which one engine takes a byte for negative and another does not. A lane
// that is not finite may have such q, but its step is NaN. So the bits are the same everywhere.
//
// The instruction that adds all four products, i32x4.relaxed_dot_i8x16_i7x16_add_s, is five of x64's in V8 where the processor has no
// AVX-VNNI, as the ones that its second half multiplies by are made anew each time. Here they are read from memory, so they stay in a
// register: for 64 products 17 vector instructions at either width, where activations of 16 bits take 18 and 20.

import { VECTOR } from "../../lanes";

/** Sums of four rows in four lanes, or of four rows in one lane, and four products more in each. */
function madd4(sum: v128, w: v128, q: v128, ones: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(i16x8.relaxed_dot_i8x16_i7x16_s(w, q), ones));
}

/** Eight lanes, one group of four rows. */
export function panel(
  sums: usize, // [4 rows][8] i32 out
  head: usize, // ones [8] i16, 32 bytes on
  q: usize, // [k/4][8][4] u8
  w: usize, // sums [4] i32; `stride` bytes on, [k/4], as far apart: [4 rows][4]
  stride: usize,
  k: i32, // multiple of 4
): void {
  const ones = v128.load(head, 32);
  let a0 = v128.load32_splat(w);
  let a1 = a0;
  let b0 = v128.load32_splat(w, 4);
  let b1 = b0;
  let c0 = v128.load32_splat(w, 8);
  let c1 = c0;
  let d0 = v128.load32_splat(w, 12);
  let d1 = d0;
  w += stride;
  for (const end = q + ((<usize>k) << 3); q < end; q += 32, w += stride) {
    const x0 = v128.load(q);
    const x1 = v128.load(q, 16);
    let v = v128.load32_splat(w);
    a0 = madd4(a0, v, x0, ones);
    a1 = madd4(a1, v, x1, ones);
    v = v128.load32_splat(w, 4);
    b0 = madd4(b0, v, x0, ones);
    b1 = madd4(b1, v, x1, ones);
    v = v128.load32_splat(w, 8);
    c0 = madd4(c0, v, x0, ones);
    c1 = madd4(c1, v, x1, ones);
    v = v128.load32_splat(w, 12);
    d0 = madd4(d0, v, x0, ones);
    d1 = madd4(d1, v, x1, ones);
  }
  v128.store(sums, a0);
  v128.store(sums, a1, 16);
  v128.store(sums, b0, 32);
  v128.store(sums, b1, 48);
  v128.store(sums, c0, 64);
  v128.store(sums, c1, 80);
  v128.store(sums, d0, 96);
  v128.store(sums, d1, 112);
}

/** One lane, eight groups of four rows. */
export function columns(
  sums: usize, // [8 groups][4 rows] i32 out
  head: usize, // ones [8] i16, 32 bytes on
  q: usize, // [k/4][4] u8
  w: usize, // sums [8 groups][4] i32, [k/4][8 groups][4 rows][4]
  k: i32, // multiple of 4
): void {
  const ones = v128.load(head, 32);
  let s0 = v128.load(w);
  let s1 = v128.load(w, 16);
  let s2 = v128.load(w, 32);
  let s3 = v128.load(w, 48);
  let s4 = v128.load(w, 64);
  let s5 = v128.load(w, 80);
  let s6 = v128.load(w, 96);
  let s7 = v128.load(w, 112);
  w += 128;
  for (const end = q + <usize>k; q < end; q += 4, w += 128) {
    const x = v128.load32_splat(q);
    s0 = madd4(s0, v128.load(w), x, ones);
    s1 = madd4(s1, v128.load(w, 16), x, ones);
    s2 = madd4(s2, v128.load(w, 32), x, ones);
    s3 = madd4(s3, v128.load(w, 48), x, ones);
    s4 = madd4(s4, v128.load(w, 64), x, ones);
    s5 = madd4(s5, v128.load(w, 80), x, ones);
    s6 = madd4(s6, v128.load(w, 96), x, ones);
    s7 = madd4(s7, v128.load(w, 112), x, ones);
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
}

/** One lane, one group of a block of fewer than eight. */
export function column(
  sums: usize, // [4 rows] i32 out
  head: usize,
  q: usize, // [k/4][4] u8
  w: usize, // sums [4] i32; `stride` bytes on, [k/4], as far apart: [4 rows][4]
  stride: usize,
  k: i32, // multiple of 4
): void {
  const ones = v128.load(head, 32);
  let s = v128.load(w);
  w += stride;
  for (const end = q + <usize>k; q < end; q += 4, w += stride) {
    s = madd4(s, v128.load(w), v128.load32_splat(q), ones);
  }
  v128.store(sums, s);
}

/** One lane, four rows: from the sums to y. */
export function putColumn(
  y: usize, // [rows]
  offset: usize, // of the first row in y, in bytes
  bias: usize, // [rows], or 0 to add to y
  scales: usize, // [4]
  head: usize, // [1] the step
  sums: usize, // [4] i32
): void {
  const before = v128.load((bias ? bias : y) + offset);
  v128.store(y + offset, scaled(before, v128.load(scales), v128.load32_splat(head), v128.load(sums)));
}

/** Eight lanes, four rows: from the sums to y. */
export function putPanel(
  y: usize, // [rows][8]
  offset: usize, // of the first row in y [rows][1], in bytes
  bias: usize, // [rows], or 0 to add to y
  scales: usize, // [4]
  head: usize, // [8] the steps
  sums: usize, // [4][8] i32
): void {
  const step0 = v128.load(head);
  const step1 = v128.load(head, VECTOR);
  let to = y + 8 * offset;
  for (const end = scales + VECTOR; scales < end; scales += 4, offset += 4, sums += 32, to += 32) {
    const scale = v128.load32_splat(scales);
    const before = bias ? v128.load32_splat(bias + offset) : v128.load(to);
    v128.store(to, scaled(before, scale, step0, v128.load(sums)));
    v128.store(to, scaled(bias ? before : v128.load(to, VECTOR), scale, step1, v128.load(sums, VECTOR)), VECTOR);
  }
}

function scaled(before: v128, scale: v128, step: v128, sum: v128): v128 {
  return f32x4.add(before, f32x4.mul(f32x4.convert_i32x4_s(sum), f32x4.mul(scale, step)));
}
