/** One direction of a layer of rnn, lstm or gru cells: its parameters, and a window as one call for all steps. */

import { chronoBias, type Initializer } from "../initializers.js";
import type { Inside, Parts, Planner, Stage, Window } from "../layer.js";
import { type Parameter, packedRow, packedWeight, pad4 } from "../table.js";
import { type Cell, shownOf } from "./cells.js";
import { stepwise } from "./stepwise.js";
import { gatedTraces } from "./traces.js";

/** What a layer asks of its cells. */
export interface Gated {
  units: number;
  cell: Cell;
  /** Of the LSTM; each off where it is null, 0, false or infinite. */
  peepholes: boolean;
  cellClip: number;
  projection: number;
  fullGateRecurrence: boolean;
  layerNorm: boolean;
  forgetBias: number | null;
  chrono: number | null;
  cellZoneout: number;
  /** Of every cell. */
  zoneout: number;
  recurrentDropout: number;
  initial: { [K in "weights" | "recurrent" | "bias"]?: Required<Initializer> };
}

/** Where its parameters lie: offsets in the parameter and the derived region; null for what it does not have. */
export interface GatedPlan extends Gated {
  /** As in `weight_ih_l0_reverse`. */
  suffix: string;
  /** A number of its own among the layers, for random draws. */
  index: number;
  /** Inputs that weights multiply, 0 when tokens are gathered from `table`; what recurrent weights read: h, or its projection. */
  features: number;
  /** Inputs or tokens. */
  inputs: number;
  outputs: number;
  table: number | null;
  /** [H/4][I + R][G][4]; with layer normalisation [G H/4][I][4], and the recurrent ones by themselves. */
  weight: number;
  recurrent: number;
  biasIh: number;
  biasHh: number;
  /** Derived: both biases, the transposed packs. */
  bias: number;
  inputT: number | null;
  recurrentT: number;
  /** [H/4][i, f, o][4] */
  peephole: number | null;
  /** [H/4][3 H][4][4] */
  gateWeight: number | null;
  gateT: number;
  /** [R/4][H][4] */
  projected: number | null;
  projectedT: number;
  /** [G H], [G H], [H], [H] */
  norm: { gainIh: number; gainHh: number; gainC: number; biasC: number } | null;
}

