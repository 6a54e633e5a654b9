// The dense layer, y = f(W x + b), over all slots (T steps x P panels) of a window at once.

import { aligned, DEBUG, fours, positive } from "./asserts";
import { DENSE } from "./codes";
import { product } from "./matmul";

/** y = W x + b; the activation f is activationForward's. */
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

/**
 * The gradient of the inputs for any layer with input weights: dx = W^T dy. As a product without a bias it also runs forward, with a pack
 * that is not transposed: a projection, and the products that layer normalisation takes.
 */
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
