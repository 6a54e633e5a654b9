/** One direction of GRU cells that reset before the product: its parameters, and a window step by step. */

import type { Initializer } from "../initializers.js";
import type { Parts, Planner, Stage, Window } from "../layer.js";
import { packedRow, packedWeight, pad4 } from "../table.js";
import { CELLS, DENSE, RESET_BEFORE, shownOf } from "./cells.js";

type Initials = { [K in "weights" | "recurrent" | "bias"]?: Required<Initializer> };

export type ResetBeforePlan = ReturnType<typeof planResetBefore>;

export function planResetBefore(planner: Planner, units: number, initial: Initials, suffix: string) {
  const { params, derived, inputs, learnsBelow } = planner;
  const features = planner.tokens ? 0 : inputs;
  const [I, H] = [pad4(features), pad4(units)];
  const rows = 4 * H;
  const plan = {
    suffix,
    units,
    features,
    table: planner.tokens ? params.add(inputs, rows) : null,
    /** [H/4][I][r, z, n, unused][4], [H/4][H][r, z, unused, unused][4], [H/4][H][4] */
    weight: params.add(rows, I),
    recurrent: params.add(rows, H),
    candidate: params.add(H, H),
    biasIh: params.add(rows),
    biasHh: params.add(rows),
    biasN: params.add(H),
    bias: derived.add(rows),
    inputT: learnsBelow ? derived.add(I, rows) : null,
    recurrentT: derived.add(H, rows),
    candidateT: derived.add(H, H),
  };
  const row = packedRow(units, 4, [0, 1, 2]);
  const [at, atR, atN] = [packedWeight(row, 4, I), packedWeight(row, 4, H), packedWeight((r) => r, 1, H)];
  // R_n and its bias lie by themselves: `at` counts from the others.
  const apart =
    (own: (r: number, k: number) => number, ofN: (r: number, k: number) => number, distance: number) => (r: number, k: number) =>
      r < 2 * units ? own(r, k) : distance / 4 + ofN(r - 2 * units, k);
  const add = (
    name: string,
    shape: number[],
    role: "input" | "recurrent" | "bias",
    offset: number,
    at: (r: number, k: number) => number,
  ) => {
    const own = { input: initial.weights, recurrent: initial.recurrent, bias: initial.bias }[role];
    planner.parameter(offset, { name: name + suffix, shape, role, fan: units, initial: own, at });
  };
  if (plan.table === null) add("weight_ih", [3 * units, inputs], "input", plan.weight, at);
  else add("weight_ih", [3 * units, inputs], "input", plan.table, (r, token) => token * rows + row(r));
  add("weight_hh", [3 * units, units], "recurrent", plan.recurrent, apart(atR, atN, plan.candidate - plan.recurrent));
  add("bias_ih", [3 * units], "bias", plan.biasIh, row);
  add(
    "bias_hh",
    [3 * units],
    "bias",
    plan.biasHh,
    apart(row, (r) => r, plan.biasN - plan.biasHh),
  );
  return plan;
}

export function refreshResetBefore(plan: ResetBeforePlan, { kernels, params, derived }: Parts): void {
  const [I, H] = [pad4(plan.features), pad4(plan.units)];
  const rows = 4 * H;
  kernels.recurrentBias(derived + plan.bias, params + plan.biasIh, params + plan.biasHh, rows);
  kernels.transposeWeights(derived + plan.recurrentT, params + plan.recurrent, 4, rows, 0, H, H);
  kernels.transposeWeights(derived + plan.candidateT, params + plan.candidate, 1, H, 0, H, H);
  if (plan.inputT !== null) kernels.transposeWeights(derived + plan.inputT, params + plan.weight, 4, rows, 0, I, I);
}

export function resetBeforeStage(plan: ResetBeforePlan, window: Window, below: Stage, carried: boolean): Stage {
  const { kernels, params, derived } = window.parts;
  const { T: longest, ends, scratch, buffer } = window;
  const { panels: P, width } = window.lanes;
  const { units, features, suffix, table } = plan;
  const [I, H] = [pad4(features), pad4(units)];
  const [rows, slot, blocks] = [4 * H, 4 * P * H * width, (P * H) / 4];
  const [all, ofState] = [CELLS.gru.code, RESET_BEFORE];
  const h = buffer(longest + 1, P, H, width);
  const gates = buffer(longest, P, rows, width);
  const read = buffer(longest, P, H, width);
  const m = buffer(longest, P, H, width);
  const d = buffer(P, H, width);
  const gradient = window.gradient(H);
  if (carried) window.carry({ name: `h${suffix}`, pointer: h, units, rows: H });
  return {
    output: h + slot,
    gradient,
    inside: {
      h,
      c: 0,
      gates,
      dh: gradient,
      source: h,
      shown: shownOf(CELLS.gru, units, units, gates, h + slot, 0).filter(({ name }) => name !== "m"),
      flow: 0,
    },
    forward(T) {
      kernels.recurrentCarry(h, ends, P, units, width);
      const bias = derived + plan.bias;
      if (table !== null) kernels.embeddingForward(gates, below.output, params + table, bias, T * P, rows, width);
      else kernels.product(gates, below.output, params + plan.weight, bias, all, T * P, I, rows, width);
      for (let t = 0; t < T; t++) {
        const [before, now, g] = [h + t * slot, t * slot, gates + 4 * t * slot];
        kernels.product(g, before, params + plan.recurrent, 0, ofState, P, H, rows, width);
        kernels.gruBeforeReset(read + now, g, before, blocks, width);
        kernels.denseForward(m + now, read + now, params + plan.candidate, params + plan.biasN, P, H, H, width);
        kernels.gruBeforeUpdate(before + slot, g, m + now, before, blocks, width);
      }
    },
    backward(T, _, gradients) {
      for (let t = T - 1; t >= 0; t--) {
        const [before, now, g] = [h + t * slot, t * slot, gates + 4 * t * slot];
        const past = t > 0 ? gradient + now - slot : 0;
        kernels.gruBeforeUpdateBackward(m + now, past, g, gradient + now, before, blocks, width);
        kernels.inputGradient(d, m + now, derived + plan.candidateT, P, H, H, width);
        kernels.gruBeforeResetBackward(past, g, d, before, blocks, width);
        if (past) kernels.product(past, g, derived + plan.recurrentT, 0, DENSE, P, rows, H, width);
      }
      const slots = T * P;
      const [dIh, dHh, dN] = [gradients + plan.biasIh, gradients + plan.biasHh, gradients + plan.biasN];
      kernels.weightGradient(gradients + plan.weight, dIh, 0, gates, below.output, 0, scratch, all, rows, I, 0, slots, width);
      kernels.weightGradient(gradients + plan.recurrent, dHh, 0, gates, h, 0, scratch, ofState, rows, H, 0, slots, width);
      kernels.weightGradient(gradients + plan.candidate, dN, 0, m, read, 0, scratch, DENSE, H, H, 0, slots, width);
      if (table !== null) kernels.embeddingBackward(gradients + table, gates, below.output, scratch, all, slots, rows, width);
      else if (plan.inputT !== null) kernels.inputGradient(below.gradient, gates, derived + plan.inputT, slots, I, rows, width);
    },
  };
}
