/** The one list of cases: what is checked against the oracle, differentiated, and timed. */

import type { Column, Loss, ModelConfig, Sequence, Series } from "../../src/index.js";
import {
  activation,
  type CtcLoss,
  categorical,
  conv1d,
  crossEntropy,
  ctc,
  dense,
  dropout,
  embedding,
  gaussianNLL,
  gru,
  type Layer,
  lstm,
  lstm97,
  mse,
  normalization,
  numeric,
  pooling,
  quantile,
  rnn,
} from "../../src/index.js";
import type { Example, Parameters } from "./oracle.js";

export interface Case {
  name: string;
  model: ModelConfig & { output: "every" | "last" };
  loss: Loss | Loss["type"];
  /** Whether each step has a weight of its own, or "each" number of it; some are 0. */
  weighted?: boolean | "each";
  /** Steps of each sequence: how many, and how ragged. */
  lengths: number[];
}

/** Whether a layer reads sequences from their ends. */
export const readsBack = (layers: readonly Layer[]) => layers.some((layer) => "bidirectional" in layer || "direction" in layer);

const lengths = (count: number, longest: number) => Array.from({ length: count }, (_, i) => 1 + ((i * 7 + longest - 1) % longest));

/** Columns of every kind, alone and beside each other. */
const TABLES: Record<string, Record<string, Column>> = {
  "numbers and categories": { a: numeric(), b: categorical(3), c: numeric(), d: categorical(["x", "y", "z", "w", "v"]), e: numeric() },
  "categories alone": { a: categorical(2), b: categorical(5) },
  "learned vectors": { a: categorical(3, { units: 2 }), b: numeric(), c: categorical(4), d: categorical(5, { units: 3 }) },
  gaps: {
    a: numeric({ missing: "last" }),
    b: categorical(3, { missing: "category" }),
    c: numeric({ missing: "mean" }),
    d: categorical(2, { units: 2, missing: "category" }),
    e: numeric({ missing: "last" }),
  },
};

/** First layers, each with its own way to read columns. */
const FIRST: Record<string, Layer[]> = {
  lstm: [lstm({ units: 5 })],
  "lstm with all that goes with layer normalisation": [lstm({ units: 4, layerNorm: true, projection: 3, zoneout: 0.2 })],
  "lstm without gates, in both directions": [lstm({ units: 3, inputGate: false, bidirectional: "concat" })],
  gru: [gru({ units: 5, bidirectional: "sum" })],
  "gru, reset before": [gru({ units: 3, reset: "before" })],
  rnn: [rnn({ units: 5 })],
  lstm97: [lstm97({ blocks: 2, cellsPerBlock: 2 })],
  "lstm97, zoneout": [lstm97({ blocks: 3, zoneout: 0.3 })],
  "dense and normalisation": [normalization(), dense({ units: 3, activation: "tanh" }), gru({ units: 3 })],
  conv1d: [conv1d({ units: 3, kernel: 2 })],
  "the end of an activation": [activation({ kind: "tanh" }), rnn({ units: 3, direction: "reverse" })],
};

