/**
 * The layout: which parameters a model has, and where everything lies in memory. Alone knows padding, packing and bytes.
 *
 * Units are padded to 4, sequences to a panel's width; the padding is zero and stays zero. Weights are packed as the kernels
 * read them, w[unit/4][k][gate][4 units]; a parameter's `at` says where each of its numbers went.
 */

import type { Config } from "./layers.js";

/**
 * How long memory lives: `param` with the model; `derived` until the next update; `state` from window to window; `workspace`
 * from the forward to the backward pass; `scratch` within a call.
 */
export type Role = "param" | "derived" | "state" | "workspace" | "scratch";

export interface Row {
  name: string;
  role: Role;
  /** Physical shape, padded. */
  shape: readonly number[];
  /** Bytes from the start of the region. */
  offset: number;
  bytes: number;
}

/** Rows of one region of memory, one after the other, each at a multiple of 64 bytes. */
export class Table {
  readonly rows = new Map<string, Row>();
  bytes = 0;

  /** Adds a row and returns its offset. */
  add(name: string, role: Role, ...shape: number[]): number {
    const offset = this.bytes;
    const bytes = 4 * shape.reduce((product, n) => product * n, 1);
    this.rows.set(name, { name, role, shape, offset, bytes });
    this.bytes += Math.ceil(bytes / 64) * 64;
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
  type: "lstm";
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

/** Gates of each recurrent cell, in PyTorch's order. A new cell is a row here. */
export const GATES = { lstm: 4 } as const;

/** The name of the k-th layer of a kind that PyTorch numbers by module: `dense.weight`, `dense_1.weight`. */
const moduleName = (type: string, index: number) => (index === 0 ? type : `${type}_${index}`);

/** Where row r (gate by gate) of a packed vector of G gates lies: [unit/4][gate][4 units]. */
const packedRow = (units: number, gates: number) => (row: number) => {
  const unit = row % units;
  return ((unit >> 2) * gates + Math.floor(row / units)) * 4 + (unit & 3);
};

/** Where row r, column k of packed weights lies: [unit/4][k][gate][4 units]. */
const packedWeight = (units: number, gates: number, columns: number) => (row: number, column: number) => {
  const unit = row % units;
  return (((unit >> 2) * columns + column) * gates + Math.floor(row / units)) * 4 + (unit & 3);
};

export function planModel(config: Config): Layout {
  const params = new Table();
  const derived = new Table();
  const parameters: Parameter[] = [];
  const layers: LayerPlan[] = [];
  const counts = { lstm: 0, dense: 0, dropout: 0, embedding: 0 };
  let tokens = "tokens" in config.input ? config.input.tokens : 0;
  let inputs = "tokens" in config.input ? config.input.tokens : config.input.features;

  config.layers.forEach((layer, position) => {
    const index = counts[layer.type]++;
    const learnsBelow = position > 0 && layers.some((below) => below.type !== "dropout");
    const parameter = (name: string, shape: number[], bound: number, offset: number, at: Parameter["at"]) =>
      parameters.push({ name, shape, bound, at: (row, column) => offset / 4 + at(row, column) });

    switch (layer.type) {
      case "lstm": {
        const gates = GATES[layer.type];
        const { units } = layer;
        const H = pad4(units);
        const rows = gates * H;
        const features = tokens > 0 ? 0 : inputs;
        const I = pad4(features);
        const bound = 1 / Math.sqrt(units);
        const packed = packedWeight(units, gates, I + H);
        const row = packedRow(units, gates);
        const plan: RecurrentPlan = {
          type: layer.type,
          index,
          inputs,
          units,
          features,
          table: tokens > 0 ? params.add(`table_l${index}`, "param", tokens, rows) : null,
          weight: params.add(`weight_l${index}`, "param", H / 4, I + H, gates, 4),
          biasIh: params.add(`bias_ih_l${index}`, "param", rows),
          biasHh: params.add(`bias_hh_l${index}`, "param", rows),
          bias: derived.add(`bias_l${index}`, "derived", rows),
          inputT: learnsBelow ? derived.add(`inputT_l${index}`, "derived", I / 4, rows, 4) : null,
          recurrentT: derived.add(`recurrentT_l${index}`, "derived", H / 4, rows, 4),
        };
        if (plan.table === null) parameter(`weight_ih_l${index}`, [gates * units, inputs], bound, plan.weight, packed);
        else parameter(`weight_ih_l${index}`, [gates * units, inputs], bound, plan.table, (r, token) => token * rows + row(r));
        parameter(`weight_hh_l${index}`, [gates * units, units], bound, plan.weight, (r, column) => packed(r, I + column));
        parameter(`bias_ih_l${index}`, [gates * units], bound, plan.biasIh, row);
        parameter(`bias_hh_l${index}`, [gates * units], bound, plan.biasHh, row);
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
          weight: params.add(`${name}.weight`, "param", pad4(units) / 4, I, 4),
          bias: params.add(`${name}.bias`, "param", pad4(units)),
          inputT: learnsBelow ? derived.add(`${name}.inputT`, "derived", I / 4, pad4(units), 4) : null,
        };
        parameter(`${name}.weight`, [units, inputs], bound, plan.weight, packedWeight(units, 1, I));
        parameter(`${name}.bias`, [units], bound, plan.bias, packedRow(units, 1));
        layers.push(plan);
        inputs = units;
        break;
      }
      case "embedding": {
        const { units } = layer;
        const name = moduleName("embedding", index);
        const N = pad4(units);
        const table = params.add(`${name}.weight`, "param", tokens, N);
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

/** How a window's sequences lie side by side. */
export interface Lanes {
  /** Sequences that there is room for. */
  batch: number;
  /** 1 or 8. */
  width: number;
  panels: number;
}

/** Up to 5 sequences run one by one: eight lanes cost as much as 5.6 single ones (measured at H = 64 and 128). */
export function lanesFor(batch: number): Lanes {
  const width = batch <= 5 ? 1 : 8;
  return { batch, width, panels: Math.ceil(batch / width) };
}

/** What a window is run for: outputs; outputs and their loss; or an update as well. */
export type Mode = "infer" | "score" | "train";

/** The buffers of a window of up to T steps. */
export function planWindow(config: Config, layout: Layout, T: number, lanes: Lanes, mode: Mode, scratchBytes: number): Table {
  const { width, panels: P } = lanes;
  const table = new Table();
  const last = layout.layers.length - 1;
  table.add("going", "workspace", P, width);
  table.add("input", "workspace", T, P, "tokens" in config.input ? 1 : pad4(config.input.features), width);
  layout.layers.forEach((layer, i) => {
    const rows = pad4(layer.units);
    if (layer.type === "lstm") {
      table.add(`h${i}`, "state", T + 1, P, rows, width);
      table.add(`c${i}`, "state", T + 1, P, rows, width);
      table.add(`gates${i}`, "workspace", T, P, GATES[layer.type] * rows, width);
      if (mode === "train") table.add(`dc${i}`, "scratch", P, rows, width);
    } else if (layer.type !== "dropout" || mode === "train") {
      table.add(`output${i}`, "workspace", T, P, rows, width);
    }
    if (layer.type !== "dropout" && (mode === "train" || (mode === "score" && i === last))) {
      table.add(`gradient${i}`, "workspace", T, P, rows, width);
    }
  });
  if (mode !== "infer") {
    table.add("target", "workspace", T, P, pad4(layout.outputs), width);
    table.add("counts", "workspace", T, P, width);
    table.add("scratch", "scratch", scratchBytes / 4);
  }
  return table;
}
