/** A model's configuration: plain data, checked and completed once. */

import { type Check, complete, count, deepFreeze, describe, each, fail, isObject, isRecord, oneOf, record, typed } from "../core/check.js";
import type { DenseLayer } from "../layers/dense.js";
import { gathers, KINDS, type Layer } from "../layers/index.js";
import { PRESETS, type Preset } from "../layers/initializers.js";
import { checkInput, Input, type InputConfig } from "./input.js";
import { checkScale, type Scaler } from "./scale.js";

/** A model's configuration: plain data, saved with it. */
export interface ModelConfig {
  /**
   * Numbers at each step (`features`), one token out of `tokens`, or `columns` with names: numbers and categories, in an order that
   * sequences in rows without names keep.
   * @example input: { columns: { wind: numeric({ missing: "last" }), weather: categorical(["sun", "rain"]), weekday: categorical(7) } }
   */
  input: InputConfig;
  /** The layers from the input up. The last one's units are the outputs, unless there are `heads`. */
  layers: Layer[];
  /**
   * Several outputs by name, each a `dense` on what the last layer gives. Targets, weights, losses, scales of targets, metrics and
   * outputs then go by these names, and the parameters are `heads.price.weight`, …. Default: none, and one output without a name.
   * @example heads: { price: dense({ units: 14 }), trend: dense({ units: 3 }) }
   */
  heads?: Readonly<Record<string, DenseLayer>>;
  /**
   * Outputs (and targets) at every step of a sequence, or one for all of it. "last" puts `pooling({ kind: "last" })` above the topmost
   * layer that looks beyond the present step, so that the output comes from the final state of each direction. Default "every"; for a
   * model with a pooling layer of its own "last", as it cannot be otherwise.
   */
  output?: "every" | "last";
  /**
   * The framework whose initial distributions are used by layers without an `initial` of their own. Keras's are Glorot's for inputs,
   * orthogonal recurrent weights, and forget biases of 1. Default "pytorch".
   */
  initial?: Preset;
  /** Seed of the initial weights; an integer from 0. The same seed gives the same bits everywhere. Default 0. */
  seed?: number;
  /**
   * Means and standard deviations (see `scaler`) of the data in your units. `inputs` (features, or the numeric columns in their order) and
   * `targets` are standardised on their way in, and outputs are converted back to the targets' units. With the losses quantile and
   * gaussianNLL, set `outputs` to the loss; `targets` then has a mean for each target, not each output. Losses are measured in
   * standardised units, metrics in the targets'. With `heads`, `targets` and `outputs` go by head, for those that you want scaled.
   * Default: no scaling.
   * @example scaler: { targets: scaler(train, { of: "targets" }), outputs: "quantile" }
   * @example scaler: { targets: { price: scaler(train, { of: "targets", head: "price" }) }, outputs: { price: "quantile" } }
   */
  scaler?: Scaler;
  /** Your own strings by name, such as the names of classes or an alphabet: saved with the model in its files. Default: none. */
  metadata?: Record<string, string>;
}

/** A checked configuration with all defaults filled in. */
export type Config = Required<Omit<ModelConfig, "heads">> & Pick<ModelConfig, "heads">;

function checkLayer(path: string, value: unknown): Layer {
  const layer = typed(path, value, KINDS, "a layer such as lstm({ units: 64 })") as Layer;
  KINDS[layer.type].refuse?.(path, layer);
  return layer;
}

/** The most characters, names included: a file's header may have 100 MB, and an escape takes up to six bytes a character. */
const MOST = 10_000_000;

const checkMetadata: Check<Record<string, string>> = (path, value) => {
  if (!isObject(value) || Array.isArray(value)) fail(TypeError, path, "strings by name", value);
  const entries = Object.entries(value);
  let length = 0;
  for (const [name, text] of entries) {
    if (name === "memcell") throw new RangeError(`"${path}.memcell" is the name that memcell keeps for itself`);
    if (typeof text !== "string") fail(TypeError, `${path}.${name}`, "a string", text);
    length += name.length + text.length;
  }
  if (length > MOST) fail(RangeError, path, `at most ${MOST} characters in all`, length);
  return Object.fromEntries(entries);
};

/** The most layers without parameters, one on the other: a small file could ask for any number of them. */
export const BARE = 8;

