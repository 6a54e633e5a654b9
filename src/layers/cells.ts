/** The gated cells as numbers: their codes (assembly/codes.ts), and the positions of PyTorch's gates in their rows. */

import {
  GRU,
  IDENTITY,
  INPUT_ACTIVATION,
  LSTM,
  NO_INPUTS,
  NO_STATE,
  OUTPUT_ACTIVATION,
  RELU,
  RNN_RELU,
  RNN_TANH,
  TANH,
} from "../../assembly/codes.js";
import { ACTIVATIONS, type Activation, ALPHA, slopeAt } from "../core/activations.js";
import { packedRow, pad4 } from "./packing.js";
import type { LstmLayer } from "./recurrentOptions.js";
import type { Recurrence, Slope } from "./stage.js";

/** A cell as the kernels see it. */
export interface Cell {
  /** Kind, groups without weights, options. */
  code: number;
  /** The slope of the hard sigmoid as the gates' activation; 0 for the logistic function. */
  alpha: number;
  /** Whether nothing bounds the values that it writes. */
  unbounded: boolean;
  /** Groups of rows per unit. */
  groups: number;
  /** For each gate, in PyTorch's order, its group among the rows of the inputs and of the state. */
  input: readonly number[];
  recurrent: readonly number[];
  /** Whether it carries c beside h. */
  cells: boolean;
  /** The name of each group's values after the forward pass. */
  names: readonly string[];
  /** The factor between h or c and the step before; absent where it is 1. */
  factor: Slope | undefined;
}

const itself = (name: string): Slope => ({ name, slope: (x) => x });

const without = (groups: readonly number[]) =>
  [0, 1, 2, 3].reduce((bits, group) => (groups.includes(group) ? bits : bits | (1 << group)), 0);

function cell(
  kind: number,
  names: string[],
  factor: Slope | undefined,
  input: readonly number[],
  recurrent: readonly number[],
  options = 0,
  alpha = 0,
): Cell {
  const groups = names.length;
  const code = groups === 1 ? kind : kind | (without(input) << NO_INPUTS) | (without(recurrent) << NO_STATE) | options;
  const unbounded = kind === RNN_RELU || (groups > 1 && [IDENTITY, RELU].includes(((options >> INPUT_ACTIVATION) & 7) ^ TANH));
  return { code, alpha, unbounded, groups, input, recurrent, cells: kind === LSTM, names, factor };
}

/** The options of the gated cells that choose activations. */
type Chosen = Pick<LstmLayer, "inputActivation" | "outputActivation" | "gateActivation" | "alpha">;

/** The code as assembly/codes.ts has it in a cell: 0 for tanh. */
const other = (activation: Activation = "tanh") => ACTIVATIONS[activation] ^ TANH;

const activationBits = ({ inputActivation, outputActivation }: Chosen) =>
  (other(inputActivation) << INPUT_ACTIVATION) | (other(outputActivation) << OUTPUT_ACTIVATION);

const alphaOf = ({ gateActivation, alpha = ALPHA }: Chosen) => (gateActivation === "hardSigmoid" ? alpha : 0);

/** The LSTM that has only these of its gates i, f, g, o. */
export const lstmCell = (gates: readonly number[] = [0, 1, 2, 3], options = 0, own: Chosen = {}) =>
  cell(LSTM, ["i", "f", "g", "o"], gates.includes(1) ? itself("f") : undefined, gates, gates, options | activationBits(own), alphaOf(own));

export const gruCell = (own: Chosen = {}, recurrent: readonly number[] = [0, 1, 3], input: readonly number[] = [0, 1, 2]) =>
  cell(GRU, ["r", "z", "n", "m"], itself("z"), input, recurrent, activationBits(own), alphaOf(own));

/** The cells without options. To add a cell, add a row here. */
export const CELLS = {
  rnn_tanh: cell(RNN_TANH, ["h"], { name: "h", slope: (h) => 1 - h * h }, [0], [0]),
  rnn_relu: cell(RNN_RELU, ["h"], { name: "h", slope: (h) => Number(h > 0) }, [0], [0]),
  lstm: lstmCell(),
  gru: gruCell(),
} as const satisfies Record<string, Cell>;

/** For a GRU that resets before the product: of the recurrent weights only r and z. Those of n come after the reset. */
export const RESET_BEFORE = gruCell({}, [0, 1], [0, 1]).code;

/** The values of a cell that can be watched: gates, h and c in their buffers, and the factor on errors that pass through it. */
export function shownOf(
  cell: Cell,
  units: number,
  outputs: number,
  gates: number,
  h: number,
  c: number,
): Required<Pick<Recurrence, "shown" | "factor" | "cellGradient">> {
  const { groups, names, input, recurrent, factor, code } = cell;
  const H = pad4(units);
  const all = names.map((name, g) => ({ name, pointer: gates, units, rows: groups * H, row: packedRow(units, groups, [g]) }));
  const kept = all.filter((_, g) => groups > 1 && (input.includes(g) || recurrent.includes(g)));
  const states = [
    { name: "h", pointer: h, units: outputs, rows: pad4(outputs) },
    ...(c ? [{ name: "c", pointer: c, units, rows: H }] : []),
  ];
  return {
    shown: [...kept, ...states],
    factor,
    cellGradient: ({ c, o, dh, later }) => later + dh * o * slopeAt(((code >> OUTPUT_ACTIVATION) & 7) ^ TANH, c),
  };
}
