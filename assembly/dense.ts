// The dense layer, y = f(W x + b), over all slots (T steps x P panels) of a window at once.

import { gateSlope, slope } from "./activation";
import { aligned, DEBUG, fours, positive } from "./asserts";
import { DENSE } from "./codes";
import { VECTOR } from "./lanes";
import { product } from "./matmul";

export function denseForward(
  y: usize, // [slots][O][width] out
  x: usize, // [slots][I][width]
  weight: usize, // [O/4][I][4]
  bias: usize, // [O]
  slots: i32,
  I: i32, // padded
  O: i32, // padded
  width: i32,
): void {
  product(y, x, weight, bias, DENSE, slots, I, O, width);
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

/** The gradient of the inputs for any layer with input weights: dx = W^T dy. */
export function inputGradient(
  dx: usize, // [slots][I][width] out
  dy: usize, // [slots][rows][width]
  weightT: usize, // [I/4][rows][4]
  slots: i32,
  I: i32, // padded
  rows: i32, // padded
  width: i32,
): void {
  if (DEBUG) assert(aligned(dx, dy, weightT) && fours(I, rows) && positive(slots));
  memory.fill(dx, 0, (<usize>slots * I * width) << 2);
  product(dx, dy, weightT, 0, DENSE, slots, rows, I, width);
}
