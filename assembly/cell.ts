// Which cell, and how its rows lie: G groups of four rows for each four units. A group may have weights for the inputs, for
// the recurrent state, or for both; where it has none, they are zero, are skipped in the forward product and get no gradient.
//
// A cell is a number, made in src/layers/cells.ts:
//   bits 0-3    its kind
//   bits 4-7    bit 4 + g: group g has no weights for the inputs
//   bits 8-11   bit 8 + g: group g has no weights for the state; with neither, the gate is not there
//   from 12     options of the LSTM

export const DENSE: i32 = 0; // no cell: one group of inputs
export const RNN_TANH: i32 = 1;
export const RNN_RELU: i32 = 2;
export const LSTM: i32 = 3; // i, f, g, o
export const GRU: i32 = 4; // r, z, n of the inputs, n of the state

export const COUPLED: i32 = 1 << 12; // i = 1 - f
export const LINEAR_INPUT: i32 = 1 << 13; // g = g_in
export const LINEAR_OUTPUT: i32 = 1 << 14; // h = o c
export const OUTPUT_APART: i32 = 1 << 15; // h comes later, from a normalised c

export function kind(cell: i32): i32 {
  return cell & 15;
}

export function groups(cell: i32): i32 {
  return kind(cell) >= LSTM ? 4 : 1;
}

/** Bit g: group g has weights for the inputs. */
export function inputGroups(cell: i32): i32 {
  return (~cell >> 4) & 15;
}

/** Bit g: group g has weights for the state. */
export function recurrentGroups(cell: i32): i32 {
  return (~cell >> 8) & 15;
}

/** Whether group g is there at all. */
export function hasGroup(cell: i32, g: i32): bool {
  return bool(((inputGroups(cell) | recurrentGroups(cell)) >> g) & 1);
}

/** Whether all groups have weights for both. */
export function allGroups(cell: i32): bool {
  const every = (1 << groups(cell)) - 1;
  return (inputGroups(cell) & recurrentGroups(cell) & every) == every;
}