/** Every option of every cell, with `units` outputs; of inputs as many, where the layer goes past itself. */
const VARIANTS: Record<string, (units: number) => Layer> = {
  "lstm, peepholes": (units) => lstm({ units, peepholes: true }),
  "lstm, coupled": (units) => lstm({ units, coupled: true }),
  "lstm, coupled with peepholes": (units) => lstm({ units, coupled: true, peepholes: true }),
  "lstm without input gate": (units) => lstm({ units, inputGate: false, peepholes: true }),
  "lstm without forget gate": (units) => lstm({ units, forgetGate: false }),
  "lstm without output gate": (units) => lstm({ units, outputGate: false, peepholes: true }),
  "lstm without input activation": (units) => lstm({ units, inputActivation: "identity" }),
  "lstm without output activation": (units) => lstm({ units, outputActivation: "identity", layerNorm: true }),
  "lstm, full gate recurrence": (units) => lstm({ units, fullGateRecurrence: true }),
  "lstm, full gate recurrence with peepholes": (units) => lstm({ units, fullGateRecurrence: true, peepholes: true }),
  "lstm, projection": (units) => lstm({ units: units + 3, projection: units }),
  "lstm, projection to more": (units) => lstm({ units: 2, projection: units }),
  "lstm, layer normalisation": (units) => lstm({ units, layerNorm: true }),
  "lstm, layer normalisation and all that goes with it": (units) =>
    lstm({
      units: units + 2,
      layerNorm: true,
      peepholes: true,
      coupled: true,
      projection: units,
      cellClip: 0.8,
      zoneout: 0.2,
      cellZoneout: 0.1,
    }),
  "lstm, cell clipping": (units) => lstm({ units, cellClip: 0.3 }),
  "lstm, zoneout": (units) => lstm({ units, zoneout: 0.3, cellZoneout: 0.6 }),
  "lstm, zoneout of the cell": (units) => lstm({ units, cellZoneout: 0.4, peepholes: true }),
  "lstm, recurrent dropout": (units) => lstm({ units, recurrentDropout: 0.4 }),
  "lstm, recurrent dropout, projection, full gate recurrence": (units) =>
    lstm({ units: units + 1, projection: units, recurrentDropout: 0.3, fullGateRecurrence: true, zoneout: 0.1 }),
  "lstm, hard gates": (units) => lstm({ units, gateActivation: "hardSigmoid" }),
  "lstm, hard gates of another slope, relu in and out": (units) =>
    lstm({ units, gateActivation: "hardSigmoid", alpha: 1 / 6, inputActivation: "relu", outputActivation: "relu" }),
  "lstm, logistic in and out": (units) => lstm({ units, inputActivation: "logistic", outputActivation: "logistic" }),
  "lstm, stretched in and out, coupled, hard gates": (units) =>
    lstm({ units, inputActivation: "[-2,2]", outputActivation: "[-1,1]", coupled: true, gateActivation: "hardSigmoid" }),
  "lstm, logistic in and out, hard gates, and all that goes with it": (units) =>
    lstm({
      units: units + 2,
      inputActivation: "logistic",
      outputActivation: "logistic",
      gateActivation: "hardSigmoid",
      alpha: 0.3,
      layerNorm: true,
      peepholes: true,
      projection: units,
      zoneout: 0.2,
      cellZoneout: 0.1,
      recurrentDropout: 0.3,
    }),
  "lstm, logistic output, full gate recurrence": (units) => lstm({ units, outputActivation: "logistic", fullGateRecurrence: true }),
  "lstm, logistic in and out, no gates": (units) =>
    lstm({ units, inputGate: false, outputGate: false, forgetGate: false, inputActivation: "logistic", outputActivation: "logistic" }),
  "gru, hard gates": (units) => gru({ units, gateActivation: "hardSigmoid", alpha: 1 / 6 }),
  "gru, relu": (units) => gru({ units, inputActivation: "relu" }),
  "gru, logistic, zoneout": (units) => gru({ units, inputActivation: "logistic", zoneout: 0.3 }),
  "gru, reset before, hard gates, logistic": (units) =>
    gru({ units, reset: "before", gateActivation: "hardSigmoid", inputActivation: "logistic" }),
  "gru, reset before, identity": (units) => gru({ units, reset: "before", inputActivation: "identity" }),
  "lstm in reverse": (units) => lstm({ units, direction: "reverse" }),
  "gru in reverse, reset before": (units) => gru({ units, direction: "reverse", reset: "before" }),
  "lstm97 in reverse, all that is drawn": (units) =>
    lstm97({ blocks: units, direction: "reverse", zoneout: 0.2, cellZoneout: 0.3, recurrentDropout: 0.4 }),
  "gru, zoneout and recurrent dropout": (units) => gru({ units, zoneout: 0.3, recurrentDropout: 0.2 }),
  "gru, reset before": (units) => gru({ units, reset: "before" }),
  "gru, reset before, in both directions": (units) => gru({ units, reset: "before", bidirectional: "sum" }),
  "gru, reset before, zoneout and recurrent dropout": (units) => gru({ units, reset: "before", zoneout: 0.3, recurrentDropout: 0.2 }),
  "rnn, zoneout and recurrent dropout": (units) => rnn({ units, zoneout: 0.3, recurrentDropout: 0.2 }),
  lstm97: (units) => lstm97({ blocks: units }),
  "lstm97, blocks of two": (units) => lstm97({ blocks: Math.ceil(units / 2), cellsPerBlock: 2 }),
  "lstm97, one block": (units) => lstm97({ blocks: 1, cellsPerBlock: units, outputGateBias: -1 }),
  "lstm97, recurrence of the cells": (units) => lstm97({ blocks: units, recurrence: "cells", bias: "gates" }),
  "lstm97, no recurrence, no output gate, other functions": (units) =>
    lstm97({ blocks: units, recurrence: "none", outputGate: false, bias: "none", g: "logistic", h: "identity" }),
  "lstm97 without output gate": (units) => lstm97({ blocks: units, outputGate: false, g: "tanh", h: "tanh" }),
  "lstm97, zoneout": (units) => lstm97({ blocks: units, zoneout: 0.3, cellZoneout: 0.5 }),
  "lstm97, recurrent dropout": (units) => lstm97({ blocks: Math.ceil(units / 2), cellsPerBlock: 2, recurrentDropout: 0.4, bias: "gates" }),
  "lstm97, all that is drawn, recurrence of the cells": (units) =>
    lstm97({ blocks: units, recurrence: "cells", zoneout: 0.2, cellZoneout: 0.3, recurrentDropout: 0.4 }),
  "lstm97, all that is drawn, no output gate, in both directions": (units) =>
    lstm97({ blocks: units, outputGate: false, zoneout: 0.2, cellZoneout: 0.3, recurrentDropout: 0.4, bidirectional: "sum" }),
  "rnn in both directions": (units) => rnn({ units, bidirectional: "sum" }),
  "lstm97 in both directions": (units) => lstm97({ blocks: units, bidirectional: "sum" }),
};

