// The arithmetic of initial weights: normal numbers, logarithms, orthonormal rows.
//
// Box & Muller 1958: two uniform numbers u, v become two independent standard normal ones,
//   r = sqrt(-2 log u),   r cos(2 pi v),   r sin(2 pi v)
// With 2v = n + f, n the nearest integer, both are (-1)^n times a polynomial in f, our own minimax fit on +-1/2
// (tests/vectors/fit_activation.py):
//   sin(pi f)   f S(f^2), degree 9   error 2.1e-7 absolute
//   cos(pi f)   C(f^2), degree 8     error 1.9e-7 absolute
//
// Rows are made orthonormal by modified Gram-Schmidt: v = x_k; v -= (q_j . v) q_j for each j < k; q_k = v / |v|. After one pass
// they are as far from orthogonal as their condition allows; after a second they are orthogonal to rounding (Giraud, Langou &
// Rozloznik 2005): no entry of Q Q^T is further than 1e-6 from I. 512 rows of 2048 take 0.3 s in V8's baseline compiler and 0.1 s
// in its optimising one, so an algorithm by blocks of rows is not worth its code.

import { log } from "./activation";
import { aligned, DEBUG, fours } from "./asserts";
import { splat, sum, VECTOR } from "./lanes";
import { blend } from "./vectors";

/** Turns uniform numbers into standard normal ones, in place; error 3e-7 max(1, r) absolute. */
export function gaussians(
  x: usize, // [count/8][u: 4, v: 4], each in (0, 1]
  count: i32, // multiple of 8
): void {
  if (DEBUG) assert(aligned(x) && count % 8 == 0);
  for (let end = x + ((<usize>count) << 2); x < end; x += 2 * VECTOR) {
    const r = f32x4.sqrt(f32x4.mul(log(v128.load(x)), splat(-2)));
    const v = v128.load(x, VECTOR);
    const turns = f32x4.add(v, v);
    const n = f32x4.nearest(turns);
    const f = f32x4.sub(turns, n);
    const z = f32x4.mul(f, f);
    let s = splat(0.07721995334893275);
    s = f32x4.add(f32x4.mul(s, z), splat(-0.5980450871661909));
    s = f32x4.add(f32x4.mul(s, z), splat(2.5500313631775393));
    s = f32x4.add(f32x4.mul(s, z), splat(-5.167706878098626));
    s = f32x4.add(f32x4.mul(s, z), splat(3.1415925800320195));
    let c = splat(0.22008000753759133);
    c = f32x4.add(f32x4.mul(c, z), splat(-1.332093596520494));
    c = f32x4.add(f32x4.mul(c, z), splat(4.058451308521615));
    c = f32x4.add(f32x4.mul(c, z), splat(-4.934795517014383));
    c = f32x4.add(f32x4.mul(c, z), splat(1));
    const signed = v128.xor(r, i32x4.shl(i32x4.trunc_sat_f32x4_s(n), 31));
    v128.store(x, f32x4.mul(signed, c));
    v128.store(x, f32x4.mul(signed, f32x4.mul(f, s)), VECTOR);
  }
}

/** x = log x, in place. */
export function logarithms(
  x: usize, // [count], positive
  count: i32, // multiple of 4
): void {
  if (DEBUG) assert(aligned(x) && fours(count));
  for (let end = x + ((<usize>count) << 2); x < end; x += VECTOR) v128.store(x, log(v128.load(x)));
}

/** Makes the rows orthonormal in place, with a positive diagonal of R; a row of zeros stays zero. */
export function orthonormalRows(
  x: usize, // [rows][columns], linearly independent rows
  rows: i32, // at most `columns`
  columns: i32, // multiple of 16; padding is zero
): void {
  const stride = (<usize>columns) << 2;
  const end = x + <usize>rows * stride;
  for (let v = x; v < end; v += stride) {
    for (let pass = 0; pass < 2; pass++) {
      for (let q = x; q <= v; q += stride) {
        const c = dot(q, v, stride);
        if (q < v) blend(v, q, columns, 1, -c);
        else blend(v, v, columns, 0, c > 0 ? 1 / sqrt(c) : 0);
      }
    }
  }
}

function dot(a: usize, b: usize, stride: usize): f32 {
  let s0 = splat(0);
  let s1 = splat(0);
  let s2 = splat(0);
  let s3 = splat(0);
  for (let end = a + stride; a < end; a += 4 * VECTOR) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)));
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)));
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)));
    b += 4 * VECTOR;
  }
  return sum(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
}
