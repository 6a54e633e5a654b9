// One recurrent layer over one window of T steps, forward and back. State has T+1 slots: slot 0 is what the window before
// left, step t reads slot t and writes slot t+1, so a streaming step is T = 1. Gradients stop at slot 0: that is the
// truncation of truncated BPTT (Williams & Peng 1990).
//
// T time, P panels of `width` sequences, I inputs, H units; I and H in shapes are padded to multiples of 4.

import { lstmBackward, lstmForward } from "./cells/lstm";
import { PANEL, padded, VECTOR } from "./lanes";
import { product, rows16 } from "./matmul";

/** Slot 0 = slot T for the sequences that go on, 0 for those that begin. */
export function recurrentCarry(
  state: usize, // [T+1][P][H][width]: h or c
  going: usize, // [P][width] i32: -1 goes on, 0 begins
  T: i32,
  P: i32,
  H: i32,
  width: i32,
): void {
  const columns: usize = width == PANEL ? 32 : 16;
  const panel = (<usize>padded(H) * width) << 2;
  let last = state + <usize>T * P * panel;
  for (let p = 0; p < P; p++) {
    const low = width == PANEL ? v128.load(going) : v128.load32_splat(going);
    const high = width == PANEL ? v128.load(going, 16) : low;
    for (let end = state + panel; state < end; state += columns) {
      v128.store(state, v128.and(v128.load(last), low));
      if (width == PANEL) v128.store(state, v128.and(v128.load(last, 16), high), 16);
      last += columns;
    }
    going += (<usize>width) << 2;
  }
}

/** The two biases of a layer, summed once after each update instead of in each step. */
export function recurrentBias(
  bias: usize, // [4H] out
  biasIh: usize, // [4H]
  biasHh: usize, // [4H]
  rows: i32, // 4H, padded
): void {
  for (const end = bias + ((<usize>rows) << 2); bias < end; bias += VECTOR) {
    v128.store(bias, f32x4.add(v128.load(biasIh), v128.load(biasHh)));
    biasIh += VECTOR;
    biasHh += VECTOR;
  }
}

/**
 * T steps forward. A step of one panel is H/4 blocks of four units: a block's 16 rows of the product, then the cell on them
 * while they are in the cache. Blocks are outside of panels, so that a block's weights are read from memory once a step.
 */
export function recurrentForward(
  h: usize, // [T+1][P][H][width]: slot 0 in, slots 1..T out
  c: usize, // [T+1][P][H][width]: slot 0 in, slots 1..T out
  gates: usize, // [T][P][4H][width] out: i, f, g, o; with bias = 0 in: their pre-activations less the part of h
  x: usize, // [T][P][I][width]
  weight: usize, // [H/4][I + H][4][4]
  bias: usize, // [4H]: the sum of both biases; or 0
  T: i32,
  P: i32,
  I: i32, // unpadded
  H: i32,
  width: i32,
): void {
  const Ip = padded(I);
  const Hp = padded(H);
  const xPanel = (<usize>Ip * width) << 2;
  const hPanel = (<usize>Hp * width) << 2;
  const unitBlock = (<usize>4 * width) << 2;
  const stride = <usize>P * hPanel;
  for (let t = 0; t < T; t++) {
    for (let u = 0; u < Hp >> 2; u++) {
      const w = weight + <usize>(u * (Ip + Hp)) * 64;
      const b = bias ? bias + <usize>u * 64 : 0;
      let block = gates + 4 * <usize>u * unitBlock;
      let unit = <usize>u * unitBlock;
      let hPrevious = h;
      let xNow = x;
      for (let p = 0; p < P; p++) {
        rows16(block, xNow, hPrevious, w, w + <usize>Ip * 64, b, I, H, width);
        lstmForward(block, c + stride + unit, h + stride + unit, c + unit, width);
        block += 4 * hPanel;
        unit += hPanel;
        hPrevious += hPanel;
        xNow += xPanel;
      }
    }
    gates += 4 * stride;
    h += stride;
    c += stride;
    x += <usize>P * xPanel;
  }
}

/** T steps back: the gradient of the pre-activations, from which the weights' and the inputs' follow for the whole window. */
export function recurrentBackward(
  dgates: usize, // [T][P][4H][width] out; may be `gates`
  dh: usize, // [T][P][H][width]: from above; after the call the whole gradient of h(t)
  dc: usize, // [P][H][width] scratch
  gates: usize, // [T][P][4H][width]: i, f, g, o
  c: usize, // [T+1][P][H][width]
  weightT: usize, // [H/4][4H][4]: the transposed pack of the recurrent weights
  T: i32,
  P: i32,
  H: i32,
  width: i32,
): void {
  const Hp = padded(H);
  const hPanel = (<usize>Hp * width) << 2;
  const unitBlock = (<usize>4 * width) << 2;
  const stride = <usize>P * hPanel;
  memory.fill(dc, 0, stride);
  for (let t = T - 1; t >= 0; t--) {
    const step = <usize>t * stride;
    for (let p = 0; p < P; p++) {
      const panel = <usize>p * hPanel;
      const at = step + panel;
      for (let unit: usize = 0; unit < hPanel; unit += unitBlock) {
        const block: usize = 4 * (at + unit);
        lstmBackward(dgates + block, dc + panel + unit, dh + at + unit, gates + block, c + stride + at + unit, c + at + unit, width);
      }
    }
    if (t > 0) product(dh + step - stride, dgates + 4 * step, weightT, 0, P, 4 * Hp, Hp, width);
  }
}
