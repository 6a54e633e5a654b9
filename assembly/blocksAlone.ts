// The kernels of blocks.ts for the most common case of the paper's experiments: one sequence, blocks of one or two cells, and backward
// the truncated gradient. The equations are those of cells/lstm97.ts with dy_in = dy_out = 0. Each direction is one loop over time: values
// that blocks.ts passes through memory from one equation to the next stay in registers, and a step back without an error skips
// h(s) and the output gate. All sums add in the order of the general kernels, so the bits are the same.

import { activate, activateInline, slope, slopeInline } from "./activation";
import { aligned, alignedOrNone, DEBUG, fours, positive } from "./asserts";
import { BLOCK_G, BLOCK_H, DENSE, NO_OUTPUT_GATE } from "./codes";
import { liveRows, madd, padded, splat, VECTOR } from "./lanes";
import { blocksAtOnce, rows } from "./matmul";

/** Whether the kernels of this file can be used; backward also only if no error flows through the recurrent weights. */
export function isAlone(P: i32, S: i32, width: i32): bool {
  return P == 1 && S <= 2 && width == 1;
}

/** start + the sum over k of a x, in the order of tile's column1. */
@inline
function along(start: v128, a: usize, x: usize, k: usize): v128 {
  let s0 = start;
  let s1 = splat(0);
  let s2 = splat(0);
  let s3 = splat(0);
  for (const end = x + (k << 2); x < end; x += VECTOR) {
    s0 = madd(v128.load(a), v128.load32_splat(x), s0);
    s1 = madd(v128.load(a, 16), v128.load32_splat(x, 4), s1);
    s2 = madd(v128.load(a, 32), v128.load32_splat(x, 8), s2);
    s3 = madd(v128.load(a, 48), v128.load32_splat(x, 12), s3);
    a += 64;
  }
  return f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
}

/**
 * The gates of four cells, from the gates of four blocks. With two cells a block these blocks have eight cells: `at` = 0 takes the first
 * four, `at` = 16 the others.
 */
@inline
function spread(gates: v128, at: usize, S: i32): v128 {
  if (S == 1) return gates;
  return at & 16 ? v128.shuffle<f32>(gates, gates, 2, 2, 3, 3) : v128.shuffle<f32>(gates, gates, 0, 0, 1, 1);
}

/** The same from memory, `at` bytes into the cells. */
@inline
function ofBlocks(gates: usize, at: usize, S: i32): v128 {
  return spread(v128.load(gates + (S == 1 ? at : (at >> 5) << 4)), at, S);
}

/** All steps forward. */
export function blocksForwardAlone(
  y: usize, // [T][C] out: y_c
  s: usize, // [T+1][C]: slot 0 in, slots 1..T out
  net: usize, // [T][N] out: g(net_c), y_in, y_out; with bias = 0 also in
  source: usize, // [T+1][R]: slot 0 in; slots 1..T out where R includes gates
  x: usize, // [T][I]
  weight: usize, // [N/4][I + R][4]
  bias: usize, // [N], or 0
  functions: i32, // as in cells/lstm97.ts
  T: i32,
  I: i32, // unpadded
  R: i32, // padded
  B: i32,
  S: i32,
): void {
  if (DEBUG) assert(aligned(y, s, net, source) && aligned(x, weight) && alignedOrNone(bias) && fours(R) && positive(T, B, S) && S <= 2);
  const gated = !(functions & NO_OUTPUT_GATE);
  const Ip = padded(I);
  const cells = (<usize>padded(B * S)) << 2;
  const gates = (<usize>padded(B)) << 2;
  const N = cells + (gated ? 2 : 1) * gates;
  const read = (<usize>R) << 2;
  // Whether the recurrent weights read the gates as well.
  const all = read > cells;
  const f = functions & 15;
  const g = (functions >> BLOCK_G) & 15;
  const h = (functions >> BLOCK_H) & 15;
  const liveCells = liveRows(B * S);
  const liveGates = liveRows(B);
  const column = <usize>(Ip + R) << 4;
  // With this many rows blocks.ts calls `rows` with eight blocks at once, which adds in another order than `along`.
  const most = <usize>blocksAtOnce(DENSE, 1);
  const wide = N >= most << 4;
  for (; T > 0; T--) {
    const next = source + read;
    let w = weight;
    for (let q: usize = 0; wide && q < N; q += most << 4) {
      rows(net + q, x, source, weight + (q >> 4) * column, bias ? bias + q : 0, I, R, <i32>min(most, (N - q) >> 4), DENSE, 1);
    }
    let at: usize = 0;
    for (let end = cells; end <= N; end += gates) {
      const ofCells = end == cells;
      const code = ofCells ? g : f;
      for (; at < end; at += VECTOR) {
        let sum = v128.load(bias && !wide ? bias + at : net + at);
        if (!wide) {
          sum = along(sum, w, x, Ip);
          if (R) sum = along(sum, w + ((<usize>Ip) << 4), source, R);
        }
        let value = activateInline(sum, code);
        if (at + VECTOR == end) value = v128.and(value, ofCells ? liveCells : liveGates);
        v128.store(net + at, value);
        if (all && !ofCells) v128.store(next + at, value);
        w += column;
      }
    }
    const inGates = net + cells;
    for (let at: usize = 0; at < cells; at += VECTOR) {
      const written = f32x4.mul(ofBlocks(inGates, at, S), v128.load(net + at));
      const state = f32x4.add(v128.load(s + at), written);
      v128.store(s + cells + at, state);
      let value = activateInline(state, h);
      if (at + VECTOR == cells) value = v128.and(value, liveCells);
      if (gated) value = f32x4.mul(ofBlocks(inGates + gates, at, S), value);
      v128.store(y + at, value);
      if (all) v128.store(next + at, value);
    }
    y += cells;
    s += cells;
    net += N;
    x += (<usize>Ip) << 2;
    source = next;
  }
}

