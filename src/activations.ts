/** The functions that layers may be given, and their codes in assembly/activation.ts. */

export const ACTIVATIONS = { identity: 0, logistic: 1, tanh: 2, relu: 3, "[-1,1]": 4, "[-2,2]": 5 } as const;

/**
 * `"logistic"` is 1 / (1 + e^-x); `"[-1,1]"` and `"[-2,2]"` are the logistic function stretched to that range, h and g of the
 * 1997 LSTM.
 */
export type Activation = keyof typeof ACTIVATIONS;

export const ACTIVATION_NAMES = Object.keys(ACTIVATIONS) as Activation[];
