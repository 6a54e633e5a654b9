// exp, log, tanh, the logistic function and the hard sigmoid on four lanes, and the slopes, taken from the outputs so that forward and
// backward agree whatever the approximation.
//
//   e^x = 2^n 2^r = 2^n (D + N) / (D - N)     N / D = tanh(r ln2 / 2), r in +-1/2, of degree 3 over 2, to 5.4e-10
//   sigmoid = e^x / (e^x + 1)                 tanh = (e^2x - 1) / (e^2x + 1), of |x|
//
// So each costs one division, and a training step with I, H, B, T = 8, 32, 32, 50 takes 2 % longer than with a plain rational function of x
// that is good to 3e-7. In return, gates that are nearly shut keep their relative precision, and both ends are reached exactly. The
// coefficients are our own minimax fits; tests/vectors/fit_activation.py makes them and measures the errors, over all f32 from 2^-12 on:
//   sigmoid  error 1.1e-7 absolute, 2.0e-6 relative     1 from 16.99 on, 0 from -40 down
//   tanh     error 1.2e-7 absolute, 3.0e-7 relative     odd, 1 from 8.84 on
//   exp      2^n e^r, r in +-ln2/2, degree 5            error 1.9e-7 relative for x in [-87, 88], 0 below
//   log      s (2 + s^2 R(s^2)), s = (m-1)/(m+1)        error 1.2e-7 relative to max(1, |log x|), x normal
// A gate of e^-40 would add nothing to a cell, but it would make gradients subnormal, which processors are slow at.

import { aligned, DEBUG, fours, isWidth, positive } from "./asserts";
import { IDENTITY, LOGISTIC, LOGISTIC_2, RELU, TANH } from "./codes";
import { liveAt, padded, splat, VECTOR } from "./lanes";

// The kernels are compiled for size (shrinkLevel 1: 1.3 kB less than 0), so functions of innermost loops go in line only if they are
// decorated; without that, training at H = 32 takes 8 % longer. Elsewhere call `activate` and `slope`: in line in all places they would
// take 1.2 and 0.5 kB.

/** Added to a small number x, it leaves in the lowest bits the integer nearest to x plus 127, which is the exponent's bias. */
const SHIFT: f32 = 12582912 + 127;

/** N, from r. */
@inline
function numerator(r: v128): v128 {
  return f32x4.mul(r, f32x4.add(f32x4.mul(r, r), splat(125.04276629271129)));
}

/** D, from r. */
@inline
function denominator(r: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.mul(r, r), splat(17.330883010118015)), splat(360.7971578511998));
}

@inline
export function tanh(x: v128): v128 {
  const log2 = f32x4.mul(f32x4.pmin(f32x4.abs(x), splat(10)), splat(2.8853900817779268));
  const shifted = f32x4.add(log2, splat(SHIFT));
  const power = i32x4.shl(shifted, 23);
  const r = f32x4.sub(log2, f32x4.sub(shifted, splat(SHIFT)));
  const N = numerator(r);
  const D = denominator(r);
  // Not as a quotient minus 1: where x is small n is 0, and this form loses no digits.
  const difference = f32x4.add(f32x4.mul(f32x4.sub(power, splat(1)), D), f32x4.mul(f32x4.add(power, splat(1)), N));
  const rest = f32x4.sub(D, N);
  const y = f32x4.div(difference, f32x4.add(difference, f32x4.add(rest, rest)));
  return v128.or(y, v128.and(x, i32x4.splat(i32.MIN_VALUE)));
}

/** The logistic function. */
@inline
export function sigmoid(x: v128): v128 {
  const log2 = f32x4.mul(f32x4.pmin(f32x4.pmax(x, splat(-40)), splat(40)), splat(1.4426950408889634));
  const shifted = f32x4.add(log2, splat(SHIFT));
  const r = f32x4.sub(log2, f32x4.sub(shifted, splat(SHIFT)));
  const N = numerator(r);
  const D = denominator(r);
  const power = f32x4.mul(i32x4.shl(shifted, 23), f32x4.add(D, N));
  const y = f32x4.div(power, f32x4.add(power, f32x4.sub(D, N)));
  return v128.andnot(y, f32x4.le(x, splat(-40)));
}

/** d tanh(x) / dx from y = tanh(x). */
@inline
export function tanhSlope(y: v128): v128 {
  return f32x4.sub(splat(1), f32x4.mul(y, y));
}

/** d sigmoid(x) / dx from y = sigmoid(x). */
@inline
export function sigmoidSlope(y: v128): v128 {
  return f32x4.mul(y, f32x4.sub(splat(1), y));
}

/** A gate: the logistic function; with alpha above 0 the hard sigmoid, alpha x + 1/2 cut to [0, 1]. */
export function gateOf(x: v128, alpha: f32): v128 {
  if (alpha == 0) return sigmoid(x);
  const line = f32x4.add(f32x4.mul(splat(alpha), x), splat(0.5));
  return f32x4.pmin(f32x4.pmax(line, splat(0)), splat(1));
}

