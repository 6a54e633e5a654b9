/** One direction of GRU cells that reset before the product: its parameters, and a window step by step. */

import { DENSE } from "../../assembly/codes.js";
import type { Direction } from "./around.js";
import { gruCell, RESET_BEFORE, shownOf } from "./cells.js";
import { noise } from "./noise.js";
import { packedRow, packedWeight, pad4 } from "./packing.js";
import type { Planner } from "./plan.js";
import { type Initials, reading } from "./reading.js";
import type { GruLayer } from "./recurrentOptions.js";

export function resetBefore(planner: Planner, layer: GruLayer, index: number, suffix: string): Direction {
  const { units, initial } = layer;
  const { params, derived } = planner;
  const H = pad4(units);
  const rows = 4 * H;
  const reader = reading(planner, suffix, units, rows, initial as Initials);
  const { features, add } = reader;
  const I = pad4(features);
  // [H/4][I][r, z, n, unused][4], [H/4][H][r, z, unused, unused][4], [H/4][H][4]
  const [weight, recurrent, candidate] = [params.add(rows, I), params.add(rows, H), params.add(H, H)];
  const [biasIh, biasHh, biasN] = [params.add(rows), params.add(rows), params.add(H)];
  const [bias, recurrentT, candidateT] = [derived.add(rows), derived.add(H, rows), derived.add(H, H)];
  const row = packedRow(units, 4, [0, 1, 2]);
  const [atR, atN] = [packedWeight(row, 4, H), packedWeight((r) => r, 1, H)];
  // R_n and its bias lie in regions of their own, but as rows of one parameter they are placed relative to the rows of r and z.
  const apart =
    (own: (r: number, k: number) => number, ofN: (r: number, k: number) => number, distance: number) => (r: number, k: number) =>
      r < 2 * units ? own(r, k) : distance / 4 + ofN(r - 2 * units, k);
  reader.weights(3 * units, row, weight, packedWeight(row, 4, I));
  add("recurrent", "weight_hh", [3 * units, units], recurrent, apart(atR, atN, candidate - recurrent));
  add("bias", "bias_ih", [3 * units], biasIh, row);
  const atBias = apart(row, (r) => r, biasN - biasHh);
  add("bias", "bias_hh", [3 * units], biasHh, atBias);
  const cell = gruCell(layer);
  const { code: all, alpha } = cell;
  const ofState = RESET_BEFORE;
  return {
    refresh(parts, flows) {
      const { kernels, params, derived } = parts;
      kernels.recurrentBias(derived + bias, params + biasIh, params + biasHh, rows);
      if (flows) kernels.transposeWeights(derived + recurrentT, params + recurrent, 4, rows, 0, H, H);
      kernels.transposeWeights(derived + candidateT, params + candidate, 1, H, 0, H, H);
      reader.refresh(parts, weight, 4, I);
    },
    stage(workspace, below) {
      const { kernels, params, derived } = workspace;
      const { T: longest, panels: P, width, ends, buffer } = workspace;
      const count = P * H * width;
      const [slot, blocks] = [4 * count, (P * H) / 4];
      const h = buffer(longest + 1, P, H, width);
      const gates = buffer(longest, P, rows, width);
      const read = buffer(longest, P, H, width);
      const m = buffer(longest, P, H, width);
      const d = buffer(P, H, width);
      const gradient = workspace.gradient(H);
      const state = { name: `h${suffix}`, units, rows: H };
      const drawn = noise(workspace, layer, index, state, H, 0);
      const weightGradient = workspace.weightGradient(all, rows);
      const recurrentGradient = workspace.weightGradient(ofState, rows);
      const candidateGradient = workspace.weightGradient(DENSE, H);
      const begin = workspace.beginning(H);
      workspace.carry({ ...state, pointer: h, gradient: begin });
      const { shown, ...passed } = shownOf(cell, units, units, gates, h + slot, 0);
      return {
        output: h + slot,
        gradient,
        recurrence: { h, c: 0, gates, dh: gradient, source: h, flow: 0, ...passed, shown: shown.filter(({ name }) => name !== "m") },
        forward(T, update) {
          kernels.recurrentCarry(h, ends, P, units, width);
          drawn.draw(T, update);
          let b = derived + bias;
          if (reader.table) {
            reader.gather(workspace, below, gates, b, T);
            b = 0;
          }
          if (features) kernels.product(gates, below.output, params + weight, b, all, T * P, I, rows, width);
          for (let t = 0; t < T; t++) {
            const [before, now, g] = [h + t * slot, t * slot, gates + 4 * t * slot];
            const from = drawn.source(t, before);
            kernels.product(g, from, params + recurrent, 0, ofState, P, H, rows, width);
            kernels.gruBeforeReset(read + now, g, from, alpha, blocks, width);
            kernels.denseForward(m + now, read + now, params + candidate, params + biasN, P, H, H, width);
            kernels.gruBeforeUpdate(before + slot, g, m + now, before, alpha, all, P, units, width);
            drawn.keep(t, before + slot, before);
          }
        },
        backward(T, _, gradients) {
          const first = workspace.clear(begin, H);
          for (let t = T - 1; t >= 0; t--) {
            const [before, now, g] = [h + t * slot, t * slot, gates + 4 * t * slot];
            const past = t > 0 ? gradient + now - slot : first;
            drawn.keepBackward(t, gradient + now, past);
            kernels.gruBeforeUpdateBackward(m + now, past, g, gradient + now, before, alpha, all, blocks, width);
            kernels.matmul(d, m + now, derived + candidateT, P, H, H, width);
            // The gradient through the recurrent weights is that of h, possibly masked.
            const dSource = past && drawn.dSource(past);
            kernels.gruBeforeResetBackward(dSource, g, d, drawn.sources(h) + t * slot, alpha, blocks, width);
            if (!past) continue;
            kernels.product(dSource, g, derived + recurrentT, 0, DENSE, P, rows, H, width);
            drawn.unmask(past);
          }
          const slots = T * P;
          const [dIh, dHh, dN] = [gradients + biasIh, gradients + biasHh, gradients + biasN];
          weightGradient(gradients + weight, dIh, 0, gates, below.output, 0, I, 0, slots);
          recurrentGradient(gradients + recurrent, dHh, 0, gates, drawn.sources(h), 0, H, 0, slots);
          candidateGradient(gradients + candidate, dN, 0, m, read, 0, H, 0, slots);
          reader.backward(workspace, below, gates, gradients, all, T);
        },
      };
    },
  };
}
