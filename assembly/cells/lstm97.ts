// The original LSTM, Hochreiter & Schmidhuber 1997, pointwise: B memory cell blocks, each of S cells that share an input and an
// output gate. No forget gate.
//
//   y_in = f(net_in)   y_out = f(net_out)
//   s = s(t-1) + y_in g(net_c)                        eq. 7-9 of the paper
//   y_c = y_out h(s)
//
// Backward, with dy_c, dy_in, dy_out the gradients of the activations (in the truncated gradient dy_in = dy_out = 0) and ds what
// s(t+1) sends back, sums over the cells of the block:
//   dnet_out = f'(net_out) (sum h(s) dy_c + dy_out)
//   ds = ds + y_out h'(s) dy_c
//   dnet_in = f'(net_in) (sum g(net_c) ds + dy_in)    dnet_c = y_in g'(net_c) ds
//
// A panel's rows are the cells block by block [C = B S], then the input gates [B], then the output gates [B], each part padded
// to a multiple of 4; padded rows are not touched and stay zero.

import { activate, slope } from "../activation";
import { loadColumn, splat, storeColumn, VECTOR } from "../lanes";

/** Without output gates y_out = 1. */
export const NO_OUTPUT_GATE: i32 = 1 << 15;

/** One panel, one step. `functions` are the codes of f, g and h, in bits 0-3, 4-7 and 8-11; bit 15: no output gates. */
export function lstm97Forward(
  net: usize, // [cells][width]: net_c; after the call g(net_c)
  inGates: usize, // [B][width]: net_in; after the call y_in
  outGates: usize, // [B][width]: net_out; after the call y_out
  s: usize, // [cells][width] out
  y: usize, // [cells][width] out: y_c
  sBefore: usize, // [cells][width]
  functions: i32,
  B: i32,
  S: i32,
  width: i32,
): void {
  const row = (<usize>width) << 2;
  const f = functions & 15;
  const g = (functions >> 4) & 15;
  const h = (functions >> 8) & 15;
  for (let b: usize = 0; b < <usize>B; b++) {
    for (let lane: usize = 0; lane < row; lane += VECTOR) {
      const gate = b * row + lane;
      const yIn = activate(loadColumn(inGates + gate, width), f);
      storeColumn(inGates + gate, yIn, width);
      let yOut = splat(1);
      if (!(functions & NO_OUTPUT_GATE)) {
        yOut = activate(loadColumn(outGates + gate, width), f);
        storeColumn(outGates + gate, yOut, width);
      }
      for (let v: usize = 0; v < <usize>S; v++) {
        const at = (b * <usize>S + v) * row + lane;
        const input = activate(loadColumn(net + at, width), g);
        const state = f32x4.add(loadColumn(sBefore + at, width), f32x4.mul(yIn, input));
        storeColumn(net + at, input, width);
        storeColumn(s + at, state, width);
        storeColumn(y + at, f32x4.mul(yOut, activate(state, h)), width);
      }
    }
  }
}

/** One panel, one step back. */
export function lstm97Backward(
  dnet: usize, // [cells][width] out; may be `net`
  dInGates: usize, // [B][width] out; may be `inGates`
  dOutGates: usize, // [B][width] out; may be `outGates`
  ds: usize, // [cells][width]: from s(t+1); after the call for s(t-1), which is the whole gradient of s(t)
  dy: usize, // [cells][width]
  dyIn: usize, // [B][width], or 0
  dyOut: usize, // [B][width], or 0
  net: usize, // [cells][width]: g(net_c)
  inGates: usize, // [B][width]: y_in
  outGates: usize, // [B][width]: y_out
  s: usize, // [cells][width] s(t)
  functions: i32,
  B: i32,
  S: i32,
  width: i32,
): void {
  const row = (<usize>width) << 2;
  const f = functions & 15;
  const g = (functions >> 4) & 15;
  const h = (functions >> 8) & 15;
  const gated = !(functions & NO_OUTPUT_GATE);
  for (let b: usize = 0; b < <usize>B; b++) {
    for (let lane: usize = 0; lane < row; lane += VECTOR) {
      const gate = b * row + lane;
      const yIn = loadColumn(inGates + gate, width);
      const yOut = gated ? loadColumn(outGates + gate, width) : splat(1);
      let dIn = dyIn ? loadColumn(dyIn + gate, width) : splat(0);
      let dOut = dyOut ? loadColumn(dyOut + gate, width) : splat(0);
      for (let v: usize = 0; v < <usize>S; v++) {
        const at = (b * <usize>S + v) * row + lane;
        const input = loadColumn(net + at, width);
        const squashed = activate(loadColumn(s + at, width), h);
        const error = loadColumn(dy + at, width);
        const dState = f32x4.add(loadColumn(ds + at, width), f32x4.mul(f32x4.mul(yOut, slope(squashed, h)), error));
        dOut = f32x4.add(dOut, f32x4.mul(squashed, error));
        dIn = f32x4.add(dIn, f32x4.mul(input, dState));
        storeColumn(dnet + at, f32x4.mul(f32x4.mul(yIn, slope(input, g)), dState), width);
        storeColumn(ds + at, dState, width);
      }
      storeColumn(dInGates + gate, f32x4.mul(slope(yIn, f), dIn), width);
      if (gated) storeColumn(dOutGates + gate, f32x4.mul(slope(yOut, f), dOut), width);
    }
  }
}

/** What the traces of online learning (online.ts) need of a step at a batch of one; equations 21, 23, 25 and 27. */
export function lstm97Traces(
  gain: usize, // [cells] out: g'(net_c) y_in
  inGain: usize, // [cells] out: g(net_c) f'(net_in)
  error: usize, // [cells] out: e_s = y_out h'(s) dy
  dOutGates: usize, // [B] out: dnet_out
  dy: usize, // [cells]
  net: usize, // [cells]: g(net_c)
  inGates: usize, // [B]: y_in
  outGates: usize, // [B]: y_out
  s: usize, // [cells]
  functions: i32,
  B: i32,
  S: i32,
): void {
  const f = functions & 15;
  const g = (functions >> 4) & 15;
  const h = (functions >> 8) & 15;
  const gated = !(functions & NO_OUTPUT_GATE);
  for (let b: usize = 0; b < <usize>B; b++) {
    const yIn = loadColumn(inGates + (b << 2), 1);
    const yOut = gated ? loadColumn(outGates + (b << 2), 1) : splat(1);
    let dOut = splat(0);
    for (let v: usize = 0; v < <usize>S; v++) {
      const at = (b * <usize>S + v) << 2;
      const input = loadColumn(net + at, 1);
      const squashed = activate(loadColumn(s + at, 1), h);
      const d = loadColumn(dy + at, 1);
      storeColumn(gain + at, f32x4.mul(slope(input, g), yIn), 1);
      storeColumn(inGain + at, f32x4.mul(input, slope(yIn, f)), 1);
      storeColumn(error + at, f32x4.mul(f32x4.mul(yOut, slope(squashed, h)), d), 1);
      dOut = f32x4.add(dOut, f32x4.mul(squashed, d));
    }
    if (gated) storeColumn(dOutGates + (b << 2), f32x4.mul(slope(yOut, f), dOut), 1);
  }
}
