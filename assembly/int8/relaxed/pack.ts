// Weights of one byte, w = q scale with q from -127 to 127 and a scale for each row, packed for activations of 7 bits (quantize.ts).
//
// A vector has four columns of a group of four rows: [4 rows][4 columns]. Up to eight of them lie side by side: a block. Before a block's
// weights lie the sums from which its products begin, as activations are stored with 64 added:
//
//   sum of q x = sum of q (x + 64) - 64 sum of q        all modulo 2^32

import { aligned, DEBUG, fours, positive, words } from "../../asserts";
import { VECTOR } from "../../lanes";
import { VECTORS } from "../pack";
import { ZERO } from "./quantize";

/** Groups of four rows side by side: as many as fill eight accumulators. */
export const GROUPS: i32 = 2 * VECTORS;

/** Bytes of the sums and weights of one group. */
export function groupBytes(k: i32): usize {
  return VECTOR + ((<usize>k) << 2);
}

/** Bytes of packed weights. */
export function packBytes(k: i32, vectors: i32): usize {
  return 2 * <usize>vectors * groupBytes(k);
}

/**
 * Packs columns of a matrix w = q scale, exactly of this form. Returns the largest sum of |q| of a row, by which activations are bounded
 * so that no sum overflows.
 */
export function pack(
  weights: usize, // [vectors/4]: sums [up to 8 groups][4 rows] i32, then weights [k/4][up to 8 groups][4 rows][4 columns] i8; out
  scales: usize, // [vectors][2 groups][4] out
  groups: usize, // [vectors][2] i32: which group of four rows, in bytes from the first row of a vector [rows]; -1 for none
  w: usize, // [rows/(4G)][columns][G][4]
  scaleOf: usize, // [rows/(4G)][columns][G][4]: the scale of each weight, 0 where there is none
  G: i32,
  first: i32, // the first column
  k: i32, // count of columns, multiple of 4
  columns: i32, // of w
  vectors: i32, // pairs of groups
): i32 {
  if (DEBUG) assert(aligned(weights, scales, w, scaleOf) && words(groups) && fours(k) && positive(G, k, vectors));
  const stride = <usize>G * VECTOR;
  let largest = 0;
  for (let slot = 0; slot < 2 * vectors; slot++, groups += 4) {
    const abreast = <usize>min(GROUPS, 2 * vectors - (slot & -GROUPS)) * VECTOR;
    const start = weights + <usize>(slot & -GROUPS) * groupBytes(k) + <usize>(slot & (GROUPS - 1)) * VECTOR;
    const group = load<i32>(groups) >> 4;
    // Address of the group's first column in w.
    const at = ((<usize>(group / G) * columns + first) * G + (group % G)) << 4;
    for (let row: usize = 0; row < 16; row += 4, scales += 4) {
      let from = at + row;
      let scale: f32 = 0;
      for (let i: usize = 0; group >= 0 && i < <usize>k; i++) scale = max(scale, load<f32>(scaleOf + from + i * stride));
      store<f32>(scales, scale);
      let sum = 0;
      let size = 0;
      for (let i: usize = 0; i < <usize>k; i++, from += stride) {
        const q = scale > 0 ? <i32>nearest(load<f32>(w + from) / scale) : 0;
        sum += q;
        size += abs(q);
        store<i8>(start + row + ((i >> 2) + 1) * abreast + (i & 3), <i8>q);
      }
      store<i32>(start + row, -ZERO * sum);
      largest = max(largest, size);
    }
  }
  return largest;
}
