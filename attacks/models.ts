/** Random models, with options and data to train them: every cell and option, odd sizes, all losses and optimizers. */

import type { Random } from "../src/core/random.js";
import {
  type AnySequence,
  activation,
  adagrad,
  adam,
  adamw,
  type Column,
  type Columns,
  categorical,
  conv1d,
  createModel,
  type DenseLayer,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  type Loss,
  lstm,
  lstm97,
  type ModelConfig,
  normalization,
  numeric,
  type Optimizer,
  pooling,
  rmsprop,
  rnn,
  sgd,
  type TrainerOptions,
} from "../src/index.js";

const ACTIVATIONS = ["identity", "logistic", "tanh", "relu", "[-1,1]", "[-2,2]"] as const;

/** Random choices that are a function of a seed and the number of a try. */
export class Draw {
  constructor(readonly random: Random) {}

  /** An integer from `least` to `most`. */
  from(least: number, most: number): number {
    return least + Math.floor(this.random.uniform() * (most - least + 1));
  }

  chance(share: number): boolean {
    return this.random.uniform() < share;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.from(0, choices.length - 1)] as T;
  }

  /** Options, each present with the chance `share`. */
  some<T extends object>(share: number, options: { [K in keyof T]: () => T[K] }): Partial<T> {
    const there = Object.entries<() => unknown>(options).filter(() => this.chance(share));
    return Object.fromEntries(there.map(([name, value]) => [name, value()])) as Partial<T>;
  }

  /** Mostly few units, now and then more than several tiles hold. */
  units(): number {
    return this.chance(0.1) ? this.from(13, 60) : this.from(1, 13);
  }

  numbers(count: number, scale = 1): Float32Array {
    return Float32Array.from({ length: count }, () => scale * (2 * this.random.uniform() - 1));
  }
}

/** A recurrent layer of any kind, and its number of outputs. */
function recurrent(draw: Draw, inputs: number, tokens: boolean): [Layer, number] {
  const share = () => draw.of([0.1, 0.5]);
  const noise = draw.some(0.2, { zoneout: share, recurrentDropout: share });
  const bidirectional = draw.chance(0.15) ? draw.of(["concat", "sum"] as const) : undefined;
  const concat = bidirectional === "concat" ? 2 : 1;
  const residual = !tokens && draw.chance(0.25) ? draw.of(["concat", "sum"] as const) : undefined;
  // A residual sum needs as many outputs as inputs.
  const sum = residual === "sum" && inputs % concat === 0;
  const own = sum ? inputs / concat : draw.units();
  const around = {
    ...noise,
    ...(bidirectional ? { bidirectional } : draw.chance(0.08) && { direction: "reverse" as const }),
    ...(residual && (sum || residual === "concat") && { residual }),
  };
  const outputs = own * concat + (around.residual === "concat" ? inputs : 0);
  const squash = () => draw.of(ACTIVATIONS);
  const gates = draw.chance(0.2) && { gateActivation: "hardSigmoid" as const, alpha: draw.of([0.2, 1 / 6, 3]) };
  const layer = () => {
    const kind = draw.of(["rnn", "gru", "lstm", "lstm", "lstm", "lstm97"] as const);
    if (kind === "rnn") return rnn({ units: own, activation: draw.of(["tanh", "relu"]), ...around });
    if (kind === "gru")
      return gru({ units: own, reset: draw.of(["after", "before"]), ...gates, ...draw.some(0.2, { inputActivation: squash }), ...around });
    if (kind === "lstm97") {
      const cellsPerBlock = draw.of([1, 2, 3, 4].filter((cells) => own % cells === 0));
      const blocks = own / cellsPerBlock;
      const noRecurrence = draw.chance(0.2);
      const { recurrentDropout, ...rest } = around;
      return lstm97({
        blocks,
        cellsPerBlock,
        recurrence: noRecurrence ? "none" : draw.of(["cells+gates", "cells"]),
        outputGate: draw.chance(0.7),
        bias: draw.of(["all", "gates", "none"]),
        ...draw.some(0.3, {
          f: squash,
          g: squash,
          h: squash,
          cellZoneout: share,
        }),
        ...(noRecurrence ? rest : around),
      });
    }
    const yes = () => true;
    const no = () => false;
    const form = draw.from(0, 3);
    return lstm({
      // Projected to fewer outputs or to more, even to more than all gates together.
      ...(draw.chance(0.4) ? { units: draw.units(), projection: own } : { units: own }),
      ...around,
      ...gates,
      ...draw.some(0.25, {
        peepholes: yes,
        inputActivation: squash,
        outputActivation: squash,
        cellClip: () => 0.5,
        cellZoneout: share,
      }),
      ...(form === 1 && draw.some(0.5, { fullGateRecurrence: yes })),
      ...(form > 1 && draw.some(0.5, { layerNorm: yes })),
      ...(form === 2 && draw.some(0.4, { inputGate: no, forgetGate: no, outputGate: no })),
      ...(form === 3 && draw.some(0.5, { coupled: yes })),
    });
  };
  return [layer(), outputs];
}

