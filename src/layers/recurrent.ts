/** The recurrent layers: their options, and what may stand around any cell: both directions, a way past it. */

import { ACTIVATION_NAMES, type Activation } from "../activations.js";
import { arrayLike, boolean, integer, LARGEST, number, oneOf, options } from "../check.js";
import { checkInitial, type Initial } from "../initializers.js";
import type { Inside, LayerKind, LayerPlan, Parts, Planner, Stage, Traces, Window } from "../layer.js";
import { pad4 } from "../table.js";
import { type Blocks, blocksStage, planBlocks, refreshBlocks } from "./blocks.js";
import { CELLS, lstmCell, OPTION } from "./cells.js";
import { type Gated, gatedStage, planGated, refreshGated } from "./gated.js";
import { planResetBefore, refreshResetBefore, resetBeforeStage } from "./resetBefore.js";

/** What any recurrent layer may have around its cells. */
export interface AroundOptions {
  /**
   * Also runs from each sequence's last step to its first, with weights of its own (`_reverse`): outputs are both directions'
   * side by side, or their sum (Schuster & Paliwal 1997). Needs whole sequences: `window: Infinity`, and no streams.
   */
  bidirectional?: "concat" | "sum";
  /** Adds the layer's inputs, which must be as many, to its outputs (He et al. 2016), or puts them after the outputs. */
  residual?: "sum" | "concat";
  /** Initial weights of the inputs, of the state, and biases. Default: those of the model's `initial`. */
  initial?: Initial<"weights" | "recurrent" | "bias">;
}

/** What cells of units may have as well. */
export interface UnitOptions extends AroundOptions {
  /** Hidden units. */
  units: number;
  /** The share of h(t-1) set to zero at the recurrent weights while training, the same units through a sequence (Gal & Ghahramani 2016). */
  recurrentDropout?: number;
  /** The share of units that keep h(t-1) at each step while training; the mean of that otherwise (Krueger et al. 2017). */
  zoneout?: number;
}

/** The vanilla recurrent network (Elman 1990); PyTorch's `nn.RNN`. */
export interface RnnLayer extends UnitOptions {
  type: "rnn";
  /** Default "tanh". */
  activation?: "tanh" | "relu";
}

/** The gated recurrent unit (Cho et al. 2014). */
export interface GruLayer extends UnitOptions {
  type: "gru";
  /**
   * Whether the reset gate acts on what the recurrent weights bring ("after": PyTorch's `nn.GRU`, Keras 3) or on what they read
   * ("before": as first published, and Keras's `reset_after=False`; without zoneout and recurrent dropout). Default "after".
   */
  reset?: "after" | "before";
}

/**
 * The LSTM with forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000), PyTorch's `nn.LSTM`, and its
 * variants (Greff et al. 2017).
 */
export interface LstmLayer extends UnitOptions {
  type: "lstm";
  /** Gates see the cell, each by a weight of its own a unit (Gers et al. 2002): `peephole_l0` [3 units], i, f, o. Default false. */
  peepholes?: boolean;
  /** The input gate is 1 - the forget gate and has no weights. Default false. */
  coupled?: boolean;
  /** A gate that is not there is 1 and has no weights. Default true. */
  inputGate?: boolean;
  forgetGate?: boolean;
  outputGate?: boolean;
  /** Of the cell's input and output. Default "tanh". */
  inputActivation?: "tanh" | "identity";
  outputActivation?: "tanh" | "identity";
  /** Gates also read all gates of the step before, as in 1997: `weight_gg_l0` [3 units, 3 units], i, f, o. Default false. */
  fullGateRecurrence?: boolean;
  /** Outputs are so many linear functions of h (Sak et al. 2014; PyTorch's `proj_size`): `weight_hr_l0`. Default: h itself. */
  projection?: number;
  /** Normalises what inputs, and what the state, bring to the gates, and the cell at the output (Ba et al. 2016). Default false. */
  layerNorm?: boolean;
  /** The cell is cut to plus or minus this. Default `Infinity`. */
  cellClip?: number;
  /** The forget gate's initial bias: 1 or more remembers from the start (Jozefowicz et al. 2015). Default: random, as the others. */
  forgetBias?: number;
  /**
   * The longest lag to expect, in steps: forget biases begin at ln U(1, chrono - 1), input biases at their negatives (Tallec &
   * Ollivier 2018). Default: random, as the others.
   */
  chrono?: number;
  /** The share of cells that keep c(t-1), as `zoneout` does with h. */
  cellZoneout?: number;
}

/**
 * The original LSTM (Hochreiter & Schmidhuber 1997): blocks of memory cells that share an input and an output gate, without
 * forget gate. Outputs are its cells, block by block.
 */
