/** The layer kinds. To add one, write a file and add a row here. */

import { type ActivationLayer, activationKind } from "./activation.js";
import { type Conv1dLayer, conv1dKind } from "./conv1d.js";
import { type DenseLayer, denseKind } from "./dense.js";
import { type DropoutLayer, dropoutKind } from "./dropout.js";
import { type EmbeddingLayer, embeddingKind } from "./embedding.js";
import { type NormalizationLayer, normalizationKind } from "./normalization.js";
import type { LayerKind } from "./plan.js";
import { type PoolingLayer, poolingKind } from "./pooling.js";
import { gruKind, lstm97Kind, lstmKind, rnnKind } from "./recurrent.js";
import type { GruLayer, Lstm97Layer, LstmLayer, RnnLayer } from "./recurrentOptions.js";

/** A layer, made by `lstm`, `dense`, `pooling`, … */
export type Layer =
  | LstmLayer
  | Lstm97Layer
  | GruLayer
  | RnnLayer
  | Conv1dLayer
  | ActivationLayer
  | DenseLayer
  | DropoutLayer
  | EmbeddingLayer
  | NormalizationLayer
  | PoolingLayer;

export const KINDS = {
  rnn: rnnKind,
  gru: gruKind,
  lstm: lstmKind,
  lstm97: lstm97Kind,
  conv1d: conv1dKind,
  activation: activationKind,
  dense: denseKind,
  embedding: embeddingKind,
  dropout: dropoutKind,
  normalization: normalizationKind,
  pooling: poolingKind,
} as unknown as Record<Layer["type"], LayerKind<Layer>>;

/** Whether the first layer of a model gathers its categories. Others take them as 0 and 1. */
export const gathers = ([first]: readonly Layer[]): boolean => KINDS[(first as Layer).type].takes !== "numbers";
