/** Models from Keras and TensorFlow.js and back: `memcell/keras`. A bundle of its own, so that pages that need it not do not load it. */

import {
  bytes as checkBytes,
  DTYPES,
  fail,
  isRecord,
  type Model,
  parseJson,
  product,
  type Tensor,
  writeSafetensors,
} from "./interop/core.js";
import { isHdf5, readHdf5 } from "./interop/hdf5.js";
import type { Imported } from "./interop/imported.js";
import { modelFrom } from "./interop/kerasModel.js";
import { toKerasLayers } from "./interop/kerasOut.js";
import { isZip, readZip } from "./interop/zip.js";

export type { Imported } from "./interop/imported.js";

function json(path: string, value: unknown): Record<string, unknown> {
  try {
    const parsed = value instanceof Uint8Array ? new TextDecoder().decode(value) : value;
    const { value: read } = typeof parsed === "string" ? parseJson(parsed) : { value: parsed };
    if (isRecord(read)) return read;
  } catch {
    // Refused below.
  }
  return fail(TypeError, path, "the JSON of a model", value);
}

/** Keras 2 and TensorFlow.js take 0.2 for the slope of a hard sigmoid, Keras 3 a sixth. */
const slope = (version: unknown) => (/^[3-9]/.test(`${version}`) ? 1 / 6 : 0.2);

/**
 * Makes a model of a file of Keras: `.keras` of Keras 3, or `.h5` of a whole model of Keras 2 or 3. Sequential models and plain chains of
 * layers: SimpleRNN, LSTM, GRU, Bidirectional (concat, sum), Embedding, Dense, TimeDistributed(Dense), LayerNormalization, Dropout,
 * Activation, Masking, GlobalAveragePooling1D, GlobalMaxPooling1D.
 * @returns the model, and `unknown`: what of the original is left to you, such as softmax
 * @throws TypeError, RangeError with the layer that memcell does not have, or the place in the file where it is damaged
 * @example const { model, unknown } = fromKeras(readFileSync("model.keras"));
 */
export function fromKeras(bytes: Uint8Array | ArrayBuffer): Imported {
  const file = checkBytes("bytes", bytes);
  if (isHdf5(file)) {
    const read = readHdf5(file);
    const { model_config: model, keras_version: version } = read.metadata;
    if (model === undefined)
      fail(RangeError, "bytes", "a whole model, of model.save(path)", "HDF5 without model_config, such as weights alone");
    return modelFrom(json("bytes model_config", model), read, slope(version));
  }
  if (!isZip(file)) return fail(RangeError, "bytes", "a .keras file, or .h5", file);
  const entries = readZip(file);
  const [model, weights] = ["config.json", "model.weights.h5"].map((name) => entries.get(name)?.());
  if (!model || !weights) return fail(RangeError, "bytes", "a .keras file, with config.json and model.weights.h5", "another zip file");
  return modelFrom(json("bytes config.json", model), readHdf5(weights), slope(3));
}

type Read = (view: DataView, at: number) => number;
/** The types of TensorFlow.js's weights, and of those that are quantised. */
const NUMBERS: Record<string, { size: number; read: Read }> = /* @__PURE__ */ (() => {
  const float = (name: string) => DTYPES.get(name) as { size: number; read: Read };
  return {
    float32: float("F32"),
    float16: float("F16"),
    int32: { size: 4, read: (view, at) => view.getInt32(at, true) },
    uint16: { size: 2, read: (view, at) => view.getUint16(at, true) },
    uint8: { size: 1, read: (view, at) => view.getUint8(at) },
    bool: { size: 1, read: (view, at) => view.getUint8(at) },
  };
})();

/**
 * Makes a model of TensorFlow.js's files, quantised ones too. The same layers as `fromKeras`.
 * @param model model.json: as text, as bytes, or parsed
 * @param weights the bytes of the files in its weightsManifest, one after the other
 * @throws TypeError, RangeError with the layer that memcell does not have, or the weight that the files lack
 * @example const { model } = fromTfjs(await (await fetch("model.json")).text(), await (await fetch("weights.bin")).arrayBuffer());
 */