export function planGated(planner: Planner, spec: Gated, index: number, suffix: string): GatedPlan {
  const { params, derived, inputs, learnsBelow } = planner;
  const { units, cell, projection, layerNorm } = spec;
  const { groups, input, recurrent } = cell;
  const outputs = projection || units;
  const features = planner.tokens ? 0 : inputs;
  const [I, R, H] = [pad4(features), pad4(outputs), pad4(units)];
  const rows = groups * H;
  const own = {
    input: spec.initial.weights,
    recurrent: spec.initial.recurrent,
    bias: spec.initial.bias,
    gain: undefined,
    shift: undefined,
  };
  const add = (name: string, shape: number[], role: keyof typeof own, offset: number, at: Parameter["at"], rows?: Parameter["rows"]) =>
    planner.parameter(offset, { name: name + suffix, shape, role, fan: units, initial: own[role], at, ...(rows && { rows }) });

  const plan: GatedPlan = {
    ...spec,
    suffix,
    index,
    features,
    inputs,
    outputs,
    table: planner.tokens ? params.add(inputs, rows) : null,
    weight: params.add(rows, layerNorm ? I : I + R),
    recurrent: layerNorm ? params.add(rows, R) : 0,
    biasIh: params.add(rows),
    biasHh: params.add(rows),
    bias: derived.add(rows),
    inputT: learnsBelow ? derived.add(I, rows) : null,
    recurrentT: derived.add(R, rows),
    peephole: spec.peepholes ? params.add(3 * H) : null,
    gateWeight: spec.fullGateRecurrence ? params.add(rows, 3 * H) : null,
    gateT: spec.fullGateRecurrence ? derived.add(3 * H, rows) : 0,
    projected: projection ? params.add(R, H) : null,
    projectedT: projection ? derived.add(H, R) : 0,
    norm: layerNorm
      ? {
          gainIh: params.add(rows),
          gainHh: params.add(rows),
          gainC: params.add(H),
          biasC: params.add(H),
        }
      : null,
  };
  const [rowIh, rowHh] = [packedRow(units, groups, input), packedRow(units, groups, recurrent)];
  const [packs, columns] = layerNorm ? [1, I] : [groups, I + R];
  if (plan.table === null) add("weight_ih", [input.length * units, inputs], "input", plan.weight, packedWeight(rowIh, packs, columns));
  else add("weight_ih", [input.length * units, inputs], "input", plan.table, (r, token) => token * rows + rowIh(r));
  const atHh = packedWeight(rowHh, packs, layerNorm ? R : columns);
  const [offsetHh, first] = layerNorm ? [plan.recurrent, 0] : [plan.weight, I];
  add("weight_hh", [recurrent.length * units, outputs], "recurrent", offsetHh, (r, column) => atHh(r, first + column));

  // The gates' biases are the sums of two: where one is chosen, the other is 0.
  const chosen = (first: boolean): Parameter["rows"] => {
    const { forgetBias, chrono } = spec;
    return (parts, random, preset) => {
      const fill = (value: number) => new Float32Array(units).fill(value);
      const forget = { from: input.indexOf(1) * units, values: fill(first ? (forgetBias ?? 1) : 0) };
      const keras = preset === "keras" && cell.cells && !spec.initial.bias && !layerNorm;
      if (chrono === null) return input.includes(1) && (forgetBias !== null || (keras && first)) ? [forget] : [];
      const values = first ? chronoBias(parts, units, chrono, random) : fill(0);
      const negative = { from: 0, values: values.map((value) => -value) };
      return [{ ...forget, values }, ...(input.includes(0) ? [negative] : [])];
    };
  };
  const role = layerNorm ? "shift" : "bias";
  add("bias_ih", [input.length * units], role, plan.biasIh, rowIh, chosen(true));
  add("bias_hh", [recurrent.length * units], role, plan.biasHh, rowHh, chosen(false));
  if (plan.peephole !== null) {
    const gates = input.filter((group) => group !== 2);
    const at = packedRow(
      units,
      3,
      gates.map((group) => Math.min(group, 2)),
    );
    add("peephole", [gates.length * units], "bias", plan.peephole, at);
  }
  if (plan.gateWeight !== null) {
    const [row, column] = [packedRow(units, 4, [0, 1, 3]), packedRow(units, 3, [0, 1, 2])];
    const at = packedWeight(row, 4, 3 * H);
    add("weight_gg", [3 * units, 3 * units], "recurrent", plan.gateWeight, (r, k) => at(r, column(k)));
  }
  if (plan.projected !== null) {
    add("weight_hr", [outputs, units], "recurrent", plan.projected, packedWeight(packedRow(outputs, 1, [0]), 1, H));
  }
  if (plan.norm !== null) {
    add("gain_ih", [input.length * units], "gain", plan.norm.gainIh, rowIh);
    add("gain_hh", [recurrent.length * units], "gain", plan.norm.gainHh, rowHh);
    add("gain_c", [units], "gain", plan.norm.gainC, (row) => row);
    add("bias_c", [units], "shift", plan.norm.biasC, (row) => row);
  }
  return plan;
}

export function refreshGated(plan: GatedPlan, { kernels, params, derived }: Parts): void {
  const { cell, units } = plan;
  const [I, R, H] = [pad4(plan.features), pad4(plan.outputs), pad4(units)];
  const rows = cell.groups * H;
  const transpose = (to: number, from: number, groups: number, count: number, first: number, take: number, columns: number) =>
    kernels.transposeWeights(derived + to, params + from, groups, count, first, take, columns);
  if (plan.norm) transpose(plan.recurrentT, plan.recurrent, 1, rows, 0, R, R);
  else {
    kernels.recurrentBias(derived + plan.bias, params + plan.biasIh, params + plan.biasHh, rows);
    transpose(plan.recurrentT, plan.weight, cell.groups, rows, I, R, I + R);
  }
  const [groups, columns] = plan.norm ? [1, I] : [cell.groups, I + R];
  if (plan.inputT !== null) transpose(plan.inputT, plan.weight, groups, rows, 0, I, columns);
  if (plan.gateWeight !== null) transpose(plan.gateT, plan.gateWeight, 4, rows, 0, 3 * H, 3 * H);
  if (plan.projected !== null) transpose(plan.projectedT, plan.projected, 1, R, 0, H, H);
}

