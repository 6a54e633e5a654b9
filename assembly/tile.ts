// The register tiles: one for batches, two for a batch of one. All matrix products go through them.
//
//   width 8   a scalar weight times 8 sequences; 4 rows x 8 lanes, 8 accumulators. Without fused multiply-add, more of them
//             spill: a 6x8 tile has half the speed of this one (V8 11.3, Zen 5). With it, in the variant for relaxed SIMD,
//             6 rows x 8 lanes are 1.07 times as fast: products take no register, and 12 sums hide the whole latency.
//   width 1   four rows of weights times one input; eight vectors of four, 8 accumulators. The vectors left over go one by one,
//             at 0.6 of the speed.
//
// Both read the same packed weights. The order of the sums is fixed, so the bits are the same on every engine.

import { aligned, alignedOrNone, DEBUG, fours, words } from "./asserts";
import { madd } from "./lanes";

/**
 * c[rows][8] = bias + a x + ah h; with bias = 0, c += a x + ah h. The inputs x and h are two segments of one sum. Four rows at a time;
 * with relaxed SIMD first fours until a multiple of six rows is left, then six at a time.
 */
export function tile(
  c0: usize, // [rows][4] columns 0..3 of the result, rows `cStride` bytes apart
  c1: usize, // [rows][4] columns 4..7
  cStride: usize,
  bias: usize, // [rows], or 0 to add to c
  a: usize, // [rows/4][kx][4]: `aStride` bytes from one k to the next, `aBlock` from four rows to the next four
  x: usize, // [kx][8]
  kx: i32,
  ah: usize, // [rows/4][kh][4]
  h: usize, // [kh][8]
  kh: i32,
  aStride: usize,
  aBlock: usize,
  rows: i32, // multiple of 4
): void {
  for (; ASC_FEATURE_RELAXED_SIMD ? rows % 6 : rows; rows -= 4) {
    let s00: v128, s01: v128, s10: v128, s11: v128, s20: v128, s21: v128, s30: v128, s31: v128;
    if (bias) {
      s00 = s01 = v128.load32_splat(bias);
      s10 = s11 = v128.load32_splat(bias, 4);
      s20 = s21 = v128.load32_splat(bias, 8);
      s30 = s31 = v128.load32_splat(bias, 12);
      bias += 16;
    } else {
      s00 = v128.load(c0);
      s01 = v128.load(c1);
      s10 = v128.load(c0 + cStride);
      s11 = v128.load(c1 + cStride);
      s20 = v128.load(c0 + 2 * cStride);
      s21 = v128.load(c1 + 2 * cStride);
      s30 = v128.load(c0 + 3 * cStride);
      s31 = v128.load(c1 + 3 * cStride);
    }
    let w = a;
    let b = x;
    let k = kx;
    for (let segment = 0; segment < 2; segment++) {
      for (let end = b + ((<usize>k) << 5); b < end; b += 32) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        let row = v128.load32_splat(w);
        s00 = madd(row, b0, s00);
        s01 = madd(row, b1, s01);
        row = v128.load32_splat(w, 4);
        s10 = madd(row, b0, s10);
        s11 = madd(row, b1, s11);
        row = v128.load32_splat(w, 8);
        s20 = madd(row, b0, s20);
        s21 = madd(row, b1, s21);
        row = v128.load32_splat(w, 12);
        s30 = madd(row, b0, s30);
        s31 = madd(row, b1, s31);
        w += aStride;
      }
      w = ah;
      b = h;
      k = kh;
    }
    v128.store(c0, s00);
    v128.store(c1, s01);
    v128.store(c0 + cStride, s10);
    v128.store(c1 + cStride, s11);
    v128.store(c0 + 2 * cStride, s20);
    v128.store(c1 + 2 * cStride, s21);
    v128.store(c0 + 3 * cStride, s30);
    v128.store(c1 + 3 * cStride, s31);
    c0 += 4 * cStride;
    c1 += 4 * cStride;
    a += aBlock;
    ah += aBlock;
  }
  // Six rows are one block of four and half of a neighbour. `second` is the offset of rows 2 and 3: in the first's block or in the next.
  for (let second: usize = 8; ASC_FEATURE_RELAXED_SIMD && rows; rows -= 6) {
    let s00: v128, s01: v128, s10: v128, s11: v128, s20: v128, s21: v128, s30: v128, s31: v128, s40: v128, s41: v128, s50: v128, s51: v128;
    if (bias) {
      s00 = s01 = v128.load32_splat(bias);
      s10 = s11 = v128.load32_splat(bias, 4);
      s20 = s21 = v128.load32_splat(bias, 8);
      s30 = s31 = v128.load32_splat(bias, 12);
      s40 = s41 = v128.load32_splat(bias, 16);
      s50 = s51 = v128.load32_splat(bias, 20);
      bias += 24;
    } else {
      s00 = v128.load(c0);
      s01 = v128.load(c1);
      s10 = v128.load(c0 + cStride);
      s11 = v128.load(c1 + cStride);
      s20 = v128.load(c0 + 2 * cStride);
      s21 = v128.load(c1 + 2 * cStride);
      s30 = v128.load(c0 + 3 * cStride);
      s31 = v128.load(c1 + 3 * cStride);
      s40 = v128.load(c0 + 4 * cStride);
      s41 = v128.load(c1 + 4 * cStride);
      s50 = v128.load(c0 + 5 * cStride);
      s51 = v128.load(c1 + 5 * cStride);
    }
    let w = a;
    let b = x;
    let k = kx;
    for (let segment = 0; segment < 2; segment++) {
      for (let end = b + ((<usize>k) << 5); b < end; b += 32) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        let row = v128.load32_splat(w);
        s00 = madd(row, b0, s00);
        s01 = madd(row, b1, s01);
        row = v128.load32_splat(w, 4);
        s10 = madd(row, b0, s10);
        s11 = madd(row, b1, s11);
        row = v128.load32_splat(w + second);
        s20 = madd(row, b0, s20);
        s21 = madd(row, b1, s21);
        row = v128.load32_splat(w + second, 4);
        s30 = madd(row, b0, s30);
        s31 = madd(row, b1, s31);
        row = v128.load32_splat(w + aBlock);
        s40 = madd(row, b0, s40);
        s41 = madd(row, b1, s41);
        row = v128.load32_splat(w + aBlock, 4);
        s50 = madd(row, b0, s50);
        s51 = madd(row, b1, s51);
        w += aStride;
      }
      w = ah;
      b = h;
      k = kh;
    }
    v128.store(c0, s00);
    v128.store(c1, s01);
    v128.store(c0 + cStride, s10);
    v128.store(c1 + cStride, s11);
    v128.store(c0 + 2 * cStride, s20);
    v128.store(c1 + 2 * cStride, s21);
    v128.store(c0 + 3 * cStride, s30);
    v128.store(c1 + 3 * cStride, s31);
    v128.store(c0 + 4 * cStride, s40);
    v128.store(c1 + 4 * cStride, s41);
    v128.store(c0 + 5 * cStride, s50);
    v128.store(c1 + 5 * cStride, s51);
    c0 += 6 * cStride;
    c1 += 6 * cStride;
    a += aBlock + second;
    ah += aBlock + second;
    second = aBlock - second;
  }
}