export function fromTfjs(model: string | Uint8Array | object, weights: Uint8Array | ArrayBuffer): Imported {
  const { modelTopology, weightsManifest } = json("model", model);
  const file = checkBytes("weights", weights);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const topology = json("model.modelTopology", modelTopology);
  const tensors: Record<string, Tensor> = Object.create(null);
  if (!Array.isArray(weightsManifest)) fail(TypeError, "model.weightsManifest", "an array of groups of weights", weightsManifest);
  let at = 0;
  for (const spec of weightsManifest.flatMap((group) => (isRecord(group) && Array.isArray(group.weights) ? group.weights : [undefined]))) {
    const { name, shape, dtype, quantization } = (isRecord(spec) ? spec : {}) as {
      name: string;
      shape: number[];
      dtype: string;
      quantization?: { dtype: string; min?: number; scale?: number };
    };
    const { dtype: kind = dtype, min = 0, scale = 1 } = quantization ?? {};
    const number = Object.hasOwn(NUMBERS, kind) ? NUMBERS[kind] : undefined;
    const good = typeof name === "string" && Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!good || !number) fail(RangeError, `model.weightsManifest ${name}`, `one of ${Object.keys(NUMBERS)}`, kind);
    const { size, read } = number as { size: number; read: Read };
    const [from, count] = [at, product(shape)];
    at += size * count;
    if (!(at <= file.length)) fail(RangeError, "weights", `${at} bytes up to ${name}`, file);
    // Others are states of random numbers and the like.
    if (dtype !== "float32") continue;
    tensors[name] = {
      shape,
      get data() {
        return Float32Array.from({ length: count }, (_, i) => min + scale * read(view, from + size * i));
      },
    };
  }
  return modelFrom(topology.model_config ?? topology, { tensors, skipped: {} }, slope(topology.keras_version));
}

/**
 * The model as TensorFlow.js's two files, for `tf.loadLayersModel`. It has all of LSTM, SimpleRNN, and of GRU that with the reset before.
 * @returns `json`, the text of model.json, and `weights`, the bytes of weights.bin beside it
 * @throws TypeError if it is no model; RangeError with the option of a layer that TensorFlow.js does not have
 * @example const { json, weights } = toTfjs(model);
 */
export function toTfjs(model: Model<unknown>): { json: string; weights: Uint8Array<ArrayBuffer> } {
  const { layers, weights } = toKerasLayers(model, true);
  const modelTopology = {
    class_name: "Sequential",
    config: { name: "memcell", layers },
    keras_version: "2.15.0",
    backend: "tensor_flow.js",
  };
  const specs = weights.map(([name, { shape }]) => ({ name, shape, dtype: "float32" }));
  const file = new Uint8Array(4 * weights.reduce((sum, [, { data }]) => sum + data.length, 0));
  const view = new DataView(file.buffer);
  let at = 0;
  for (const [, { data }] of weights) for (const value of data) view.setFloat32(4 * at++, value, true);
  const text = { format: "layers-model", generatedBy: "memcell", convertedBy: null, modelTopology };
  return { json: JSON.stringify({ ...text, weightsManifest: [{ paths: ["weights.bin"], weights: specs }] }), weights: file };
}

/**
 * The weights as a safetensors file whose names sort in the order in which the `set_weights` of the same model in Keras takes them.
 * @throws TypeError if it is no model; RangeError with the option of a layer that Keras does not have
 * @example writeFileSync("weights.safetensors", toKerasWeights(model));
 */
export function toKerasWeights(model: Model<unknown>): Uint8Array<ArrayBuffer> {
  const { weights } = toKerasLayers(model, false);
  return writeSafetensors({
    tensors: Object.fromEntries(weights.map(([name, tensor], i) => [`${`${i}`.padStart(4, "0")} ${name}`, tensor])),
  });
}
