/** Models from PyTorch and back: `memcell/torch`. A bundle of its own, so that pages that need it not do not load it. */

import {
  checkConfig,
  type Dtype,
  Model,
  type ModelConfig,
  modelOf,
  moduleNames,
  options,
  type Tensor,
  writeSafetensors,
} from "./interop/core.js";
import type { Imported } from "./interop/imported.js";
import { propose } from "./interop/modules.js";
import { readTorch } from "./interop/tensors.js";

export type { Imported } from "./interop/imported.js";

/**
 * Makes a model of a state dict: a safetensors file, or one of `torch.save`, of the state dict alone or of a checkpoint that has it. No
 * code of the file is run. Names may have prefixes, layers may be stacks (`_l0`, `_l1`), projected or in both directions, and biases may
 * be absent. F64, F32, F16 and BF16 are read.
 * @param config without it, one is made from names and shapes, and `unknown` lists what was taken that these do not tell: activations,
 * and whether outputs are of every step. What the module computes besides its layers they do not tell either
 * @param settings `prefixes`: one for each layer that has parameters, from the input up, as for `setParameters`
 * @throws TypeError, RangeError with the name of a tensor that is missing, of another shape, or of no layer; with the place in the file
 * where it is damaged or asks for a class that is neither a tensor nor a dictionary
 * @example const { model, unknown } = fromStateDict(readFileSync("net.pt"));
 */
export function fromStateDict(
  bytes: Uint8Array | ArrayBuffer,
  config?: ModelConfig,
  settings: { prefixes?: readonly string[] } = {},
): Imported {
  const { prefixes } = options("settings", settings, ["prefixes"]) as typeof settings;
  const { tensors: found, skipped, sorted } = readTorch(bytes);
  // nn.LSTMCell and the like are a stack of one.
  const named = Object.entries(found).map(([name, tensor]) => [name.replace(/(^|\.)((weight|bias)_[ih]h)$/, "$1$2_l0"), tensor]);
  const given = Object.fromEntries(named) as Record<string, Tensor>;
  const { unknown, tensors, ...proposed } = config ? { config, tensors: given, unknown: [] } : propose(given, sorted);
  const { model, assigned } = modelOf(checkConfig(proposed.config), { tensors, skipped }, prefixes);
  return { model, unknown, zeroed: assigned.zeroed, unused: assigned.unused, skipped };
}

/** The options of `toStateDict`. */
export interface StateDictOptions {
  /** The numbers of the file. Default "float32". */
  dtype?: Dtype;
  /**
   * Text before all names (`"encoder."`), or one for each layer that has parameters, from the input up: `["rnn.", "rnn.", "fc."]`.
   * Layers with the same one are a stack, numbered in it from 0. Default "": `weight_ih_l0`, `dense.weight`, `dense_1.weight`.
   */
  prefix?: string | readonly string[];
}

const TYPES = /^(lstm|gru|rnn|conv1d|dense|embedding|dropout|normalization|activation|pooling)$/;
/** Options of recurrent layers that no module of PyTorch has. Others are sizes, act in training alone, or are for the module's own code. */
const FOREIGN =
  /Gate false|(peepholes|coupled|Recurrence|Norm) true|putActivation (?!tanh)|gateActivation h|Clip \d|before|direction r|attention/;

/**
 * The parameters as a safetensors file that PyTorch's `load_state_dict` takes, after `safetensors.torch.load_file`. The scaler, residual
 * connections, sums of directions and activations of dense layers are for the module to compute.
 * @param stateDictOptions `prefix` before names, or one for each layer; `dtype`: "float32", "float16" or "bfloat16"
 * @throws TypeError if it is no model; RangeError with the option of a layer that PyTorch's modules do not have
 * @example writeFileSync("net.safetensors", toStateDict(model, { prefix: ["rnn.", "fc."] }));
 */
export function toStateDict(model: Model<unknown>, stateDictOptions: StateDictOptions = {}): Uint8Array<ArrayBuffer> {
  const { prefix = "", ...file } = options("options", stateDictOptions, ["prefix", "dtype"]) as StateDictOptions;
  const { layout, config } = Model.engine("model", model);
  const parameters = model.parameters();
  const own = typeof prefix === "string" ? new Map<string, string>() : moduleNames(layout.parameters, prefix);
  const tensors: Record<string, Tensor> = Object.create(null);
  const add = (name: string, tensor: Tensor) => {
    const given = own.get(name) ?? prefix + name;
    if (given in tensors) throw new RangeError(`"prefix" gives two tensors the name "${given}"`);
    tensors[given] = tensor;
  };
  for (const [name, tensor] of Object.entries(parameters)) add(name, tensor);
  let count = 0;
  config.layers.forEach((layer, i) => {
    const { type } = layer;
    const foreign = Object.entries(layer).find((option) => type !== "dense" && FOREIGN.test(option.join(" ")));
    if (!TYPES.test(type) || foreign) {
      const [name, value] = foreign ?? ["type", type];
      throw new RangeError(`"layers[${i}].${name}" is ${value}, which no module of PyTorch has`);
    }
    if (type !== "dense") return;
    const dense = `dense${count ? `_${count}` : ""}.`;
    count++;
    // Where prefixes are given, a layer without a bias has none: tied in the module, it needs no weights of its own.
    const bias = own.get(`${dense}bias`);
    if (bias) own.set(`${dense}weight`, bias.replace(/bias$/, "weight"));
    if (layer.tied && (bias || typeof prefix === "string")) add(`${dense}weight`, parameters["embedding.weight"] as Tensor);
  });
  return writeSafetensors({ tensors, metadata: { format: "pt" } }, file);
}
