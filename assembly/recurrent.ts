// One recurrent layer over one window of T steps, forward and back. State has T+1 slots: slot 0 is what the window before
// left, step t reads slot t and writes slot t+1, so a streaming step is T = 1. Gradients stop at slot 0: that is the
// truncation of truncated BPTT (Williams & Peng 1990).
//
// T time, P panels of `width` sequences, I inputs, H units, G groups of a unit (cell.ts). I and H are passed as they
// are; in shapes they are padded to multiples of 4.

import { GRU, groups, LSTM, RNN_RELU } from "./cell";
import { gruBackward, gruForward } from "./cells/gru";
import { lstmBackward, lstmForward } from "./cells/lstm";
import { rnnBackward, rnnForward } from "./cells/rnn";
import { PANEL, padded, VECTOR } from "./lanes";
import { product, rows } from "./matmul";

/** What each sequence goes on from: slot 0 = the slot at which it ended, or 0 where a new one begins. */
export function recurrentCarry(
  state: usize, // [T+1][P][H][width]: h or c
  ends: usize, // [P][width] i32: the slot at which each sequence ended, -1 where a new one begins
  P: i32,
  H: i32,
  width: i32,
): void {
  const panel = (<usize>padded(H) * width) << 2;
  const lanes = (<usize>width) << 2;
  for (let lane: usize = 0; lane < <usize>P * lanes; lane += 4) {
    const end = load<i32>(ends + lane);
    const to = state + (lane / lanes) * panel + (lane % lanes);
    const from = to + <usize>end * P * panel;
    if (end < 0) for (let u: usize = 0; u < panel; u += lanes) store<f32>(to + u, 0);
    else if (end == 0) continue;
    else if (width == PANEL) for (let u: usize = 0; u < panel; u += lanes) store<f32>(to + u, load<f32>(from + u));
    else for (let u: usize = 0; u < panel; u += VECTOR) v128.store(to + u, v128.load(from + u));
  }
}

/** The two biases of a layer, summed once after each update instead of in each step. */
export function recurrentBias(
  bias: usize, // [rows] out
  biasIh: usize, // [rows]
  biasHh: usize, // [rows]
  rowCount: i32, // multiple of 4
): void {
  for (const end = bias + ((<usize>rowCount) << 2); bias < end; bias += VECTOR) {
    v128.store(bias, f32x4.add(v128.load(biasIh), v128.load(biasHh)));
    biasIh += VECTOR;
    biasHh += VECTOR;
  }
}

/**
 * T steps forward. A step of one panel is H/4 blocks of four units: a block's rows of the product, then the cell on them
 * while they are in the cache. Blocks are outside of panels, so that a block's weights are read from memory once a step.
 */
export function recurrentForward(
  h: usize, // [T+1][P][H][width]: slot 0 in, slots 1..T out
  c: usize, // [T+1][P][H][width]: slot 0 in, slots 1..T out; of cells without c: anything
  gates: usize, // [T][P][H/4][G][4][width] out: what the cell leaves; with bias = 0 and I = 0 in: what tokens and bias add
  x: usize, // [T][P][I][width]
  weight: usize, // [H/4][I + H][G][4]
  bias: usize, // [H/4][G][4]: the sum of both biases; or 0
  cell: i32,
  T: i32,
  P: i32,
  I: i32, // unpadded
  H: i32,
  width: i32,
): void {
  const G = <usize>groups(cell);
  const Ip = padded(I);
  const Hp = padded(H);
  const xPanel = (<usize>Ip * width) << 2;
  const hPanel = (<usize>Hp * width) << 2;
  const unitBlock = (<usize>4 * width) << 2;
  const stride = <usize>P * hPanel;
  for (let t = 0; t < T; t++) {
    for (let u = 0; u < Hp >> 2; u++) {
      const w = weight + <usize>(u * (Ip + Hp)) * G * VECTOR;
      const b = bias ? bias + <usize>u * G * VECTOR : 0;
      let unit = <usize>u * unitBlock;
      let block = gates + G * unit;
      let hPanelBefore = h;
      let xPanelNow = x;
      for (let p = 0; p < P; p++) {
        rows(block, xPanelNow, hPanelBefore, w, w + <usize>Ip * G * VECTOR, b, I, H, cell, width);
        if (cell == LSTM) lstmForward(block, c + stride + unit, h + stride + unit, c + unit, width);
        else if (cell == GRU) gruForward(block, h + stride + unit, h + unit, width);
        else rnnForward(block, h + stride + unit, cell == RNN_RELU, width);
        block += G * hPanel;
        unit += hPanel;
        hPanelBefore += hPanel;
        xPanelNow += xPanel;
      }
    }
    gates += G * stride;
    h += stride;
    c += stride;
    x += <usize>P * xPanel;
  }
}

/**
 * T steps back: the gradient of the pre-activations, from which the weights' and the inputs' follow for the whole window. With
 * `full` unset it is the gradient of Hochreiter & Schmidhuber 1997 (appendix A.1): an error that reaches a gate or a cell
 * input changes the weights there and goes no further back; what lies between is the cell.
 */
export function recurrentBackward(
  dgates: usize, // [T][P][H/4][G][4][width] out; may be `gates`
  dh: usize, // [T][P][H][width]: from above; after the call the whole gradient of h(t)
  dc: usize, // [P][H][width] scratch; of cells without c: anything
  gates: usize, // [T][P][H/4][G][4][width]: what the cell left
  h: usize, // [T+1][P][H][width]
  c: usize, // [T+1][P][H][width]; of cells without c: anything
  weightT: usize, // [H/4][rows = H/4 G 4][4]: the transposed pack of the recurrent weights
  cell: i32,
  full: bool, // false cuts the error at the recurrent inputs, so that it flows back through c alone
  T: i32,
  P: i32,
  H: i32,
  width: i32,
): void {
  const G = <usize>groups(cell);
  const Hp = padded(H);
  const hPanel = (<usize>Hp * width) << 2;
  const unitBlock = (<usize>4 * width) << 2;
  const stride = <usize>P * hPanel;
  if (cell == LSTM) memory.fill(dc, 0, stride);
  for (let t = T - 1; t >= 0; t--) {
    const step = <usize>t * stride;
    for (let unit: usize = 0; unit < stride; unit += unitBlock) {
      const at = step + unit;
      const block = G * at;
      if (cell == LSTM) lstmBackward(dgates + block, dc + unit, dh + at, gates + block, c + stride + at, c + at, width);
      else if (cell == GRU) gruBackward(dgates + block, t > 0 ? dh + at - stride : 0, dh + at, gates + block, h + at, width);
      else rnnBackward(dgates + block, dh + at, gates + block, cell == RNN_RELU, width);
    }
    if (full && t > 0) product(dh + step - stride, dgates + G * step, weightT, 0, P, <i32>G * Hp, Hp, width);
  }
}
