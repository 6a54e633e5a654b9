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

export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as Activation[];
