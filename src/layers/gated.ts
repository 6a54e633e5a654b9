/** One direction of a layer of rnn, lstm or gru cells: a window as one call for all steps. */

import { DENSE } from "../../assembly/codes.js";
import type { Direction } from "./around.js";
import { shownOf } from "./cells.js";
import { type Gated, type GatedPlan, planGated } from "./gatedPlan.js";
import { isNoisy } from "./noise.js";
import { pad4 } from "./packing.js";
import type { Planner } from "./plan.js";
import type { Recurrence, Stage, Workspace } from "./stage.js";
import { stepwise } from "./stepwise.js";

export function gated(planner: Planner, layer: Gated, index: number, suffix: string): Direction {
  const plan = planGated(planner, layer, index, suffix);
  const { projected, gateWeight, norm } = plan;
  return {
    refresh: plan.refresh,
    stage(workspace, below) {
      const between = projected || gateWeight || norm || isNoisy(plan, workspace.mode);
      return (between ? stepwise : atOnce)(plan, workspace, below);
    },
  };
}

function atOnce(plan: GatedPlan, workspace: Workspace, below: Stage): Stage {
  const { kernels, params, derived, memory } = workspace;
  const { T: longest, panels: P, width, ends, buffer } = workspace;
  const { cell, units, suffix, reader, cellClip } = plan;
  const { code, alpha, groups } = cell;
  const { features } = reader;
  const [H, I] = [pad4(units), pad4(features)];
  const slot = 4 * P * H * width;
  const h = buffer(longest + 1, P, H, width);
  const c = cell.cells ? buffer(longest + 1, P, H, width) : 0;
  const gates = buffer(longest, P, groups * H, width);
  const gradient = workspace.gradient(H);
  const dc = cell.cells && workspace.mode === "train" ? buffer(P, H, width) : 0;
  const flow = c && workspace.watched ? buffer(longest, P, H, width) : 0;
  const states = c ? [h, c] : [h];
  const begin = workspace.beginning(H);
  workspace.carry({ name: `h${suffix}`, pointer: h, units, rows: H, gradient: begin });
  if (c) workspace.carry({ name: `c${suffix}`, pointer: c, units, rows: H, gradient: dc });
  const peepholes = plan.peephole && params + plan.peephole;
  const weightGradient = workspace.weightGradient(code, groups * H);
  const stage: Stage = {
    output: h + slot,
    gradient,
    forward(T) {
      for (const state of states) kernels.recurrentCarry(state, ends, P, units, width);
      let bias = derived + plan.bias;
      if (reader.table) {
        reader.gather(workspace, below, gates, bias, T);
        bias = 0;
      }
      const weight = params + plan.weight;
      const [out, cOut] = [h + slot, c + slot];
      // biome-ignore format: outputs, inputs, parameters, sizes
      kernels.recurrentForward(out, cOut, gates, below.output, h, h, c, weight, bias, peepholes, cellClip, alpha, code, T, P, features, units, units, width);
    },
    // Writes the pre-activations' gradient over the gates: 2 MB less memory traffic at H = 128, B = 32, T = 50.
    backward(T, _, gradients, full) {
      if (dc) memory.fill(dc, slot / 4);
      const recurrentT = full ? derived + plan.recurrentT : 0;
      const first = workspace.clear(begin, H);
      // biome-ignore format: outputs, inputs, parameters, sizes
      kernels.recurrentBackward(gates, gradient, first, dc, gates, h, c + slot, c, recurrentT, peepholes, 0, flow, cellClip, alpha, code, T, P, units, width);
      if (first && full) kernels.product(first, gates, recurrentT, 0, DENSE, P, groups * H, H, width);
      if (peepholes) kernels.peepholeGradient(gradients + plan.peephole, gates, c + slot, c, T * P, units, width);
      const [dw, dIh, dHh] = [gradients + plan.weight, gradients + plan.biasIh, gradients + plan.biasHh];
      weightGradient(dw, dIh, dHh, gates, below.output, h, I, H, T * P);
      reader.backward(workspace, below, gates, gradients, code, T);
    },
  };
  const shown = shownOf(cell, units, units, gates, h + slot, c && c + slot);
  const traced = peepholes ? undefined : { plan, parts: workspace, stage };
  const recurrence: Recurrence = { h, c, gates, dh: gradient, source: h, flow, ...shown, traced };
  return { ...stage, recurrence };
}
