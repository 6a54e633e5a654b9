// The dense layer, y = f(W x + b), over all slots (T steps x P panels) of a window at once. Backward: activationBackward, then
// weightGradient for W and b, and matmul with the transposed pack for x.

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