/** Columns of every kind. */
export function drawColumns(draw: Draw): Columns {
  const column = (): Column => {
    if (draw.chance(0.5)) return numeric(draw.some(0.4, { missing: () => draw.of(["last", "mean"] as const) }));
    const count = draw.from(1, 9);
    const labels = Array.from({ length: count }, (_, i) => `label ${i}`);
    return categorical(
      draw.chance(0.5) ? count : labels,
      draw.some(0.4, { units: () => draw.from(1, 5), missing: () => "category" as const }),
    );
  };
  return Object.fromEntries(Array.from({ length: draw.from(1, 6) }, (_, i) => [`column ${i}`, column()]));
}

/** Values for the columns, in one of the forms that they may have. */
function drawTable(draw: Draw, columns: Columns, length: number) {
  const values = Object.entries(columns).map(([name, column]) => {
    const one = () => {
      if (column.missing && draw.chance(0.3)) return null;
      if (column.type === "numeric") return Math.fround(2 * draw.random.uniform() - 1);
      const { categories } = column;
      return typeof categories === "number" ? draw.from(0, categories - 1) : draw.of(categories);
    };
    return [name, Array.from({ length }, one)] as const;
  });
  if (draw.chance(0.5)) return Object.fromEntries(values);
  const rows = Array.from({ length }, (_, t) =>
    Object.fromEntries(values.map(([name, list]) => [name, list[t] as number | string | null])),
  );
  return draw.chance(0.5) ? rows : rows.map((row) => Object.values(row));
}

/** A model, and its outputs. */
export function drawModel(draw: Draw): { config: ModelConfig; outputs: Outputs } {
  const tokens = draw.chance(0.3) ? draw.from(2, 40) : 0;
  const features = draw.of([1, draw.from(2, 9), draw.units()]);
  const columns = tokens === 0 && draw.chance(0.4) ? drawColumns(draw) : undefined;
  const layers: Layer[] = [];
  let width = tokens || features;
  const table = tokens > 0 && draw.chance(0.6) ? draw.units() : 0;
  if (table) {
    layers.push(embedding({ units: table }));
    width = table;
  }
  for (let count = draw.of([1, 1, 2, 2, 3]); count > 0; count--) {
    if ((layers.length > 0 || !tokens) && draw.chance(0.15)) {
      width = draw.units();
      layers.push(conv1d({ units: width, kernel: draw.from(1, 4), dilation: draw.of([1, draw.from(1, 9)]) }));
    }
    const [layer, outputs] = recurrent(draw, width, layers.length === 0 && (tokens > 0 || columns !== undefined));
    layers.push(layer);
    width = outputs;
    if (draw.chance(0.2)) layers.push(normalization());
    if (draw.chance(0.1)) layers.push(activation({ kind: draw.of([...ACTIVATIONS, "hardSigmoid"]) }));
    if (draw.chance(0.15)) {
      layers.push(dense({ units: draw.units(), activation: draw.of(ACTIVATIONS), bias: draw.chance(0.7) }));
      width = (layers.at(-1) as { units: number }).units;
    }
    if (count > 1 && draw.chance(0.15)) layers.push(dropout({ rate: draw.of([0.1, 0.6]) }));
  }
  const pooled = draw.chance(0.2);
  if (pooled) {
    layers.push(pooling({ kind: draw.of(["last", "mean", "max"]) }));
    if (draw.chance(0.4)) layers.splice(-1, 1, pooling({ kind: "attention", ...draw.some(0.5, { units: () => draw.units() }) }));
    if (draw.chance(0.3)) layers.push(dropout({ rate: 0.4 }), dense({ units: width, activation: "tanh" }));
  }
  if (table && draw.chance(0.3)) {
    if (width !== table) layers.push(dense({ units: table, activation: "tanh" }));
    layers.push(dense({ units: tokens, tied: true, bias: draw.chance(0.5) }));
    width = tokens;
  } else if (draw.chance(0.7)) {
    width = draw.chance(0.2) ? draw.from(9, 70) : draw.from(1, 8);
    layers.push(dense({ units: width, bias: draw.chance(0.8) }));
  }
  const heads = draw.chance(0.15) && Object.fromEntries(["a", "b", "c"].slice(0, draw.from(1, 3)).map((name) => [name, draw.from(1, 9)]));
  const scaled = columns ? Object.values(columns).filter(({ type }) => type === "numeric").length : tokens ? 0 : features;
  const scale = { mean: Array(scaled).fill(0.1), deviation: Array(scaled).fill(2) };
  return {
    config: {
      input: columns ? { columns } : tokens ? { tokens } : { features },
      layers,
      output: pooled || draw.chance(0.25) ? "last" : "every",
      initial: draw.of(["pytorch", "keras"]),
      seed: draw.from(0, 1e6),
      ...(scaled > 0 && draw.chance(0.1) && { scaler: { inputs: scale } }),
      ...(heads && { heads: byHead(heads, (units) => dense({ units, bias: draw.chance(0.8) })) as Record<string, DenseLayer> }),
    },
    outputs: heads || { "": width },
  };
}

