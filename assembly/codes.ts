// The numbers by which src/ tells the kernels which computation to do. Both compilers read this file, so no number is written twice.

/** Sequences in one panel of a batch. */
export const PANEL = 8;

// Cells. A cell is one number:
//   bits 0-3    its kind
//   bits 4-7    bit 4 + g: group g has no weights for the inputs
//   bits 8-11   bit 8 + g: group g has no weights for the state; with neither kind of weights, the gate is missing
//   bits 12-15  options of the LSTM
//   bits 16-18  activation of the LSTM's g or the GRU's n: its code xor TANH, so that 0 means tanh
//   bits 19-21  activation of the LSTM's output, likewise
export const DENSE = 0; // no cell: one group of inputs
export const RNN_TANH = 1;
export const RNN_RELU = 2;
export const LSTM = 3; // i, f, g, o
export const GRU = 4; // r, z, the inputs' part of n, the state's part of n

export const NO_INPUTS = 4; // the shift for bits 4-7
export const NO_STATE = 8; // the shift for bits 8-11

export const COUPLED = 1 << 12; // i = 1 - f
export const OUTPUT_APART = 1 << 15; // h is left to lstmOutputForward, which makes it of a normalised c

export const INPUT_ACTIVATION = 16; // the shift for bits 16-18
export const OUTPUT_ACTIVATION = 19; // the shift for bits 19-21

// The 1997 blocks: f in bits 0-3, g in bits 4-7, h in bits 8-11, each one of the activations below.
export const BLOCK_G = 4; // the shift for g
export const BLOCK_H = 8; // the shift for h
export const NO_OUTPUT_GATE = 1 << 15;

// Activations that a layer may use.
export const IDENTITY = 0;
export const LOGISTIC = 1;
export const TANH = 2;
export const RELU = 3;
export const LOGISTIC_1 = 4; // 2 sigmoid(x) - 1, in [-1, 1]: h in the 1997 paper
export const LOGISTIC_2 = 5; // 4 sigmoid(x) - 2, in [-2, 2]: g in the 1997 paper

// Losses that are a sum over outputs.
export const MSE = 0;
export const MAE = 1;
export const HUBER = 2;
export const BCE = 3; // binary cross-entropy
export const QUANTILE = 4;
