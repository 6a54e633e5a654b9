/** The layers, as plain data: what a user writes, checked and completed once. */

import { deepFreeze, fail, integer, number, oneOf, options } from "./check.js";
import { checkScale, type Scale } from "./scale.js";

/** The LSTM with forget gate (Hochreiter & Schmidhuber 1997; Gers, Schmidhuber & Cummins 2000); PyTorch's `nn.LSTM`. */
export interface LstmLayer {
  type: "lstm";
  /** Hidden units. */
  units: number;
}

/** The gated recurrent unit (Cho et al. 2014), reset after the product; PyTorch's `nn.GRU`. */
export interface GruLayer {
  type: "gru";
  /** Hidden units. */
  units: number;
}

/** The vanilla recurrent network (Elman 1990); PyTorch's `nn.RNN`. */
export interface RnnLayer {
  type: "rnn";
  /** Hidden units. */
  units: number;
  /** Default "tanh". */
  activation?: "tanh" | "relu";
}

/** A linear map of each step, `y = W x + b`; PyTorch's `nn.Linear`. */
export interface DenseLayer {
  type: "dense";
  /** Outputs. */
  units: number;
}

/** Sets inputs to zero at random while training and scales the others up (Srivastava et al. 2014); PyTorch's `nn.Dropout`. */
export interface DropoutLayer {
  type: "dropout";
  /** The share set to zero, from 0 to below 1. */
  rate: number;
}

/** A learned vector for each token; PyTorch's `nn.Embedding`. The first layer of a model with tokens as input. */
export interface EmbeddingLayer {
  type: "embedding";
  /** Length of the vectors. */
  units: number;
}

export type Layer = LstmLayer | GruLayer | RnnLayer | DenseLayer | DropoutLayer | EmbeddingLayer;

/** @example lstm({ units: 64 }) */
export const lstm = (options: Omit<LstmLayer, "type">): LstmLayer => ({ ...options, type: "lstm" });
/** @example gru({ units: 64 }) */
export const gru = (options: Omit<GruLayer, "type">): GruLayer => ({ ...options, type: "gru" });
/** @example rnn({ units: 64, activation: "relu" }) */
export const rnn = (options: Omit<RnnLayer, "type">): RnnLayer => ({ ...options, type: "rnn" });
/** @example dense({ units: 1 }) */
export const dense = (options: Omit<DenseLayer, "type">): DenseLayer => ({ ...options, type: "dense" });
/** @example dropout({ rate: 0.2 }) */
export const dropout = (options: Omit<DropoutLayer, "type">): DropoutLayer => ({ ...options, type: "dropout" });
/** @example embedding({ units: 32 }) */
export const embedding = (options: Omit<EmbeddingLayer, "type">): EmbeddingLayer => ({ ...options, type: "embedding" });

/** What a model is: plain data, saved with it. */
export interface ModelConfig {
  /** Numbers at each step (`features`), or one token out of so many (`tokens`). */
  input: { features: number } | { tokens: number };
  /** From the input up. The last one's units are the outputs. */
  layers: Layer[];
  /** Outputs (and targets) at every step of a sequence, or at its last only. Default "every". */
  output?: "every" | "last";
  /** Of the initial weights; an integer from 0. The same seed gives the same bits everywhere. Default 0. */
  seed?: number;
  /**
   * Means and standard deviations (see `scaler`) of the data in your units: `inputs` (of features) are standardised on their way
   * in, `targets` as well, and outputs are brought back to the targets' units. Losses are measured in standardised units.
   * Default: neither.
   */
  scaler?: { inputs?: Scale; targets?: Scale };
}

/** The same, checked, with nothing left out. */
export type Config = Required<ModelConfig>;

/** No dimension is larger, so that sizes of products stay exact. */
const LARGEST = 1 << 20;

const UNITS = (path: string, layer: Record<string, unknown>) => ({
  units: integer(`${path}.units`, layer.units, 1, LARGEST),
});