/** The outputs of each head; under "" those of a model without heads. */
export type Outputs = Readonly<Record<string, number>>;

/** Something for each head by name; without heads, for the only output alone. */
function byHead<T>(outputs: Outputs, make: (count: number, name: string) => T): T | Record<string, T> {
  const parts = Object.entries(outputs).map(([name, count]) => [name, make(count, name)] as const);
  return "" in outputs ? (parts[0] as (typeof parts)[0])[1] : Object.fromEntries(parts);
}

/** A loss that suits this number of outputs. */
function drawLoss(draw: Draw, outputs: number, output: ModelConfig["output"], reduction: "mean" | "sum"): Loss {
  const count = draw.of([1, 2, 3].filter((count) => outputs % count === 0));
  const losses: Loss[] = [
    { type: "mse", reduction },
    { type: "mae", reduction },
    { type: "huber", reduction, delta: 0.3 },
    { type: "binaryCrossEntropy", reduction },
    { type: "quantile", reduction, quantiles: [0.1, 0.5, 0.8].slice(0, count) },
  ];
  if (outputs % 2 === 0) losses.push({ type: "gaussianNLL", reduction });
  if (outputs > 1) {
    const classWeights = draw.chance(0.3) ? Array.from({ length: outputs }, (_, k) => k % 3) : null;
    const entropy: Loss = { type: "crossEntropy", reduction, labelSmoothing: draw.of([0, 0.2]), classWeights };
    losses.push(entropy, entropy, entropy);
    if (output === "every") losses.push({ type: "ctc", reduction, blank: draw.from(0, outputs - 1) });
  }
  return draw.of(losses);
}

const optimizers = (draw: Draw): Optimizer => {
  const learningRate = draw.of([1e-4, 0.01]);
  const weightDecay = draw.of([0, 0, 0.01]);
  const momentum = draw.of([0, 0.9]);
  return draw.of([
    sgd({ learningRate, momentum, nesterov: draw.chance(0.5), weightDecay }),
    rmsprop({ learningRate, momentum, weightDecay }),
    adagrad({ learningRate, weightDecay }),
    adam({ learningRate, weightDecay }),
    adamw({ learningRate }),
  ]);
};

export type Training = TrainerOptions & { loss: Loss | Record<string, Loss>; batch: number };

/** The loss of a head. */
const lossOf = (loss: Training["loss"], name: string) => (name ? (loss as Record<string, Loss>)[name] : loss) as Loss;

