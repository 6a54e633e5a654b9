/** What a model is: plain data, checked and completed once. */

import { deepFreeze, fail, integer, LARGEST, oneOf, options, typeOf } from "./check.js";
import { PRESETS, type Preset } from "./initializers.js";
import { KINDS, type Layer } from "./layers/index.js";
import { checkScale, type Scale } from "./scale.js";

/** What a model is: plain data, saved with it. */
export interface ModelConfig {
  /** Numbers at each step (`features`), or one token out of so many (`tokens`). */
  input: { features: number } | { tokens: number };
  /** From the input up. The last one's units are the outputs. */
  layers: Layer[];
  /** Outputs (and targets) at every step of a sequence, or at its last only. Default "every". */
  output?: "every" | "last";
  /**
   * The framework whose initial distributions the layers take that have no `initial` of their own. Keras's are Glorot's for inputs,
   * orthogonal recurrent weights, and forget biases of 1. Default "pytorch".
   */
  initial?: Preset;
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

function checkLayer(path: string, value: unknown): Layer {
  const type = typeOf(path, value, KINDS, "a layer such as lstm({ units: 64 })");
  return { type, ...KINDS[type].check(path, value as Record<string, unknown>) } as Layer;
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
  const config = options("config", value, ["input", "layers", "output", "initial", "seed", "scaler"]);
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
  if (tokens && ["dense", "dropout", "normalization"].includes(first)) {
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
    initial: config.initial === undefined ? "pytorch" : oneOf("initial", config.initial, Object.keys(PRESETS) as Preset[]),
    seed: config.seed === undefined ? 0 : integer("seed", config.seed, 0),
    scaler: config.scaler === undefined ? {} : checkScaler(config.scaler, tokens ? 0 : (input.features as number)),
  });
}
