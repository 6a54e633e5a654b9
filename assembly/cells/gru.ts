// The gated recurrent unit, reset after the product, pointwise. Cho et al. 2014, in the form of PyTorch and Keras 3.
//
//   r = sigmoid(r_in)   z = sigmoid(z_in)            (_in: W x + b + R h(t-1) + b')
//   m = R_n h(t-1) + b_n'                            n = tanh(W_n x + b_n + r m)
//   h = (1 - z) n + z h(t-1)
//
// Backward, with dh the whole gradient of h(t):
//   dn_in = dh (1 - z) (1 - n^2)     dm = dn_in r
//   dr_in = dn_in m r (1 - r)        dz_in = dh (h(t-1) - n) z (1 - z)
//   dh(t-1) = dh z + what R^T brings
//
// Padded units: n = 0, so h and every gradient of theirs stay exactly zero.

import { sigmoid, sigmoidSlope, tanh, tanhSlope } from "../activation";
import { splat, VECTOR } from "../lanes";

/** One step of some blocks of four units. */
export function gruForward(
  gates: usize, // [blocks][r, z, n, m][4 units][width]: r_in, z_in, W_n x + b_n, m; after the call r, z, n, m
  h: usize, // [blocks][4][width] out
  hBefore: usize, // [blocks][4][width] h(t-1)
  blocks: i32,
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  for (const last = gates + 4 * <usize>blocks * gate; gates < last; gates += 3 * gate) {
    for (const end = gates + gate; gates < end; gates += VECTOR) {
      const r = sigmoid(v128.load(gates));
      const z = sigmoid(v128.load(gates + gate));
      const m = v128.load(gates + 3 * gate);
      const n = tanh(f32x4.add(v128.load(gates + 2 * gate), f32x4.mul(r, m)));
      v128.store(gates, r);
      v128.store(gates + gate, z);
      v128.store(gates + 2 * gate, n);
      v128.store(h, f32x4.add(f32x4.mul(f32x4.sub(splat(1), z), n), f32x4.mul(z, v128.load(hBefore))));
      h += VECTOR;
      hBefore += VECTOR;
    }
  }
}

/** The same, one step back. */
export function gruBackward(
  dgates: usize, // [blocks][r, z, n, m][4 units][width] out: dr_in, dz_in, dn_in, dm; may be `gates`
  dhBefore: usize, // [blocks][4][width]: dh(t-1), adds dh z; 0 at the window's edge
  dh: usize, // [blocks][4][width]
  gates: usize, // [blocks][r, z, n, m][4 units][width]
  hBefore: usize, // [blocks][4][width] h(t-1)
  blocks: i32,
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  for (const last = gates + 4 * <usize>blocks * gate; gates < last; gates += 3 * gate) {
    for (const end = gates + gate; gates < end; gates += VECTOR) {
      const r = v128.load(gates);
      const z = v128.load(gates + gate);
      const n = v128.load(gates + 2 * gate);
      const m = v128.load(gates + 3 * gate);
      const dOut = v128.load(dh);
      const dn = f32x4.mul(f32x4.mul(dOut, f32x4.sub(splat(1), z)), tanhSlope(n));
      v128.store(dgates, f32x4.mul(f32x4.mul(dn, m), sigmoidSlope(r)));
      v128.store(dgates + gate, f32x4.mul(f32x4.mul(dOut, f32x4.sub(v128.load(hBefore), n)), sigmoidSlope(z)));
      v128.store(dgates + 2 * gate, dn);
      v128.store(dgates + 3 * gate, f32x4.mul(dn, r));
      if (dhBefore) {
        v128.store(dhBefore, f32x4.add(v128.load(dhBefore), f32x4.mul(dOut, z)));
        dhBefore += VECTOR;
      }
      dgates += VECTOR;
      dh += VECTOR;
      hBefore += VECTOR;
    }
    dgates += 3 * gate;
  }
}