export interface Lstm97Layer extends AroundOptions {
  type: "lstm97";
  blocks: number;
  /** Default 1. */
  cellsPerBlock?: number;
  /** What gates and cell inputs read of the step before: all cells and all gates (as in most of the paper), the cells, nothing. */
  recurrence?: "cells+gates" | "cells" | "none";
  /** Default true. */
  outputGate?: boolean;
  /** Squashing functions of the gates, the cell inputs and the cell outputs. Default "logistic", "[-2,2]", "[-1,1]". */
  f?: Activation;
  g?: Activation;
  h?: Activation;
  /** Which biases there are. Default "all". */
  bias?: "all" | "gates" | "none";
  /** Initial biases of the gates, one for all blocks or one each: negative against drift and abuse. Default: random, as the weights. */
  inputGateBias?: number | readonly number[];
  outputGateBias?: number | readonly number[];
  /** Initial weights are uniform in plus or minus this. Default 0.1. */
  range?: number;
}

/** @example lstm({ units: 64 }) */
export const lstm = (options: Omit<LstmLayer, "type">): LstmLayer => ({ ...options, type: "lstm" });
/** @example gru({ units: 64 }) */
export const gru = (options: Omit<GruLayer, "type">): GruLayer => ({ ...options, type: "gru" });
/** @example rnn({ units: 64, activation: "relu" }) */
export const rnn = (options: Omit<RnnLayer, "type">): RnnLayer => ({ ...options, type: "rnn" });
/** @example lstm97({ blocks: 3, cellsPerBlock: 2, outputGateBias: [-1, -2, -3] }) */
export const lstm97 = (options: Omit<Lstm97Layer, "type">): Lstm97Layer => ({ ...options, type: "lstm97" });

/** Checks an option if it was given: what is not given stays away, so that a saved configuration reads as it was written. */
type Checks = Record<string, (path: string, value: unknown) => unknown>;

const share = (path: string, value: unknown) => number(path, value, { min: 0, max: 1, belowMax: true });
const AROUND: Checks = {
  bidirectional: (path, value) => oneOf(path, value, ["concat", "sum"]),
  initial: (path, value) => checkInitial(path, value, ["weights", "recurrent", "bias"]),
  residual: (path, value) => oneOf(path, value, ["sum", "concat"]),
};
const UNITS: Checks = { units: (path, value) => integer(path, value, 1, LARGEST), ...AROUND, recurrentDropout: share, zoneout: share };
const TANH: Checks[string] = (path, value) => oneOf(path, value, ["tanh", "identity"]);
const squash: Checks[string] = (path, value) => oneOf(path, value, ACTIVATION_NAMES);
const finite: Checks[string] = (path, value) => number(path, value, { min: -1e6, max: 1e6 });
const biases: Checks[string] = (path, value) =>
  typeof value === "number"
    ? finite(path, value)
    : Array.from(arrayLike(path, value, "a number, or one for each block"), (bias, i) => finite(`${path}[${i}]`, bias));
const OPTIONS = {
  rnn: { ...UNITS, activation: (path, value) => oneOf(path, value, ["tanh", "relu"]) },
  gru: { ...UNITS, reset: (path, value) => oneOf(path, value, ["after", "before"]) },
  lstm: {
    ...UNITS,
    peepholes: boolean,
    coupled: boolean,
    inputGate: boolean,
    forgetGate: boolean,
    outputGate: boolean,
    inputActivation: TANH,
    outputActivation: TANH,
    fullGateRecurrence: boolean,
    projection: (path, value) => integer(path, value, 1, LARGEST),
    layerNorm: boolean,
    cellClip: (path, value) => number(path, value, { min: 0, aboveMin: true, expected: "a positive number" }),
    forgetBias: finite,
    chrono: (path, value) => integer(path, value, 2, LARGEST),
    cellZoneout: share,
  },
  lstm97: {
    blocks: (path, value) => integer(path, value, 1, LARGEST),
    cellsPerBlock: (path, value) => integer(path, value, 1, 1024),
    ...AROUND,
    recurrence: (path, value) => oneOf(path, value, ["cells+gates", "cells", "none"]),
    outputGate: boolean,
    f: squash,
    g: squash,
    h: squash,
    bias: (path, value) => oneOf(path, value, ["all", "gates", "none"]),
    inputGateBias: biases,
    outputGateBias: biases,
    range: (path, value) => number(path, value, { min: 0, aboveMin: true, max: 1e6 }),
  },
} as const satisfies Record<string, Checks>;

function checkOptions(path: string, layer: Record<string, unknown>, checks: Checks, required: string): Record<string, unknown> {
  options(path, layer, ["type", ...Object.keys(checks)]);
  const given = Object.entries(checks).filter(([name]) => name === required || layer[name] !== undefined);
  return Object.fromEntries(given.map(([name, check]) => [name, check(`${path}.${name}`, layer[name])]));
}

/** One direction of a layer. */
interface Direction {
  stage(window: Window, below: Stage, carried: boolean): Stage;
  refresh(parts: Parts): void;
}

