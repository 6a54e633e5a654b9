// One recurrent layer over one window of T steps, forward and back. State has T+1 slots: slot 0 is the state that the window before
// left; step t reads slot t and writes slot t+1. A streaming step is T = 1. Gradients stop at slot 0, which is the truncation of
// truncated BPTT (Williams & Peng 1990).
//
// T time, P panels of `width` sequences, I inputs, R values that the recurrent weights multiply (mostly h, so R = H), H units, G
// groups of a unit (cell.ts). I, R and H are passed unpadded; in shapes they are padded to multiples of 4.
//
// A layer that does something between the steps (a projection, normalisation, zoneout) calls these with T = 1.

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive, words } from "./asserts";
import { groups, kind } from "./cell";
import { gruBackward, gruForward } from "./cells/gru";
import { gruVariantBackward, gruVariantForward } from "./cells/gruVariant";
import { lstmBackward, lstmForward } from "./cells/lstm";
import { lstmVariantBackward, lstmVariantForward } from "./cells/lstmVariant";
import { rnnBackward, rnnForward } from "./cells/rnn";
import { DENSE, GRU, INPUT_ACTIVATION, LSTM, PANEL, RNN_RELU } from "./codes";
import { padded, sum, VECTOR } from "./lanes";
import { blocksAtOnce, product, rows } from "./matmul";

/** The state that each sequence continues from: slot 0 = the slot at which it ended, or 0 where a new sequence begins without one. */
export function recurrentCarry(
  state: usize, // [T+1][P][H][width]: h or c
  ends: usize, // [P][width] i32: the slot at which each sequence ended, -1 where a new one begins, -2 where slot 0 has its state
  P: i32,
  H: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(state) && words(ends) && positive(P, H) && isWidth(width));
  const panel = (<usize>padded(H) * width) << 2;
  const lanes = (<usize>width) << 2;
  for (let lane: usize = 0; lane < <usize>P * lanes; lane += 4) {
    const end = load<i32>(ends + lane);
    const to = state + (lane / lanes) * panel + (lane % lanes);
    const from = to + <usize>end * P * panel;
    if (end == -1) for (let u: usize = 0; u < panel; u += lanes) store<f32>(to + u, 0);
    else if (end <= 0) continue;
    else if (width == PANEL) for (let u: usize = 0; u < panel; u += lanes) store<f32>(to + u, load<f32>(from + u));
    else for (let u: usize = 0; u < panel; u += VECTOR) v128.store(to + u, v128.load(from + u));
  }
}

/** The sum of a layer's two biases, taken once after each update instead of in each step. */
export function recurrentBias(
  bias: usize, // [rows] out
  biasIh: usize, // [rows]
  biasHh: usize, // [rows]
  rowCount: i32, // multiple of 4
): void {
  if (DEBUG) assert(aligned(bias, biasIh, biasHh) && fours(rowCount));
  for (const end = bias + ((<usize>rowCount) << 2); bias < end; bias += VECTOR) {
    v128.store(bias, f32x4.add(v128.load(biasIh), v128.load(biasHh)));
    biasIh += VECTOR;
    biasHh += VECTOR;
  }
}

/**
 * T steps forward: the products of all H/4 blocks of four units, then the cells. The loop over blocks is outside the loop over panels, so
 * a block's weights are read from memory once a step. At a batch of one, a cell run after each block would wait 25 ns for its activations.
 */
