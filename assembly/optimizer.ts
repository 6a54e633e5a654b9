// The optimizers: each is one pass over the flat span of all parameters, with PyTorch's formulas. g is the gradient times `scale`, which
// clips the norm (Pascanu, Mikolov & Bengio 2013). Padding has zero gradients and stays zero.
//
// Where a zero gradient changes nothing it is skipped, so an update of an embedding touches only the rows that were used: all others
// are untouched by Adagrad and by SGD without momentum, and for RMSprop only their s changes. Adam's moments decay in every row, as
// PyTorch's do: an update moves a row until its m is cut to 0, some 600 updates after its last use.

import { aligned, alignedOrNone, DEBUG, fours } from "./asserts";
import { cut, splat, sum, VECTOR } from "./lanes";

/** Squares and steps are cut here, before they can overflow. */
const LARGEST_SQUARE: f32 = 8.507059173023462e37; // 2^126
const LARGEST_STEP: f32 = 1e36;

/** Values that squaredNorm adds in f32, in bytes. */
const SPAN: usize = 4096;

/** The sum of squares: in f32 over 1,024 values at a time, then in f64. */
export function squaredNorm(
  x: usize, // [count]
  count: i32, // multiple of 4
): f64 {
  if (DEBUG) assert(aligned(x) && fours(count));
  let total: f64 = 0;
  const end = x + ((<usize>count) << 2);
  // Two spans at a time: each sum waits for its own additions alone.
  while (x < end) {
    const other: usize = x + 2 * SPAN <= end ? SPAN : 0;
    const stop = min(end, x + SPAN);
    let a0 = splat(0);
    let a1 = splat(0);
    let b0 = splat(0);
    let b1 = splat(0);
    for (; x + VECTOR < stop; x += 2 * VECTOR) {
      const p = v128.load(x);
      const q = v128.load(x, 16);
      const r = v128.load(x + other);
      const s = v128.load(x + other, 16);
      a0 = f32x4.add(a0, f32x4.mul(p, p));
      a1 = f32x4.add(a1, f32x4.mul(q, q));
      b0 = f32x4.add(b0, f32x4.mul(r, r));
      b1 = f32x4.add(b1, f32x4.mul(s, s));
    }
    for (; x < stop; x += VECTOR) a0 = f32x4.add(a0, f32x4.mul(v128.load(x), v128.load(x)));
    total += sum(f32x4.add(a0, a1));
    if (!other) continue;
    total += sum(f32x4.add(b0, b1));
    x += SPAN;
  }
  return total;
}

/** Cuts every number to +-limit. */
export function clipValues(
  x: usize, // [count]
  count: i32, // multiple of 4
  limit: f32,
): void {
  if (DEBUG) assert(aligned(x) && fours(count));
  for (const end = x + ((<usize>count) << 2); x < end; x += VECTOR) {
    // With pmin and pmax in this operand order a NaN passes through, to be found in the norm.
    v128.store(x, f32x4.pmin(f32x4.pmax(v128.load(x), splat(-limit)), splat(limit)));
  }
}

/**
 * Gradient descent with momentum: velocity = momentum velocity + g; p -= rate velocity, or with Nesterov's look ahead
 * (Sutskever et al. 2013) p -= rate (g + momentum velocity).
 */
export function sgd(
  parameter: usize, // [count]
  velocity: usize, // [count], or 0 for momentum 0
  gradient: usize, // [count]
  count: i32, // multiple of 4
  scale: f32,
  rate: f32,
  momentum: f32,
  nesterov: bool,
): void {
  if (DEBUG) assert(aligned(parameter, gradient) && alignedOrNone(velocity) && fours(count));
  const end = parameter + ((<usize>count) << 2);
  const factor = splat(scale);
  const length = splat(rate);
  // Regions are multiples of 64 bytes.
  for (; !velocity && parameter < end; parameter += 64, gradient += 64) {
    const a = v128.load(gradient);
    const b = v128.load(gradient, 16);
    const c = v128.load(gradient, 32);
    const d = v128.load(gradient, 48);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    v128.store(parameter, f32x4.sub(v128.load(parameter), f32x4.mul(length, f32x4.mul(factor, a))));
    v128.store(parameter, f32x4.sub(v128.load(parameter, 16), f32x4.mul(length, f32x4.mul(factor, b))), 16);
    v128.store(parameter, f32x4.sub(v128.load(parameter, 32), f32x4.mul(length, f32x4.mul(factor, c))), 32);
    v128.store(parameter, f32x4.sub(v128.load(parameter, 48), f32x4.mul(length, f32x4.mul(factor, d))), 48);
  }
  for (; parameter < end; parameter += VECTOR, gradient += VECTOR, velocity += VECTOR) {
    const g = f32x4.mul(factor, v128.load(gradient));
    const v = f32x4.add(f32x4.mul(splat(momentum), v128.load(velocity)), g);
    const step = nesterov ? f32x4.add(g, f32x4.mul(splat(momentum), v)) : v;
    v128.store(velocity, cut(v));
    v128.store(parameter, f32x4.sub(v128.load(parameter), f32x4.mul(length, step)));
  }
}

