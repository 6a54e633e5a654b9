/** One direction of a layer of rnn, lstm or gru cells: its parameters, and their places in memory. */

import type { EngineParts } from "../core/memory.js";
import type { Cell } from "./cells.js";
import { chronoBias } from "./initializers.js";
import { packedRow, packedWeight, pad4 } from "./packing.js";
import type { Parameter, Planner } from "./plan.js";
import { type Initials, reading } from "./reading.js";
import type { LstmLayer } from "./recurrentOptions.js";

/** A layer's options as its cells need them. Options that only the LSTM has are absent for the others. */
export interface Gated extends Omit<LstmLayer, "type"> {
  cell: Cell;
}

export type GatedPlan = ReturnType<typeof planGated>;

/** The layer's parameters: offsets in the parameter and the derived region, 0 where it has none. */
export function planGated(planner: Planner, layer: Gated, index: number, suffix: string) {
  const { params, derived } = planner;
  const { units, cell, projection, fullGateRecurrence, layerNorm, forgetBias, chrono } = layer;
  const { groups, input, recurrent } = cell;
  const initial = (layer.initial ?? {}) as Initials;
  const outputs = projection || units;
  const [R, H] = [pad4(outputs), pad4(units)];
  const rows = groups * H;
  const reader = reading(planner, suffix, units, rows, initial);
  const { features, add } = reader;
  const I = pad4(features);
  const [packs, columns] = layerNorm ? [1, I] : [groups, I + R];
  const [rowIh, rowHh] = [packedRow(units, groups, input), packedRow(units, groups, recurrent)];

  // [H/4][I + R][G][4]; with layer normalisation [G H/4][I][4], and the recurrent weights separately.
  const weight = params.add(rows, columns);
  const apart = layerNorm ? params.add(rows, R) : 0;
  reader.weights(input.length * units, rowIh, weight, packedWeight(rowIh, packs, columns));
  const atHh = packedWeight(rowHh, packs, apart ? R : columns);
  add("recurrent", "weight_hh", [recurrent.length * units, outputs], apart || weight, (r, k) => atHh(r, apart ? k : I + k));

  // A gate's bias is the sum of two. Where the initial value is set, the other one starts at 0.
  const chosen = (first: boolean): Parameter["rows"] => {
    return (parts, random, preset) => {
      const fill = (value: number) => new Float32Array(units).fill(value);
      const forget = { from: input.indexOf(1) * units, values: fill(first ? (forgetBias ?? 1) : 0) };
      const keras = preset === "keras" && cell.cells && !initial.bias;
      if (!chrono) return input.includes(1) && (forgetBias !== undefined || keras) ? [forget] : [];
      const values = first ? chronoBias(parts, units, chrono, random) : fill(0);
      const negative = { from: 0, values: values.map((value) => -value) };
      return [{ ...forget, values }, ...(input.includes(0) ? [negative] : [])];
    };
  };
  const role = layerNorm ? "spread" : "bias";
  const vector = (
    role: Parameter["role"],
    name: string,
    count: number,
    H: number,
    at: (row: number) => number,
    rows?: Parameter["rows"],
  ) => {
    const offset = params.add(H);
    add(role, name, [count], offset, at, rows);
    return offset;
  };
  const biasIh = vector(role, "bias_ih", input.length * units, rows, rowIh, chosen(true));
  const biasHh = vector(role, "bias_hh", recurrent.length * units, rows, rowHh, chosen(false));
  let [peephole, gateWeight, projected] = [0, 0, 0];
  if (layer.peepholes) {
    // [H/4][i, f, o][4]
    const gates = input.filter((group) => group !== 2).map((group) => Math.min(group, 2));
    peephole = vector("bias", "peephole", gates.length * units, 3 * H, packedRow(units, 3, gates));
  }
  if (fullGateRecurrence) {
    // [H/4][3 H][4][4]
    gateWeight = params.add(rows, 3 * H);
    const at = packedWeight(packedRow(units, 4, [0, 1, 3]), 4, 3 * H);
    const column = packedRow(units, 3, [0, 1, 2]);
    add("recurrent", "weight_gg", [3 * units, 3 * units], gateWeight, (r, k) => at(r, column(k)));
  }
  if (projection) {
    // [R/4][H][4]
    projected = params.add(R, H);
    add("recurrent", "weight_hr", [outputs, units], projected, packedWeight(packedRow(outputs, 1, [0]), 1, H));
  }
  const same = (row: number) => row;
  const norm = layerNorm
    ? {
        gainIh: vector("gain", "gain_ih", input.length * units, rows, rowIh),
        gainHh: vector("gain", "gain_hh", recurrent.length * units, rows, rowHh),
        gainC: vector("gain", "gain_c", units, H, same),
        biasC: params.add(H),
      }
    : null;
  // Starts at random under every preset, unlike a gate's bias: at 0 a state of zeros would stay zero (see `affine` in initializers.ts).
  if (norm) planner.parameter(norm.biasC, "spread", `bias_c${suffix}`, [units], units, same);
  // Both biases, the transposed packs.
  const [bias, recurrentT] = [derived.add(rows), derived.add(R, rows)];
  const [gateT, projectedT] = [fullGateRecurrence ? derived.add(3 * H, rows) : 0, projection ? derived.add(H, R) : 0];

  const refresh = (parts: EngineParts, flows: boolean) => {
    const { kernels, params, derived } = parts;
    const transpose = (to: number, from: number, groups: number, count: number, first: number, take: number, columns: number) =>
      kernels.transposeWeights(derived + to, params + from, groups, count, first, take, columns);
    if (!apart) kernels.recurrentBias(derived + bias, params + biasIh, params + biasHh, rows);
    if (flows) transpose(recurrentT, apart || weight, apart ? 1 : groups, rows, apart ? 0 : I, R, apart ? R : columns);
    reader.refresh(parts, weight, packs, columns);
    if (gateWeight) transpose(gateT, gateWeight, 4, rows, 0, 3 * H, 3 * H);
    if (projected) transpose(projectedT, projected, 1, R, 0, H, H);
  };
  const own = { suffix, index, reader, refresh, outputs, weight, apart, biasIh, biasHh, bias, recurrentT, peephole, norm };
  // Cells whose values nothing bounds get a limit: otherwise a sequence that has ended could overflow in its padding.
  const cellClip = layer.cellClip ?? (cell.unbounded ? 1e30 : Infinity);
  return { ...layer, ...own, cellClip, gateWeight, gateT, projected, projectedT };
}