export function recurrentForward(
  h: usize, // [T][P][H][width] out
  c: usize, // [T][P][H][width] out; unused by cells without c
  gates: usize, // [T][P][H/4][G][4][width] out: gates as the cell leaves them; with bias = 0 also in: values to add the products to
  x: usize, // [T][P][I][width]
  source: usize, // [T][P][R][width]: input of the recurrent weights: h(t-1), or a value made from it
  hBefore: usize, // [T][P][H][width]: h(t-1)
  cBefore: usize, // [T][P][H][width]: c(t-1)
  weight: usize, // [H/4][I + R][G][4]
  bias: usize, // [H/4][G][4]: sum of both biases; or 0
  peepholes: usize, // [H/4][i, f, o][4], LSTM only; or 0
  clip: f32, // limit on the LSTM's c; or infinity
  alpha: f32, // slope of the hard sigmoid as the gates' activation; or 0 for the logistic function
  cell: i32,
  T: i32,
  P: i32,
  I: i32, // unpadded
  R: i32,
  H: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(h, gates, source) && aligned(hBefore, weight) && alignedOrNone(x, bias, peepholes));
  if (DEBUG) assert(positive(T, P, H) && I >= 0 && (x || I == 0) && isWidth(width));
  const G = <usize>groups(cell);
  const Ip = padded(I);
  const Rp = padded(R);
  const Hp = padded(H);
  const xPanel = (<usize>Ip * width) << 2;
  const sourcePanel = (<usize>Rp * width) << 2;
  const hPanel = (<usize>Hp * width) << 2;
  const unitBlock = (<usize>4 * width) << 2;
  const usual = alpha == 0 && !(cell >> INPUT_ACTIVATION);
  const plain = usual && cell == LSTM && !peepholes && clip > f32.MAX_VALUE;
  const blocks = Hp >> 2;
  const most = blocksAtOnce(cell, width);
  // Without bias, inputs and recurrent values the gates have their sums already.
  const first = bias || I + R > 0 ? 0 : blocks;
  for (let t = 0; t < T; t++) {
    for (let u = first; u < blocks; u += most) {
      const w = weight + <usize>(u * (Ip + Rp)) * G * VECTOR;
      const b = bias ? bias + <usize>u * G * VECTOR : 0;
      let to = gates + G * <usize>u * unitBlock;
      for (let p: usize = 0; p < <usize>P; p++) {
        rows(to, x + p * xPanel, source + p * sourcePanel, w, b, I, R, min(most, blocks - u), cell, width);
        to += G * hPanel;
      }
    }
    for (let p = 0; p < P; p++) {
      if (plain) lstmForward(gates, c, h, cBefore, blocks, width);
      else if (kind(cell) == LSTM) lstmVariantForward(gates, c, h, cBefore, peepholes, clip, alpha, cell, H, width);
      else if (usual && kind(cell) == GRU) gruForward(gates, h, hBefore, blocks, width);
      else if (kind(cell) == GRU) gruVariantForward(gates, h, hBefore, alpha, cell, H, width);
      else rnnForward(gates, h, kind(cell) == RNN_RELU, blocks, width);
      gates += G * hPanel;
      h += hPanel;
      c += hPanel;
      hBefore += hPanel;
      cBefore += hPanel;
    }
    x += <usize>P * xPanel;
    source += <usize>P * sourcePanel;
  }
}

/**
 * T steps back: the gradient of the pre-activations. The gradients of weights and inputs are computed from it later, for the whole window.
 * With `weightT` the error goes back through the recurrent weights from step to step (and R = H). Without, it is the truncated gradient of
 * Hochreiter & Schmidhuber 1997 (appendix A.1): an error that reaches a gate or a cell input changes the weights there and goes no
 * further back. Only the cell carries errors through time.
 */
