// Pooling: one vector out of the steps of a sequence. A sequence has `lengths` steps, at most T; those past them are not looked at. A
// lane without steps gets zeros.
//
//   last       y = x(length - 1)
//   max        y_u = max over t of x_u(t); of equal ones the first
//   mean       y = sum over t of a(t) x(t), a(t) = 1 / length
//   attention  the same with a = softmax of the scores e(t): Bahdanau et al. 2015, for one vector Yang et al. 2016
//
// Backward: of last and max dx_u(t) = dy_u where t was taken, else 0; of the others dx(t) = a(t) dy and, as the softmax of e has the
// slope da(t)/de(s) = a(t) ([t = s] - a(s)), de(t) = a(t) (dy x(t) - dy y).

import { exp } from "./activation";
import { aligned, DEBUG, fours, isWidth, positive, words } from "./asserts";
import { PANEL } from "./codes";
import { clearRows, loadColumn, splat, storeColumn, sum, VECTOR } from "./lanes";

/** Forward of last and max, which pick one step for each number. */
export function pickForward(
  y: usize, // [P][N][width] out
  taken: usize, // [P][N][width] i32 out: the step of each number; -1 for none
  x: usize, // [T][P][N][width]
  lengths: usize, // [P][width] i32
  largest: bool, // max
  T: i32,
  P: i32,
  N: i32, // padded
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, taken, x) && words(lengths) && fours(N) && positive(T, P, N) && isWidth(width));
  const row = (<usize>width) << 2;
  const panel = <usize>N * row;
  for (let p = 0; p < P; p++, lengths += row, y += panel, taken += panel, x += panel) {
    for (let lane: usize = 0; lane < row; lane += 4) {
      const length = load<i32>(lengths + lane);
      const step = largest ? min(length, 1) - 1 : length - 1;
      const from = x + <usize>max(step, 0) * <usize>P * panel;
      for (let at = lane; at < panel; at += row) {
        store<f32>(y + at, step < 0 ? 0 : load<f32>(from + at));
        store<i32>(taken + at, step);
      }
    }
    for (let t = 1; largest && t < T; t++) {
      const now = x + <usize>(t * P) * panel;
      for (let at: usize = 0; at < panel; at += VECTOR) {
        const value = v128.load(now + at);
        const best = v128.load(y + at);
        // Taken unless value <= best, which is false for NaN: a NaN is taken as well.
        const here = v128.andnot(i32x4.gt_s(ofLane(lengths, at, width), i32x4.splat(t)), f32x4.le(value, best));
        v128.store(y + at, v128.bitselect(value, best, here));
        v128.store(taken + at, v128.bitselect(i32x4.splat(t), v128.load(taken + at), here));
      }
    }
  }
}

/** The gradient goes to the step that was picked. */
export function pickBackward(
  dx: usize, // [T][P][N][width] out
  dy: usize, // [P][N][width]
  taken: usize, // [P][N][width] i32
  T: i32,
  count: i32, // P N width
): void {
  if (DEBUG) assert(aligned(dx, dy, taken) && fours(count) && positive(T, count));
  const slot = (<usize>count) << 2;
  for (let t = 0; t < T; t++) {
    for (let at: usize = 0; at < slot; at += VECTOR, dx += VECTOR) {
      v128.store(dx, v128.and(v128.load(dy + at), i32x4.eq(v128.load(taken + at), i32x4.splat(t))));
    }
  }
}

/** Forward of mean and attention, which weigh the steps. */
export function weighForward(
  y: usize, // [P][N][width] out
  share: usize, // [T][P][width] out: a
  x: usize, // [T][P][N][width]
  scores: usize, // [T][P][4][width], of which the first row is e; or 0: the mean
  lengths: usize, // [P][width] i32
  T: i32,
  P: i32,
  N: i32, // padded
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, x) && words(share, lengths) && fours(N) && positive(T, P, N) && isWidth(width));
  const row = (<usize>width) << 2;
  const panel = <usize>N * row;
  for (let p = 0; p < P; p++, lengths += row, share += row, x += panel) {
    for (let column: usize = 0; column < row; column += VECTOR) {
      shares(share + column, scores ? scores + 4 * <usize>p * row + column : 0, loadColumn(lengths + column, width), T, P, width);
    }
    clearRows(y, panel);
    for (let t: usize = 0; t < <usize>T; t++) {
      const now = x + t * P * panel;
      for (let at: usize = 0; at < panel; at += VECTOR) {
        const a = ofLane(share + t * P * row, at, width);
        // Steps past the end may have overflowed; mask them, as 0 times infinity is NaN.
        const part = v128.and(f32x4.mul(a, v128.load(now + at)), f32x4.ne(a, splat(0)));
        v128.store(y + at, f32x4.add(v128.load(y + at), part));
      }
    }
    y += panel;
  }
}

