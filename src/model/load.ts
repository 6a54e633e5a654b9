/** From a file to a model. */

import { clip, listed, options } from "../core/check.js";
import { openSafetensors, type TensorFile } from "../core/safetensors.js";
import { type Config, checkConfig, type ModelConfig } from "./config.js";
import { checkEnvironment, Engine, type Environment } from "./engine.js";
import { finalLayer, planModel } from "./layout.js";
import { checkLayers, FORMAT, readMetadata } from "./metadata.js";
import { Model } from "./model.js";
import { checkLosses } from "./objective.js";
import { type Assigned, assign } from "./stateDict.js";

/** The options of `loadModel`. */
export interface LoadOptions extends Environment {
  /** The configuration of a file that has none, such as one from PyTorch. Default: the one in the file. */
  config?: ModelConfig;
  /** As for `setParameters`, but without null. Default: each layer is found by its names and shapes. */
  prefixes?: readonly string[];
}

/**
 * Loads the model from a file that `save` (or a trainer's `save`) wrote. Given the configuration, it also loads any safetensors file that
 * has just the model's parameters, such as one from PyTorch: names may have prefixes and biases may be absent, as for `setParameters`.
 * @throws TypeError, RangeError if the file is damaged, or does not hold exactly the model's parameters
 * @example const model = loadModel(readFileSync("model.safetensors"));
 * @example const model = loadModel<Record<"price" | "trend", Float32Array>>(bytes); // one with heads
 */
export function loadModel<O = Float32Array>(bytes: Uint8Array | ArrayBuffer, environment?: LoadOptions): Model<O>;
export function loadModel(bytes: Uint8Array | ArrayBuffer, environment?: LoadOptions): Model;
export function loadModel<O>(bytes: Uint8Array | ArrayBuffer, environment: LoadOptions = {}): Model<O> {
  const { config, prefixes, ...rest } = options("environment", environment, ["config", "prefixes", "module", "kernels"]);
  const { tensors, metadata, skipped } = openSafetensors(bytes);
  const { format, model: saved, loss, weights } = config ? { format: FORMAT, model: config } : readMetadata(metadata);
  if (weights === "int8") throw new RangeError('"bytes" is an int8 model: loadQuantized of memcell/int8 reads it');
  const engineConfig = checkConfig(config ?? checkLayers(saved, Object.keys(tensors).length));
  if (format === 1 && (engineConfig.layers[finalLayer(engineConfig)] as { bidirectional?: unknown } | undefined)?.bidirectional) {
    throw new RangeError(
      '"bytes" is a model of memcell 0.1 with output "last" of a bidirectional layer, whose backward half gave what it had read of the last step alone; it gives its final state now, so the model must be trained again: loadModel(bytes, { config }) takes its parameters to begin with',
    );
  }
  const where = checkEnvironment(rest);
  const parameters = Object.fromEntries(
    Object.entries(tensors).filter(([name]) => config !== undefined || !/^(optimizer|gradient|average|best|trace|trainer)\./.test(name)),
  );
  return modelOf<O>(engineConfig, { tensors: parameters, skipped }, prefixes, where, config ? undefined : { loss }).model;
}

/**
 * A model of just these parameters.
 * @param saved the loss beside them in a file of memcell's own, which has all biases
 * @throws RangeError before any memory is taken: a small file may claim a large model
 */
export function modelOf<O = Float32Array>(
  config: Config,
  { tensors, skipped }: Pick<TensorFile, "tensors" | "skipped">,
  prefixes?: unknown,
  environment: Environment = {},
  saved?: { loss: unknown },
): { model: Model<O>; assigned: Assigned } {
  const layout = planModel(config);
  const recorded = saved?.loss === undefined ? null : checkLosses("metadata.memcell.loss", saved.loss, { config, layout });
  const { assigned } = assign(layout.parameters, tensors, prefixes);
  const [absent] = saved ? [...assigned.kept, ...assigned.zeroed] : assigned.kept;
  if (absent !== undefined) {
    const others = Object.entries(skipped).map(([name, { dtype }]) => `${clip(name, 40)} of dtype ${clip(dtype, 10)}`);
    throw new RangeError(`"bytes" has no tensor "${absent}"${others.length > 0 ? ` that can be read; skipped: ${listed(others)}` : ""}`);
  }
  const model = new Model<O>(Object.assign(new Engine(config, environment), { recorded }));
  model.setParameters(tensors, prefixes === undefined ? {} : { prefixes: prefixes as string[] });
  return { model, assigned };
}
