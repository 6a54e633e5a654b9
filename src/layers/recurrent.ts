/** The recurrent layers: their cells, chosen by their options. */

import { COUPLED } from "../../assembly/codes.js";
import { type Options, typedData } from "../core/check.js";
import { around } from "./around.js";
import { blocks } from "./blocks.js";
import { CELLS, type Cell, gruCell, lstmCell } from "./cells.js";
import { gated } from "./gated.js";
import type { LayerKind } from "./plan.js";
import { type GateOptions, type GruLayer, type Lstm97Layer, type LstmLayer, OPTIONS, type RnnLayer } from "./recurrentOptions.js";
import { resetBefore } from "./resetBefore.js";

/**
 * A layer of LSTM cells with forget gate: `units` outputs at each step.
 * @example lstm({ units: 64 })
 */
export const lstm = (options: Omit<LstmLayer, "type">): LstmLayer => typedData("lstm", options, "units: 64");
/**
 * A layer of gated recurrent units: `units` outputs at each step.
 * @example gru({ units: 64 })
 */
export const gru = (options: Omit<GruLayer, "type">): GruLayer => typedData("gru", options, "units: 64");
/**
 * A layer of plain recurrent units: `units` outputs at each step.
 * @example rnn({ units: 64, activation: "relu" })
 */
export const rnn = (options: Omit<RnnLayer, "type">): RnnLayer => typedData("rnn", options, "units: 64");
/**
 * A layer of the memory cells of 1997, without forget gate: `blocks` times `cellsPerBlock` outputs at each step.
 * @example lstm97({ blocks: 3, cellsPerBlock: 2, outputGateBias: [-1, -2, -3] })
 */
export const lstm97 = (options: Omit<Lstm97Layer, "type">): Lstm97Layer => typedData("lstm97", options, "blocks: 3");

function gatedKind<L extends RnnLayer | GruLayer | LstmLayer>(
  options: Options,
  cellOf: (layer: L) => Cell,
  refuse: (path: string, layer: L) => void = () => {},
): LayerKind<L> {
  return {
    options,
    takes: "either",
    steps: true,
    refuse,
    plan(layer, planner) {
      const cell = cellOf(layer);
      const { units, projection }: { units: number; projection?: number } = layer;
      return around(planner, layer, projection || units, cell.cells, (suffix, number) =>
        gated(planner, { ...layer, cell }, number, suffix),
      );
    },
  };
}

export const rnnKind = gatedKind<RnnLayer>(OPTIONS.rnn, ({ activation = "tanh" }) => CELLS[`rnn_${activation}`]);

function refuseAlpha(path: string, { gateActivation, alpha }: GateOptions): void {
  if (alpha !== undefined && gateActivation !== "hardSigmoid") throw new RangeError(`"${path}.alpha" needs gateActivation: "hardSigmoid"`);
}

const resetAfter = gatedKind<GruLayer>(OPTIONS.gru, (layer) => gruCell(layer), refuseAlpha);

export const gruKind: LayerKind<GruLayer> = {
  ...resetAfter,
  plan(layer, planner) {
    if (layer.reset !== "before") return resetAfter.plan(layer, planner);
    return around(planner, layer, layer.units, false, (suffix, number) => resetBefore(planner, layer, number, suffix));
  },
};

export const lstmKind = gatedKind<LstmLayer>(
  OPTIONS.lstm,
  (layer) => {
    const { coupled, inputGate = true, forgetGate = true, outputGate = true } = layer;
    const present = [inputGate && !coupled, forgetGate, true, outputGate];
    const gates = [0, 1, 2, 3].filter((gate) => present[gate]);
    return lstmCell(gates, coupled ? COUPLED : 0, layer);
  },
  (path, layer) => {
    const { coupled, inputGate = true, forgetGate = true, outputGate = true, fullGateRecurrence, layerNorm, forgetBias, chrono } = layer;
    refuseAlpha(path, layer);
    const refuse = (option: string, reason: string) => {
      throw new RangeError(`"${path}.${option}" ${reason}`);
    };
    if (coupled && !(inputGate && forgetGate)) refuse("coupled", "needs a forget gate, and is itself the input gate");
    if (forgetBias !== undefined && !forgetGate) refuse("forgetBias", "needs a forget gate");
    if (chrono !== undefined && (!forgetGate || forgetBias !== undefined)) refuse("chrono", "needs a forget gate without forgetBias");
    if (fullGateRecurrence && (coupled || !(inputGate && forgetGate && outputGate))) refuse("fullGateRecurrence", "needs all three gates");
    if (fullGateRecurrence && layerNorm) refuse("fullGateRecurrence", "does not go with layerNorm");
  },
);

export const lstm97Kind: LayerKind<Lstm97Layer> = {
  options: OPTIONS.lstm97,
  takes: "either",
  steps: true,
  refuse(path, layer) {
    const { blocks, bias, outputGate = true, recurrence, recurrentDropout } = layer;
    if (recurrentDropout && recurrence === "none") throw new RangeError(`"${path}.recurrentDropout" needs a recurrence`);
    for (const name of ["inputGateBias", "outputGateBias"] as const) {
      const value = layer[name];
      if (value === undefined) continue;
      if (typeof value !== "number" && value.length !== blocks)
        throw new RangeError(`"${path}.${name}" expected ${blocks} numbers, one for each block, got ${value.length}`);
      if (bias === "none") throw new RangeError(`"${path}.${name}" needs biases, which bias: "none" leaves out`);
    }
    if (!outputGate && layer.outputGateBias !== undefined) throw new RangeError(`"${path}.outputGateBias" needs an output gate`);
  },
  plan(layer, planner) {
    const cells = layer.blocks * (layer.cellsPerBlock ?? 1);
    return around(planner, layer, cells, true, (suffix, number) => blocks(planner, layer, number, suffix));
  },
};
