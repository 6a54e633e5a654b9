// Learning forward in time, in constant memory. Each weight w of a unit j has a trace P: the derivative of the unit's state (c of an
// LSTM, s of the 1997 cell, h otherwise) by w. The gradient is the error that reaches the state now, times P.
//
//   P(t) = decay_j P(t-1) + gain_j source(t)          dw += error_j P(t)
//
// gain = d state / d net, decay = d state(t) / d state(t-1) along the unit itself. For the 1997 cell, decay = 1: equations 25 to 28
// of Hochreiter & Schmidhuber 1997; with a forget gate decay = f: Gers, Schmidhuber & Cummins 2000. Both are exactly the gradient
// with the recurrent inputs held constant. For rnn and gru, decay includes the unit's weight to itself and leaves out the paths
// through other units: SnAp-1, Menick et al. 2021, an approximation.
//
// SnAp-1's decay is replaced by 0 where it is outside [-1, 1]. A unit's own weight can bring it there (a weight of 1.2 near net 0)
// while the other units keep the network stable. The exact derivative then dies out, but P, which leaves those units out, would grow
// as decay^t until it overflows. With 0, |P| is never more than a sum of gains.
//
// The recurrent weights of rnn and gru are bounded as well: after a step with a target, no row (of a unit and gate) may have an L1 norm
// (sum of |w|) above a bound. This gradient leaves out the paths through other units, so nothing in it holds the recurrent matrix back,
// and Adam, whose steps do not shrink with the gradient, goes on and on. Over 10^6 steps at 0.01 the norm of a gru's recurrent weights
// reached 374 and its gates stuck (0.92 on a noisy sine, where the mean gets 0.59), and a relu's state exploded. For relu the bound is
// 1: then the largest |h| grows in a step by no more than the inputs add, and own weights never exceed 1. For tanh and gru, whose state
// is bounded, it is 2, or the row's norm before the update if that is larger, so that a model with larger weights keeps them.
// On the noisy sine (8 units, Adam, 10^6 steps, last tenth) a gru at 0.01 gets 0.92 without the bound and 0.13 with 2. The cost: on a
// stream whose regime changes, at 0.003, a gru gets 0.19 instead of 0.04 and a relu 0.07 instead of 0.02 (one seed each; predicting
// the mean gets 2.0).

import { aligned, alignedOrNone, DEBUG, fours, positive, words } from "./asserts";
import { groups, recurrentGroups } from "./cell";
import { splat, VECTOR } from "./lanes";

/** Traces of one source of many columns (inputs, state, or 1 for the bias) into the groups of all units; a batch of one. */
export function traces(
  trace: usize, // laid out as the weights
  dw: usize, // laid out as the weights; accumulates; or 0 where there is no error
  source: usize, // [k]
  gain: usize, // [blocks][G][4]
  decay: usize, // [blocks][4]
  error: usize, // [blocks][4]
  live: i32, // bit g: group g takes part
  passing: i32, // bit g: its weights move no lasting state: P = source, and the error is in `gain`
  G: i32,
  k: i32,
  kStride: usize, // bytes from column to column of weights; a column has [G][4] numbers of a block
  blocks: i32, // of four units
  blockStride: usize, // bytes from block to block
): void {
  if (DEBUG) assert(aligned(trace, gain, decay, error) && alignedOrNone(dw) && words(source) && positive(G, blocks) && k >= 0);
  for (let block: usize = 0; block < <usize>blocks; block++) {
    const decays = v128.load(decay + block * VECTOR);
    for (let g: usize = 0; g < <usize>G; g++) {
      const lasting = !((passing >> <i32>g) & 1);
      if (!((live >> <i32>g) & 1) || !(dw || lasting)) continue;
      const gains = v128.load(gain + (block * <usize>G + g) * VECTOR);
      const errors = lasting ? v128.load(error + block * VECTOR) : gains;
      let at = block * blockStride + g * VECTOR;
      let from = source;
      const end = source + ((<usize>k) << 2);
      // Two columns at a time take three quarters of the time.
      for (; lasting && dw && from + 8 <= end; from += 8) {
        const next = at + kStride;
        const p = f32x4.add(f32x4.mul(decays, v128.load(trace + at)), f32x4.mul(gains, v128.load32_splat(from)));
        const q = f32x4.add(f32x4.mul(decays, v128.load(trace + next)), f32x4.mul(gains, v128.load32_splat(from, 4)));
        v128.store(trace + at, p);
        v128.store(trace + next, q);
        v128.store(dw + at, f32x4.add(v128.load(dw + at), f32x4.mul(errors, p)));
        v128.store(dw + next, f32x4.add(v128.load(dw + next), f32x4.mul(errors, q)));
        at = next + kStride;
      }
      for (; from < end; from += 4) {
        let p = v128.load32_splat(from);
        if (lasting) {
          p = f32x4.add(f32x4.mul(decays, v128.load(trace + at)), f32x4.mul(gains, p));
          v128.store(trace + at, p);
        }
        if (dw) v128.store(dw + at, f32x4.add(v128.load(dw + at), f32x4.mul(errors, p)));
        at += kStride;
      }
    }
  }
}

