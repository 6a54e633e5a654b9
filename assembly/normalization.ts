// Layer normalisation, Ba, Kiros & Hinton 2016, over the N values of a slot for each sequence:
//
//   mu = mean(x)   s = 1 / sqrt(mean((x - mu)^2) + epsilon)   n = (x - mu) s   y = gain n + bias
//
// Backward, with dn = dy gain:
//   dx = s (dn - mean(dn) - n mean(dn n))     dgain = sum dy n     dbias = sum dy
//
// N values: those of H units in the groups that have input weights, as [H/4][G][4 units]; with cell = DENSE a plain vector of H.
// Padded units and missing groups are 0, are left out of the mean and stay 0.

import { aligned, DEBUG, isWidth, positive } from "./asserts";
import { groups, inputGroups } from "./cell";
import { PANEL } from "./codes";
import { ofRow, padded, splat, sum, VECTOR } from "./lanes";

const EPSILON: f32 = 1e-5; // PyTorch's

/** 2^-80. The squares of the largest f32 numbers times this have a finite sum, however many there are. */
const SMALLER: f32 = 8.271806125530277e-25;

/** Normalises each slot, and keeps its mean and inverse deviation for the way back. */
export function normalizeForward(
  y: usize, // [slots][N][width] out; may be x
  x: usize, // [slots][N][width]
  statistics: usize, // [slots][mu, s][8, or 4 with width 1] out
  gain: usize, // [N]
  bias: usize, // [N]
  accumulate: bool, // adds to y
  slots: i32,
  H: i32, // unpadded
  cell: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, x, statistics, gain) && aligned(bias) && positive(slots, H) && isWidth(width));
  const single = width != PANEL;
  const stride: usize = single ? VECTOR : 32;
  const all = padded(H) * groups(cell);
  const N = H * present(cell);
  const panel = (<usize>all * width) << 2;
  const share = splat(1 / <f32>N);
  const absent = splat(<f32>(all - N));
  for (let slot = 0; slot < slots; slot++) {
    for (let column: usize = 0; column < stride; column += VECTOR) {
      // If the squares of a lane overflow, a second pass scales its x down first. All other lanes have a scale of 1.
      let scale = splat(1);
      let mu = splat(0);
      let squares = splat(0);
      for (let again = true; again; ) {
        mu = splat(0);
        for (let at = column; at < panel; at += stride) mu = f32x4.add(mu, f32x4.mul(v128.load(x + at), scale));
        mu = f32x4.mul(single ? splat(sum(mu)) : mu, share);
        squares = splat(0);
        for (let at = column; at < panel; at += stride) {
          const d = f32x4.sub(f32x4.mul(v128.load(x + at), scale), mu);
          squares = f32x4.add(squares, f32x4.mul(d, d));
        }
        if (single) squares = splat(sum(squares));
        // Each padded value, which is 0, has added mu^2.
        squares = f32x4.sub(squares, f32x4.mul(absent, f32x4.mul(mu, mu)));
        const small = v128.or(f32x4.lt(squares, splat(f32.MAX_VALUE)), f32x4.lt(scale, splat(1)));
        again = !i32x4.all_true(small);
        scale = v128.bitselect(scale, splat(SMALLER), small);
      }
      squares = f32x4.pmax(squares, splat(0));
      // Never 0, as the variance of equal numbers is 0 and a small scale squared would take epsilon with it.
      const epsilon = f32x4.pmax(f32x4.mul(splat(EPSILON), f32x4.mul(scale, scale)), splat(f32.MIN_NORMAL_VALUE));
      const s = f32x4.div(splat(1), f32x4.sqrt(f32x4.add(f32x4.mul(squares, share), epsilon)));
      v128.store(statistics + column, f32x4.div(mu, scale));
      v128.store(statistics + stride + column, f32x4.mul(s, scale));
      for (let at = column; at < panel; at += stride) {
        const n = f32x4.mul(f32x4.sub(f32x4.mul(v128.load(x + at), scale), mu), s);
        let value = f32x4.add(f32x4.mul(ofRow(gain, at, width), n), ofRow(bias, at, width));
        if (accumulate) value = f32x4.add(value, v128.load(y + at));
        v128.store(y + at, value);
      }
    }
    x += panel;
    y += panel;
    statistics += 2 * stride;
  }
}

/** The gradients of x, the gain and the bias. */
export function normalizeBackward(
  dx: usize, // [slots][N][width] out; may be x or dy
  dgain: usize, // [N]; accumulates
  dbias: usize, // [N]; accumulates
  dy: usize, // [slots][N][width]
  x: usize, // [slots][N][width]
  statistics: usize, // [slots][mu, s][8, or 4 with width 1]
  gain: usize, // [N]
  slots: i32,
  H: i32, // unpadded
  cell: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(dx, dgain, dbias, dy) && aligned(x, statistics, gain) && positive(slots, H) && isWidth(width));
  const single = width != PANEL;
  const stride: usize = single ? VECTOR : 32;
  const G = groups(cell);
  const panel = (<usize>(padded(H) * G) * width) << 2;
  const share = splat(1 / <f32>(H * present(cell)));
  // The last block of four units, if it is partly padding.
  const partial = H & 3 ? panel - ((<usize>(4 * G) * width) << 2) : panel;
  for (let slot = 0; slot < slots; slot++) {
    for (let column: usize = 0; column < stride; column += VECTOR) {
      const mu = v128.load(statistics + column);
      const s = v128.load(statistics + stride + column);
      let total = splat(0);
      let along = splat(0);
      for (let at = column; at < panel; at += stride) {
        const n = f32x4.mul(f32x4.sub(v128.load(x + at), mu), s);
        const d = v128.load(dy + at);
        const dn = f32x4.mul(d, ofRow(gain, at, width));
        total = f32x4.add(total, dn);
        along = f32x4.add(along, f32x4.mul(dn, n));
        const row = single ? at : (at >> 5) << 2;
        addTo(dgain + row, f32x4.mul(d, n), single);
        addTo(dbias + row, d, single);
      }
      total = f32x4.mul(single ? splat(sum(total)) : total, share);
      along = f32x4.mul(single ? splat(sum(along)) : along, share);
      for (let at = column; at < panel; at += stride) {
        const n = f32x4.mul(f32x4.sub(v128.load(x + at), mu), s);
        const dn = f32x4.mul(v128.load(dy + at), ofRow(gain, at, width));
        const d = f32x4.mul(s, f32x4.sub(f32x4.sub(dn, total), f32x4.mul(n, along)));
        const there = (inputGroups(cell) >> (<i32>(at >> (single ? 4 : 7)) & (G - 1))) & 1;
        v128.store(dx + at, !there ? splat(0) : at >= partial ? v128.and(d, live(at, H, single)) : d);
      }
    }
    dx += panel;
    dy += panel;
    x += panel;
    statistics += 2 * stride;
  }
}

/** How many groups have input weights. */
function present(cell: i32): i32 {
  return popcnt(inputGroups(cell) & ((1 << groups(cell)) - 1));
}

function addTo(sums: usize, x: v128, single: bool): void {
  // Padded lanes have no error, so they add 0.
  if (single) v128.store(sums, f32x4.add(v128.load(sums), x));
  else store<f32>(sums, load<f32>(sums) + sum(x));
}

/** Mask of the lanes in a vector of the last block that are units below H. */
function live(at: usize, H: i32, single: bool): v128 {
  const units = single ? i32x4(0, 1, 2, 3) : i32x4.splat(<i32>(at >> 5) & 3);
  return i32x4.lt_s(units, i32x4.splat(H & 3));
}