/**
 * Width 1: eight vectors of four rows, c[8][4] = bias + a x; with bias = 0, c += a x. Eight accumulators hide the latency of the sum. Two
 * steps a turn keep V8 11.3 from unrolling the loop; unrolled it spills, and it also spills with a loop around this one.
 */
export function columns(
  c: usize, // [4][4]: the first four vectors
  cNext: usize, // [4][4]: the other four; or c again, where there are only four
  bias: usize, // [8][4], or 0 to add to c
  a: usize, // [k][4] of the first vector, rows `aStride` bytes apart; the other vectors are at these offsets:
  aVector: usize, // bytes from one of four vectors to the next
  aNext: usize, // bytes from the first four vectors to the other four; or 0
  aStride: usize,
  x: usize, // [k]
  k: i32, // even
): void {
  if (DEBUG) assert(aligned(c, cNext, a) && alignedOrNone(bias) && (words(x) || k == 0) && k % 2 == 0);
  const start = bias ? bias : c;
  const startNext = start + (cNext - c);
  let s0 = v128.load(start);
  let s1 = v128.load(start, 16);
  let s2 = v128.load(start, 32);
  let s3 = v128.load(start, 48);
  let s4 = v128.load(startNext);
  let s5 = v128.load(startNext, 16);
  let s6 = v128.load(startNext, 32);
  let s7 = v128.load(startNext, 48);
  const aVector2 = aVector + aVector;
  const aVector3 = aVector2 + aVector;
  let next = a + aNext;
  for (const end = x + ((<usize>k) << 2); x < end; x += 8) {
    let b = v128.load32_splat(x);
    s0 = madd(v128.load(a), b, s0);
    s1 = madd(v128.load(a + aVector), b, s1);
    s2 = madd(v128.load(a + aVector2), b, s2);
    s3 = madd(v128.load(a + aVector3), b, s3);
    s4 = madd(v128.load(next), b, s4);
    s5 = madd(v128.load(next + aVector), b, s5);
    s6 = madd(v128.load(next + aVector2), b, s6);
    s7 = madd(v128.load(next + aVector3), b, s7);
    a += aStride;
    next += aStride;
    b = v128.load32_splat(x, 4);
    s0 = madd(v128.load(a), b, s0);
    s1 = madd(v128.load(a + aVector), b, s1);
    s2 = madd(v128.load(a + aVector2), b, s2);
    s3 = madd(v128.load(a + aVector3), b, s3);
    s4 = madd(v128.load(next), b, s4);
    s5 = madd(v128.load(next + aVector), b, s5);
    s6 = madd(v128.load(next + aVector2), b, s6);
    s7 = madd(v128.load(next + aVector3), b, s7);
    a += aStride;
    next += aStride;
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
  v128.store(cNext, s4);
  v128.store(cNext, s5, 16);
  v128.store(cNext, s6, 32);
  v128.store(cNext, s7, 48);
}

/** Width 1, one vector of four rows: four accumulators along k; k is a multiple of 4 (padding is zero). */
export function column1(
  c: usize, // [4 rows]
  bias: usize, // [4], or 0 to add to c
  a: usize, // [k][4]
  x: usize, // [k]
  k: i32,
): void {
  if (DEBUG) assert(aligned(c, a) && alignedOrNone(bias) && words(x) && fours(k));
  let s0 = v128.load(bias ? bias : c);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  for (let end = x + ((<usize>k) << 2); x < end; x += 16) {
    s0 = madd(v128.load(a), v128.load32_splat(x), s0);
    s1 = madd(v128.load(a, 16), v128.load32_splat(x, 4), s1);
    s2 = madd(v128.load(a, 32), v128.load32_splat(x, 8), s2);
    s3 = madd(v128.load(a, 48), v128.load32_splat(x, 12), s3);
    a += 64;
  }
  v128.store(c, f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}