export function recurrentBackward(
  dgates: usize, // [T][P][H/4][G][4][width] out; may be `gates`
  dh: usize, // [T][P][H][width]: in, from above; out, with weightT, the whole gradient of h(t)
  dhBefore: usize, // [P][H][width]: adds the gradient of the first step's h(t-1) along paths without weights; or 0
  dc: usize, // [P][H][width]: in, from the step after the last; out, for c before the first; unused by cells without c
  gates: usize, // [T][P][H/4][G][4][width]: gates as the cell left them
  hBefore: usize, // [T][P][H][width]
  c: usize, // [T][P][H][width]; unused by cells without c
  cBefore: usize, // [T][P][H][width]; unused by cells without c
  weightT: usize, // [H/4][rows = H/4 G 4][4]: the transposed pack of the recurrent weights; or 0
  peepholes: usize, // [H/4][i, f, o][4], or 0
  dgatesLater: usize, // [P][H/4][i, f, o][4][width], with T = 1: gradients that the gates at t+1 send back to these; or 0
  dcs: usize, // [T][P][H][width] out: gradient that each step sends back to c(t-1); or 0
  clip: f32,
  alpha: f32,
  cell: i32,
  T: i32,
  P: i32,
  H: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(dgates, gates) && alignedOrNone(dh, dhBefore, weightT, peepholes) && alignedOrNone(dgatesLater, dcs));
  if (DEBUG) assert(positive(T, P, H) && (!dgatesLater || T == 1) && isWidth(width));
  const G = <usize>groups(cell);
  const Hp = padded(H);
  const hPanel = (<usize>Hp * width) << 2;
  const blocks = Hp >> 2;
  const stride = <usize>P * hPanel;
  const usual = alpha == 0 && !(cell >> INPUT_ACTIVATION);
  const plain = usual && cell == LSTM && !peepholes && clip > f32.MAX_VALUE && !dgatesLater;
  for (let t = T - 1; t >= 0; t--) {
    const step = <usize>t * stride;
    for (let p: usize = 0; p < <usize>P; p++) {
      const unit = p * hPanel;
      const at = step + unit;
      const d = dgates + G * at;
      const g = gates + G * at;
      if (plain) lstmBackward(d, dc + unit, dh + at, g, c + at, cBefore + at, blocks, width);
      else if (kind(cell) == LSTM) {
        const later = dgatesLater ? dgatesLater + 3 * unit : 0;
        lstmVariantBackward(d, dc + unit, dh + at, g, c + at, cBefore + at, peepholes, later, clip, alpha, cell, H, width);
      } else if (kind(cell) == GRU) {
        const past = t > 0 ? dh + at - stride : dhBefore ? dhBefore + unit : 0;
        if (usual) gruBackward(d, past, dh + at, g, hBefore + at, blocks, width);
        else gruVariantBackward(d, past, dh + at, g, hBefore + at, alpha, cell, H, width);
      } else rnnBackward(d, dh + at, g, kind(cell) == RNN_RELU, blocks, width);
    }
    if (dcs) memory.copy(dcs + step, dc, stride);
    if (weightT && t > 0) product(dh + step - stride, dgates + G * step, weightT, 0, DENSE, P, <i32>G * Hp, Hp, width);
  }
}

/** The gradient of the LSTM's peepholes, over all slots and lanes. */
export function peepholeGradient(
  dpeepholes: usize, // [H/4][i, f, o][4]; accumulates
  dgates: usize, // [slots][H/4][4][4][width]
  c: usize, // [slots][H][width]
  cBefore: usize, // [slots][H][width]
  slots: i32,
  H: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(dpeepholes, dgates, c, cBefore) && positive(slots, H) && isWidth(width));
  const block = (<usize>4 * width) << 2;
  for (let slot = 0; slot < slots; slot++) {
    for (let u = 0; u < padded(H) >> 2; u++) {
      const to = dpeepholes + <usize>u * 3 * VECTOR;
      correlate(to, dgates, cBefore, width);
      correlate(to + VECTOR, dgates + block, cBefore, width);
      correlate(to + 2 * VECTOR, dgates + 3 * block, c, width);
      dgates += 4 * block;
      c += block;
      cBefore += block;
    }
  }
}

/** sums[4] += the sum over lanes of a b, for four units. */
function correlate(sums: usize, a: usize, b: usize, width: i32): void {
  if (width != PANEL) {
    v128.store(sums, f32x4.add(v128.load(sums), f32x4.mul(v128.load(a), v128.load(b))));
    return;
  }
  for (let unit: usize = 0; unit < 4; unit++, a += 32, b += 32) {
    const halves = f32x4.add(f32x4.mul(v128.load(a), v128.load(b)), f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    store<f32>(sums + (unit << 2), load<f32>(sums + (unit << 2)) + sum(halves));
  }
}

/** Takes i, f and o out of i, f, g, o: the input of full gate recurrence at the next step. Padded units, whose gates are 1/2, become 0. */
export function takeGates(
  y: usize, // [P][H/4][i, f, o][4][width] out
  gates: usize, // [P][H/4][i, f, g, o][4][width]
  P: i32,
  H: i32, // unpadded
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, gates) && positive(P, H) && isWidth(width));
  const row = (<usize>width) << 2;
  const gate = row << 2;
  for (let p = 0; p < P; p++) {
    for (let left = H; left > 0; left -= 4, y += 3 * gate, gates += 4 * gate) {
      memory.copy(y, gates, 2 * gate);
      memory.copy(y + 2 * gate, gates + 3 * gate, gate);
      const live = <usize>min(left, 4) * row;
      for (let g: usize = 0; g < 3; g++) memory.fill(y + g * gate + live, 0, gate - live);
    }
  }
}