/** Each of them on tokens in one row, and between other layers, so that errors pass through, in two panels and in a few rows. */
const variants = Object.entries(VARIANTS).flatMap(([name, layer]): Case[] => [
  {
    name: `${name}: tokens, one row`,
    model: { input: { tokens: 6 }, layers: [layer(5), dense({ units: 4 })], output: "every" },
    loss: "crossEntropy",
    lengths: [8],
  },
  ...[9, 3].map((rows) => ({
    name: `${name}: between other layers, ${rows} rows`,
    model: { input: { features: 3 }, layers: [dense({ units: 4 }), layer(6), dense({ units: 2 })], output: "every" as const },
    loss: "mse" as const,
    lengths: lengths(rows, 6),
  })),
]);

/** Odd sizes, I != H, batches on both sides of a panel, and both kinds of lanes. */
export const CASES: Case[] = [
  { name: "one row", model: { input: { features: 3 }, layers: [lstm({ units: 5 })], output: "every" }, loss: "mse", lengths: [9] },
  {
    name: "a few rows, one by one",
    model: { input: { features: 1 }, layers: [lstm({ units: 7 }), dense({ units: 2 })], output: "every" },
    loss: "mse",
    lengths: lengths(4, 8),
  },
  {
    name: "one panel, not full",
    model: { input: { features: 5 }, layers: [lstm({ units: 6 }), dense({ units: 3 })], output: "every" },
    loss: "mse",
    lengths: lengths(7, 6),
  },
  {
    name: "two panels, three layers",
    model: {
      input: { features: 2 },
      layers: [lstm({ units: 9 }), lstm({ units: 4 }), lstm({ units: 5 }), dense({ units: 1 })],
      output: "every",
    },
    loss: "mse",
    lengths: lengths(13, 7),
  },
  {
    name: "target at the last step",
    model: { input: { features: 4 }, layers: [lstm({ units: 6 }), dense({ units: 3 })], output: "last" },
    loss: "crossEntropy",
    lengths: lengths(9, 9),
  },
  {
    name: "tokens, gathered by the recurrent layer",
    model: { input: { tokens: 11 }, layers: [lstm({ units: 6 }), dense({ units: 11 })], output: "every" },
    loss: "crossEntropy",
    lengths: lengths(10, 6),
  },
  {
    name: "tokens, gathered by the recurrent layer, one row",
    model: { input: { tokens: 5 }, layers: [lstm({ units: 3 }), dense({ units: 7 })], output: "every" },
    loss: "crossEntropy",
    lengths: [11],
  },
  {
    name: "embedding",
    model: { input: { tokens: 9 }, layers: [embedding({ units: 5 }), lstm({ units: 6 }), dense({ units: 9 })], output: "every" },
    loss: "crossEntropy",
    lengths: lengths(9, 7),
  },
  {
    name: "embedding, one row",
    model: { input: { tokens: 4 }, layers: [embedding({ units: 3 }), lstm({ units: 5 }), dense({ units: 6 })], output: "last" },
    loss: "crossEntropy",
    lengths: [6],
  },
  {
    name: "dense below, between and above, no recurrence at the top",
    model: {
      input: { features: 3 },
      layers: [dense({ units: 5 }), lstm({ units: 6 }), dense({ units: 7 }), dense({ units: 2 })],
      output: "every",
    },
    loss: "mse",
    lengths: lengths(8, 5),
  },
  ...(["tanh", "relu"] as const).flatMap((activation): Case[] => [
    {
      name: `rnn, ${activation}, two panels`,
      model: {
        input: { features: 3 },
        layers: [rnn({ units: 7, activation }), rnn({ units: 5, activation }), dense({ units: 2 })],
        output: "every",
      },
      loss: "mse",
      lengths: lengths(11, 7),
    },
    {
      name: `rnn, ${activation}, tokens, one row`,
      model: { input: { tokens: 6 }, layers: [rnn({ units: 6, activation }), dense({ units: 5 })], output: "every" },
      loss: "crossEntropy",
      lengths: [9],
    },
  ]),
  {
    name: "gru, two layers, two panels",
    model: { input: { features: 3 }, layers: [gru({ units: 7 }), gru({ units: 5 }), dense({ units: 2 })], output: "every" },
    loss: "mse",
    lengths: lengths(11, 7),
  },
  {
    name: "gru, tokens",
    model: { input: { tokens: 6 }, layers: [gru({ units: 5 }), dense({ units: 5 })], output: "every" },
    loss: "crossEntropy",
    lengths: lengths(9, 5),
  },
  {
    name: "gru, tokens, one row",
    model: { input: { tokens: 6 }, layers: [gru({ units: 6 }), dense({ units: 5 })], output: "last" },
    loss: "crossEntropy",
    lengths: [9],
  },
  {
    name: "gru, a few rows, one by one",
    model: { input: { features: 5 }, layers: [gru({ units: 9 }), dense({ units: 5 })], output: "last" },
    loss: "crossEntropy",
    lengths: lengths(3, 6),
  },
  {
    name: "one cell on another",
    model: {
      input: { features: 2 },
      layers: [lstm({ units: 5 }), gru({ units: 6 }), rnn({ units: 7 }), dense({ units: 1 })],
      output: "every",
    },
    loss: "mse",
    lengths: lengths(9, 6),
  },
  {
    name: "dropout on the input and between layers",
    model: {
      input: { features: 3 },
      layers: [
        dropout({ rate: 0.3 }),
        lstm({ units: 6 }),
        dropout({ rate: 0.5 }),
        lstm({ units: 5 }),
        dropout({ rate: 0.1 }),
        dense({ units: 2 }),
      ],
      output: "every",
    },
    loss: "mse",
    lengths: lengths(9, 6),
  },
  {
    name: "dropout, one row",
    model: {
      input: { tokens: 7 },
      layers: [embedding({ units: 5 }), dropout({ rate: 0.4 }), lstm({ units: 5 }), dense({ units: 7 })],
      output: "every",
    },
    loss: "crossEntropy",
    lengths: [8],
  },
  ...(["mae", "huber", "binaryCrossEntropy"] as const).flatMap((loss): Case[] => [
    {
      name: `${loss}, two panels`,
      model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 3 })], output: "every" },
      loss,
      lengths: lengths(9, 6),
    },
    {
      name: `${loss}, one row`,
      model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 5 })], output: "last" },
      loss,
      lengths: [7],
    },
  ]),
  ...variants,
  ...[1, 4, 11].map(
    (rows): Case => ({
      name: `convolutions below, between and above, ${rows} rows`,
      model: {
        input: { features: 3 },
        layers: [
          conv1d({ units: 5, kernel: 3, dilation: 2 }),
          lstm({ units: 6 }),
          conv1d({ units: 3, kernel: 4 }),
          conv1d({ units: 2, kernel: 1 }),
        ],
        output: "every",
      },
      loss: "mse",
      lengths: lengths(rows, 9),
    }),
  ),
  {
    name: "convolutions of an embedding, looking back past the beginning, target at the last step",
    model: {
      input: { tokens: 5 },
      layers: [embedding({ units: 3 }), conv1d({ units: 4, kernel: 2, dilation: 9 }), conv1d({ units: 5, kernel: 2 })],
      output: "last",
    },
    loss: "crossEntropy",
    lengths: lengths(9, 12),
  },
  {
    name: "both directions, one on the other",
    model: {
      input: { features: 3 },
      layers: [lstm({ units: 5, bidirectional: "concat" }), gru({ units: 3, bidirectional: "concat" }), dense({ units: 2 })],
      output: "every",
    },
    loss: "mse",
    lengths: lengths(10, 7),
  },
  {
    name: "both directions, tokens, one row, target at the last step",
    model: {
      input: { tokens: 5 },
      layers: [lstm({ units: 5, bidirectional: "concat" }), rnn({ units: 4 }), dense({ units: 4 })],
      output: "last",
    },
    loss: "crossEntropy",
    lengths: [9],
  },
  ...[1, 9].flatMap((rows) =>
    (
      [{ bidirectional: "concat" }, { bidirectional: "sum", residual: "sum" }, { bidirectional: "concat", residual: "concat" }] as const
    ).map(
      (both): Case => ({
        name: `the final states of both directions, ${Object.values(both).join(", ")}, ${rows} rows`,
        model: {
          input: { features: 3 },
          layers: [
            gru({ units: 3, bidirectional: "concat" }),
            dense({ units: 5 }),
            lstm({ units: 5, ...both }),
            normalization(),
            dense({ units: 4 }),
          ],
          output: "last",
        },
        loss: "crossEntropy",
        lengths: lengths(rows, 7),
      }),
    ),
  ),
  ...[1, 9].map(
    (rows): Case => ({
      name: `residual and normalised layers, ${rows} rows`,
      model: {
        input: { features: 6 },
        layers: [
          normalization(),
          rnn({ units: 6, residual: "sum" }),
          normalization(),
          lstm({ units: 3, residual: "sum", bidirectional: "concat" }),
          lstm({ units: 6, residual: "sum", zoneout: 0.2 }),
          normalization(),
        ],
        output: "every",
      },
      loss: "mse",
      lengths: lengths(rows, 6),
    }),
  ),
  ...[1, 9].map(
    (rows): Case => ({
      name: `a dense layer that is the embedding's table, ${rows} rows`,
      model: {
        input: { tokens: 7 },
        layers: [embedding({ units: 5 }), lstm({ units: 6 }), dense({ units: 5 }), dense({ units: 7, tied: true })],
        output: "every",
      },
      loss: "crossEntropy",
      lengths: lengths(rows, 8),
    }),
  ),
  ...[2, 11].map(
    (rows): Case => ({
      name: `inputs beside the outputs, ${rows} rows`,
      model: {
        input: { features: 3 },
        layers: [
          dense({ units: 3 }),
          lstm97({ blocks: 3, residual: "concat" }),
          gru({ units: 2, residual: "concat" }),
          dense({ units: 2 }),
        ],
        output: "every",
      },
      loss: "mse",
      lengths: lengths(rows, 6),
    }),
  ),
  ...(["logistic", "tanh", "relu", "[-1,1]", "[-2,2]"] as const).flatMap((activation) =>
    [2, 9].map(
      (rows): Case => ({
        name: `dense with ${activation}, without bias, ${rows} rows`,
        model: {
          input: { features: 3 },
          layers: [dense({ units: 5, activation }), lstm({ units: 3 }), dense({ units: 5, activation, bias: false })],
          output: "every",
        },
        loss: "mse",
        lengths: lengths(rows, 4),
      }),
    ),
  ),
  ...(["mse", "crossEntropy"] as const).flatMap((loss): Case[] => [
    {
      name: `${loss}, weighted steps, two panels`,
      model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 3 })], output: "every" },
      loss,
      weighted: true,
      lengths: lengths(9, 6),
    },
    {
      name: `${loss}, weighted sequences, a few rows`,
      model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 5 })], output: "last" },
      loss,
      weighted: true,
      lengths: [7, 2, 5],
    },
  ]),
  ...[1, 9].map(
    (rows): Case => ({
      name: `cross-entropy, weighted classes, smoothed labels, weighted steps, ${rows} rows`,
      model: { input: { features: 2 }, layers: [gru({ units: 5 }), dense({ units: 3 })], output: "every" },
      loss: crossEntropy({ classWeights: [0.5, 2, 0], labelSmoothing: 0.2 }),
      weighted: true,
      lengths: lengths(rows, 7),
    }),
  ),
  ...[quantile({ quantiles: [0.1, 0.5, 0.75] }), gaussianNLL()].flatMap((loss): Case[] => [
    {
      name: `${loss.type}, two panels`,
      model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 6 })], output: "every" },
      loss,
      weighted: true,
      lengths: lengths(9, 6),
    },
    {
      name: `${loss.type}, one row`,
      model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 6 })], output: "last" },
      loss,
      lengths: [7],
    },
  ]),
  ...[mse({ reduction: "sum" }), crossEntropy({ reduction: "sum", labelSmoothing: 0.1 })].map(
    (loss): Case => ({
      name: `${loss.type}, the sum`,
      model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 3 })], output: "every" },
      loss,
      weighted: true,
      lengths: lengths(9, 6),
    }),
  ),
  ...(["mse", "mae", "huber", "binaryCrossEntropy", "gaussianNLL", quantile({ quantiles: [0.2, 0.9] })] as const).flatMap((loss) => {
    const given = typeof loss === "string" ? { type: loss } : loss;
    return [3, 9].map(
      (rows): Case => ({
        name: `${given.type}, weighted numbers, some missing, ${rows} rows`,
        model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 6 })], output: rows === 3 ? "last" : "every" },
        loss: { ...given, missing: "ignore" },
        weighted: "each",
        lengths: lengths(rows, 6),
      }),
    );
  }),
  ...[1, 9].flatMap((rows) =>
    [undefined, "sum" as const].map(
      (residual): Case => ({
        name: `the final state in reverse, ${residual ?? "no"} residual, ${rows} rows`,
        model: {
          input: { features: 5 },
          layers: [
            rnn({ units: 5, direction: "reverse", residual: "sum" }),
            gru({ units: 5, direction: "reverse", ...(residual && { residual }) }),
            dense({ units: 4 }),
          ],
          output: "last",
        },
        loss: "crossEntropy",
        lengths: lengths(rows, 7),
      }),
    ),
  ),
  ...(["identity", "logistic", "tanh", "relu", "[-1,1]", "[-2,2]", "hardSigmoid"] as const).flatMap((kind) =>
    [2, 9].map(
      (rows): Case => ({
        name: `layers of ${kind}, ${rows} rows`,
        model: {
          input: { features: 3 },
          layers: [
            activation({ kind }),
            lstm({ units: 5 }),
            activation({ kind, ...(kind === "hardSigmoid" && { alpha: 1 / 6 }) }),
            gru({ units: 5, residual: "sum" }),
            activation({ kind }),
          ],
          output: "every",
        },
        loss: "mse",
        lengths: lengths(rows, 4),
      }),
    ),
  ),
  ...Object.entries(TABLES).flatMap(([table, columns]) =>
    Object.entries(FIRST).flatMap(([first, layers]) =>
      [3, 9].map(
        (rows): Case => ({
          name: `columns, ${table}, below ${first}, ${rows} rows`,
          model: { input: { columns }, layers: [...layers, dense({ units: 2 })], output: "every" },
          loss: "mse",
          lengths: lengths(rows, 6),
        }),
      ),
    ),
  ),
  ...[1, 5, 11].map(
    (rows): Case => ({
      name: `labels without alignment, ${rows} rows`,
      model: {
        input: { features: 3 },
        layers: [rows === 5 ? lstm({ units: 4, bidirectional: "concat" }) : gru({ units: 5 }), dense({ units: 6 })],
        output: "every",
      },
      loss: ctc({ blank: rows % 6, reduction: rows === 5 ? "sum" : "mean" }),
      weighted: rows > 1,
      lengths: lengths(rows, 9),
    }),
  ),
  ...(["last", "mean", "max", "attention"] as const).flatMap((kind) =>
    [1, 4, 11].map(
      (rows): Case => ({
        name: `pooling of kind ${kind}, ${rows} rows`,
        model: {
          input: { features: 3 },
          layers: [
            lstm({ units: 5, bidirectional: "concat" }),
            pooling(kind === "attention" && rows > 1 ? { kind, units: 3 } : { kind }),
            dropout({ rate: 0.2 }),
            dense({ units: 6, activation: "tanh" }),
            normalization(),
            dense({ units: 3 }),
          ],
          output: "last",
        },
        loss: "crossEntropy",
        weighted: true,
        lengths: lengths(rows, 7),
      }),
    ),
  ),
  ...(["last", "mean", "max", "attention"] as const).map(
    (kind): Case => ({
      name: `pooling of kind ${kind} of the inputs, at the top`,
      model: { input: { features: 5 }, layers: [normalization(), pooling({ kind })], output: "last" },
      loss: "mse",
      lengths: lengths(9, 6),
    }),
  ),
  ...[{ features: 4 }, { tokens: 6 }].map(
    (input): Case => ({
      name: `target at the last step, no recurrence, ${Object.keys(input)}`,
      model: {
        input: input as { features: number },
        layers: [
          ...("tokens" in input ? [embedding({ units: 4 })] : []),
          dropout({ rate: 0.3 }),
          dense({ units: 5 }),
          dropout({ rate: 0.1 }),
          dense({ units: 3 }),
        ],
        output: "last",
      },
      loss: "crossEntropy",
      lengths: lengths(9, 5),
    }),
  ),
  {
    name: "1997 blocks of two cells, alone, the target at the end of many steps",
    model: { input: { features: 2 }, layers: [lstm97({ blocks: 3, cellsPerBlock: 2 }), dense({ units: 1 })], output: "last" },
    loss: "mse",
    lengths: [260],
  },
  {
    name: "1997 blocks, alone, more rows than are added up one by one",
    model: { input: { features: 3 }, layers: [lstm97({ blocks: 13 }), dense({ units: 2 })], output: "every" },
    loss: "mse",
    lengths: [7],
  },
  {
    name: "no recurrence at all",
    model: { input: { features: 6 }, layers: [dense({ units: 3 })], output: "every" },
    loss: "crossEntropy",
    lengths: lengths(9, 4),
  },
  {
    name: "wide enough for several tiles and blocks of the gradient",
    model: { input: { features: 17 }, layers: [lstm({ units: 21 }), dense({ units: 19 })], output: "every" },
    loss: "crossEntropy",
    lengths: lengths(19, 40),
  },
];

