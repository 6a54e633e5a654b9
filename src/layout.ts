/**
 * The layout: which parameters a model has, and where everything lies in memory. Alone knows padding, packing and bytes.
 *
 * Units are padded to 4, sequences to a panel's width; the padding is zero and stays zero. Weights are packed as the kernels
 * read them, w[unit/4][k][gate][4 units]; a parameter's `at` says where each of its numbers went.
 */

import type { Config } from "./layers.js";

/** Offsets in one region of memory: named rows one after the other, each at a multiple of 64 bytes. */
export class Table {
  readonly offsets = new Map<string, number>();
  bytes = 0;

  /** Adds a row of f32 (or i32) of this physical shape, and returns its offset in bytes. */
  add(name: string, ...shape: number[]): number {
    const offset = this.bytes;
    this.offsets.set(name, offset);
    this.bytes += Math.ceil((4 * shape.reduce((product, n) => product * n, 1)) / 64) * 64;
    return offset;
  }
}

/** A parameter as users see it: PyTorch's name and shape. */
export interface Parameter {
  name: string;
  shape: readonly number[];
  /** Initial values are uniform in [-bound, bound]. */
  bound: number;
  /** The index, among the floats of the parameter region, of the number at `row`, `column`. */
  at(row: number, column: number): number;
}

/** What a layer's kernels need to know; pointers are offsets in the parameter or the derived region. */
interface Sizes {
  /** PyTorch's index of a recurrent layer, or the index among the layers of its kind. */
  index: number;
  /** Inputs and outputs, unpadded. */
  inputs: number;
  units: number;
}
export interface RecurrentPlan extends Sizes {
  type: "recurrent";
  cell: Cell;
  /** Inputs that the weights multiply: 0 when tokens are gathered from `table`. */
  features: number;
  table: number | null;
  weight: number;
  biasIh: number;
  biasHh: number;
  bias: number;
  inputT: number | null;
  recurrentT: number;
}
export interface DensePlan extends Sizes {
  type: "dense";
  weight: number;
  bias: number;
  inputT: number | null;
}
export interface EmbeddingPlan extends Sizes {
  type: "embedding";
  table: number;
}
export interface DropoutPlan extends Sizes {
  type: "dropout";
  rate: number;
}
export type LayerPlan = RecurrentPlan | DensePlan | EmbeddingPlan | DropoutPlan;

export interface Layout {
  /** Region of the parameters; gradients and moments are the same table at another place. */
  params: Table;
  /** Region of what follows from them: summed biases, transposed packs. */
  derived: Table;
  parameters: Parameter[];
  layers: LayerPlan[];
  outputs: number;
}

export const pad4 = (n: number) => (n + 3) & ~3;

/** A recurrent cell as the kernels see it. */
export interface Cell {
  /** Its code in assembly/cell.ts. */
  code: number;
  /** Groups of rows that a unit has. */
  groups: number;
  /** For each gate, in PyTorch's order, its group among the rows of the inputs and of the state. */
  input: readonly number[];
  recurrent: readonly number[];
  /** What it carries from step to step. */
  states: readonly ("h" | "c")[];
}

/** A new cell is a row here. */
export const CELLS = {
  rnn_tanh: { code: 1, groups: 1, input: [0], recurrent: [0], states: ["h"] },
  rnn_relu: { code: 2, groups: 1, input: [0], recurrent: [0], states: ["h"] },
  lstm: { code: 3, groups: 4, input: [0, 1, 2, 3], recurrent: [0, 1, 2, 3], states: ["h", "c"] },
  gru: { code: 4, groups: 4, input: [0, 1, 2], recurrent: [0, 1, 3], states: ["h"] },
} as const satisfies Record<string, Cell>;

/** The code of a layer without a cell. */
export const DENSE = 0;

/** The name of the k-th layer of a kind that PyTorch numbers by module: `dense.weight`, `dense_1.weight`. */
const moduleName = (type: string, index: number) => (index === 0 ? type : `${type}_${index}`);

/** Where row r (gate by gate, `units` each) of a packed vector lies: [unit/4][group][4 units]. */
const packedRow = (units: number, groups: number, gates: readonly number[]) => (row: number) => {
  const unit = row % units;
  return ((unit >> 2) * groups + (gates[Math.floor(row / units)] as number)) * 4 + (unit & 3);
};

/** Where row r, column k of packed weights lies: [unit/4][k][group][4 units]. */
const packedWeight = (units: number, groups: number, gates: readonly number[], columns: number) => (row: number, column: number) => {
  const unit = row % units;
  return (((unit >> 2) * columns + column) * groups + (gates[Math.floor(row / units)] as number)) * 4 + (unit & 3);
};