/** A layer of one direction or two, and the way past it. */
function around(
  planner: Planner,
  options: AroundOptions,
  outputs: number,
  rows: number,
  cells: boolean,
  plan: (suffix: string, number: number) => Direction,
): LayerPlan {
  const { bidirectional, residual } = options;
  const { inputs, tokens } = planner;
  const k = planner.count("recurrent");
  const directions = (bidirectional ? ["", "_reverse"] : [""]).map((end, i) => plan(`_l${k}${end}`, 2 * k + i));
  const inputRows = tokens ? 1 : pad4(inputs);
  const units = bidirectional === "concat" ? 2 * outputs : outputs;
  if ((residual && tokens) || (residual === "sum" && inputs !== units)) {
    const expected = residual === "sum" ? `${units} inputs, as many as outputs,` : "numbers as inputs";
    throw new RangeError(`"residual" expected ${expected} in recurrent layer ${k}, got ${tokens ? "tokens" : inputs}`);
  }
  return {
    units: residual === "concat" ? units + inputs : units,
    rows,
    recurrent: { cells },
    ...(bidirectional && { whole: true }),
    refresh: (parts) => {
      for (const direction of directions) direction.refresh(parts);
    },
    stage(window, below) {
      const [forward, reverse] = directions as [Direction, Direction?];
      const layer = reverse ? bothWays(window, below, inputRows, outputs, units, forward, reverse) : forward.stage(window, below, true);
      return residual ? past(window, below, layer, units, inputs, residual === "concat") : layer;
    },
  };
}

/** The second direction reads its inputs, and writes its outputs, in reverse. */
function bothWays(window: Window, below: Stage, inputs: number, each: number, units: number, first: Direction, second: Direction): Stage {
  const {
    parts: { kernels },
    lengths,
    T: longest,
    lanes: { panels: P, width },
    buffer,
  } = window;
  const rows = pad4(units);
  const eachRows = pad4(each);
  const turned = buffer(longest, P, inputs, width);
  const turnedGradient = below.gradient ? buffer(longest, P, inputs, width) : 0;
  const forth = first.stage(window, below, false);
  const back = second.stage(window, { ...below, output: turned, gradient: turnedGradient }, false);
  const [output, gradient] = [buffer(longest, P, rows, width), window.gradient(rows)];
  const at = units > each ? each : 0;
  return {
    output,
    gradient,
    forward(T, update) {
      kernels.moveRows(turned, below.output, lengths, inputs, 0, inputs, 0, inputs, false, T, P, width);
      forth.forward(T, update);
      back.forward(T, update);
      kernels.moveRows(output, forth.output, 0, rows, 0, eachRows, 0, each, false, T, P, width);
      kernels.moveRows(output, back.output, lengths, rows, at, eachRows, 0, each, at === 0, T, P, width);
    },
    backward(T, update, gradients, full) {
      kernels.moveRows(forth.gradient, gradient, 0, eachRows, 0, rows, 0, each, false, T, P, width);
      kernels.moveRows(back.gradient, gradient, lengths, eachRows, 0, rows, at, each, false, T, P, width);
      forth.backward(T, update, gradients, full);
      back.backward(T, update, gradients, full);
      if (turnedGradient) kernels.moveRows(below.gradient, turnedGradient, lengths, inputs, 0, inputs, 0, inputs, true, T, P, width);
    },
  };
}

/** y = layer(x) + x, or both side by side. */
function past(window: Window, below: Stage, layer: Stage, units: number, inputs: number, concat: boolean): Stage {
  const {
    parts: { kernels },
    T: longest,
    lanes: { panels: P, width },
    buffer,
  } = window;
  const [U, I, rows] = [pad4(units), pad4(inputs), pad4(concat ? units + inputs : units)];
  const [output, gradient] = [buffer(longest, P, rows, width), window.gradient(rows)];
  const at = concat ? units : 0;
  const split = (T: number) => kernels.moveRows(layer.gradient, gradient, 0, U, 0, rows, 0, units, false, T, P, width);
  const { inside } = layer;
  const traces: Inside["traces"] = (below, buffer) => {
    const own = inside?.traces?.(below, buffer) as Traces;
    return {
      ...own,
      step(gradients, learns) {
        if (learns) split(1);
        own.step(gradients, learns);
      },
    };
  };
  return {
    ...layer,
    ...(inside && { inside: { ...inside, ...(inside.traces && { traces }) } }),
    output,
    gradient,
    forward(T, update) {
      layer.forward(T, update);
      kernels.moveRows(output, layer.output, 0, rows, 0, U, 0, units, false, T, P, width);
      kernels.moveRows(output, below.output, 0, rows, at, I, 0, inputs, !concat, T, P, width);
    },
    backward(T, update, gradients, full) {
      split(T);
      layer.backward(T, update, gradients, full);
      if (below.gradient) kernels.moveRows(below.gradient, gradient, 0, I, 0, rows, at, inputs, true, T, P, width);
    },
  };
}

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
