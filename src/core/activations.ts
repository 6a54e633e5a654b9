/** The activations that layers may use, and their codes. */

import { IDENTITY, LOGISTIC, LOGISTIC_1, LOGISTIC_2, RELU, TANH } from "../../assembly/codes.js";

export const ACTIVATIONS = {
  identity: IDENTITY,
  logistic: LOGISTIC,
  tanh: TANH,
  relu: RELU,
  "[-1,1]": LOGISTIC_1,
  "[-2,2]": LOGISTIC_2,
} as const;

/**
 * `"logistic"` is 1 / (1 + e^-x). `"[-1,1]"` and `"[-2,2]"` are the logistic function stretched to that range: h and g of the 1997
 * LSTM.
 */
export type Activation = keyof typeof ACTIVATIONS;

/** The slope of the hard sigmoid in Keras 2, TensorFlow.js and ONNX. */
export const ALPHA = 0.2;

/** The derivative of an activation, given its argument x. */
export function slopeAt(code: number, x: number): number {
  if (code === IDENTITY) return 1;
  if (code === RELU) return Number(x > 0);
  // The others are a tanh, stretched and shifted: the logistic function of x is (1 + tanh(x / 2)) / 2.
  const slope = 1 - Math.tanh(code === TANH ? x : x / 2) ** 2;
  return code === LOGISTIC ? slope / 4 : code === LOGISTIC_1 ? slope / 2 : slope;
}

export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as Activation[];
