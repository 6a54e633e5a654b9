/** One direction of the original LSTM's memory cell blocks: parameters, and a window. */

import { ACTIVATIONS, type Activation } from "../activations.js";
import type { Initializer } from "../initializers.js";
import type { Inside, Parts, Planner, Stage, Window } from "../layer.js";
import { packedWeight, pad4 } from "../table.js";
import { DENSE } from "./cells.js";
import { blocksTraces } from "./traces.js";

export interface Blocks {
  blocks: number;
  cellsPerBlock: number;
  recurrence: "cells+gates" | "cells" | "none";
  outputGate: boolean;
  /** The squashing functions of gates, cell inputs and cell outputs. */
  f: Activation;
  g: Activation;
  h: Activation;
  bias: "all" | "gates" | "none";
  inputGateBias: readonly number[] | null;
  outputGateBias: readonly number[] | null;
  /** Initial weights and biases that are not given are uniform in +-range. */
  range: number;
  initial: { [K in "weights" | "recurrent" | "bias"]?: Required<Initializer> };
}

export interface BlocksPlan extends Blocks {
  suffix: string;
  cells: number;
  /** The physical row of each logical row: cells, input gates, output gates, each part padded to 4. */
  row: (row: number) => number;
  /** All rows, padded; and those that the recurrent weights read, which come first, logical and padded. */
  rows: number;
  readLogical: number;
  read: number;
  features: number;
  /** Inputs or tokens. */
  inputs: number;
  table: number | null;
  /** [N/4][I + R][4] */
  weight: number;
  /** [N]; a row of zeros in the derived region where there are none */
  bias0: number;
  inputT: number | null;
  recurrentT: number;
  functions: number;
}

const NO_OUTPUT_GATE = 1 << 15;

export function planBlocks(planner: Planner, spec: Blocks, suffix: string): BlocksPlan {
  const { params, derived, inputs, learnsBelow } = planner;
  const { blocks: B, cellsPerBlock, outputGate, range } = spec;
  const cells = B * cellsPerBlock;
  const [C, gates] = [pad4(cells), pad4(B)];
  const kinds = outputGate ? 2 : 1;
  const all = cells + kinds * B;
  const rows = C + kinds * gates;
  const features = planner.tokens ? 0 : inputs;
  const I = pad4(features);
  const read = { "cells+gates": rows, cells: C, none: 0 }[spec.recurrence];
  const readLogical = { "cells+gates": all, cells, none: 0 }[spec.recurrence];
  const row = (r: number) => (r < cells ? r : C + gates * Math.floor((r - cells) / B) + ((r - cells) % B));
  const biased = spec.bias !== "none";
  const plan: BlocksPlan = {
    ...spec,
    suffix,
    cells,
    row,
    rows,
    read,
    readLogical,
    features,
    inputs,
    table: planner.tokens ? params.add(inputs, rows) : null,
    weight: params.add(rows, I + read),
    bias0: (biased ? params : derived).add(rows),
    inputT: learnsBelow ? derived.add(I, rows) : null,
    recurrentT: derived.add(read, rows),
    functions: ACTIVATIONS[spec.f] | (ACTIVATIONS[spec.g] << 4) | (ACTIVATIONS[spec.h] << 8) | (outputGate ? 0 : NO_OUTPUT_GATE),
  };
  const { weights, recurrent, bias: biases } = { ...spec.initial };
  const uniform = { type: "uniform", bound: range } as const;
  const fan = cells;
  const at = packedWeight(row, 1, I + read);
  planner.parameter(plan.table ?? plan.weight, {
    name: `weight_ih${suffix}`,
    shape: [all, inputs],
    role: "input",
    fan,
    initial: weights ?? uniform,
    at: plan.table === null ? at : (r, token) => token * rows + row(r),
  });
  if (readLogical > 0) {
    const shape = [all, readLogical];
    planner.parameter(plan.weight, {
      name: `weight_hh${suffix}`,
      shape,
      role: "recurrent",
      fan,
      initial: recurrent ?? uniform,
      at: (r, k) => at(r, I + row(k)),
    });
  }
  if (biased) {
    const first = spec.bias === "all" ? 0 : cells;
    const { inputGateBias, outputGateBias } = spec;
    const gateRows = [
      ...(inputGateBias ? [{ from: cells - first, values: inputGateBias }] : []),
      ...(outputGateBias ? [{ from: cells - first + B, values: outputGateBias }] : []),
    ];
    planner.parameter(plan.bias0, {
      name: `bias_ih${suffix}`,
      shape: [all - first],
      role: "bias",
      fan,
      initial: biases ?? uniform,
      rows: () => gateRows,
      at: (r) => row(first + r),
    });
  }
  return plan;
}