/** Whether a layer needs whole sequences. */
export const needsWhole = (layers: readonly Layer[]): boolean =>
  layers.some((layer) => "bidirectional" in layer || "direction" in layer || (layer.type === "pooling" && layer.kind !== "last"));

export function drawTraining(draw: Draw, config: ModelConfig, outputs: Outputs): Training {
  const { layers, output } = config;
  const recurrent = layers.filter(({ type }) => ["rnn", "gru", "lstm", "lstm97"].includes(type));
  const whole = needsWhole(layers);
  const cells = recurrent.every(({ type }) => type === "lstm" || type === "lstm97");
  const reduction = draw.of(["mean", "mean", "sum"] as const);
  const loss = byHead(outputs, (count) => drawLoss(draw, count, output, reduction));
  const aligns = Object.keys(outputs).some((name) => lossOf(loss, name).type === "ctc");
  const window = whole || aligns ? Infinity : draw.of([1, draw.from(2, 9), draw.from(2, 9), Infinity]);
  const overlaps = window < Infinity && output === "every" && draw.chance(0.4);
  return {
    loss,
    ...(config.heads && draw.chance(0.5) && { lossWeights: byHead(outputs, () => draw.of([0, 0.5, 3])) as Record<string, number> }),
    optimizer: optimizers(draw),
    window,
    ...(overlaps && { stride: draw.from(1, window) }),
    gradient: cells && draw.chance(0.3) ? "truncated-1997" : "full",
    batch: draw.from(1, draw.of([6, 6, 12, 12, 40])),
    accumulate: draw.of([1, 1, 2, 3]),
    average: draw.of([0, 0, 0.9]),
    clipNorm: draw.of([Infinity, 1]),
    clipValue: draw.of([Infinity, 0.5]),
    seed: draw.from(0, 1e6),
    ...(draw.chance(0.2) && { freeze: drawFrozen(draw, config) }),
  };
}

/** Some parameters, or all of the lowest layers; never all. */
function drawFrozen(draw: Draw, config: ModelConfig): string[] {
  const names = Object.keys(createModel(config).parameters());
  const some = draw.chance(0.5) ? names.slice(0, draw.from(1, names.length)) : names.filter(() => draw.chance(0.5));
  return some.length < names.length ? some : names.slice(1);
}

/** Sequences of 1 to `longest` steps. */
export function drawSequences(
  draw: Draw,
  config: ModelConfig,
  outputs: Outputs,
  loss: Training["loss"],
  count: number,
  longest: number,
): AnySequence[] {
  const { input, output } = config;
  return Array.from({ length: count }, () => {
    const length = draw.from(1, longest);
    const steps = output === "last" ? 1 : length;
    const inputs =
      "columns" in input
        ? drawTable(draw, input.columns, length)
        : "tokens" in input
          ? integers(draw, length, input.tokens)
          : draw.numbers(length * input.features);
    const targets = byHead(outputs, (count, name) =>
      name && draw.chance(0.1) ? null : drawTargets(draw, lossOf(loss, name), count, length, steps),
    ) as NonNullable<AnySequence["targets"]>;
    const weights = byHead(outputs, (_, name) => (lossOf(loss, name).type === "ctc" ? draw.from(0, 2) : integers(draw, steps, 3)));
    return { inputs, targets, ...(draw.chance(0.2) && { weights }) };
  });
}

const integers = (draw: Draw, count: number, below: number) => Array.from({ length: count }, () => draw.from(0, below - 1));

/** Targets of one head, in a sequence of this length that has targets at so many steps. */
function drawTargets(draw: Draw, loss: Loss, outputs: number, length: number, steps: number): ArrayLike<number> {
  if (loss.type === "ctc") {
    // No more than the steps can spell, whatever they are.
    return integers(draw, draw.from(0, Math.ceil(length / 2)), outputs - 1).map((label) => label + Number(label >= (loss.blank ?? 0)));
  }
  const per = loss.type === "quantile" ? outputs / loss.quantiles.length : loss.type === "gaussianNLL" ? outputs / 2 : outputs;
  if (loss.type === "crossEntropy") return integers(draw, steps, outputs);
  return draw.numbers(steps * per).map((value) => (loss.type === "binaryCrossEntropy" ? Math.abs(value) : value));
}
