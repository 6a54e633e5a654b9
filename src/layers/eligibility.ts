/** A recurrent layer that learns forward in time: its traces, and a step of them. The method is in assembly/online.ts. */

import { OUTPUT_APART } from "../../assembly/codes.js";
import type { EngineParts } from "../core/memory.js";
import type { BlocksPlan } from "./blocksPlan.js";
import { CELLS } from "./cells.js";
import type { GatedPlan } from "./gatedPlan.js";
import { pad4 } from "./packing.js";
import type { Reading } from "./reading.js";
import type { Recurrence, Stage } from "./stage.js";

/** The derivative of the present state by each weight: see assembly/online.ts. */
export interface EligibilityTraces {
  regions: { name: string; pointer: number; count: number }[];
  /** Call after a step forward. If `learns`, also adds to the parameters' gradients from the gradient of the layer's output. */
  step(learns: boolean): void;
  /** After a taught step: brings the recurrent weights back within bounds, and says whether it changed any. Absent where none is needed. */
  bound?: (() => boolean) | undefined;
}

/** Numbers that weights multiply, with the traces and gradients of those weights, as lstmTraces reads them. */
type Source = [
  trace: number,
  dw: number,
  source: number,
  k: number,
  /** Bytes from the weights of one of the k columns to the next, and from those of four units to the next four. */
  column: number,
  block: number,
  /** Bit g: group g has such weights. */
  live: number,
];

/** The parts that a layer's traces are made of. */
interface Surroundings<Plan> {
  plan: Plan;
  parts: EngineParts;
  recurrence: Recurrence;
  stage: Stage;
  below: Stage;
  /** The region of the parameters' gradients. */
  gradients: number;
  /** A zeroed buffer. */
  buffer(...shape: number[]): number;
}

/** The traces of a layer, if it can have any. */
export function tracesOf(
  recurrence: Recurrence | undefined,
  below: Stage,
  gradients: number,
  buffer: (...shape: number[]) => number,
): EligibilityTraces | undefined {
  if (!recurrence?.traced) return undefined;
  const { plan, parts, stage, split } = recurrence.traced;
  const around = { parts, recurrence, stage, below, gradients, buffer };
  const traces =
    "cell" in plan ? gatedTraces({ ...around, plan: plan as GatedPlan }) : blocksTraces({ ...around, plan: plan as BlocksPlan });
  return {
    ...traces,
    step(learns) {
      if (learns) split?.();
      traces.step(learns);
    },
  };
}

/** A region with `count` ones. */
function allOnes({ memory }: EngineParts, buffer: (...shape: number[]) => number, count: number): number {
  const pointer = buffer(count);
  memory.fill(pointer, count, 1);
  return pointer;
}

/** The one-hot vectors of the step's tokens, in one. */
function oneHot({ memory }: EngineParts, pointer: number, { tokens: input = 0 }: Stage, { tokens, gathered }: Reading): number {
  memory.fill(pointer, tokens);
  for (let n = 0; n < gathered; n++) memory.f32[pointer / 4 + (memory.i32[input / 4 + n] as number)] = 1;
  return pointer;
}

function gatedTraces({ plan, parts, recurrence, stage, below, gradients, buffer }: Surroundings<GatedPlan>): EligibilityTraces {
  const { kernels, memory, params } = parts;
  const { cell, units, cellClip } = plan;
  const { features, table, tokens } = plan.reader;
  const { code, alpha, groups: G } = cell;
  const { h, c, gates } = recurrence;
  const [I, H] = [pad4(features), pad4(units)];
  const [rows, cNow] = [G * H, c + 4 * H];
  const [ofWeight, ofIh, ofHh] = [buffer(rows, I + H), buffer(rows), buffer(rows)];
  const ofTable = table && buffer(tokens, rows);
  const [ones, hot] = [allOnes(parts, buffer, H), buffer(tokens)];
  const bits = (gates: readonly number[]) => gates.reduce((all, gate) => all | (1 << gate), 0);
  const [inputs, recurrent] = [bits(cell.input), bits(cell.recurrent)];
  const column = 16 * G;
  const block = column * (I + H);
  // All that weights multiply: h(t-1), two biases, a token, the inputs. The padding of a source is zero, and so are its traces.
  const sources: Source[] = [
    [ofWeight + column * I, gradients + plan.weight + column * I, h, units, column, block, recurrent],
    [ofIh, gradients + plan.biasIh, ones, 1, 0, column, inputs],
    [ofHh, gradients + plan.biasHh, ones, 1, 0, column, recurrent],
  ];
  if (table) sources.push([ofTable, gradients + table, hot, tokens, 4 * rows, column, inputs]);
  if (features) sources.push([ofWeight, gradients + plan.weight, below.output, features, column, block, inputs]);
  const look = () => table && oneHot(parts, hot, below, plan.reader);
  const regions = [
    { name: "weight", pointer: ofWeight, count: rows * (I + H) },
    { name: "bias_ih", pointer: ofIh, count: rows },
    { name: "bias_hh", pointer: ofHh, count: rows },
    ...(table ? [{ name: "table", pointer: ofTable, count: tokens * rows }] : []),
  ];

  if (code === CELLS.lstm.code && !alpha && cellClip === Infinity) {
    const described = buffer(sources.length, 7);
    memory.i32.set(sources.flat(), described / 4);
    const step = (learns: boolean) => {
      look();
      kernels.lstmTraces(described, sources.length, gates, cNow, c, learns ? stage.gradient : 0, H / 4);
    };
    return { regions, step };
  }

  const [gain, own, error] = [buffer(rows), buffer(H), buffer(H)];
  const bounds = cell.cells ? 0 : buffer(rows);
  // The state of a relu has no other bound.
  const { unbounded } = cell;
  // The LSTM's output gate does not change c, so it has no trace.
  const passing = cell.cells ? 1 << 3 : 0;
  const apart = code | OUTPUT_APART;
  return {
    regions,
    bound: cell.cells ? undefined : () => kernels.boundRows(params + plan.weight, bounds, G, I, H) > 0,
    step(learns) {
      memory.fill(gain, rows);
      if (cell.cells) {
        memory.copy(own, ones, H);
        kernels.recurrentBackward(gain, 0, 0, own, gates, h, cNow, c, 0, 0, 0, 0, cellClip, alpha, apart, 1, 1, units, 1);
        memory.copy(error, cNow, H);
        if (learns) kernels.lstmOutputBackward(gain, error, stage.gradient, gates, error, 0, alpha, apart, H / 4, 1);
      } else {
        memory.fill(own, H);
        kernels.recurrentBackward(gain, ones, own, 0, gates, h, 0, 0, 0, 0, 0, 0, cellClip, alpha, code, 1, 1, units, 1);
        kernels.ownWeights(own, gain, params + plan.weight, code, I, H);
        if (unbounded) memory.fill(bounds, rows, 1);
        else kernels.rowNorms(bounds, params + plan.weight, 2, G, I, H);
        if (learns) memory.copy(error, stage.gradient, H);
      }
      look();
      for (const [trace, dw, source, k, column, block, live] of sources) {
        kernels.traces(trace, learns ? dw : 0, source, gain, own, error, live, passing, G, k, column, H / 4, block);
      }
    },
  };
}

