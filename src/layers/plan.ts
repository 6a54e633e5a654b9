/** The parts of every layer: a kind with its options, a plan made once for a model, and a stage in each window. */

import { product } from "../core/arithmetic.js";
import type { Options } from "../core/check.js";
import type { EngineParts, Placement } from "../core/memory.js";
import type { Random } from "../core/random.js";
import type { Initializer, Parts, Preset, Role } from "./initializers.js";
import type { Table } from "./packing.js";
import type { Stage, Workspace } from "./stage.js";

/** A parameter as users see it: PyTorch's name and shape. */
export interface Parameter extends Placement {
  name: string;
  /** The number of its layer in the layout; -1 for the input's own. */
  layer: number;
  /** Selects the preset's distribution; `fan` is its number. */
  role: Role;
  fan: number;
  /** The layer's own choice of initial values. */
  initial?: Required<Initializer> | undefined;
  /** Rows with special initial values. */
  rows?: ((parts: Parts, random: Random, preset: Preset) => RowValues[]) | undefined;
}

/** The initial values of some rows, one number a row. */
interface RowValues {
  from: number;
  values: ArrayLike<number>;
}

/** A part of a model, as its summary shows it. */
export interface SummaryRow {
  /** Path in the configuration: `layers[2]`. */
  path: string;
  kind: string;
  /** Outputs, unpadded. */
  units: number;
  /** Whether it runs once a sequence. */
  once: boolean;
  /** Numbers that are learned. */
  parameters: number;
  /** Products in its products of matrices, a step. */
  multiplications: number;
}

/** The values that come from below: numbers in a panel, and tokens, for which a layer gathers rows of a table instead of multiplying. */
export interface Below {
  /** Columns of the weights: one for each number, and one for each token. */
  readonly inputs: number;
  /** How many of these columns are rows of the table. */
  readonly tokens: number;
  /** How many tokens a step has: their rows of the table add up. */
  readonly gathered: number;
  /** Where the weights of a column lie: their row in the panel, or ~(their row in the table). */
  place(column: number): number;
}

/** The values that layers give to those above them. */
export const numbersBelow = (inputs: number): Below => ({ inputs, tokens: 0, gathered: 0, place: (column) => column });

/** Collects a model's parameters while its layers are planned, from the input up. */
export class Planner {
  readonly parameters: Parameter[] = [];
  readonly rows: SummaryRow[] = [];
  /** The number of the layer being planned; -1 for the input. */
  layer = -1;
  /** Whether anything below learns and needs the error. */
  learnsBelow = false;
  /** Whether the next layer must give its sequences' final states: the topmost recurrent layer below a pooling of kind "last". */
  final = false;
  /** The embedding's table [tokens][units], if there is one. */
  embedding: { table: number; tokens: number; units: number } | null = null;
  /** The name of the layer being planned where it has one of its own, as a head has. */
  named: string | null = null;
  readonly #counts = new Map<string, number>();

  /** The values that the layer being planned takes. */
  below: Below;

  constructor(
    below: Below,
    readonly params: Table,
    readonly derived: Table,
  ) {
    this.below = below;
  }

  /** Values per step from below: for one-hot tokens, their number. */
  get inputs(): number {
    return this.below.inputs;
  }

  /** How many tokens come from below. */
  get tokens(): number {
    return this.below.tokens;
  }

  /** Begins a part of the model, whose parameters follow. */
  enter(path: string, kind: string): SummaryRow {
    const row = { path, kind, units: 0, once: false, parameters: 0, multiplications: 0 };
    this.rows.push(row);
    return row;
  }

  get row(): SummaryRow {
    return this.rows.at(-1) as SummaryRow;
  }

  /** Path of the layer being planned, for messages. */
  get path(): string {
    return this.row.path;
  }

  /** Counts layers of a kind, from 0. */
  count(kind: string): number {
    const index = this.#counts.get(kind) ?? 0;
    this.#counts.set(kind, index + 1);
    return index;
  }

  /** The layer's own name, or the next one for a kind of layer that PyTorch numbers by module: `dense`, `dense_1`. */
  name(kind: string): string {
    if (this.named !== null) return this.named;
    const index = this.count(kind);
    return index === 0 ? kind : `${kind}_${index}`;
  }

  /**
   * Adds a parameter; `at` is relative to `offset` in the region. All numbers of a matrix count as multiplied at each step: a layer that
   * gathers some of them takes them off its row.
   */
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
    const count = product(shape);
    this.row.parameters += count;
    if (shape.length > 1) this.row.multiplications += count;
    this.parameters.push({ layer: this.layer, role, name, shape, fan, initial, rows, at: (row, column) => offset / 4 + at(row, column) });
  }
}

export interface LayerPlan {
  /** Outputs, unpadded. */
  units: number;
  /** For a recurrent layer: whether it has cells, through which errors flow without weights. */
  recurrent?: { cells: boolean };
  /** Whether it carries state from step to step. */
  carries?: boolean;
  /** Whether it makes one vector out of a sequence. */
  pools?: boolean;
  /** Why it needs whole sequences, if it does: "a bidirectional layer". */
  whole?: string;
  /** Recomputes the derived values from the parameters. */
  refresh?(parts: EngineParts, flows: boolean): void;
  stage(workspace: Workspace, below: Stage): Stage;
}

/** One kind of layer. */
export interface LayerKind<L extends { type: string }> {
  readonly options: Options;
  /** The inputs it accepts. Only a model's input gives tokens. */
  readonly takes: "numbers" | "tokens" | "either";
  /** Whether it looks beyond the present step, so that it cannot stand above a pooling. */
  readonly steps?: boolean;
  /** Whether it only passes on values from below, as dropout does, so that it cannot be the last layer. */
  readonly passes?: boolean;
  /** Whether it has no parameters. */
  readonly bare?: boolean;
  /** @throws RangeError if options conflict */
  refuse?(path: string, layer: L): void;
  plan(layer: L, planner: Planner): LayerPlan;
}
