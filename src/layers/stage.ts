/** A layer in a window: its stage, the workspace it is built in, and the values others may watch. */

import type { Lanes, Mode } from "../core/lanes.js";
import type { EngineParts } from "../core/memory.js";

/** A function of one of the values that a layer shows. */
export interface Slope {
  name: string;
  slope(x: number): number;
}

/** The values of a recurrent layer that insight and online learning use. */
export interface Recurrence {
  /** [T+1][P][outputs][width]; slot 0 is the state from which the window continues. */
  h: number;
  /** [T+1][P][units][width]; 0 for none. */
  c: number;
  /** [T][P][rows][width], as the forward pass left them. */
  gates: number;
  /** [T][P][outputs][width]: the gradient of h(t), whole after the backward pass. */
  dh: number;
  /** [T+1][P][R][width]: the values that the recurrent weights multiply. */
  source: number;
  /** The values that a layer computes in each step, [T][P][rows][width]. */
  shown: Omit<Carried, "single">[];
  /** The cell's factor between steps, weights aside: `slope` of the values shown under this name. Absent: 1. */
  factor?: Slope | undefined;
  /** If gradients are watched, [T][P][units][width]: what each step sends back to its c(t-1), for `cellGradient`; 0 for none. */
  flow: number;
  /** dL/dc(t) of a unit, from its c, o and dL/dh at t, its `flow` at t (`sent`) and that of the step after (`later`). */
  cellGradient?(unit: { c: number; o: number; dh: number; sent: number; later: number }): number;
  /** The parts that eligibility.ts makes traces of; absent where the layer does something between its steps. */
  traced?: Traced | undefined;
}

/** A recurrent layer that can learn forward in time. */
interface Traced {
  /** Its GatedPlan or BlocksPlan. */
  plan: object;
  parts: EngineParts;
  /** The layer itself, whatever is around it. */
  stage: Stage;
  /** Brings the error to that layer's gradient. */
  split?(): void;
}

/** One layer in a window. All numbers are pointers; 0 means none. */
export interface Stage {
  /** [T][P][rows][width] */
  output: number;
  /** Gradient of the output, same shape; 0 where none is needed. */
  gradient: number;
  /** Below the first layer: [tokens of a step][longest T][P][width] i32. */
  tokens?: number;
  recurrence?: Recurrence;
  forward(T: number, update: number): void;
  /** Adds to the gradients of the parameters in the region `gradients`, and writes the gradient of the input. */
  backward(T: number, update: number, gradients: number, full: boolean): void;
}

/** State that crosses windows: `units` numbers for each sequence. */
export interface Carried {
  name: string;
  /** [slots][P][rows][width] */
  pointer: number;
  /** [P][rows][width]: after a pass back, the gradient of the state that sequences began from; absent or 0 for none. */
  gradient?: number;
  units: number;
  /** Rows of a slot, padded. */
  rows: number;
  /** The row of each unit. Default: the units in order. */
  row?: (unit: number) => number;
  /** One slot for all steps, instead of T+1. */
  single?: boolean;
  /** How many slots the state takes, from each sequence's own slot on: a convolution carries several steps. Default 1. */
  slots?: number;
}

/** The surroundings of the stages: a window of up to T steps. */
export interface Workspace extends EngineParts, Lanes {
  readonly T: number;
  readonly mode: Mode;
  /** Seed of the random numbers in training. */
  readonly seed: number;
  /** [P][width] i32: the slot from which each sequence continues; -1 where one begins, -2 where it brought its state to slot 0. */
  readonly ends: number;
  /** [P][width] i32: the count of steps that each sequence has in this window. */
  readonly lengths: number;
  /** [4][4], for transposing. */
  readonly scratch: number;
  /** Whether gradients are observed. */
  readonly watched: boolean;
  /** A zeroed buffer. */
  buffer(...shape: number[]): number;
  /** A buffer for the gradient of a stage's output [T][P][rows][width], or of so many steps; 0 where this window needs none. */
  gradient(rows: number, steps?: number): number;
  /**
   * The kernel weightGradient for products of so many rows, of a cell with this code. Ask for it while the stage is made: that reserves
   * the scratch for when it runs.
   */
  weightGradient(code: number, rows: number): WeightGradient;
  carry(state: Carried): void;
  /** A buffer [P][rows][width] for the gradient of the states that sequences begin from; 0 where nothing is learned. */
  beginning(rows: number): number;
  /** Zeros that buffer if a sequence of this window brought a state, and returns it; otherwise 0: nobody asks for its gradient. */
  clear(beginning: number, rows: number): number;
}

/** The parameters are explained in assembly/weightGradient.ts. */
type WeightGradient = (
  dw: number,
  dbx: number,
  dbh: number,
  dy: number,
  x: number,
  h: number,
  kx: number,
  kh: number,
  slots: number,
) => void;
