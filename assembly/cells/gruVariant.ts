// The GRU with other activations, pointwise. The plain cell has its own file, gru.ts, as the LSTM has.
//
//   r = s(r_in)   z = s(z_in)                        s the logistic function or the hard sigmoid, a any activation
//   m = R_n h(t-1) + b_n'                            n = a(W_n x + b_n + r m)
//   h = (1 - z) n + z h(t-1)
//
// Backward as there, with the slopes of s and a.
//
// Padded units: n is set to zero, as a(0) may not be, so h and every gradient of theirs stay exactly zero. With any
// activation n is cut to +-1e30: an unbounded one could overflow in the padding of a sequence that has ended (see rnn.ts).

import { activate, gateOf, gateSlope, slope } from "../activation";
import { inputActivation } from "../cell";
import { liveAt, splat, VECTOR } from "../lanes";

/** The candidate n of a block of four units, where `left` units are left from its first one on; past the last unit it is 0. */
export function candidate(net: v128, code: i32, at: usize, left: i32, width: i32): v128 {
  const n = f32x4.pmin(f32x4.pmax(activate(net, code), splat(-1e30)), splat(1e30));
  return left < 4 ? v128.and(n, liveAt(at, left, width)) : n;
}

/** One step of one panel. */
export function gruVariantForward(
  gates: usize, // [blocks][r, z, n, m][4 units][width]: r_in, z_in, W_n x + b_n, m; after the call r, z, n, m
  h: usize, // [blocks][4][width] out
  hBefore: usize, // [blocks][4][width] h(t-1)
  alpha: f32, // of the hard sigmoid; 0 for logistic gates
  cell: i32,
  H: i32, // unpadded
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  const code = inputActivation(cell);
  for (let left = H; left > 0; left -= 4) {
    for (let at: usize = 0; at < gate; at += VECTOR) {
      const r = gateOf(v128.load(gates + at), alpha);
      const z = gateOf(v128.load(gates + gate + at), alpha);
      const net = f32x4.add(v128.load(gates + 2 * gate + at), f32x4.mul(r, v128.load(gates + 3 * gate + at)));
      const n = candidate(net, code, at, left, width);
      v128.store(gates + at, r);
      v128.store(gates + gate + at, z);
      v128.store(gates + 2 * gate + at, n);
      v128.store(h + at, f32x4.add(f32x4.mul(f32x4.sub(splat(1), z), n), f32x4.mul(z, v128.load(hBefore + at))));
    }
    gates += 4 * gate;
    h += gate;
    hBefore += gate;
  }
}

/** The same, one step back. */
export function gruVariantBackward(
  dgates: usize, // [blocks][r, z, n, m][4 units][width] out: dr_in, dz_in, dn_in, dm; may be `gates`
  dhBefore: usize, // [blocks][4][width]: dh(t-1), adds dh z; 0 at the window's edge
  dh: usize, // [blocks][4][width]
  gates: usize, // [blocks][r, z, n, m][4 units][width]
  hBefore: usize, // [blocks][4][width] h(t-1)
  alpha: f32,
  cell: i32,
  H: i32, // unpadded
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  const code = inputActivation(cell);
  for (let left = H; left > 0; left -= 4) {
    for (let at: usize = 0; at < gate; at += VECTOR) {
      const r = v128.load(gates + at);
      const z = v128.load(gates + gate + at);
      const n = v128.load(gates + 2 * gate + at);
      const m = v128.load(gates + 3 * gate + at);
      const dOut = v128.load(dh + at);
      const dn = f32x4.mul(f32x4.mul(dOut, f32x4.sub(splat(1), z)), slope(n, code));
      v128.store(dgates + at, f32x4.mul(f32x4.mul(dn, m), gateSlope(r, alpha)));
      v128.store(dgates + gate + at, f32x4.mul(f32x4.mul(dOut, f32x4.sub(v128.load(hBefore + at), n)), gateSlope(z, alpha)));
      v128.store(dgates + 2 * gate + at, dn);
      v128.store(dgates + 3 * gate + at, f32x4.mul(dn, r));
      if (dhBefore) v128.store(dhBefore + at, f32x4.add(v128.load(dhBefore + at), f32x4.mul(dOut, z)));
    }
    dgates += 4 * gate;
    gates += 4 * gate;
    dh += gate;
    hBefore += gate;
    if (dhBefore) dhBefore += gate;
  }
}