function blocksTraces({ plan, parts, recurrence, stage, below, gradients, buffer }: Surroundings<BlocksPlan>): EligibilityTraces {
  const { kernels, memory } = parts;
  const { blocks: B, cellsPerBlock: S, rows, read, functions } = plan;
  const { features, table, tokens } = plan.reader;
  const [C, I, gates] = [pad4(B * S), pad4(features), pad4(B)];
  // Each is as large as the parameter. The cells' weights have one trace. An input gate's have one for each cell of its block, and as
  // many gradients, which are then summed.
  const traced = (...shape: number[]) => ({ cells: buffer(...shape), gates: buffer(...shape), sums: S > 1 ? buffer(...shape) : 0 });
  const [weight, bias] = [traced(rows, I + read), traced(rows)];
  const ofTable = table ? traced(tokens, rows) : null;
  const [gain, inGain, error, dOut] = [buffer(C), buffer(C), buffer(C), buffer(gates)];
  const [ones, hot] = [allOnes(parts, buffer, C), buffer(tokens)];
  const region = (name: string, { cells, gates }: typeof weight, count: number) => [
    { name: `${name}.cells`, pointer: cells, count },
    { name: `${name}.gates`, pointer: gates, count },
  ];
  return {
    regions: [
      ...region("weight", weight, rows * (I + read)),
      ...region("bias", bias, rows),
      ...(ofTable ? region("table", ofTable, rows * tokens) : []),
    ],
    step(learns) {
      const { c, gates: net, source } = recurrence;
      kernels.lstm97Traces(gain, inGain, error, dOut, stage.gradient, net, net + 4 * C, net + 4 * (C + gates), c + 4 * C, functions, B, S);
      /** The traces of one source; `column` and `block` are bytes from column to column, and from four rows to the next. */
      const move = (traces: typeof weight, at: number, first: number, source: number, k: number, column: number, block: number) => {
        const offset = first * column;
        const dw = learns ? gradients + at + offset : 0;
        const dGates = dw + (C / 4) * block;
        const sums = S === 1 ? dGates : traces.sums + offset;
        kernels.traces(traces.cells + offset, dw, source, gain, ones, error, 1, 0, 1, k, column, C / 4, block);
        kernels.traces(traces.gates + offset, learns ? sums : 0, source, inGain, ones, error, 1, 0, 1, k, column, C / 4, block);
        if (!learns) return;
        if (S > 1) kernels.foldRows(dGates, sums, B, S, k, column, block);
        // Only where there are output gates has dOut been written; these move no lasting state.
        if (plan.outputGate)
          kernels.traces(dOut, dGates + (gates / 4) * block, source, dOut, ones, dOut, 1, 1, 1, k, column, gates / 4, block);
      };
      const block = 16 * (I + read);
      move(weight, plan.weight, I, source, read, 16, block);
      if (plan.bias !== "none") move(bias, plan.bias0, 0, ones, 1, 0, 16);
      if (plan.bias === "gates" && learns) memory.fill(gradients + plan.bias0, C);
      if (ofTable) move(ofTable, table, 0, oneHot(parts, hot, below, plan.reader), tokens, 4 * rows, 16);
      if (features) move(weight, plan.weight, 0, below.output, features, 16, block);
    },
  };
}
