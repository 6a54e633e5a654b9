// The dense layer, y = W x + b, over all slots (T steps x P panels) of a window at once.

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
  product(y, x, weight, bias, slots, I, O, width);
}

/** The gradient of the inputs of any layer that multiplies them: dx = W^T dy. */
export function inputGradient(
  dx: usize, // [slots][I][width] out
  dy: usize, // [slots][rows][width]
  weightT: usize, // [I/4][rows][4]
  slots: i32,
  I: i32, // padded
  rows: i32, // padded
  width: i32,
): void {
  memory.fill(dx, 0, (<usize>slots * I * width) << 2);
  product(dx, dy, weightT, 0, slots, rows, I, width);
}
