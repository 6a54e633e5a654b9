// Weights of one byte, w = q scale with q from -127 to 127 and a scale for each row, packed for the products in tile.ts.
//
// A row of four bytes pairs would need an instruction that widens them, and loads that widen are what bounds such products (x64). So two
// rows share a lane of 16 bits, v = 256 high + low + 128: the row `low` of one group of four rows, the row `high` of another.
//
//   sum of v x         = 256 sum of high x + sum of low x + 128 sum of x        all modulo 2^32
//   sum of (v >> 8) x  = sum of high x
//
// A vector has two columns of eight rows: [4 pairs of rows][2 columns]. Up to four vectors lie side by side: [block][k/2][up to 4 vectors].

import { aligned, DEBUG, fours, positive, words } from "../asserts";
import { VECTOR } from "../lanes";

/** Vectors side by side: as many as fill eight accumulators. */
export const VECTORS: i32 = 4;

/** Bytes of packed weights. */
export function packBytes(k: i32, vectors: i32): usize {
  return (<usize>(k * vectors)) << 3;
}

/**
 * Packs columns of a matrix w = q scale, exactly of this form. Returns the largest sum of |q| of a row, by which activations are bounded
 * so that no sum overflows.
 */
export function pack(
  weights: usize, // [vectors/4][k/2][up to 4 vectors][4 pairs][2] i16 out
  scales: usize, // [vectors][low, high][4] out
  groups: usize, // [vectors][low, high] i32: which group of four rows, in bytes from the first row of a vector [rows]; -1 for none
  w: usize, // [rows/(4G)][columns][G][4]
  scaleOf: usize, // [rows/(4G)][columns][G][4]: the scale of each weight, 0 where there is none
  G: i32,
  first: i32, // the first column
  k: i32, // count of columns, multiple of 4
  columns: i32, // of w
  vectors: i32,
): i32 {
  if (DEBUG) assert(aligned(weights, scales, w, scaleOf) && words(groups) && fours(k) && positive(G, k, vectors));
  const stride = <usize>G * VECTOR;
  let largest = 0;
  for (let vector = 0; vector < vectors; vector++) {
    const abreast = <usize>min(VECTORS, vectors - (vector & -VECTORS));
    const start = weights + <usize>(vector & -VECTORS) * <usize>k * 8 + <usize>(vector & (VECTORS - 1)) * VECTOR;
    for (let high: usize = 0; high < 2; high++, groups += 4) {
      const group = load<i32>(groups) >> 4;
      // Address of the group's first column in w.
      const at = ((<usize>(group / G) * columns + first) * G + (group % G)) << 4;
      for (let row: usize = 0; row < 16; row += 4, scales += 4) {
        let to = start + row + high;
        let from = at + row;
        let scale: f32 = 0;
        let sum = 0;
        for (let i: usize = 0; group >= 0 && i < <usize>k; i++) scale = max(scale, load<f32>(scaleOf + from + i * stride));
        store<f32>(scales, scale);
        for (let i = 0; i < k; i++, from += stride) {
          const q = scale > 0 ? <i32>nearest(load<f32>(w + from) / scale) : 0;
          sum += abs(q);
          store<u8>(to, <u8>(high ? q : q + 128));
          to += i & 1 ? abreast * VECTOR - 2 : 2;
        }
        largest = max(largest, sum);
      }
    }
  }
  return largest;
}
