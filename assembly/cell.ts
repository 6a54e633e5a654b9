// A cell's kind and the layout of its rows: for each four units, G groups of four rows. A group may have weights for the inputs, for
// the recurrent state, or for both. Missing weights are stored as zeros, skipped in the forward product, and get no gradient.
// A cell is a number; codes.ts defines its bits.

import { INPUT_ACTIVATION, LSTM, NO_INPUTS, NO_STATE, OUTPUT_ACTIVATION, TANH } from "./codes";

/** DENSE, RNN_TANH, RNN_RELU, LSTM or GRU. */
export function kind(cell: i32): i32 {
  return cell & 15;
}

/** G, the groups of four rows for each four units. */
export function groups(cell: i32): i32 {
  return kind(cell) >= LSTM ? 4 : 1;
}

/** Bit g: group g has weights for the inputs. */
export function inputGroups(cell: i32): i32 {
  return (~cell >> NO_INPUTS) & 15;
}

/** Bit g: group g has weights for the state. */
export function recurrentGroups(cell: i32): i32 {
  return (~cell >> NO_STATE) & 15;
}

/** Code of the activation of the LSTM's g or the GRU's n. */
export function inputActivation(cell: i32): i32 {
  return ((cell >> INPUT_ACTIVATION) & 7) ^ TANH;
}

/** Code of the activation of the LSTM's output. */
export function outputActivation(cell: i32): i32 {
  return ((cell >> OUTPUT_ACTIVATION) & 7) ^ TANH;
}

/** Whether the cell has group g. */
export function hasGroup(cell: i32, g: i32): bool {
  return bool(((inputGroups(cell) | recurrentGroups(cell)) >> g) & 1);
}

/** Whether all groups have weights for both. */
export function allGroups(cell: i32): bool {
  const every = (1 << groups(cell)) - 1;
  return (inputGroups(cell) & recurrentGroups(cell) & every) == every;
}
