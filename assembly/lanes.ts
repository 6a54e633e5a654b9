// The v128 idioms that the kernels share. A lane is a sequence of the batch (width 8: two v128 side by side) or a unit
// (width 1: four units in one v128). `width` is always 8 or 1.

import { PANEL } from "./codes";

/** Bytes in one v128: four f32. */
export const VECTOR: usize = 16;

/** `n` rounded up to a multiple of 4. Units and inputs are padded to it with zeros. */
export function padded(n: i32): i32 {
  return (n + 3) & ~3;
}

export function splat(x: f32): v128 {
  return f32x4.splat(x);
}

/** a b + c. The relaxed SIMD variant rounds it once, where the machine has a fused multiply-add. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(c, f32x4.mul(a, b));
}

/** Sets numbers below 1e-30 to 0. A value that only decays would otherwise end as a subnormal number, which processors are slow at. */
@inline
export function cut(x: v128): v128 {
  return v128.and(x, f32x4.ge(f32x4.abs(x), splat(1e-30)));
}

/**
 * Of numbers that belong to rows, those for the vector `at` bytes into a panel: at width 8 its row's number in all lanes, at width 1 the
 * numbers of its four rows.
 */
@inline
export function ofRow(values: usize, at: usize, width: i32): v128 {
  return width == PANEL ? v128.load32_splat(values + ((at >> 5) << 2)) : v128.load(values + at);
}

/** The sum of the four lanes. */
export function sum(x: v128): f32 {
  const pairs = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** The largest of the four lanes. */
export function largest(x: v128): f32 {
  const pairs = f32x4.pmax(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** Transposes four rows of four: lane j of row i goes to lane i of row j. */
@inline
export function transpose(
  to: usize, // four rows of four f32, `toStride` bytes apart
  toStride: usize,
  from: usize, // four rows of four f32, `fromStride` bytes apart
  fromStride: usize,
): void {
  const a = v128.load(from);
  const b = v128.load(from + fromStride);
  const c = v128.load(from + 2 * fromStride);
  const d = v128.load(from + 3 * fromStride);
  transposeVectors(to, to + toStride, to + 2 * toStride, to + 3 * toStride, a, b, c, d);
}

/** The same for four vectors, with the rows anywhere. */
@inline
export function transposeVectors(to0: usize, to1: usize, to2: usize, to3: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const AB = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const CD = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(to0, v128.shuffle<f32>(ab, cd, 0, 1, 4, 5));
  v128.store(to1, v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
  v128.store(to2, v128.shuffle<f32>(AB, CD, 0, 1, 4, 5));
  v128.store(to3, v128.shuffle<f32>(AB, CD, 2, 3, 6, 7));
}

/** Copies a few rows. memory.copy calls out of the wasm, which takes 15 ns before it begins (V8). */
export function copyRows(to: usize, from: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += VECTOR, from += VECTOR) v128.store(to, v128.load(from));
}

/** Clears a few rows, for the same reason. */
export function clearRows(to: usize, bytes: usize): void {
  for (const end = to + bytes; to < end; to += VECTOR) v128.store(to, splat(0));
}

// A column is the vectors that one v128 visits going down a panel [O][width]. Width 8 has two columns of O vectors, a lane a sequence.
// Width 1 has one column of O/4 vectors, a lane a row: lanes of rows past O are masked, and the lanes are reduced to one.

/** Mask of the lanes in a column's last vector that are rows below O; width 1. */
export function liveRows(O: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(((O - 1) & 3) + 1));
}

/** Mask of the lanes, `at` bytes into a panel, that are rows below O. */
export function liveAt(at: usize, O: i32, width: i32): v128 {
  const row = i32x4.splat(<i32>(width == PANEL ? at >> 5 : at >> 2));
  return i32x4.lt_s(width == PANEL ? row : i32x4.add(row, i32x4(0, 1, 2, 3)), i32x4.splat(O));
}

/** The weight of each lane of a column, times the scale. */
export function columnWeights(weight: usize, width: i32, scale: f32): v128 {
  return f32x4.mul(loadColumn(weight, width), splat(scale));
}

/** Loads the values of a row [width] for the lanes of a column; with width 1 its one number goes to all lanes. */
export function loadColumn(at: usize, width: i32): v128 {
  return width == PANEL ? v128.load(at) : v128.load32_splat(at);
}

/** The inverse of loadColumn; with width 1 it stores the first lane. */
export function storeColumn(at: usize, x: v128, width: i32): void {
  if (width == PANEL) v128.store(at, x);
  else v128.store32_lane(at, x, 0);
}