/** How each layer's options are checked: a new layer is a row here. */
const CHECKS: { [T in Layer["type"]]: (path: string, layer: Record<string, unknown>) => Omit<Extract<Layer, { type: T }>, "type"> } = {
  rnn: (path, layer) => ({
    ...UNITS(path, options(path, layer, ["type", "units", "activation"])),
    activation: layer.activation === undefined ? "tanh" : oneOf(`${path}.activation`, layer.activation, ["tanh", "relu"]),
  }),
  gru: (path, layer) => UNITS(path, options(path, layer, ["type", "units"])),
  lstm: (path, layer) => UNITS(path, options(path, layer, ["type", "units"])),
  dense: (path, layer) => UNITS(path, options(path, layer, ["type", "units"])),
  embedding: (path, layer) => UNITS(path, options(path, layer, ["type", "units"])),
  dropout: (path, layer) => {
    options(path, layer, ["type", "rate"]);
    return { rate: number(`${path}.rate`, layer.rate, { min: 0, max: 1, belowMax: true }) };
  },
};

function checkLayer(path: string, value: unknown): Layer {
  if (typeof value !== "object" || value === null) fail(TypeError, path, "a layer such as lstm({ units: 64 })", value);
  const layer = value as Record<string, unknown>;
  const type = oneOf(`${path}.type`, layer.type, Object.keys(CHECKS) as Layer["type"][]);
  return { type, ...CHECKS[type](path, layer) } as Layer;
}

/** How many targets there are is checked where the layers have been laid out. */
function checkScaler(value: unknown, features: number): Config["scaler"] {
  const { inputs, targets } = options("scaler", value, ["inputs", "targets"]);
  if (inputs !== undefined && features === 0) throw new RangeError('"scaler.inputs" is for models with features as input');
  const scaler: Config["scaler"] = {};
  if (inputs !== undefined) scaler.inputs = checkScale("scaler.inputs", inputs, features);
  if (targets !== undefined) scaler.targets = checkScale("scaler.targets", targets);
  return scaler;
}

/** Checks a configuration and fills in the defaults. */
export function checkConfig(value: unknown): Config {
  const config = options("config", value, ["input", "layers", "output", "seed", "scaler"]);
  const input = options("input", config.input, ["features", "tokens"]);
  if (Object.keys(input).length !== 1) fail(RangeError, "input", "either features or tokens", config.input);
  const tokens = "tokens" in input;

  if (!Array.isArray(config.layers)) fail(TypeError, "layers", "an array of layers", config.layers);
  if (config.layers.length === 0) fail(RangeError, "layers", "at least one layer", config.layers);
  const layers = Array.from(config.layers, (layer, i) => checkLayer(`layers[${i}]`, layer));
  layers.forEach(({ type }, i) => {
    if (type === "embedding" && (i > 0 || !tokens)) {
      throw new RangeError(`"layers[${i}]" is an embedding, which must be the first layer of a model with tokens as input`);
    }
  });
  const first = (layers[0] as Layer).type;
  if (tokens && (first === "dense" || first === "dropout")) {
    throw new RangeError(`"layers[0]" expected an embedding or a recurrent layer, which take tokens, got ${first}`);
  }
  if ((layers.at(-1) as Layer).type === "dropout") {
    throw new RangeError(`"layers[${layers.length - 1}]" is the last layer, which must not be dropout`);
  }

  return deepFreeze({
    input: tokens
      ? { tokens: integer("input.tokens", input.tokens, 1, LARGEST) }
      : { features: integer("input.features", input.features, 1, LARGEST) },
    layers,
    output: config.output === undefined ? "every" : oneOf("output", config.output, ["every", "last"]),
    seed: config.seed === undefined ? 0 : integer("seed", config.seed, 0),
    scaler: config.scaler === undefined ? {} : checkScaler(config.scaler, tokens ? 0 : (input.features as number)),
  });
}