/**
 * decay_j += the sum over groups of R_jj gain_j: the path from a unit's h(t-1) to its h(t) through its own weights. 0 where the
 * result is outside [-1, 1].
 */
export function ownWeights(
  decay: usize, // [H/4][4]; accumulates
  gain: usize, // [H/4][G][4]
  weight: usize, // [H/4][I + H][G][4]
  cell: i32,
  I: i32, // padded
  H: i32, // padded
): void {
  if (DEBUG) assert(aligned(decay, gain, weight) && fours(I, H));
  const G = <usize>groups(cell);
  for (let u: usize = 0; u < <usize>H; u++) {
    const block = u >> 2;
    const lane = (u & 3) << 2;
    const column = weight + (block * <usize>(I + H) + <usize>I + u) * G * VECTOR + lane;
    let total = load<f32>(decay + (u << 2));
    for (let g: usize = 0; g < G; g++) {
      if (!((recurrentGroups(cell) >> <i32>g) & 1)) continue;
      total += load<f32>(column + g * VECTOR) * load<f32>(gain + (block * G + g) * VECTOR + lane);
    }
    store<f32>(decay + (u << 2), abs<f32>(total) > 1 ? <f32>0 : total);
  }
}

/** sums = the larger of `least` and each row's L1 norm over the columns of the state. */
export function rowNorms(
  sums: usize, // [H/4][G][4]
  weight: usize, // [H/4][I + H][G][4]
  least: f32,
  G: i32,
  I: i32, // padded
  H: i32, // padded
): void {
  for (let row: usize = 0; row < <usize>((H >> 2) * G); row++) {
    v128.store(sums + row * VECTOR, f32x4.max(splat(least), norms(weight, row, <usize>G, I, H)));
  }
}

/** Scales each row down to its bound where its L1 norm over the columns of the state is above it. Returns how many vectors it changed. */
export function boundRows(
  weight: usize, // [H/4][I + H][G][4]
  bounds: usize, // [H/4][G][4], above 0
  G: i32,
  I: i32, // padded
  H: i32, // padded
): i32 {
  let changed = 0;
  for (let row: usize = 0; row < <usize>((H >> 2) * G); row++) {
    const bound = v128.load(bounds + row * VECTOR);
    const norm = norms(weight, row, <usize>G, I, H);
    if (!v128.any_true(f32x4.gt(norm, bound))) continue;
    const scale = f32x4.div(bound, f32x4.max(norm, bound));
    let at = first(weight, row, <usize>G, I, H);
    for (let k = 0; k < H; k++) {
      v128.store(at, f32x4.mul(v128.load(at), scale));
      at += <usize>G * VECTOR;
    }
    changed++;
  }
  return changed;
}

/** Address of the state's first column, for four rows. */
function first(weight: usize, row: usize, G: usize, I: i32, H: i32): usize {
  return weight + ((row / G) * <usize>(I + H) * G + <usize>I * G + (row % G)) * VECTOR;
}

function norms(weight: usize, row: usize, G: usize, I: i32, H: i32): v128 {
  let total = splat(0);
  let at = first(weight, row, G, I, H);
  for (let k = 0; k < H; k++) {
    total = f32x4.add(total, f32x4.abs(v128.load(at)));
    at += G * VECTOR;
  }
  return total;
}

/** Sums the rows of each block's cells into the row of its gate: dw[b] += the sum over v of rows[b S + v]; clears the rows. */
export function foldRows(
  dw: usize, // the gates' rows of the weights; accumulates
  rows: usize, // laid out as the cells' rows of the weights
  B: i32,
  S: i32,
  k: i32,
  kStride: usize, // as in traces
  blockStride: usize,
): void {
  if (DEBUG) assert(words(dw, rows) && positive(B, S) && k >= 0);
  for (let row: usize = 0; row < <usize>(B * S); row++) {
    const gate = row / <usize>S;
    let to = dw + (gate >> 2) * blockStride + ((gate & 3) << 2);
    let from = rows + (row >> 2) * blockStride + ((row & 3) << 2);
    for (let column = 0; column < k; column++) {
      store<f32>(to, load<f32>(to) + load<f32>(from));
      store<f32>(from, 0);
      to += kStride;
      from += kStride;
    }
  }
}
