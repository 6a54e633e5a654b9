// The LSTM cell with forget gate, pointwise. Hochreiter & Schmidhuber 1997; forget gate: Gers, Schmidhuber & Cummins 2000;
// full gradient: Graves & Schmidhuber 2005. Gate order i, f, g, o as in PyTorch. With options: lstmVariant.ts.
//
//   i = sigmoid(i_in)   f = sigmoid(f_in)   g = tanh(g_in)   o = sigmoid(o_in)      (_in: W x + b + R h(t-1) + b')
//   c = f c(t-1) + i g
//   h = o tanh(c)
//
// Backward, with dh the whole gradient of h(t) and dc what c(t+1) sends back:
//   dc  = dc + dh o (1 - tanh(c)^2)
//   di_in = dc g i (1 - i)     df_in = dc c(t-1) f (1 - f)     dg_in = dc i (1 - g^2)     do_in = dh tanh(c) o (1 - o)
//   dc(t-1) = dc f
//
// Padded units have zero weights and biases: g = 0, so c, h and every gradient of theirs stay exactly zero.

import { sigmoid, sigmoidSlope, tanh, tanhSlope } from "../activation";
import { VECTOR } from "../lanes";

/** One step of some blocks of four units. Logistic functions, tanh and the rest have a loop each, so that constants stay in registers. */
export function lstmForward(
  gates: usize, // [blocks][4 gates][4 units][width]: pre-activations; after the call i, f, g, o
  c: usize, // [blocks][4][width] out
  h: usize, // [blocks][4][width] out
  cBefore: usize, // [blocks][4][width] c(t-1)
  blocks: i32,
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  const last = gates + 4 * <usize>blocks * gate;
  for (let at = gates; at < last; at += 3 * gate) {
    for (const end = at + gate; at < end; at += VECTOR) {
      v128.store(at, sigmoid(v128.load(at)));
      v128.store(at + gate, sigmoid(v128.load(at + gate)));
      v128.store(at + 3 * gate, sigmoid(v128.load(at + 3 * gate)));
    }
  }
  for (let g = gates + 2 * gate; g < last; g += 3 * gate) {
    for (const end = g + gate; g < end; g += VECTOR) v128.store(g, tanh(v128.load(g)));
  }
  for (; gates < last; gates += 3 * gate) {
    for (const end = gates + gate; gates < end; gates += VECTOR) {
      const kept = f32x4.mul(v128.load(gates + gate), v128.load(cBefore));
      const cell = f32x4.add(kept, f32x4.mul(v128.load(gates), v128.load(gates + 2 * gate)));
      v128.store(c, cell);
      v128.store(h, f32x4.mul(v128.load(gates + 3 * gate), tanh(cell)));
      cBefore += VECTOR;
      c += VECTOR;
      h += VECTOR;
    }
  }
}

/** The same, one step back. */
export function lstmBackward(
  dgates: usize, // [blocks][4 gates][4 units][width] out: gradient of the pre-activations; may be `gates`
  dc: usize, // [blocks][4][width]: in, dc from c(t+1); out, dc for c(t-1)
  dh: usize, // [blocks][4][width]
  gates: usize, // [blocks][4 gates][4 units][width]: i, f, g, o
  c: usize, // [blocks][4][width] c(t)
  cBefore: usize, // [blocks][4][width] c(t-1)
  blocks: i32,
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  for (const last = gates + 4 * <usize>blocks * gate; gates < last; gates += 3 * gate) {
    for (const end = gates + gate; gates < end; gates += VECTOR) {
      const i = v128.load(gates);
      const f = v128.load(gates + gate);
      const g = v128.load(gates + 2 * gate);
      const o = v128.load(gates + 3 * gate);
      const squashed = tanh(v128.load(c));
      const dOut = v128.load(dh);
      const dCell = f32x4.add(v128.load(dc), f32x4.mul(f32x4.mul(dOut, o), tanhSlope(squashed)));
      v128.store(dgates, f32x4.mul(f32x4.mul(dCell, g), sigmoidSlope(i)));
      v128.store(dgates + gate, f32x4.mul(f32x4.mul(dCell, v128.load(cBefore)), sigmoidSlope(f)));
      v128.store(dgates + 2 * gate, f32x4.mul(f32x4.mul(dCell, i), tanhSlope(g)));
      v128.store(dgates + 3 * gate, f32x4.mul(f32x4.mul(dOut, squashed), sigmoidSlope(o)));
      v128.store(dc, f32x4.mul(dCell, f));
      dgates += VECTOR;
      dc += VECTOR;
      dh += VECTOR;
      c += VECTOR;
      cBefore += VECTOR;
    }
    dgates += 3 * gate;
  }
}