/** The derivative of a gate, given its value y. */
export function gateSlope(y: v128, alpha: f32): v128 {
  if (alpha == 0) return sigmoidSlope(y);
  return v128.and(splat(alpha), v128.and(f32x4.gt(y, splat(0)), f32x4.lt(y, splat(1))));
}

/** The activation with this code, of codes.ts. */
export function activate(x: v128, code: i32): v128 {
  return activateInline(x, code);
}

/** The same in line. */
@inline
export function activateInline(x: v128, code: i32): v128 {
  if (code == IDENTITY) return x;
  if (code == RELU) return f32x4.pmax(x, splat(0));
  if (code == LOGISTIC) return sigmoid(x);
  const y = tanh(code == TANH ? x : f32x4.mul(splat(0.5), x));
  return code == LOGISTIC_2 ? f32x4.add(y, y) : y;
}

/** y = f(y) in place. Padded rows stay zero, even where f(0) is not zero. */
export function activationForward(
  y: usize, // [slots][O][width]
  code: i32,
  alpha: f32, // above 0: f is the hard sigmoid, whatever the code
  slots: i32,
  O: i32, // unpadded
  width: i32,
): void {
  if (DEBUG) assert(aligned(y) && positive(slots, O) && isWidth(width));
  const panel = (<usize>padded(O) * width) << 2;
  for (let slot = 0; slot < slots; slot++, y += panel) {
    for (let at: usize = 0; at < panel; at += VECTOR) {
      const x = v128.load(y + at);
      v128.store(y + at, v128.and(alpha > 0 ? gateOf(x, alpha) : activate(x, code), liveAt(at, O, width)));
    }
  }
}

/** The derivative of the function, given its value y. */
export function slope(y: v128, code: i32): v128 {
  return slopeInline(y, code);
}

/** The same in line. */
@inline
export function slopeInline(y: v128, code: i32): v128 {
  if (code == IDENTITY) return splat(1);
  if (code == RELU) return v128.and(splat(1), f32x4.gt(y, splat(0)));
  if (code == TANH) return tanhSlope(y);
  if (code == LOGISTIC) return sigmoidSlope(y);
  return code == LOGISTIC_2 ? tanhSlope(f32x4.mul(splat(0.5), y)) : f32x4.mul(splat(0.5), tanhSlope(y));
}

/** dy = dy f' in place, f' taken from the activation's value y. */
export function activationBackward(
  dy: usize, // [count]
  y: usize, // [count]
  code: i32,
  alpha: f32, // above 0: f is the hard sigmoid, whatever the code
  count: i32, // multiple of 4
): void {
  if (DEBUG) assert(aligned(dy, y) && fours(count));
  for (const end = dy + ((<usize>count) << 2); dy < end; dy += VECTOR, y += VECTOR) {
    v128.store(dy, f32x4.mul(v128.load(dy), alpha > 0 ? gateSlope(v128.load(y), alpha) : slope(v128.load(y), code)));
  }
}

/** e^x; 0 below -87 (no subnormal results), the value at 88 above. */
export function exp(x: v128): v128 {
  const bounded = f32x4.pmin(f32x4.pmax(x, splat(-87)), splat(88));
  const n = f32x4.nearest(f32x4.mul(bounded, splat(1.44269504)));
  // ln2 in two parts: the first has 11 bits, so n times it is exact.
  let r = f32x4.sub(bounded, f32x4.mul(n, splat(0.693145751953125)));
  r = f32x4.sub(r, f32x4.mul(n, splat(1.4286068203094172e-6)));
  let p = splat(0.008290267549455166);
  p = f32x4.add(f32x4.mul(p, r), splat(0.0418979749083519));
  p = f32x4.add(f32x4.mul(p, r), splat(0.1666763722896576));
  p = f32x4.add(f32x4.mul(p, r), splat(0.4999915063381195));
  p = f32x4.add(f32x4.mul(p, r), splat(0.9999997019767761));
  p = f32x4.add(f32x4.mul(p, r), splat(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return v128.and(f32x4.mul(p, power), f32x4.ge(x, splat(-87)));
}

/** The natural logarithm of a positive normal number. */
export function log(x: v128): v128 {
  // x = m 2^n with m in [sqrt(1/2), sqrt(2)): subtract the bits of sqrt(1/2), split, add them back.
  const root = i32x4.splat(0x3f3504f3);
  const shifted = i32x4.sub(x, root);
  const n = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const m = i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), root);
  const s = f32x4.div(f32x4.sub(m, splat(1)), f32x4.add(m, splat(1)));
  const z = f32x4.mul(s, s);
  let p = splat(0.29871052503585815);
  p = f32x4.add(f32x4.mul(p, z), splat(0.3997757136821747));
  p = f32x4.add(f32x4.mul(p, z), splat(0.6666677594184875));
  p = f32x4.mul(p, z);
  return f32x4.add(f32x4.mul(n, splat(0.69314718056)), f32x4.mul(s, f32x4.add(p, splat(2))));
}
