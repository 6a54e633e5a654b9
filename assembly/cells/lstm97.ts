// The original LSTM, Hochreiter & Schmidhuber 1997, pointwise: B memory cell blocks, each of S cells that share an input and an
// output gate. No forget gate.
//
//   y_in = f(net_in)                                   eq. 7 of the paper; f, h and g are its eq. 3, 4 and 5
//   y_out = f(net_out)                                 eq. 8; without output gates y_out = 1
//   s = s(t-1) + y_in g(net_c)     y_c = y_out h(s)    eq. 9
//
// Backward, with dy_c, dy_in, dy_out the gradients of the activations (in the truncated gradient dy_in = dy_out = 0) and ds what
// s(t+1) sends back; the sums are over the cells of a block:
//   dnet_out = f'(net_out) (sum h(s) dy_c + dy_out)    eq. 21
//   ds = ds + y_out h'(s) dy_c                         eq. 23, added up over time
//   dnet_in = f'(net_in) (sum g(net_c) ds + dy_in)     eq. 25 and 26, where each step's factor waits in a trace for ds
//   dnet_c = y_in g'(net_c) ds                         eq. 27 and 28, likewise
//
// A panel's rows are the cells block by block [C = B S], then the input gates [B], then the output gates [B], each part padded
// to a multiple of 4; padded rows are not touched and stay zero.

import { activate, activationForward, slope } from "../activation";
import { aligned, alignedOrNone, DEBUG, positive } from "../asserts";
import { BLOCK_G, BLOCK_H, NO_OUTPUT_GATE, PANEL } from "../codes";
import { loadColumn, padded, splat, storeColumn, VECTOR } from "../lanes";

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
  const C = B * S;
  const gated = !(functions & NO_OUTPUT_GATE);
  activationForward(net, (functions >> BLOCK_G) & 15, 0, 1, C, width);
  activationForward(inGates, f, 0, 1, B, width);
  if (gated) activationForward(outGates, f, 0, 1, B, width);
  const cells = <usize>padded(C) * row;
  for (let at: usize = 0; at < cells; at += VECTOR) {
    const written = f32x4.mul(ofGates(inGates, at, S, width), v128.load(net + at));
    const state = f32x4.add(v128.load(sBefore + at), written);
    v128.store(s + at, state);
    v128.store(y + at, state);
  }
  activationForward(y, (functions >> BLOCK_H) & 15, 0, 1, C, width);
  if (!gated) return;
  for (let at: usize = 0; at < cells; at += VECTOR) {
    v128.store(y + at, f32x4.mul(ofGates(outGates, at, S, width), v128.load(y + at)));
  }
}

/** The gate of each cell in the vector at byte `at` of [cells][width]; 0 for padded cells. */
function ofGates(gates: usize, at: usize, S: i32, width: i32): v128 {
  const s = <u32>S;
  if (width == PANEL) return v128.load(gates + ((<usize>((<u32>at >> 5) / s)) << 5) + (at & 16));
  const cell = <u32>at >> 2;
  let y = v128.load32_splat(gates + ((<usize>(cell / s)) << 2));
  y = v128.load32_lane(gates + ((<usize>((cell + 1) / s)) << 2), y, 1);
  y = v128.load32_lane(gates + ((<usize>((cell + 2) / s)) << 2), y, 2);
  return v128.load32_lane(gates + ((<usize>((cell + 3) / s)) << 2), y, 3);
}

