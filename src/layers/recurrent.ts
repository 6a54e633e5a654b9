/** The recurrent layers: from their options to their cells. */

import type { LayerKind } from "../layer.js";
import { pad4 } from "../table.js";
import { around } from "./around.js";
import { type Blocks, blocksStage, planBlocks, refreshBlocks } from "./blocks.js";
import { CELLS, lstmCell, OPTION } from "./cells.js";
import { type Gated, gatedStage, planGated, refreshGated } from "./gated.js";
import { type Checks, checkOptions, type GruLayer, type Lstm97Layer, type LstmLayer, OPTIONS, type RnnLayer } from "./options.js";
import { planResetBefore, refreshResetBefore, resetBeforeStage } from "./resetBefore.js";

/** @example lstm({ units: 64 }) */
export const lstm = (options: Omit<LstmLayer, "type">): LstmLayer => ({ ...options, type: "lstm" });
/** @example gru({ units: 64 }) */
export const gru = (options: Omit<GruLayer, "type">): GruLayer => ({ ...options, type: "gru" });
/** @example rnn({ units: 64, activation: "relu" }) */
export const rnn = (options: Omit<RnnLayer, "type">): RnnLayer => ({ ...options, type: "rnn" });
/** @example lstm97({ blocks: 3, cellsPerBlock: 2, outputGateBias: [-1, -2, -3] }) */
export const lstm97 = (options: Omit<Lstm97Layer, "type">): Lstm97Layer => ({ ...options, type: "lstm97" });

function gatedKind<L extends RnnLayer | GruLayer | LstmLayer>(
  checks: Checks,
  specOf: (layer: L) => Partial<Gated> & Pick<Gated, "cell">,
  refuse?: (path: string, layer: L) => void,
): LayerKind<L> {
  return {
    check(path, layer) {
      const checked = checkOptions(path, layer, checks, "units") as unknown as Omit<L, "type">;
      refuse?.(path, checked as L);
      return checked;
    },
    plan(layer, planner) {
      const { units, recurrentDropout = 0, zoneout = 0 } = layer;
      const spec: Gated = {
        units,
        peepholes: false,
        cellClip: Infinity,
        projection: 0,
        fullGateRecurrence: false,
        layerNorm: false,
        forgetBias: null,
        chrono: null,
        initial: (layer.initial ?? {}) as Gated["initial"],
        cellZoneout: 0,
        zoneout,
        recurrentDropout,
        ...specOf(layer),
      };
      const { cell } = spec;
      return around(planner, layer, spec.projection || units, cell.groups * pad4(units), cell.cells, (suffix, number) => {
        const plan = planGated(planner, spec, number, suffix);
        return {
          stage: (window, below, carried) => gatedStage(plan, window, below, carried),
          refresh: (parts) => refreshGated(plan, parts),
        };
      });
    },
  };
}

export const rnnKind = gatedKind<RnnLayer>(OPTIONS.rnn, ({ activation = "tanh" }) => ({ cell: CELLS[`rnn_${activation}`] }));

const resetAfter = gatedKind<GruLayer>(
  OPTIONS.gru,
  () => ({ cell: CELLS.gru }),
  (path, { reset, zoneout, recurrentDropout }) => {
    if (reset === "before" && (zoneout || recurrentDropout)) {
      throw new RangeError(`"${path}.reset" expected "after" together with zoneout or recurrentDropout, got "before"`);
    }
  },
);

export const gruKind: LayerKind<GruLayer> = {
  ...resetAfter,
  plan(layer, planner) {
    if (layer.reset !== "before") return resetAfter.plan(layer, planner);
    const { units } = layer;
    return around(planner, layer, units, 4 * pad4(units), false, (suffix) => {
      const plan = planResetBefore(planner, units, (layer.initial ?? {}) as Gated["initial"], suffix);
      return {
        stage: (window, below, carried) => resetBeforeStage(plan, window, below, carried),
        refresh: (parts) => refreshResetBefore(plan, parts),
      };
    });
  },
};

export const lstmKind = gatedKind<LstmLayer>(
  OPTIONS.lstm,
  (layer) => {
    const { coupled = false, inputGate = true, forgetGate = true, outputGate = true } = layer;
    const present = [inputGate && !coupled, forgetGate, true, outputGate];
    const bits =
      (coupled ? OPTION.coupled : 0) |
      (layer.inputActivation === "identity" ? OPTION.linearInput : 0) |
      (layer.outputActivation === "identity" ? OPTION.linearOutput : 0);
    return {
      cell: lstmCell(
        [0, 1, 2, 3].filter((gate) => present[gate]),
        bits,
      ),
      peepholes: layer.peepholes ?? false,
      cellClip: layer.cellClip ?? Infinity,
      projection: layer.projection ?? 0,
      fullGateRecurrence: layer.fullGateRecurrence ?? false,
      layerNorm: layer.layerNorm ?? false,
      forgetBias: layer.forgetBias ?? null,
      chrono: layer.chrono ?? null,
      cellZoneout: layer.cellZoneout ?? 0,
    };
  },
  (path, { coupled, inputGate = true, forgetGate = true, outputGate = true, fullGateRecurrence, layerNorm, forgetBias, chrono }) => {
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

const perBlock = (bias: number | readonly number[] | undefined, blocks: number) =>
  typeof bias === "number" ? new Array(blocks).fill(bias) : (bias ?? null);

export const lstm97Kind: LayerKind<Lstm97Layer> = {
  check(path, layer) {
    const checked = checkOptions(path, layer, OPTIONS.lstm97, "blocks") as unknown as Omit<Lstm97Layer, "type">;
    const { blocks, bias, outputGate = true } = checked;
    for (const name of ["inputGateBias", "outputGateBias"] as const) {
      const value = checked[name];
      if (value === undefined) continue;
      if (typeof value !== "number" && value.length !== blocks)
        throw new RangeError(`"${path}.${name}" expected ${blocks} numbers, one for each block, got ${value.length}`);
      if (bias === "none") throw new RangeError(`"${path}.${name}" needs biases, which bias: "none" leaves out`);
    }
    if (!outputGate && checked.outputGateBias !== undefined) throw new RangeError(`"${path}.outputGateBias" needs an output gate`);
    return checked;
  },
  plan(layer, planner) {
    const { blocks, cellsPerBlock = 1, range = 0.1 } = layer;
    const spec: Blocks = {
      blocks,
      cellsPerBlock,
      recurrence: layer.recurrence ?? "cells+gates",
      outputGate: layer.outputGate ?? true,
      f: layer.f ?? "logistic",
      g: layer.g ?? "[-2,2]",
      h: layer.h ?? "[-1,1]",
      bias: layer.bias ?? "all",
      inputGateBias: perBlock(layer.inputGateBias, blocks),
      outputGateBias: perBlock(layer.outputGateBias, blocks),
      range,
      initial: (layer.initial ?? {}) as Blocks["initial"],
    };
    const cells = blocks * cellsPerBlock;
    return around(planner, layer, cells, pad4(cells) + 2 * pad4(blocks), true, (suffix) => {
      const plan = planBlocks(planner, spec, suffix);
      return {
        stage: (window, below, carried) => blocksStage(plan, window, below, carried),
        refresh: (parts) => refreshBlocks(plan, parts),
      };
    });
  },
};
