/** The parts of memcell that readers of other makers' files use: one import for a bundle of them, not one for each of its files. */

export type { Config, Dtype, Engine, Layer, ModelConfig, Tensor, TensorFile } from "../internal.js";
export {
  boolean,
  bytes,
  checkConfig,
  clip,
  complete,
  DTYPES,
  fail,
  integerIn,
  isRecord,
  listed,
  Model,
  modelOf,
  moduleNames,
  openSafetensors,
  options,
  parseJson,
  product,
  writeSafetensors,
} from "../internal.js";