/** One panel, one step back. */
export function lstm97Backward(
  dnet: usize, // [cells][width] out; may be `net`
  dInGates: usize, // [B][width] out; may be `inGates`
  dOutGates: usize, // [B][width] out; may be `outGates`
  ds: usize, // [cells][width]: in, from s(t+1); out, for s(t-1), which is also the whole gradient of s(t)
  dy: usize, // [cells][width]
  dyIn: usize, // [B][width], or 0
  dyOut: usize, // [B][width], or 0
  squashed: usize, // [2][cells][width]: h(s(t)); after the call each cell's terms of the sums dy_out and dy_in
  net: usize, // [cells][width]: g(net_c)
  inGates: usize, // [B][width]: y_in
  outGates: usize, // [B][width]: y_out
  functions: i32,
  B: i32,
  S: i32,
  width: i32,
): void {
  const row = (<usize>width) << 2;
  const f = functions & 15;
  const g = (functions >> BLOCK_G) & 15;
  const h = (functions >> BLOCK_H) & 15;
  const gated = !(functions & NO_OUTPUT_GATE);
  const cells = <usize>padded(B * S) * row;
  const written = squashed + cells;
  for (let at: usize = 0; at < cells; at += VECTOR) {
    const input = v128.load(net + at);
    const output = v128.load(squashed + at);
    const error = v128.load(dy + at);
    let toState = f32x4.mul(slope(output, h), error);
    if (gated) toState = f32x4.mul(ofGates(outGates, at, S, width), toState);
    const dState = f32x4.add(v128.load(ds + at), toState);
    v128.store(ds + at, dState);
    v128.store(squashed + at, f32x4.mul(output, error));
    v128.store(written + at, f32x4.mul(input, dState));
    v128.store(dnet + at, f32x4.mul(f32x4.mul(ofGates(inGates, at, S, width), slope(input, g)), dState));
  }
  for (let b: usize = 0; b < <usize>B; b++) {
    for (let lane: usize = 0; lane < row; lane += VECTOR) {
      const gate = b * row + lane;
      let dIn = dyIn ? loadColumn(dyIn + gate, width) : splat(0);
      let dOut = dyOut ? loadColumn(dyOut + gate, width) : splat(0);
      for (let v: usize = 0; v < <usize>S; v++) {
        const at = (b * <usize>S + v) * row + lane;
        dOut = f32x4.add(dOut, loadColumn(squashed + at, width));
        dIn = f32x4.add(dIn, loadColumn(written + at, width));
      }
      storeColumn(dInGates + gate, f32x4.mul(slope(loadColumn(inGates + gate, width), f), dIn), width);
      if (gated) storeColumn(dOutGates + gate, f32x4.mul(slope(loadColumn(outGates + gate, width), f), dOut), width);
    }
  }
}

/** The factors that one step at a batch of one gives to the traces of online learning (online.ts): those of eq. 21, 23, 25 and 27. */
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
  if (DEBUG) assert(aligned(gain, inGain, error) && aligned(dy, net, inGates, s) && alignedOrNone(dOutGates, outGates) && positive(B, S));
  const f = functions & 15;
  const g = (functions >> BLOCK_G) & 15;
  const h = (functions >> BLOCK_H) & 15;
  const gated = !(functions & NO_OUTPUT_GATE);
  // Blocks of one cell go four at a time, one in each lane; padded rows are zero and stay zero.
  const width = S == 1 ? PANEL : 1;
  for (let b: usize = 0; b < <usize>B; b += S == 1 ? 4 : 1) {
    const yIn = loadColumn(inGates + (b << 2), width);
    const yOut = gated ? loadColumn(outGates + (b << 2), width) : splat(1);
    let dOut = splat(0);
    for (let v: usize = 0; v < <usize>S; v++) {
      const at = (b * <usize>S + v) << 2;
      const input = loadColumn(net + at, width);
      const squashed = activate(loadColumn(s + at, width), h);
      const d = loadColumn(dy + at, width);
      storeColumn(gain + at, f32x4.mul(slope(input, g), yIn), width);
      storeColumn(inGain + at, f32x4.mul(input, slope(yIn, f)), width);
      storeColumn(error + at, f32x4.mul(f32x4.mul(yOut, slope(squashed, h)), d), width);
      dOut = f32x4.add(dOut, f32x4.mul(squashed, d));
    }
    if (gated) storeColumn(dOutGates + (b << 2), f32x4.mul(slope(yOut, f), dOut), width);
  }
}
