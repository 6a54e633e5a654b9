// The gated recurrent unit as first published, reset before the product, pointwise. Cho et al. 2014.
//
//   r = sigmoid(r_in)   z = sigmoid(z_in)            (_in: W x + b + R h(t-1) + b')
//   n = tanh(W_n x + b_n + m)                        m = R_n (r h(t-1)) + b_n'
//   h = (1 - z) n + z h(t-1)
//
// Backward, with dh the whole gradient of h(t) and d the gradient of r h(t-1), which R_n^T brings from dn_in:
//   dn_in = dh (1 - z) (1 - n^2)     dz_in = dh (h(t-1) - n) z (1 - z)     dr_in = d h(t-1) r (1 - r)
//   dh(t-1) = dh z + d r + what R_r^T and R_z^T bring
//
// In place of the logistic function there may be the hard sigmoid, in place of tanh any activation.
//
// Blocks are [r, z, n, unused][4 units][width]; padded units stay zero.

import { gateOf, gateSlope, slope } from "../activation";
import { aligned, alignedOrNone, DEBUG, isWidth, positive } from "../asserts";
import { inputActivation } from "../cell";
import { splat, VECTOR } from "../lanes";
import { candidate } from "./gruVariant";

/** The first half: r, and r h(t-1) for the product with R_n. */
export function gruBeforeReset(
  read: usize, // [blocks][4][width] out: r h(t-1)
  gates: usize, // [blocks][4][4][width]: r_in; after the call r
  hBefore: usize, // [blocks][4][width]
  alpha: f32, // of the hard sigmoid; 0 for logistic gates
  blocks: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(read, gates, hBefore) && positive(blocks) && isWidth(width));
  const gate = <usize>width * VECTOR;
  for (let block = 0; block < blocks; block++, gates += 3 * gate) {
    for (const end = gates + gate; gates < end; gates += VECTOR, read += VECTOR, hBefore += VECTOR) {
      const r = gateOf(v128.load(gates), alpha);
      v128.store(gates, r);
      v128.store(read, f32x4.mul(r, v128.load(hBefore)));
    }
  }
}

/** The second half: z, n and h. m is the product of R_n with what the first half left. */
export function gruBeforeUpdate(
  h: usize, // [blocks][4][width] out
  gates: usize, // [blocks][4][4][width]: z_in, W_n x + b_n; after the call z, n
  m: usize, // [blocks][4][width]
  hBefore: usize, // [blocks][4][width]
  alpha: f32,
  cell: i32,
  P: i32,
  H: i32, // unpadded
  width: i32,
): void {
  if (DEBUG) assert(aligned(h, gates, m, hBefore) && positive(P, H) && isWidth(width));
  const gate = <usize>width * VECTOR;
  const code = inputActivation(cell);
  for (let panel = 0; panel < P; panel++) {
    for (let left = H; left > 0; left -= 4) {
      for (let at: usize = 0; at < gate; at += VECTOR) {
        const z = gateOf(v128.load(gates + gate + at), alpha);
        const n = candidate(f32x4.add(v128.load(gates + 2 * gate + at), v128.load(m + at)), code, at, left, width);
        v128.store(gates + gate + at, z);
        v128.store(gates + 2 * gate + at, n);
        v128.store(h + at, f32x4.add(f32x4.mul(f32x4.sub(splat(1), z), n), f32x4.mul(z, v128.load(hBefore + at))));
      }
      gates += 4 * gate;
      h += gate;
      m += gate;
      hBefore += gate;
    }
  }
}

/** Back through the second half. */
export function gruBeforeUpdateBackward(
  dm: usize, // [blocks][4][width] out: a copy of dn_in, contiguous
  dhBefore: usize, // [blocks][4][width]: dh z is added; or 0
  gates: usize, // [blocks][4][4][width]: z, n; after the call dz_in, dn_in
  dh: usize, // [blocks][4][width]
  hBefore: usize, // [blocks][4][width]
  alpha: f32,
  cell: i32,
  blocks: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(dm, gates, dh, hBefore) && alignedOrNone(dhBefore) && positive(blocks) && isWidth(width));
  const gate = <usize>width * VECTOR;
  const code = inputActivation(cell);
  for (let block = 0; block < blocks; block++, gates += 3 * gate) {
    for (const end = gates + gate; gates < end; gates += VECTOR, dm += VECTOR, dh += VECTOR, hBefore += VECTOR) {
      const z = v128.load(gates + gate);
      const n = v128.load(gates + 2 * gate);
      const d = v128.load(dh);
      const dn = f32x4.mul(f32x4.mul(d, f32x4.sub(splat(1), z)), slope(n, code));
      v128.store(gates + gate, f32x4.mul(f32x4.mul(d, f32x4.sub(v128.load(hBefore), n)), gateSlope(z, alpha)));
      v128.store(gates + 2 * gate, dn);
      v128.store(dm, dn);
      if (!dhBefore) continue;
      v128.store(dhBefore, f32x4.add(v128.load(dhBefore), f32x4.mul(d, z)));
      dhBefore += VECTOR;
    }
  }
}

/** Back through the first half. */
export function gruBeforeResetBackward(
  dhBefore: usize, // [blocks][4][width]: d r is added; or 0
  gates: usize, // [blocks][4][4][width]: r; after the call dr_in
  d: usize, // [blocks][4][width]: the gradient of r h(t-1)
  hBefore: usize, // [blocks][4][width]
  alpha: f32,
  blocks: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(gates, d, hBefore) && alignedOrNone(dhBefore) && positive(blocks) && isWidth(width));
  const gate = <usize>width * VECTOR;
  for (let block = 0; block < blocks; block++, gates += 3 * gate) {
    for (const end = gates + gate; gates < end; gates += VECTOR, d += VECTOR, hBefore += VECTOR) {
      const r = v128.load(gates);
      const error = v128.load(d);
      v128.store(gates, f32x4.mul(f32x4.mul(error, v128.load(hBefore)), gateSlope(r, alpha)));
      if (!dhBefore) continue;
      v128.store(dhBefore, f32x4.add(v128.load(dhBefore), f32x4.mul(error, r)));
      dhBefore += VECTOR;
    }
  }
}