export function refreshBlocks(plan: BlocksPlan, { kernels, params, derived }: Parts): void {
  const { weight, rows, read, inputT, recurrentT } = plan;
  const I = pad4(plan.features);
  kernels.transposeWeights(derived + recurrentT, params + weight, 1, rows, I, read, I + read);
  if (inputT !== null) kernels.transposeWeights(derived + inputT, params + weight, 1, rows, 0, I, I + read);
}

/** @param carried whether its state goes on from window to window */
export function blocksStage(plan: BlocksPlan, window: Window, below: Stage, carried: boolean): Stage {
  const { kernels, params, derived, memory } = window.parts;
  const { T: longest, ends, scratch, buffer } = window;
  const { panels: P, width } = window.lanes;
  const { blocks: B, cellsPerBlock: S, cells, rows, read, features, functions, suffix, table } = plan;
  const [C, I] = [pad4(cells), pad4(features)];
  const slot = 4 * P * C * width;
  const y = buffer(longest + 1, P, C, width);
  const s = buffer(longest + 1, P, C, width);
  const net = buffer(longest, P, rows, width);
  // What the recurrent weights read is y itself, unless they read gates as well.
  const gated = read > C;
  const source = gated ? buffer(longest + 1, P, read, width) : y;
  const gradient = window.gradient(C);
  const [ds, dsource] = window.mode === "train" ? [buffer(P, C, width), buffer(P, read, width)] : [0, 0];
  const flow = window.watched ? buffer(longest, P, C, width) : 0;
  // With gates, the cells' outputs are carried with them.
  const all = { name: "h", pointer: source, units: plan.readLogical, rows: read, row: plan.row };
  const states = [gated ? all : { name: "h", pointer: y, units: cells, rows: C }, { name: "c", pointer: s, units: cells, rows: C }];
  if (carried) for (const state of states) window.carry({ ...state, name: state.name + suffix });
  const biased = plan.bias !== "none";
  const bias = (biased ? params : derived) + plan.bias0;
  const weight = params + plan.weight;
  const stage: Stage = {
    output: y + slot,
    gradient,
    forward(T) {
      for (const { pointer, rows } of states) kernels.recurrentCarry(pointer, ends, P, rows, width);
      if (table !== null) kernels.embeddingForward(net, below.output, params + table, bias, T * P, rows, width);
      const own = table === null ? bias : 0;
      kernels.blocksForward(y + slot, s, net, source, below.output, weight, own, functions, T, P, features, read, B, S, width);
    },
    backward(T, _, gradients, full) {
      memory.fill(ds, slot / 4);
      const recurrentT = full ? derived + plan.recurrentT : 0;
      kernels.blocksBackward(net, gradient, ds, dsource, flow, net, s + slot, recurrentT, functions, T, P, read, B, S, width);
      const db = biased ? gradients + plan.bias0 : 0;
      kernels.weightGradient(gradients + plan.weight, db, 0, net, below.output, source, scratch, DENSE, rows, I, read, T * P, width);
      // The cells' biases, which are not there, lie in front of the gates'.
      if (plan.bias === "gates") memory.fill(db, C);
      if (table !== null) kernels.embeddingBackward(gradients + table, net, below.output, scratch, DENSE, T * P, rows, width);
      else if (plan.inputT !== null) kernels.inputGradient(below.gradient, net, derived + plan.inputT, T * P, I, rows, width);
    },
  };
  const at = (first: number) => (unit: number) => first + unit;
  const shown = [
    { name: "g", pointer: net, units: cells, rows },
    { name: "in", pointer: net, units: B, rows, row: at(C) },
    ...(plan.outputGate ? [{ name: "out", pointer: net, units: B, rows, row: at(C + pad4(B)) }] : []),
    { name: "h", pointer: y + slot, units: cells, rows: C },
    { name: "c", pointer: s + slot, units: cells, rows: C },
  ];
  const inside: Inside = { h: y, c: s, gates: net, dh: gradient, source, shown, flow };
  inside.traces = (below, buffer) => blocksTraces(plan, window.parts, buffer, inside, stage, below);
  return { ...stage, inside };
}
