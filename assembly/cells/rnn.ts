// The vanilla recurrent cell, pointwise. Elman 1990; ReLU: Le, Jaitly & Hinton 2015.
//
//   h = tanh(h_in)   or   h = max(0, h_in)           (h_in: W x + b + R h(t-1) + b')
//
// Here ReLU ends at 1e30, which no useful value reaches. Without an end a sequence that is over could overflow in its padding, and
// infinity times the zero gradient of the padding would be NaN.
//
// Backward, with dh the whole gradient of h(t):
//   dh_in = dh (1 - h^2)   or   dh where h > 0

import { tanh, tanhSlope } from "../activation";
import { splat, VECTOR } from "../lanes";

/** One step of some blocks of four units. */
export function rnnForward(
  gates: usize, // [blocks][4 units][width]: pre-activations; after the call h
  h: usize, // [blocks][4][width] out
  relu: bool,
  blocks: i32,
  width: i32,
): void {
  for (let end = gates + <usize>(blocks * width) * VECTOR; gates < end; gates += VECTOR) {
    const net = v128.load(gates);
    // With pmin and pmax in this operand order a NaN passes through.
    const out = relu ? f32x4.pmin(f32x4.pmax(net, splat(0)), splat(1e30)) : tanh(net);
    v128.store(gates, out);
    v128.store(h, out);
    h += VECTOR;
  }
}

/** The same, one step back. */
export function rnnBackward(
  dgates: usize, // [blocks][4 units][width] out: gradient of the pre-activations; may be `gates`
  dh: usize, // [blocks][4][width]
  gates: usize, // [blocks][4 units][width]: h
  relu: bool,
  blocks: i32,
  width: i32,
): void {
  for (let end = gates + <usize>(blocks * width) * VECTOR; gates < end; gates += VECTOR) {
    const out = v128.load(gates);
    const dOut = v128.load(dh);
    v128.store(dgates, relu ? v128.and(dOut, f32x4.gt(out, splat(0))) : f32x4.mul(dOut, tanhSlope(out)));
    dgates += VECTOR;
    dh += VECTOR;
  }
}
