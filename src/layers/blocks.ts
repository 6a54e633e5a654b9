/** One direction of the original LSTM's memory cell blocks: parameters, and a window. */

import { BLOCK_G, BLOCK_H, DENSE, NO_OUTPUT_GATE } from "../../assembly/codes.js";
import { ACTIVATIONS } from "../core/activations.js";
import type { Direction } from "./around.js";
import type { BlocksPlan } from "./blocksPlan.js";
import { blocksStepwise } from "./blocksStepwise.js";
import { isNoisy, noise } from "./noise.js";
import { packedWeight, pad4 } from "./packing.js";
import type { Planner } from "./plan.js";
import { type Initials, reading } from "./reading.js";
import type { Lstm97Layer } from "./recurrentOptions.js";
import type { Recurrence, Stage } from "./stage.js";

export function blocks(planner: Planner, layer: Lstm97Layer, index: number, suffix: string): Direction {
  const { params, derived } = planner;
  const { blocks: B, cellsPerBlock: S = 1, recurrence = "cells+gates", outputGate = true, bias = "all", range = 0.1 } = layer;
  const { f = "logistic", g = "[-2,2]", h = "[-1,1]", inputGateBias, outputGateBias } = layer;
  const cells = B * S;
  const [C, gates] = [pad4(cells), pad4(B)];
  const kinds = outputGate ? 2 : 1;
  const all = cells + kinds * B;
  const rows = C + kinds * gates;
  const reader = reading(planner, suffix, cells, rows, layer.initial as Initials, { type: "uniform", bound: range });
  const { features, table, add } = reader;
  const I = pad4(features);
  // The count of values that the recurrent weights multiply, unpadded and padded.
  const [readUnits, read] = { "cells+gates": [all, rows], cells: [cells, C], none: [0, 0] }[recurrence] as [number, number];
  /** The physical row of each logical row: cells, input gates, output gates, each part padded to 4. */
  const row = (r: number) => (r < cells ? r : C + gates * Math.floor((r - cells) / B) + ((r - cells) % B));
  const biased = bias !== "none";
  const weight = params.add(rows, I + read);
  // The kernel always adds biases; without any it gets a row of zeros in the derived region.
  const bias0 = (biased ? params : derived).add(rows);
  const recurrentT = derived.add(read, rows);
  const at = packedWeight(row, 1, I + read);
  reader.weights(all, row, weight, at);
  if (read) add("recurrent", "weight_hh", [all, readUnits], weight, (r, k) => at(r, I + row(k)));
  if (biased) {
    const first = bias === "all" ? 0 : cells;
    const chosen = () =>
      [inputGateBias, outputGateBias].flatMap((values, gate) =>
        values === undefined ? [] : { from: cells - first + gate * B, values: typeof values === "number" ? Array(B).fill(values) : values },
      );
    const atBias = (r: number) => row(first + r);
    add("bias", "bias_ih", [all - first], bias0, atBias, chosen);
  }
  const functions = ACTIVATIONS[f] | (ACTIVATIONS[g] << BLOCK_G) | (ACTIVATIONS[h] << BLOCK_H) | (outputGate ? 0 : NO_OUTPUT_GATE);
  const plan: BlocksPlan = { blocks: B, cellsPerBlock: S, outputGate, bias, reader, rows, read, weight, bias0, functions };
  return {
    refresh(parts, flows) {
      const { kernels, params, derived } = parts;
      if (flows) kernels.transposeWeights(derived + recurrentT, params + weight, 1, rows, I, read, I + read);
      reader.refresh(parts, weight, 1, I + read);
    },
    stage(workspace, below) {
      const { kernels, params, derived, memory } = workspace;
      const { T: longest, panels: P, width, ends, buffer } = workspace;
      const slot = 4 * P * C * width;
      const y = buffer(longest + 1, P, C, width);
      const s = buffer(longest + 1, P, C, width);
      const net = buffer(longest, P, rows, width);
      // The recurrent weights multiply y itself, unless they also take gates: then a second state holds the cells and the gates.
      const gated = read > C;
      const source = gated ? buffer(longest + 1, P, read, width) : y;
      const gradient = workspace.gradient(C);
      const [ds, dsource, squashed] =
        workspace.mode === "train" ? [buffer(P, C, width), buffer(P, read, width), buffer(2, C, width)] : [0, 0, 0];
      const flow = workspace.watched ? buffer(longest, P, C, width) : 0;
      const state = { name: `h${suffix}`, pointer: y, units: cells, rows: C };
      // Without recurrence no weights read h, but zoneout does.
      const begin = workspace.beginning(read || C);
      const readState = gated ? { ...state, pointer: source, units: readUnits, rows: read, row } : state;
      const states = [
        { ...readState, gradient: begin },
        { ...state, name: `c${suffix}`, pointer: s, gradient: ds },
      ];
      states.forEach(workspace.carry);
      const bias0At = (biased ? params : derived) + bias0;
      const own = table ? 0 : bias0At;
      const w = params + weight;
      const forth = (T: number, y: number, s: number, net: number, source: number, x: number) =>
        kernels.blocksForward(y, s, net, source, x, w, own, functions, T, P, features, read, B, S, width);
      const back = (T: number, net: number, dy: number, s: number, weightT: number, dLater: number) =>
        kernels.blocksBackward(net, dy, ds, dsource, squashed, flow, net, s, weightT, dLater, functions, T, P, read, B, S, width);
      const at = { I, C, rows, read, y, s, net, source, gradient, ds, dsource };
      const steps = isNoisy(layer, workspace.mode)
        ? blocksStepwise(workspace, at, noise(workspace, layer, index, { ...readState, rows: read }, C, C), {
            forward: (y, s, net, source, x) => forth(1, y, s, net, source, x),
            backward: (net, dy, s, dLater) => back(1, net, dy, s, 0, dLater),
          })
        : null;
      const weightGradient = workspace.weightGradient(DENSE, rows);
      const stage: Stage = {
        output: y + slot,
        gradient,
        forward(T, update) {
          for (const { pointer, rows } of states) kernels.recurrentCarry(pointer, ends, P, rows, width);
          if (table) reader.gather(workspace, below, net, bias0At, T);
          if (steps) steps.forward(T, below.output, update);
          else forth(T, y + slot, s, net, source, below.output);
        },
        backward(T, _, gradients, full) {
          memory.fill(ds, slot / 4);
          const weightT = full ? derived + recurrentT : 0;
          const first = workspace.clear(begin, read || C);
          if (steps) steps.backward(T, weightT, first);
          else back(T, net, gradient, s + slot, weightT, 0);
          if (first && weightT && read && !steps) kernels.product(first, net, weightT, 0, DENSE, P, rows, read, width);
          const db = biased ? gradients + bias0 : 0;
          const from = steps?.sources ?? source;
          weightGradient(gradients + weight, db, 0, net, below.output, from, I, read, T * P);
          // The kernel has also summed the cells' rows, which come first and have no biases here.
          if (bias === "gates") memory.fill(db, C);
          reader.backward(workspace, below, net, gradients, DENSE, T);
        },
      };
      const gate = { pointer: net, units: B, rows };
      const shown = [
        { name: "g", pointer: net, units: cells, rows },
        { ...gate, name: "in", row: (unit: number) => C + unit },
        ...(outputGate ? [{ ...gate, name: "out", row: (unit: number) => C + gates + unit }] : []),
        { ...state, name: "h", pointer: y + slot },
        { ...state, name: "c", pointer: s + slot },
      ];
      const traced = steps ? undefined : { plan, parts: workspace, stage };
      const cellGradient: Recurrence["cellGradient"] = ({ sent }) => sent;
      const recurrence: Recurrence = { h: y, c: s, gates: net, dh: gradient, source, shown, flow, cellGradient, traced };
      return { ...stage, recurrence };
    },
  };
}
