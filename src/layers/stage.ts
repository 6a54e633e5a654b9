/** A layer at work in a window: its stage, what it is built in, and what others may look at. */

import type { Lanes, Mode } from "../core/lanes.js";
import type { EngineParts } from "../core/memory.js";

/** A function of one of the values that a layer shows. */
export interface Slope {
  name: string;
  slope(x: number): number;
}

/** What insight and online learning look at in a recurrent layer. */
export interface Recurrence {
  /** [T+1][P][outputs][width], slot 0 what the window goes on from. */
  h: number;
  /** [T+1][P][units][width]; 0 for none. */
  c: number;
  /** [T][P][rows][width]: what the forward pass left. */
  gates: number;
  /** [T][P][outputs][width]: the gradient of h(t), whole after the backward pass. */
  dh: number;
  /** [T+1][P][R][width]: what the recurrent weights read. */
  source: number;
  /** What a layer computes in each step, [T][P][rows][width]. */
  shown: Omit<Carried, "single">[];
  /** The factor that the cell puts between steps, weights aside: `slope` of what is shown under this name. Absent: 1. */
  factor?: Slope | undefined;
  /** Where it is watched: [T][P][units][width], which `cellGradient` reads; 0 for none. */
  flow: number;
  /** dL/dc(t) of a unit, from its c, o and dL/dh at t, and `flow` at t (`sent`) and at the step after (`later`). */
  cellGradient?(unit: { c: number; o: number; dh: number; sent: number; later: number }): number;
  /** Makes what online learning needs; absent where a layer has something between its steps. */
  traces?(below: Stage, buffer: (...shape: number[]) => number): EligibilityTraces;
}

/** How far each weight has moved the present state: see assembly/online.ts. */
export interface EligibilityTraces {
  regions: { name: string; pointer: number; count: number }[];
  /** After a step forward; where it learns, the gradient of the layer's output adds to those of the parameters. */
  step(gradients: number, learns: boolean): void;
}

/** One layer at work in a window. All numbers are pointers; 0 stands for none. */
export interface Stage {
  /** [T][P][rows][width] */
  output: number;
  /** Its gradient, same shape; 0 where none is needed. */
  gradient: number;
  recurrence?: Recurrence;
  forward(T: number, update: number): void;
  /** Adds to the gradients of the parameters in the region `gradients`, and writes the gradient of its input. */
  backward(T: number, update: number, gradients: number, full: boolean): void;
}

/** State that crosses windows, for each sequence `units` numbers. */
export interface Carried {
  name: string;
  /** [slots][P][rows][width] */
  pointer: number;
  units: number;
  /** Padded. */
  rows: number;
  /** The row of each unit. Default: the units in order. */
  row?: (unit: number) => number;
  /** One slot for all steps, instead of T+1. */
  single?: boolean;
  /** Slots that it takes, one after the other from each sequence's own on. Default 1. */
  slots?: number;
}

/** What stages are built in: a window of up to T steps. */
export interface Workspace extends EngineParts, Lanes {
  readonly T: number;
  readonly mode: Mode;
  /** Of what is drawn in training. */
  readonly seed: number;
  /** [P][width] i32: the slot from which each sequence goes on, -1 where one begins. */
  readonly ends: number;
  /** [P][width] i32: the steps that each sequence has in this window. */
  readonly lengths: number;
  /** [4][4], where values are turned over. */
  readonly scratch: number;
  /** Whether gradients are looked at. */
  readonly watched: boolean;
  /** A buffer of zeros. */
  buffer(...shape: number[]): number;
  /** A buffer for the gradient of a stage's output [T][P][rows][width]; 0 where this window needs none. */
  gradient(rows: number): number;
  /**
   * The kernel weightGradient for products of so many rows, of a cell with this code. To be asked for while the stage is made: so
   * much scratch is there when it runs.
   */
  weightGradient(code: number, rows: number): WeightGradient;
  carry(state: Carried): void;
}

/** assembly/matmul.ts says what these are. */
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
