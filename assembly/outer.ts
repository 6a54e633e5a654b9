// The gradient of a small layer's weights at a batch of one: outer products of each step's dy and x, without packing. They add in the
// same order as the packed product of weightGradient.ts, so both give the same bits.

import { madd, VECTOR } from "./lanes";

/** sums[4] += the k rows of four at `from`, `stride` bytes apart. */
export function addColumns(sums: usize, from: usize, stride: usize, k: i32): void {
  let even = v128.load(sums);
  let odd = f32x4.splat(0);
  for (let i = 0; i < k - 1; i += 2) {
    even = f32x4.add(even, v128.load(from));
    odd = f32x4.add(odd, v128.load(from + stride));
    from += 2 * stride;
  }
  if (k & 1) even = f32x4.add(even, v128.load(from));
  v128.store(sums, f32x4.add(even, odd));
}

/** dw += the sum over slots of dy x^T. Two groups of four rows by four columns at a time: eight accumulators, as in the tile. */
export function outerProducts(
  dw: usize, // [total][columns][4]
  dy: usize, // [slots][total][4]
  x: usize, // [slots][k]
  total: i32, // groups of four rows
  k: i32, // columns that x has, a multiple of 4
  columns: i32, // columns from one group of dw to the next: those of x and h together
  slots: i32,
): void {
  const row = (<usize>total) << 4;
  const columnsOf = (<usize>k) << 2;
  for (let q = 0; q < total; q += 2) {
    // With an odd number of groups the last is computed twice.
    const other = min(q + 1, total - 1);
    let first = dy + ((<usize>q) << 4);
    const apart = (<usize>(other - q)) << 4;
    // Groups that only the error of the last step reaches are zero in the slots before.
    let skipped = 0;
    for (; skipped < slots - 1 && !v128.any_true(v128.or(v128.load(first), v128.load(first + apart))); skipped++) first += row;
    const end = x + <usize>slots * columnsOf;
    for (let column = 0; column < k; column += 4) {
      const c0 = dw + ((<usize>(q * columns + column)) << 4);
      const c1 = c0 + <usize>((other - q) * columns) * VECTOR;
      let s00 = v128.load(c0);
      let s01 = v128.load(c0, 16);
      let s02 = v128.load(c0, 32);
      let s03 = v128.load(c0, 48);
      let s10 = v128.load(c1);
      let s11 = v128.load(c1, 16);
      let s12 = v128.load(c1, 32);
      let s13 = v128.load(c1, 48);
      let d = first;
      for (let from = x + <usize>skipped * columnsOf + ((<usize>column) << 2); from < end; from += columnsOf) {
        const d0 = v128.load(d);
        const d1 = v128.load(d + apart);
        let b = v128.load32_splat(from);
        s00 = madd(d0, b, s00);
        s10 = madd(d1, b, s10);
        b = v128.load32_splat(from, 4);
        s01 = madd(d0, b, s01);
        s11 = madd(d1, b, s11);
        b = v128.load32_splat(from, 8);
        s02 = madd(d0, b, s02);
        s12 = madd(d1, b, s12);
        b = v128.load32_splat(from, 12);
        s03 = madd(d0, b, s03);
        s13 = madd(d1, b, s13);
        d += row;
      }
      v128.store(c0, s00);
      v128.store(c0, s01, 16);
      v128.store(c0, s02, 32);
      v128.store(c0, s03, 48);
      v128.store(c1, s10);
      v128.store(c1, s11, 16);
      v128.store(c1, s12, 32);
      v128.store(c1, s13, 48);
    }
  }
}