/** All steps back, truncated. */
export function blocksBackwardAlone(
  dnet: usize, // [T][N] out; may be `net`
  ds: usize, // [C]: in, from the step after the last; out, the gradient of the first s
  dss: usize, // [T][C] out: the gradient of each s(t); or 0
  dy: usize, // [T][C]
  net: usize, // [T][N]: g(net_c), y_in, y_out
  s: usize, // [T][C]
  functions: i32,
  T: i32,
  B: i32,
  S: i32,
): void {
  if (DEBUG) assert(aligned(dnet, ds, dy, net) && aligned(s) && alignedOrNone(dss) && positive(T, B, S) && S <= 2);
  const f = functions & 15;
  const g = (functions >> BLOCK_G) & 15;
  const h = (functions >> BLOCK_H) & 15;
  const gated = !(functions & NO_OUTPUT_GATE);
  const cells = (<usize>padded(B * S)) << 2;
  const gates = (<usize>padded(B)) << 2;
  const N = cells + (gated ? 2 : 1) * gates;
  for (let gate: usize = 0; gate < gates; gate += VECTOR) {
    const at = gate * <usize>S;
    const two = S == 2 && at + VECTOR < cells;
    let ds0 = v128.load(ds + at);
    let ds1 = two ? v128.load(ds + at, 16) : splat(0);
    for (let t = <usize>T - 1; <isize>t >= 0; t--) {
      const n = net + t * N;
      const e = dy + t * cells + at;
      const yIn = v128.load(n + cells + gate);
      const error0 = v128.load(e);
      const error1 = two ? v128.load(e, 16) : splat(0);
      let dOut = splat(0);
      // Most steps have no target, and the recurrent weights send nothing back.
      if (v128.any_true(v128.or(error0, error1))) {
        const yOut = gated ? v128.load(n + cells + gates + gate) : splat(1);
        const h0 = activate(v128.load(s + t * cells + at), h);
        const h1 = two ? activate(v128.load(s + t * cells + at, 16), h) : splat(0);
        ds0 = f32x4.add(ds0, f32x4.mul(spread(yOut, 0, S), f32x4.mul(slope(h0, h), error0)));
        ds1 = f32x4.add(ds1, f32x4.mul(spread(yOut, 16, S), f32x4.mul(slope(h1, h), error1)));
        dOut = f32x4.mul(slope(yOut, f), sumOfCells(f32x4.mul(h0, error0), f32x4.mul(h1, error1), S));
      }
      const g0 = v128.load(n + at);
      const g1 = two ? v128.load(n + at, 16) : splat(0);
      const to = dnet + t * N;
      v128.store(to + at, f32x4.mul(f32x4.mul(spread(yIn, 0, S), slopeInline(g0, g)), ds0));
      if (two) v128.store(to + at, f32x4.mul(f32x4.mul(spread(yIn, 16, S), slopeInline(g1, g)), ds1), 16);
      v128.store(to + cells + gate, f32x4.mul(slopeInline(yIn, f), sumOfCells(f32x4.mul(g0, ds0), f32x4.mul(g1, ds1), S)));
      if (gated) v128.store(to + cells + gates + gate, dOut);
      if (!dss) continue;
      v128.store(dss + t * cells + at, ds0);
      if (two) v128.store(dss + t * cells + at, ds1, 16);
    }
    v128.store(ds + at, ds0);
    if (two) v128.store(ds + at, ds1, 16);
  }
}

/** The sums over the cells of four blocks. */
@inline
function sumOfCells(first: v128, second: v128, S: i32): v128 {
  if (S == 1) return first;
  return f32x4.add(v128.shuffle<f32>(first, second, 0, 2, 4, 6), v128.shuffle<f32>(first, second, 1, 3, 5, 7));
}