/** The most characters of a head's name. */
const NAME = 100;

const checkHeads: Check<Record<string, DenseLayer>> = (path, value) => {
  const heads = isRecord(value) ? Object.entries(value) : [];
  if (heads.length === 0) fail(TypeError, path, "layers by name, such as { price: dense({ units: 1 }) }", value);
  for (const [name] of heads) {
    // It becomes a part of parameters' names.
    if (name === "" || name === "__proto__" || name.includes(".") || name.length > NAME) {
      throw new RangeError(`"${path}" expected names of 1 to ${NAME} characters without dots, got ${describe(name)}`);
    }
  }
  return Object.fromEntries(
    heads.map(([name, head]) => {
      const layer = checkLayer(`${path}.${name}`, head);
      if (layer.type !== "dense") fail(RangeError, `${path}.${name}`, "a dense layer (others belong into layers)", layer.type);
      return [name, layer];
    }),
  );
};

const MEANINGS = oneOf("values", "quantile", "gaussianNLL");

/** The check of something that each head may have, or of the only one. */
function perHead<T>(check: Check<T>, heads: unknown): Check<T | Record<string, T>> {
  if (!isRecord(heads)) return check;
  return (path, value) => complete(path, value, Object.fromEntries(Object.keys(heads).map((name) => [name, check]))) as Record<string, T>;
}

/** Checks a configuration and fills in the defaults. The number of targets is checked later, when the layers have been laid out. */
export function checkConfig(value: unknown): Config {
  const { heads } = Object(value);
  const config = complete("config", value, {
    input: [checkInput],
    layers: [each(checkLayer, "an array of layers")],
    heads: checkHeads,
    output: [oneOf("every", "last"), "every"],
    initial: [oneOf(...(Object.keys(PRESETS) as Preset[])), "pytorch"],
    seed: [count, 0],
    scaler: [record({ inputs: checkScale, targets: perHead(checkScale, heads), outputs: perHead(MEANINGS, heads) }), {}],
    metadata: [checkMetadata, {}],
  }) as Config;
  const { layers, scaler } = config;
  if (layers.length === 0) fail(RangeError, "layers", "at least one layer", layers);
  const pool = layers.findIndex(({ type }) => type === "pooling");
  if (pool >= 0) {
    const { output } = value as ModelConfig;
    if (output === "every") fail(RangeError, "output", `"last", as layers[${pool}] makes one vector out of a sequence`, output);
    config.output = "last";
  }
  const { scaled } = new Input(config.input, gathers(layers));
  const tokens = "tokens" in config.input;
  if (scaler.inputs) {
    if (!scaled) throw new RangeError('"scaler.inputs" is for models with features or numeric columns as input');
    const { mean } = scaler.inputs;
    if (mean.length !== scaled) fail(RangeError, "scaler.inputs.mean", `${scaled} numbers`, mean);
  }
  let run = 0;
  layers.forEach(({ type }, i) => {
    const { takes, passes, bare, steps } = KINDS[type];
    run = bare ? run + 1 : 0;
    if (run > BARE) throw new RangeError(`"layers[${i}]" is the ${run}th layer without parameters in a row; at most ${BARE} may be`);
    if (steps && pool >= 0 && i > pool) {
      throw new RangeError(`"layers[${i}]" is ${type}, which needs steps: layers[${pool}] (pooling) leaves one vector of a sequence`);
    }
    if (passes && layers[i - 1]?.type === type) throw new RangeError(`"layers[${i}]" is ${type} of what ${type} gives: one does it`);
    if (takes === "tokens" && (i > 0 || !tokens)) {
      throw new RangeError(`"layers[${i}]" takes tokens (${type}): it must be the first layer of a model with tokens as input`);
    }
    if (takes === "numbers" && i === 0 && tokens) {
      const able = Object.keys(KINDS).filter((name) => KINDS[name as Layer["type"]].takes !== "numbers");
      fail(RangeError, `layers[${i}]`, `one of ${able.join(", ")}, which take tokens`, type);
    }
  });
  const last = layers.length - 1;
  const { type } = layers[last] as Layer;
  if (KINDS[type].passes && !config.heads) throw new RangeError(`"layers[${last}]" is the last layer, which must not be ${type}`);
  return deepFreeze(config);
}