/** @param carried whether its state goes on from window to window */
export function gatedStage(plan: GatedPlan, window: Window, below: Stage, carried: boolean): Stage {
  const between = plan.projected ?? plan.gateWeight ?? plan.norm;
  const random = plan.zoneout > 0 || plan.cellZoneout > 0 || (plan.recurrentDropout > 0 && window.mode === "train");
  if (between !== null || random) return stepwise(plan, window, below, carried);

  const { kernels, params, derived, memory } = window.parts;
  const { lanes, T: longest, ends, scratch, buffer } = window;
  const { panels: P, width } = lanes;
  const { cell, units, suffix, features, table, cellClip } = plan;
  const { code, groups } = cell;
  const [H, I] = [pad4(units), pad4(features)];
  const slot = 4 * P * H * width;
  const h = buffer(longest + 1, P, H, width);
  const c = cell.cells ? buffer(longest + 1, P, H, width) : 0;
  const gates = buffer(longest, P, groups * H, width);
  const gradient = window.gradient(H);
  const dc = cell.cells && window.mode === "train" ? buffer(P, H, width) : 0;
  const flow = c && window.watched ? buffer(longest, P, H, width) : 0;
  const states = cell.cells ? [h, c] : [h];
  if (carried) states.forEach((pointer, i) => window.carry({ name: (i === 0 ? "h" : "c") + suffix, pointer, units, rows: H }));
  const peepholes = plan.peephole === null ? 0 : params + plan.peephole;
  const weight = params + plan.weight;
  const stage: Stage = {
    output: h + slot,
    gradient,
    forward(T) {
      for (const state of states) kernels.recurrentCarry(state, ends, P, units, width);
      let bias = derived + plan.bias;
      if (table !== null) {
        kernels.embeddingForward(gates, below.output, params + table, bias, T * P, groups * H, width);
        bias = 0;
      }
      const [out, cOut] = [h + slot, c + slot];
      // biome-ignore format: outputs, inputs, parameters, sizes
      kernels.recurrentForward(out, cOut, gates, below.output, h, h, c, weight, bias, peepholes, cellClip, code, T, P, features, units, units, width);
    },
    // The gradient of the pre-activations takes the place of the gates: 2 MB less to walk through at H = 128, B = 32, T = 50.
    backward(T, _, gradients, full) {
      if (dc) memory.fill(dc, slot / 4);
      const recurrentT = full ? derived + plan.recurrentT : 0;
      // biome-ignore format: outputs, inputs, parameters, sizes
      kernels.recurrentBackward(gates, gradient, 0, dc, gates, h, c + slot, c, recurrentT, peepholes, 0, flow, cellClip, code, T, P, units, width);
      if (plan.peephole !== null) kernels.peepholeGradient(gradients + plan.peephole, gates, c + slot, c, T * P, units, width);
      const [dw, dIh, dHh] = [gradients + plan.weight, gradients + plan.biasIh, gradients + plan.biasHh];
      kernels.weightGradient(dw, dIh, dHh, gates, below.output, h, scratch, code, groups * H, I, H, T * P, width);
      if (table !== null) {
        kernels.embeddingBackward(gradients + table, gates, below.output, scratch, code, T * P, groups * H, width);
      } else if (plan.inputT !== null) {
        kernels.inputGradient(below.gradient, gates, derived + plan.inputT, T * P, I, groups * H, width);
      }
    },
  };
  const inside: Inside = {
    h,
    c,
    gates,
    dh: gradient,
    source: h,
    shown: shownOf(cell, units, units, gates, h + slot, c && c + slot),
    flow,
  };
  if (plan.peephole === null) {
    inside.traces = (below, buffer) => gatedTraces(plan, window.parts, buffer, inside, stage, below);
  }
  return { ...stage, inside };
}
