// Which cell, and how its rows lie: G groups of four rows for each four units. A group may have weights for the inputs, for
// the recurrent state, or for both; where it has none, they are zero, are skipped in the forward product and get no gradient.
// The codes are those of CELLS in src/layout.ts.

export const DENSE: i32 = 0; // no cell: one group of inputs
export const RNN_TANH: i32 = 1;
export const RNN_RELU: i32 = 2;
export const LSTM: i32 = 3; // i, f, g, o
export const GRU: i32 = 4; // r, z, n of the inputs, n of the state

export function groups(cell: i32): i32 {
  return cell >= LSTM ? 4 : 1;
}

/** Bit g: group g has weights for the inputs. */
export function inputGroups(cell: i32): i32 {
  return cell == GRU ? 0b0111 : 0b1111;
}

/** Bit g: group g has weights for the state. */
export function recurrentGroups(cell: i32): i32 {
  return cell == GRU ? 0b1011 : 0b1111;
}