/** The gradients of the steps and of their scores. */
export function weighBackward(
  dx: usize, // [T][P][N][width] out; or 0
  dscores: usize, // [T][P][4][width] out: de, and three rows of 0; or 0
  dy: usize, // [P][N][width]
  y: usize, // [P][N][width]
  share: usize, // [T][P][width]
  x: usize, // [T][P][N][width]
  T: i32,
  P: i32,
  N: i32, // padded
  width: i32,
): void {
  if (DEBUG) assert(aligned(dy, y, x) && words(share) && fours(N) && positive(T, P, N) && isWidth(width));
  const row = (<usize>width) << 2;
  const panel = <usize>N * row;
  for (let t = 0; t < T; t++) {
    for (let p: usize = 0; p < <usize>P; p++, share += row, x += panel) {
      const d = dy + p * panel;
      for (let at: usize = 0; dx && at < panel; at += VECTOR, dx += VECTOR) {
        v128.store(dx, f32x4.mul(ofLane(share, at, width), v128.load(d + at)));
      }
      if (!dscores) continue;
      for (let column: usize = 0; column < row; column += VECTOR) {
        const a = loadColumn(share + column, width);
        const difference = f32x4.sub(dot(d + column, x + column, panel, width), dot(d + column, y + p * panel + column, panel, width));
        storeColumn(dscores + column, v128.and(f32x4.mul(a, difference), f32x4.ne(a, splat(0))), width);
      }
      dscores += row;
      for (const end = dscores + 3 * row; dscores < end; dscores += 4) store<f32>(dscores, 0);
    }
  }
}

/** The share a(t) of each step, for the lanes of a column. */
function shares(share: usize, scores: usize, length: v128, T: i32, P: i32, width: i32): void {
  const stride = (<usize>P * width) << 2;
  let top = splat(-f32.MAX_VALUE);
  for (let t = 0, at = scores; scores && t < T; t++, at += 4 * stride) {
    top = v128.bitselect(f32x4.pmax(top, loadColumn(at, width)), top, i32x4.gt_s(length, i32x4.splat(t)));
  }
  let total = splat(0);
  for (let t = 0, to = share; t < T; t++, to += stride) {
    const power = scores ? exp(f32x4.sub(loadColumn(scores, width), top)) : splat(1);
    const live = v128.and(power, i32x4.gt_s(length, i32x4.splat(t)));
    total = f32x4.add(total, live);
    storeColumn(to, live, width);
    if (scores) scores += 4 * stride;
  }
  // Without steps the total is 0.
  const inverse = v128.and(f32x4.div(splat(1), total), f32x4.gt(total, splat(0)));
  for (let t = 0; t < T; t++, share += stride) storeColumn(share, f32x4.mul(loadColumn(share, width), inverse), width);
}

/** The sum over rows of a b, for the lanes of a column; with width 1 in all lanes. */
function dot(a: usize, b: usize, panel: usize, width: i32): v128 {
  const stride: usize = width == PANEL ? 32 : VECTOR;
  let total = splat(0);
  for (let at: usize = 0; at < panel; at += stride) total = f32x4.add(total, f32x4.mul(v128.load(a + at), v128.load(b + at)));
  return width == PANEL ? total : splat(sum(total));
}

/** The numbers of the lanes of the vector `at` bytes into a panel, out of a row [width] of numbers. */
function ofLane(values: usize, at: usize, width: i32): v128 {
  return width == PANEL ? v128.load(values + (at & VECTOR)) : v128.load32_splat(values);
}