export function planModel(config: Config): Layout {
  const params = new Table();
  const derived = new Table();
  const parameters: Parameter[] = [];
  const layers: LayerPlan[] = [];
  const counts = { rnn: 0, lstm: 0, gru: 0, dense: 0, dropout: 0, embedding: 0 };
  let recurrentLayers = 0;
  let tokens = "tokens" in config.input ? config.input.tokens : 0;
  let inputs = "tokens" in config.input ? config.input.tokens : config.input.features;

  config.layers.forEach((layer) => {
    const index = counts[layer.type]++;
    const learnsBelow = layers.some((below) => below.type !== "dropout");
    const parameter = (name: string, shape: number[], bound: number, offset: number, at: Parameter["at"]) =>
      parameters.push({ name, shape, bound, at: (row, column) => offset / 4 + at(row, column) });

    switch (layer.type) {
      case "rnn":
      case "lstm":
      case "gru": {
        const cell: Cell = CELLS[layer.type === "rnn" ? (layer.activation === "relu" ? "rnn_relu" : "rnn_tanh") : layer.type];
        const { groups, input, recurrent } = cell;
        const { units } = layer;
        const index = recurrentLayers++;
        const H = pad4(units);
        const rows = groups * H;
        const features = tokens > 0 ? 0 : inputs;
        const I = pad4(features);
        const bound = 1 / Math.sqrt(units);
        const row = (gates: readonly number[]) => packedRow(units, groups, gates);
        const weight = (gates: readonly number[]) => packedWeight(units, groups, gates, I + H);
        const plan: RecurrentPlan = {
          type: "recurrent",
          cell,
          index,
          inputs,
          units,
          features,
          table: tokens > 0 ? params.add(`table_l${index}`, tokens, rows) : null,
          weight: params.add(`weight_l${index}`, H / 4, I + H, groups, 4),
          biasIh: params.add(`bias_ih_l${index}`, rows),
          biasHh: params.add(`bias_hh_l${index}`, rows),
          bias: derived.add(`bias_l${index}`, rows),
          inputT: learnsBelow ? derived.add(`inputT_l${index}`, I / 4, rows, 4) : null,
          recurrentT: derived.add(`recurrentT_l${index}`, H / 4, rows, 4),
        };
        const [shapeIh, shapeHh] = [input.length * units, recurrent.length * units];
        if (plan.table === null) parameter(`weight_ih_l${index}`, [shapeIh, inputs], bound, plan.weight, weight(input));
        else parameter(`weight_ih_l${index}`, [shapeIh, inputs], bound, plan.table, (r, token) => token * rows + row(input)(r));
        parameter(`weight_hh_l${index}`, [shapeHh, units], bound, plan.weight, (r, column) => weight(recurrent)(r, I + column));
        parameter(`bias_ih_l${index}`, [shapeIh], bound, plan.biasIh, row(input));
        parameter(`bias_hh_l${index}`, [shapeHh], bound, plan.biasHh, row(recurrent));
        layers.push(plan);
        inputs = units;
        break;
      }
      case "dense": {
        const { units } = layer;
        const name = moduleName("dense", index);
        const I = pad4(inputs);
        const bound = 1 / Math.sqrt(inputs);
        const plan: DensePlan = {
          type: "dense",
          index,
          inputs,
          units,
          weight: params.add(`${name}.weight`, pad4(units) / 4, I, 4),
          bias: params.add(`${name}.bias`, pad4(units)),
          inputT: learnsBelow ? derived.add(`${name}.inputT`, I / 4, pad4(units), 4) : null,
        };
        parameter(`${name}.weight`, [units, inputs], bound, plan.weight, packedWeight(units, 1, [0], I));
        parameter(`${name}.bias`, [units], bound, plan.bias, packedRow(units, 1, [0]));
        layers.push(plan);
        inputs = units;
        break;
      }
      case "embedding": {
        const { units } = layer;
        const name = moduleName("embedding", index);
        const N = pad4(units);
        const table = params.add(`${name}.weight`, tokens, N);
        // Uniform with the variance 1 of PyTorch's normal: a normal would need functions whose bits differ between engines.
        parameter(`${name}.weight`, [tokens, units], Math.sqrt(3), table, (token, column) => token * N + column);
        layers.push({ type: "embedding", index, inputs, units, table });
        inputs = units;
        break;
      }
      case "dropout":
        layers.push({ type: "dropout", index, inputs, units: inputs, rate: layer.rate });
        break;
    }
    tokens = 0;
  });
  return { params, derived, parameters, layers, outputs: inputs };
}

/** A part of the parameter region: its first byte and its floats. */
export interface Span {
  at: number;
  count: number;
}

/** Where the rows of the parameter region lie that hold matrices; neighbours are one span. */
export function matrices({ params, parameters }: Layout): Span[] {
  const first = parameters.flatMap(({ shape, at }) => (shape.length > 1 ? [4 * at(0, 0)] : []));
  const spans: Span[] = [];
  const starts = [...params.offsets.values()];
  starts.forEach((start, i) => {
    const end = starts[i + 1] ?? params.bytes;
    if (!first.some((at) => at >= start && at < end)) return;
    const before = spans.at(-1);
    if (before && before.at + 4 * before.count === start) before.count += (end - start) / 4;
    else spans.push({ at: start, count: (end - start) / 4 });
  });
  return spans;
}
