/**
 * A layer that does something between the steps of its cells: the same kernels, called for one step at a time. The order within step
 * t, where each part is done only if the layer asks for it:
 *
 *   source = h(t-1), masked (recurrent dropout, Gal & Ghahramani 2016: one mask a sequence)
 *   gates  = W x + b + R source, + G (i, f, o)(t-1) (full gate recurrence, Greff et al. 2017)
 *          or LN(W x) + LN(R source) (layer normalisation, Ba et al. 2016; then h = o tanh(LN(c)))
 *   h, c   = the cell
 *   h      = projection of h (Sak et al. 2014)
 *   h, c   = their values of the step before, for some units (zoneout, Krueger et al. 2017)
 */

import { DENSE, NO_INPUTS, OUTPUT_APART } from "../../assembly/codes.js";
import { shownOf } from "./cells.js";
import type { GatedPlan } from "./gatedPlan.js";
import { noise } from "./noise.js";
import { normalising } from "./normalization.js";
import { packedRow, pad4 } from "./packing.js";
import type { Stage, Workspace } from "./stage.js";

export function stepwise(plan: GatedPlan, workspace: Workspace, below: Stage): Stage {
  const { kernels, params, derived, memory } = workspace;
  const { T: longest, panels: P, width, ends, buffer } = workspace;
  const { cell, units, outputs, suffix, reader, norm, index, cellClip } = plan;
  const { features, table } = reader;
  const { groups, alpha } = cell;
  const code = cell.code | (norm ? OUTPUT_APART : 0);
  const train = workspace.mode === "train";
  const [I, R, H] = [pad4(features), pad4(outputs), pad4(units)];
  const rows = groups * H;
  const slot = (rows: number) => 4 * P * rows * width;
  const [hSlot, cSlot, gatesSlot, blocks] = [slot(R), slot(H), slot(rows), (P * H) / 4];
  const or = (wanted: unknown, ...shape: number[]) => (wanted ? buffer(...shape) : 0);

  const h = buffer(longest + 1, P, R, width);
  const c = or(cell.cells, longest + 1, P, H, width);
  const gates = buffer(longest, P, rows, width);
  const gradient = workspace.gradient(R);
  const hidden = or(plan.projected, longest, P, H, width);
  const dHidden = or(hidden && train, P, H, width);
  const dc = or(c && train, P, H, width);
  const state = { name: `h${suffix}`, units: outputs, rows: R };
  const drawn = noise(workspace, plan, index, state, R, H);
  const read = or(plan.gateWeight, longest + 1, P, 3 * H, width);
  const dLater = or(read && train, P, 3 * H, width);
  // With normalisation: the two products, and the normalised c.
  const [wx, wh] = [or(norm, longest, P, rows, width), or(norm, longest, P, rows, width)];
  const ofX = norm && normalising(workspace, units, norm.gainIh, plan.biasIh, code);
  const ofH = norm && normalising(workspace, units, norm.gainHh, plan.biasHh, code);
  const ofC = norm && normalising(workspace, units, norm.gainC, norm.biasC, DENSE);
  const normal = or(norm, longest, P, H, width);
  const weightGradient = workspace.weightGradient(norm ? DENSE : code, rows);
  const gateGradient = workspace.weightGradient(code | WITHOUT_G, rows);
  const projectedGradient = workspace.weightGradient(DENSE, hidden ? R : 0);
  const begin = workspace.beginning(R);
  const states = [
    { ...state, pointer: h, gradient: begin },
    ...(c ? [{ name: `c${suffix}`, pointer: c, units, rows: H, gradient: dc }] : []),
    ...(read ? [{ name: `gates${suffix}`, pointer: read, units: 3 * units, rows: 3 * H, row: packedRow(units, 3, [0, 1, 2]) }] : []),
  ];
  states.forEach(workspace.carry);
  const [weight, gateWeight, projected] = [params + plan.weight, params + plan.gateWeight, params + plan.projected];
  const peepholes = plan.peephole && params + plan.peephole;
  return {
    output: h + hSlot,
    gradient,
    recurrence: { h, c, gates, dh: gradient, source: h, flow: 0, ...shownOf(cell, units, outputs, gates, h + hSlot, c && c + cSlot) },
    forward(T, update) {
      for (const { pointer, rows } of states) kernels.recurrentCarry(pointer, ends, P, rows, width);
      drawn.draw(T, update);
      if (table) reader.gather(workspace, below, norm ? wx : gates, norm ? 0 : derived + plan.bias, T);
      else if (norm) memory.fill(wx, (T * gatesSlot) / 4);
      if (norm && features) kernels.product(wx, below.output, weight, 0, DENSE, T * P, I, rows, width);
      ofX?.forward(gates, wx, 0, T);
      for (let t = 0; t < T; t++) {
        const [before, after] = [h + t * hSlot, h + (t + 1) * hSlot];
        const [cBefore, cAfter] = [c + t * cSlot, c + (t + 1) * cSlot];
        const gatesNow = gates + t * gatesSlot;
        const from = drawn.source(t, before);
        let bias = table ? 0 : derived + plan.bias;
        if (read) {
          kernels.product(gatesNow, read + t * slot(3 * H), gateWeight, bias, code | WITHOUT_G, P, 3 * H, rows, width);
          bias = 0;
        }
        const out = hidden ? hidden + t * cSlot : after;
        const x = below.output + t * slot(I);
        let [inputs, recurrent] = [features, outputs];
        if (ofH) {
          kernels.matmul(wh + t * gatesSlot, from, params + plan.apart, P, R, rows, width);
          ofH.forward(gatesNow, wh + t * gatesSlot, t, 1, true);
          bias = inputs = recurrent = 0;
        }
        // biome-ignore format: outputs, inputs, parameters, sizes
        kernels.recurrentForward(out, cAfter, gatesNow, x, from, before, cBefore, weight, bias, peepholes, cellClip, alpha, code, 1, P, inputs, recurrent, units, width);
        if (ofC) {
          const n = normal + t * cSlot;
          ofC.forward(n, cAfter, t, 1);
          kernels.lstmOutputForward(out, gatesNow, n, code, blocks, width);
        }
        if (hidden) kernels.matmul(after, out, projected, P, H, R, width);
        if (read) kernels.takeGates(read + (t + 1) * slot(3 * H), gatesNow, P, units, width);
        drawn.keep(t, after, before);
        drawn.keepCells(t, cAfter, cBefore);
      }
    },

    backward(T, _, gradients, full) {
      if (dc) memory.fill(dc, cSlot / 4);
      const first = workspace.clear(begin, R);
      for (let t = T - 1; t >= 0; t--) {
        const dh = gradient + t * hSlot;
        const past = t > 0 ? dh - hSlot : first;
        const gatesNow = gates + t * gatesSlot;
        const later = read && full && t < T - 1 ? dLater : 0;
        drawn.keepBackward(t, dh, past);
        if (hidden) kernels.matmul(dHidden, dh, derived + plan.projectedT, P, R, H, width);
        const dOut = hidden ? dHidden : dh;
        drawn.passCells(t, dc);
        const cNow = drawn.made(t, c + (t + 1) * cSlot);
        if (ofC) {
          const n = normal + t * cSlot;
          // Its gradient takes the place of n.
          kernels.lstmOutputBackward(gatesNow, n, dOut, gatesNow, n, later, alpha, code, blocks, width);
          ofC.backward(n, n, cNow, t, 1, gradients);
          kernels.blend(dc, n, cSlot / 4, 1, 1);
        }
        // biome-ignore format: outputs, inputs, parameters, sizes
        kernels.recurrentBackward(gatesNow, dOut, past, dc, gatesNow, h + t * hSlot, cNow, c + t * cSlot, 0, peepholes, later, 0, cellClip, alpha, code, 1, P, units, width);
        drawn.joinCells(dc);
        const dNet = norm ? wh + t * gatesSlot : gatesNow;
        ofH?.backward(dNet, gatesNow, dNet, t, 1, gradients);
        if (!full || !past) continue;
        kernels.product(drawn.dSource(past), dNet, derived + plan.recurrentT, 0, DENSE, P, rows, R, width);
        drawn.unmask(past);
        if (read && t > 0) kernels.matmul(dLater, gatesNow, derived + plan.gateT, P, rows, 3 * H, width);
      }
      const from = drawn.sources(h);
      const slots = T * P;
      const [dw, dIh, dHh] = [gradients + plan.weight, gradients + plan.biasIh, gradients + plan.biasHh];
      if (ofX) {
        ofX.backward(wx, gates, wx, 0, T, gradients);
        if (features) weightGradient(dw, 0, 0, wx, below.output, 0, I, 0, slots);
        weightGradient(gradients + plan.apart, 0, 0, wh, from, 0, R, 0, slots);
      } else weightGradient(dw, dIh, dHh, gates, below.output, from, I, R, slots);
      reader.backward(workspace, below, norm ? wx : gates, gradients, code, T);
      if (read) {
        gateGradient(gradients + plan.gateWeight, 0, 0, gates, read, 0, 3 * H, 0, slots);
      }
      if (peepholes) {
        kernels.peepholeGradient(gradients + plan.peephole, gates, drawn.made(0, c + cSlot), c, slots, units, width);
      }
      if (hidden) {
        projectedGradient(gradients + plan.projected, 0, 0, gradient, hidden, 0, H, 0, slots);
      }
    },
  };
}

/** In the product of full gate recurrence, whose inputs are the gates of the step before, group g has no weights. */
const WITHOUT_G = 1 << (NO_INPUTS + 2);
