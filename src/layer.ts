/** What every layer is: checked options, a plan made once for a model, and a stage at work in each window. */

import type { Options } from "./check.js";
import type { Kernels } from "./kernels.js";
import type { Lanes, Mode } from "./lanes.js";
import type { Memory } from "./memory.js";
import { type Parameter, Table } from "./table.js";

/** What a model has for all its windows. Regions are pointers. */
export interface Parts {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly params: number;
  /** What follows from the parameters until the next update: summed biases, transposed packs. */
  readonly derived: number;
}

/** Collects a model's parameters while its layers are planned, from the input up. */
export class Planner {
  readonly params = new Table();
  readonly derived = new Table();
  readonly parameters: Parameter[] = [];
  /** Of the layer that is planned, for messages: `layers[2]`. */
  path = "";
  /** Whether anything below learns, so that errors must reach it. */
  learnsBelow = false;
  /** Whether the layer to come is asked for the final states of its sequences: the topmost recurrent one, where output is "last". */
  final = false;
  /** The embedding's table [tokens][units], where there is one. */
  embedding: { table: number; tokens: number; units: number } | null = null;
  readonly #counts = new Map<string, number>();

  constructor(
    /** Values that come from below: features, units or, of one-hot tokens, how many there are. */
    public inputs: number,
    /** Whether tokens come from below. */
    public tokens: boolean,
  ) {}

  /** Counts layers of a kind, from 0. */
  count(kind: string): number {
    const index = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, index + 1);
    return index;
  }

  /** The name of the next layer of a kind that PyTorch numbers by module: `dense`, `dense_1`. */
  name(kind: string): string {
    const index = this.count(kind);
    return index === 0 ? kind : `${kind}_${index}`;
  }

  /** Adds a parameter; `at` is relative to `offset` in the region. */
  parameter(
    offset: number,
    role: Parameter["role"],
    name: string,
    shape: readonly number[],
    fan: number,
    at: Parameter["at"],
    initial?: Parameter["initial"],
    rows?: Parameter["rows"],
  ): void {
    this.parameters.push({ role, name, shape, fan, initial, rows, at: (row, column) => offset / 4 + at(row, column) });
  }
}

export interface LayerPlan {
  /** Outputs, unpadded. */
  units: number;
  /** Whether it carries state from step to step, and whether that has cells through which errors flow without weights. */
  recurrent?: { cells: boolean };
  /** Whether it needs whole sequences. */
  whole?: boolean;
  /** Makes what is derived follow the parameters. */
  refresh?(parts: Parts): void;
  stage(window: Window, below: Stage): Stage;
}

/** One kind of layer. */
export interface LayerKind<L extends { type: string }> {
  readonly options: Options;
  /** What it takes from below. Tokens come from a model's input alone. */
  readonly takes: "numbers" | "tokens" | "either";
  /** Whether it only passes on what is below, so that it cannot be the last one. */
  readonly passes?: boolean;
  /** @throws RangeError if options do not go together */
  refuse?(path: string, layer: L): void;
  plan(layer: L, planner: Planner): LayerPlan;
}

/** A function of one of the values that a layer shows. */
export interface Slope {
  name: string;
  slope(x: number): number;
}

/** What insight and online learning look at in a recurrent layer. */
export interface Inside {
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
  traces?(below: Stage, buffer: (...shape: number[]) => number): Traces;
}

/** How far each weight has moved the present state: see assembly/online.ts. */
export interface Traces {
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
  inside?: Inside;
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
export interface Window extends Parts, Lanes {
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