/**
 * RMSprop (Tieleman & Hinton 2012; decay, gain = decay, 1 - decay) and Adagrad (Duchi, Hazan & Singer 2011; 1, 1):
 *   s = decay s + gain g^2;   velocity = momentum velocity + g / (sqrt(s) + epsilon);   p -= rate velocity
 */
export function rootOfSquares(
  parameter: usize, // [count]
  squares: usize, // [count] s
  velocity: usize, // [count], or 0 for none
  gradient: usize, // [count]
  count: i32, // multiple of 4
  scale: f32,
  rate: f32,
  decay: f32,
  gain: f32,
  momentum: f32,
  epsilon: f32,
): void {
  if (DEBUG) assert(aligned(parameter, squares, gradient) && alignedOrNone(velocity) && fours(count));
  for (const end = parameter + ((<usize>count) << 2); parameter < end; parameter += VECTOR, squares += VECTOR, gradient += VECTOR) {
    const g = f32x4.mul(splat(scale), v128.load(gradient));
    const before = f32x4.mul(splat(decay), v128.load(squares));
    if (!velocity && !v128.any_true(g)) {
      if (decay < 1) v128.store(squares, cut(before));
      continue;
    }
    const s = f32x4.pmin(f32x4.add(before, f32x4.mul(splat(gain), f32x4.mul(g, g))), splat(LARGEST_SQUARE));
    let step = f32x4.div(g, f32x4.add(f32x4.sqrt(s), splat(epsilon)));
    if (velocity) {
      step = f32x4.add(f32x4.mul(splat(momentum), v128.load(velocity)), step);
      v128.store(velocity, cut(step));
      velocity += VECTOR;
    }
    v128.store(squares, cut(s));
    v128.store(parameter, f32x4.sub(v128.load(parameter), f32x4.mul(splat(rate), step)));
  }
}

/**
 * Adam (Kingma & Ba 2015):
 *   m = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2;   p -= rate m / (sqrt(v) correction + epsilon)
 * with rate = learning rate / (1 - beta1^n), correction = 1 / sqrt(1 - beta2^n).
 */
export function adam(
  parameter: usize, // [count]
  first: usize, // [count] m
  second: usize, // [count] v
  gradient: usize, // [count]
  count: i32, // multiple of 4
  scale: f32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  correction: f32,
): void {
  if (DEBUG) assert(aligned(parameter, first, second, gradient) && fours(count));
  const end = parameter + ((<usize>count) << 2);
  for (; parameter < end; parameter += VECTOR, first += VECTOR, second += VECTOR, gradient += VECTOR) {
    const g = f32x4.mul(splat(scale), v128.load(gradient));
    const mBefore = v128.load(first);
    const vKept = f32x4.mul(splat(beta2), v128.load(second));
    if (!v128.any_true(v128.or(g, mBefore))) {
      v128.store(second, cut(vKept));
      continue;
    }
    const m = f32x4.add(f32x4.mul(splat(beta1), mBefore), f32x4.mul(splat(1 - beta1), g));
    const v = f32x4.add(vKept, f32x4.mul(splat(1 - beta2), f32x4.mul(g, g)));
    const root = f32x4.add(f32x4.mul(f32x4.sqrt(v), splat(correction)), splat(epsilon));
    // Where v has decayed and m has not, their ratio has no bound.
    const step = f32x4.pmax(f32x4.pmin(f32x4.div(f32x4.mul(splat(rate), m), root), splat(LARGEST_STEP)), splat(-LARGEST_STEP));
    v128.store(parameter, f32x4.sub(v128.load(parameter), step));
    v128.store(first, cut(m));
    v128.store(second, cut(v));
  }
}
