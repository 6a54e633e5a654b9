// Arithmetic on whole buffers, element by element, and moving rows between buffers.

import { aligned, alignedOrNone, DEBUG, fours, positive } from "./asserts";
import { PANEL } from "./codes";
import { copyRows, splat, VECTOR } from "./lanes";

/** y = a y + b x: sums, means, weight decay, clipping by norm (Pascanu, Mikolov & Bengio 2013). x may be y. */
export function blend(
  y: usize, // [count]
  x: usize, // [count]
  count: i32, // multiple of 4
  a: f32,
  b: f32,
): void {
  if (DEBUG) assert(aligned(y, x) && fours(count));
  for (const end = y + ((<usize>count) << 2); y < end; y += VECTOR) {
    v128.store(y, f32x4.add(f32x4.mul(splat(a), v128.load(y)), f32x4.mul(splat(b), v128.load(x))));
    x += VECTOR;
  }
}

/** y = y + share (x - y). Where x equals y, y keeps its bits. */
export function lerp(
  y: usize, // [count]
  x: usize, // [count]
  count: i32, // multiple of 4
  share: f32,
): void {
  if (DEBUG) assert(aligned(y, x) && fours(count));
  for (const end = y + ((<usize>count) << 2); y < end; y += VECTOR, x += VECTOR) {
    const before = v128.load(y);
    v128.store(y, f32x4.add(before, f32x4.mul(splat(share), f32x4.sub(v128.load(x), before))));
  }
}

/** y = x m; the gradient of x is that of y times m. */
export function multiply(
  y: usize, // [count] out; may be x
  x: usize, // [count]
  m: usize, // [count]
  count: i32, // multiple of 4
): void {
  if (DEBUG) assert(aligned(y, x, m) && fours(count));
  for (const end = y + ((<usize>count) << 2); y < end; y += VECTOR, x += VECTOR, m += VECTOR) {
    v128.store(y, f32x4.mul(v128.load(x), v128.load(m)));
  }
}

/** Zoneout (Krueger et al. 2017): y = m before + (1 - m) y. m is 0 or 1 while training, and their mean otherwise. */
export function zoneoutForward(
  y: usize, // [count]: in, the cell's value; out, the value kept
  before: usize, // [count]: y of the step before
  m: usize, // [count]
  count: i32, // multiple of 4
): void {
  if (DEBUG) assert(aligned(y, before, m) && fours(count));
  for (const end = y + ((<usize>count) << 2); y < end; y += VECTOR, before += VECTOR, m += VECTOR) {
    const share = v128.load(m);
    const rest = f32x4.sub(splat(1), share);
    v128.store(y, f32x4.add(f32x4.mul(share, v128.load(before)), f32x4.mul(rest, v128.load(y))));
  }
}

/** dbefore += m dy; dy = (1 - m) dy */
export function zoneoutBackward(
  dy: usize, // [count]
  dbefore: usize, // [count]; accumulates; or 0
  m: usize, // [count]
  count: i32, // multiple of 4
): void {
  if (DEBUG) assert(aligned(dy, m) && alignedOrNone(dbefore) && fours(count));
  for (const end = dy + ((<usize>count) << 2); dy < end; dy += VECTOR, m += VECTOR) {
    const d = v128.load(dy);
    const past = f32x4.mul(v128.load(m), d);
    v128.store(dy, f32x4.sub(d, past));
    if (!dbefore) continue;
    v128.store(dbefore, f32x4.add(v128.load(dbefore), past));
    dbefore += VECTOR;
  }
}

/** Fills gaps: a NaN takes the value of the step before. */
export function fillGaps(
  x: usize, // [T+1][count]: slot 0 is the step before the first, without NaN
  T: i32,
  count: i32, // multiple of 4
): void {
  if (DEBUG) assert(aligned(x) && positive(T, count) && fours(count));
  const slot = (<usize>count) << 2;
  for (const end = x + <usize>T * slot; x < end; x += VECTOR) {
    const now = v128.load(x + slot);
    v128.store(x + slot, v128.bitselect(now, v128.load(x), f32x4.eq(now, now)));
  }
}

/**
 * Moves rows of x to rows of y, slot by slot. With `lengths`, each sequence is reversed by its true length: step t is step
 * length - 1 - t of x, and steps past the length stay in place. Reversal is its own inverse, so the gradient goes back the same way.
 */
export function moveRows(
  y: usize, // [T][P][yRows][width]: rows from yRow on
  x: usize, // [T][P][xRows][width]: rows from xRow on; f32 or i32
  lengths: usize, // [P][width] i32, or 0
  yRows: i32,
  yRow: i32,
  xRows: i32,
  xRow: i32,
  count: i32, // rows to move
  accumulate: bool, // adds to y
  T: i32,
  P: i32,
  width: i32,
): void {
  const row = (<usize>width) << 2;
  for (let t = 0; t < T; t++) {
    for (let p = 0; p < P; p++) {
      if (width == PANEL && !lengths && !accumulate) {
        const slot = <usize>(t * P + p);
        copyRows(y + (slot * <usize>yRows + <usize>yRow) * row, x + (slot * <usize>xRows + <usize>xRow) * row, <usize>count * row);
        continue;
      }
      for (let lane = 0; lane < width; lane++) {
        const length = lengths ? load<i32>(lengths + ((<usize>(p * width + lane)) << 2)) : 0;
        const from = t < length ? length - 1 - t : t;
        let to = y + <usize>((t * P + p) * yRows + yRow) * row + ((<usize>lane) << 2);
        let at = x + <usize>((from * P + p) * xRows + xRow) * row + ((<usize>lane) << 2);
        for (let i = 0; i < count; i++, to += row, at += row) {
          if (accumulate) store<f32>(to, load<f32>(to) + load<f32>(at));
          else store<i32>(to, load<i32>(at));
        }
      }
    }
  }
}