/** A small generator of its own (mulberry32): numbers in [-1, 1), no two alike. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2147483648 - 1;
  };
}

/** f32 numbers, so that oracle and kernels start from the same. */
export const f32s = (length: number, next: () => number, scale = 1) => Array.from({ length }, () => Math.fround(next() * scale));

/** Outputs of a model. */
function outputsOf({ input, layers }: Case["model"]): number {
  const widths = layers.map((layer) => {
    if (layer.type === "lstm97") return layer.blocks * (layer.cellsPerBlock ?? 1);
    if (!("units" in layer) || layer.type === "pooling") return null;
    const { units, projection = units, bidirectional } = { projection: undefined, bidirectional: undefined, ...layer };
    return bidirectional === "concat" ? 2 * projection : projection;
  });
  return widths.findLast((width) => width !== null) ?? (input as { features: number }).features;
}

/** Sequences for a case: ragged, some targets ignored. */
export function examples({ model, loss, lengths, weighted }: Case, seed = 7): Example[] {
  const next = numbers(seed);
  const below = (n: number) => Math.floor(((next() + 1) / 2) * n);
  const { type, missing, quantiles = [1] } = { missing: "refuse", quantiles: [1], ...(typeof loss === "string" ? { type: loss } : loss) };
  const gappy = (row: number[]) => (missing === "ignore" ? row.map((value) => (next() > 0.7 ? NaN : value)) : row);
  const outputs = outputsOf(model);
  const per = outputs / (type === "gaussianNLL" ? 2 : quantiles.length);
  return lengths.map((length) => {
    const { input } = model;
    const column = ({ missing, ...column }: Column) => {
      if (missing && next() > 0.3) return NaN;
      if (column.type === "numeric") return Math.fround(next());
      return below(typeof column.categories === "number" ? column.categories : column.categories.length);
    };
    const step = () => {
      if ("columns" in input) return Object.values(input.columns).map(column);
      return "tokens" in input ? below(input.tokens) : f32s(input.features, next);
    };
    const inputs = Array.from({ length }, step);
    const steps = model.output === "every" ? length : 1;
    if (type === "ctc") {
      // Such as the first five steps can spell.
      const { blank = 0 } = loss as CtcLoss;
      const targets = Array.from(
        { length: below(1 + Math.min(3, Math.floor((length + 1) / 2))) },
        () => (blank + 1 + below(outputs - 1)) % outputs,
      );
      return { inputs, targets, ...(weighted && { weights: [Math.max(0, Math.fround(next() + 0.7))] }) };
    }
    const targets = Array.from({ length: steps }, (_, t) => {
      if (type === "binaryCrossEntropy") return gappy(f32s(outputs, next).map((value) => Math.abs(value)));
      if (type !== "crossEntropy") return gappy(f32s(per, next, 2));
      return t > 0 && next() > 0.7 ? -100 : below(outputs);
    });
    if (!weighted) return { inputs, targets };
    const weights = (count: number) => f32s(count, next, 3).map((value) => Math.max(0, value + 2));
    return { inputs, targets, weights: weighted === "each" ? Array.from({ length: steps }, () => weights(per)) : weights(steps) };
  });
}

export const asSequences = (list: Example[]) => list as Sequence<Series>[];

/** Random parameters, larger than the initial ones, as f32. */
export function randomParameters(shapes: Record<string, { shape: readonly number[] }>, seed = 3): Parameters {
  const next = numbers(seed);
  return Object.fromEntries(
    Object.entries(shapes).map(([name, { shape }]) => [
      name,
      {
        shape,
        data: f32s(
          shape.reduce((a, b) => a * b, 1),
          next,
          0.8,
        ),
      },
    ]),
  );
}

export const asTensors = (parameters: Parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([name, { shape, data }]) => [name, { shape, data: Float32Array.from(data) }]));

/** The largest |a - b| over the largest |b|. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let difference = 0;
  let size = 1e-30;
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const distance = Math.abs((a[i] ?? NaN) - (b[i] ?? NaN));
    if (!(distance <= difference)) difference = distance;
    size = Math.max(size, Math.abs(b[i] ?? 0));
  }
  return difference / size;
}
