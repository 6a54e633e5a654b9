/** The gated cells as numbers: what assembly/cell.ts reads, and where PyTorch's gates lie in it. */

import type { Inside } from "../layer.js";
import { packedRow, pad4 } from "../table.js";

/** The code of a layer without a cell. */
export const DENSE = 0;

/** Bits of a cell's code from 12 on, as in assembly/cell.ts. */
export const OPTION = { coupled: 1 << 12, linearInput: 1 << 13, linearOutput: 1 << 14, outputApart: 1 << 15 } as const;

/** A cell as the kernels see it. */
export interface Cell {
  /** Kind, groups without weights, options. */
  code: number;
  /** Groups of rows that a unit has. */
  groups: number;
  /** For each gate, in PyTorch's order, its group among the rows of the inputs and of the state. */
  input: readonly number[];
  recurrent: readonly number[];
  /** Whether it carries c beside h. */
  cells: boolean;
  /** What each group holds after the forward pass. */
  names: readonly string[];
}

const without = (groups: readonly number[]) =>
  [0, 1, 2, 3].reduce((bits, group) => (groups.includes(group) ? bits : bits | (1 << group)), 0);

function cell(kind: number, names: string[], input: readonly number[], recurrent: readonly number[], options = 0): Cell {
  const groups = names.length;
  const code = groups === 1 ? kind : kind | (without(input) << 4) | (without(recurrent) << 8) | options;
  return { code, groups, input, recurrent, cells: kind === 3, names };
}

/** The LSTM with these of its gates i, f, g, o. */
export const lstmCell = (gates: readonly number[] = [0, 1, 2, 3], options = 0) => cell(3, ["i", "f", "g", "o"], gates, gates, options);

/** A new cell is a row here. */
export const CELLS = {
  rnn_tanh: cell(1, ["h"], [0], [0]),
  rnn_relu: cell(2, ["h"], [0], [0]),
  lstm: lstmCell(),
  gru: cell(4, ["r", "z", "n", "m"], [0, 1, 2], [0, 1, 3]),
} as const satisfies Record<string, Cell>;

/** What r and z of a GRU read of the state, where n reads it after the reset. */
export const RESET_BEFORE = cell(4, ["r", "z", "n", "m"], [0, 1], [0, 1]).code;

/** What a cell leaves in its buffers: its gates, h and c. */
export function shownOf(cell: Cell, units: number, outputs: number, gates: number, h: number, c: number): Inside["shown"] {
  const { groups, names, input, recurrent } = cell;
  const H = pad4(units);
  const all = names.map((name, g) => ({ name, pointer: gates, units, rows: groups * H, row: packedRow(units, groups, [g]) }));
  const kept = all.filter((_, g) => groups > 1 && (input.includes(g) || recurrent.includes(g)));
  return [
    ...kept,
    { name: "h", pointer: h, units: outputs, rows: pad4(outputs) },
    ...(c ? [{ name: "c", pointer: c, units, rows: H }] : []),
  ];
}
