// Counter-based random numbers: each is a function of (key, position). From them come the masks of inverted dropout (Srivastava et al.
// 2014), which the backward pass draws again instead of storing them, and which a resumed run draws again as well; and the uniform
// numbers from which weights are initialised.
//
// Philox-4x32-10 (Salmon, Moraes, Dror & Shaw 2011): four 32-bit counters and two 32-bit keys; ten rounds of
//   (c0, c1, c2, c3) -> (hi(M1 c2) ^ c1 ^ k0, lo(M1 c2), hi(M0 c0) ^ c3 ^ k1, lo(M0 c0)),   k0 += W0, k1 += W1

import { aligned, DEBUG, fours } from "./asserts";
import { splat, VECTOR } from "./lanes";

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;

/** y[i] = x[i] keep[i] factor. The gradient goes through the same function; x may be y. */
export function dropout(
  y: usize, // [count] out
  x: usize, // [count]
  count: i32, // multiple of 4
  rate: f32, // the share to drop
  factor: f32, // for the kept values: 1 / (1 - rate) keeps the mean
  update: u32, // number of the update
  layer: u32, // number of the layer
  key0: u32, // the seed
  key1: u32,
): void {
  if (DEBUG) assert(aligned(y, x) && fours(count));
  draw(y, x, count, rate, factor, update, layer, 0, key0, key1);
}

/** y[i] = low + range u[i], u uniform in [0, 1), rounded once. */
export function uniforms(
  y: usize, // [count] out
  count: i32, // multiple of 16
  low: f64,
  range: f64,
  index: u32, // number of the draw
  purpose: u32, // 1 or more: dropout uses 0
  key0: u32, // the seed
  key1: u32,
): void {
  if (DEBUG) assert(aligned(y) && count % 16 == 0);
  draw(y, 0, count, 0, 0, 0, index, purpose, key0, key1);
  for (let end = y + ((<usize>count) << 2); y < end; y += 4) {
    store<f32>(y, <f32>(low + (range / 4294967296.0) * <f64>load<u32>(y)));
  }
}

/** The kept values of x times the factor; or the random bits themselves, where x is 0. */
function draw(y: usize, x: usize, count: i32, rate: f32, factor: f32, update: u32, index: u32, purpose: u32, key0: u32, key1: u32): void {
  // Keep a value when its 32 random bits, as unsigned, are at least rate 2^32.
  const bound = i32x4.splat(<u32>(<f64>rate * 4294967296.0));
  const scale = splat(factor);
  for (let n: u32 = 0; count > 0; n++, count -= 16) {
    // Four blocks at once, one in each lane: 16 random numbers.
    let c0 = i32x4.add(i32x4.splat(4 * n), i32x4(0, 1, 2, 3));
    let c1 = i32x4.splat(update);
    let c2 = i32x4.splat(index);
    let c3 = i32x4.splat(purpose);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const low0 = i64x2.extmul_low_i32x4_u(c0, i32x4.splat(M0));
      const high0 = i64x2.extmul_high_i32x4_u(c0, i32x4.splat(M0));
      const low1 = i64x2.extmul_low_i32x4_u(c2, i32x4.splat(M1));
      const high1 = i64x2.extmul_high_i32x4_u(c2, i32x4.splat(M1));
      c0 = v128.xor(v128.xor(v128.shuffle<i32>(low1, high1, 1, 3, 5, 7), c1), i32x4.splat(k0));
      c2 = v128.xor(v128.xor(v128.shuffle<i32>(low0, high0, 1, 3, 5, 7), c3), i32x4.splat(k1));
      c1 = v128.shuffle<i32>(low1, high1, 0, 2, 4, 6);
      c3 = v128.shuffle<i32>(low0, high0, 0, 2, 4, 6);
      k0 += W0;
      k1 += W1;
    }
    if (x) {
      keep(y, x, c0, bound, scale);
      if (count > 4) keep(y + VECTOR, x + VECTOR, c1, bound, scale);
      if (count > 8) keep(y + 2 * VECTOR, x + 2 * VECTOR, c2, bound, scale);
      if (count > 12) keep(y + 3 * VECTOR, x + 3 * VECTOR, c3, bound, scale);
      x += 4 * VECTOR;
    } else {
      spread(y, c0);
      spread(y + 4, c1);
      spread(y + 8, c2);
      spread(y + 12, c3);
    }
    y += 4 * VECTOR;
  }
}

function keep(y: usize, x: usize, bits: v128, bound: v128, scale: v128): void {
  v128.store(y, v128.and(f32x4.mul(v128.load(x), scale), i32x4.ge_u(bits, bound)));
}

/** Stores one result of each of four blocks, four numbers apart, so that the results of a block end up side by side. */
function spread(y: usize, bits: v128): void {
  v128.store32_lane(y, bits, 0);
  v128.store32_lane(y, bits, 1, VECTOR);
  v128.store32_lane(y, bits, 2, 2 * VECTOR);
  v128.store32_lane(y, bits, 3, 3 * VECTOR);
}
