/** Files of Keras and TensorFlow.js in, and out: memcell/keras. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { zip } from "../attacks/zips.js";
import { activation, createModel, dense, dropout, gru, type Layer, lstm, lstm97, pooling, readSafetensors } from "../src/index.js";
import { readZip } from "../src/interop/zip.js";
import { fromKeras, fromTfjs, toKerasWeights, toTfjs } from "../src/keras.js";

const read = (name: string) => JSON.parse(readFileSync(new URL(`vectors/${name}`, import.meta.url), "utf8"));
/** Made by keras/models.py with Keras 3. */
const saved: { name: string; files: Record<"keras" | "h5", string>; inputs: number[]; outputs: number[] }[] = read("keras.json");
/** Made by keras/main.ts. */
const tfjs: { json: { modelTopology: object; weightsManifest: object[] }; weights: string; inputs: number[]; outputs: number[] }[] =
  read("tfjs.json");
const fileOf = (text: string) => new Uint8Array(gunzipSync(Buffer.from(text, "base64")));
const difference = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  expect(a.length).toBe(b.length);
  return Array.from(a, (x, i) => Math.abs(x - b[i]!)).reduce((most, x) => Math.max(most, x), 0);
};
/** Where its top is a softmax, the probabilities of the outputs. */
const softmax = (logits: Float32Array) => {
  const powers = logits.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
};

describe.each(saved.map((given) => [given.name, given] as const))("Keras 3: %s", (_, { files, inputs, outputs }) => {
  test.each(["keras", "h5"] as const)(".%s", (end) => {
    const { model, unknown } = fromKeras(fileOf(files[end]));
    const [y] = model.predict([{ inputs }]);
    const soft = unknown.some((text) => text.includes("softmax"));
    expect(difference(soft ? softmax(y!) : y!, outputs)).toBeLessThan(1e-6);
    const weights = readSafetensors(toKerasWeights(model)).tensors;
    expect(Object.keys(weights).sort()).toEqual(Object.keys(weights));
  });
});

test.each(tfjs.map((given, i) => [i, given] as const))("TensorFlow.js, there and back: %d", (_, { json, weights, inputs, outputs }) => {
  const { model } = fromTfjs(json, Buffer.from(weights, "base64"));
  expect(difference(model.predict([{ inputs }])[0]!, outputs)).toBeLessThan(1e-6);
  const back = toTfjs(model);
  expect(toTfjs(fromTfjs(back.json, back.weights).model)).toEqual(back);
});

const dense2 = { class_name: "Dense", config: { name: "d", units: 1, activation: "linear" } };
const specs = [
  { name: "d/kernel", shape: [2, 1], dtype: "float32" },
  { name: "d/bias", shape: [1], dtype: "float32" },
];
const sequential = (layers: unknown, weights: unknown = specs) => ({
  modelTopology: { class_name: "Sequential", config: { layers } },
  weightsManifest: [{ weights }],
});
const node = (name: string, ...from: string[]) => ({
  class_name: from.length ? "Dense" : "InputLayer",
  name,
  config: { ...dense2.config, name },
  inbound_nodes: from.length ? [from.map((source) => [source, 0, 0, {}])] : [],
});

test("quantised weights of the converter, in its order, beside numbers of another kind", () => {
  const common = { trainable: true, dtype: "float32" };
  const layers = [
    { class_name: "InputLayer", config: { batch_input_shape: [64, null], dtype: "float32", sparse: false, name: "embedding_1_input" } },
    { class_name: "Embedding", config: { ...common, name: "embedding_1", batch_input_shape: [64, null], input_dim: 3, output_dim: 2 } },
    {
      class_name: "LSTM",
      config: {
        ...{ ...common, name: "lstm", units: 1, return_sequences: true, stateful: true, unroll: false, time_major: false },
        ...{ activation: "tanh", recurrent_activation: "sigmoid", use_bias: true, unit_forget_bias: true, implementation: 2 },
      },
    },
    { class_name: "Dense", config: { ...common, name: "dense", units: 1, activation: "linear", use_bias: true } },
  ];
  const bytes = (name: string, shape: number[]) => ({
    ...{ name, shape, dtype: "float32" },
    quantization: { dtype: "uint8", min: -1, scale: 1 / 64, original_dtype: "float32" },
  });
  const half = (name: string, shape: number[]) => ({ name, shape, dtype: "float32", quantization: { dtype: "float16" } });
  const weights = [
    bytes("dense/kernel", [1, 1]),
    half("dense/bias", [1]),
    { name: "dropout/seed_generator_state", shape: [2], dtype: "int32" },
    half("embedding_1/embeddings", [3, 2]),
    bytes("lstm/lstm_cell/kernel", [2, 4]),
    bytes("lstm/lstm_cell/recurrent_kernel", [1, 4]),
    half("lstm/lstm_cell/bias", [4]),
  ];
  const model_config = { class_name: "Sequential", config: { name: "sequential_1", layers } };
  const one = [0, 0x3c];
  const file = [
    160,
    ...one,
    ...Array(8).fill(255),
    ...Array(6).fill(one).flat(),
    ...Array(8).fill(96),
    ...Array(4).fill(80),
    ...Array(4).fill(one).flat(),
  ];
  const json = {
    modelTopology: { keras_version: "2.15.0", backend: "tensorflow", model_config },
    weightsManifest: [{ paths: [], weights }],
  };
  const parameters = fromTfjs(json, Uint8Array.from(file)).model.parameters();
  const first = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, data[0]]));
  expect(first).toEqual({
    ...{ "embedding.weight": 1, weight_ih_l0: 0.5, weight_hh_l0: 0.25, bias_ih_l0: 1, bias_hh_l0: 0, "dense.weight": 1.5, "dense.bias": 1 },
  });
});

describe("refused, with the layer", () => {
  test.each<[string, object, string]>([
    [
      "a class that memcell does not have",
      sequential([{ class_name: "Flatten", config: { name: "f" } }, dense2]),
      '"model" has a layer f of class Flatten, which memcell does not have',
    ],
    [
      "an activation",
      sequential([{ ...dense2, config: { ...dense2.config, activation: "selu" } }]),
      '"model" has a layer d with the activation selu; there are tanh, sigmoid, relu, linear',
    ],
    [
      "a merge mode",
      sequential([
        { class_name: "Bidirectional", config: { name: "b", merge_mode: "mul", layer: { class_name: "LSTM", config: { units: 1 } } } },
      ]),
      "has a layer b",
    ],
    ["a model in a model", sequential([{ class_name: "Sequential", config: { layers: [] } }]), "of class Sequential"],
    [
      "a damaged one",
      sequential([{ class_name: "Bidirectional", config: { name: "b", layer: { class_name: "LSTM" } } }]),
      '"model" has a layer b whose configuration or weights are damaged',
    ],
    ["no weights", sequential([dense2], []), '"model" has a layer d without a kernel'],
    [
      "weights of text",
      sequential([dense2], [{ ...specs[0], dtype: "string" }]),
      '"model.weightsManifest d/kernel" expected one of float32,float16,int32,uint16,uint8,bool, got "string"',
    ],
    ["more weights than the file has", sequential([dense2], [{ ...specs[0], shape: [1e9, 1e9] }]), '"weights" expected'],
    ["no layers", sequential("x"), '"model" expected the configuration of a Keras model with layers'],
    ["no model", { weightsManifest: [] }, '"model.modelTopology" expected the JSON of a model'],
    [
      "a branch",
      {
        modelTopology: {
          class_name: "Functional",
          config: { layers: [node("in"), node("a", "in"), node("b", "in"), node("c", "a", "b")] },
        },
        weightsManifest: [],
      },
      '"model" has a layer in from which no chain of layers leads on',
    ],
    [
      "a loop",
      { modelTopology: { class_name: "Functional", config: { layers: [node("a", "b"), node("b", "a")] } }, weightsManifest: [] },
      "no chain of layers leads on",
    ],
  ])("%s", (_, model, message) => {
    const weights = new Uint8Array(12);
    expect(() => fromTfjs(model, weights)).toThrow(message);
    expect(() => fromTfjs(JSON.stringify(model), weights)).toThrow(message);
  });

  test.each<[Layer[], string]>([
    [[lstm97({ blocks: 1 })], '"layers[0].blocks" is 1'],
    [[gru({ units: 2 })], '"layers[0].reset" is after, which TensorFlow.js does not have'],
    [[lstm({ units: 2, peepholes: true })], '"layers[0].peepholes" is true'],
    [[lstm({ units: 2, residual: "sum" })], '"layers[0].residual" is sum'],
    [[lstm({ units: 2, gateActivation: "hardSigmoid", alpha: 1 / 6 })], '"layers[0].alpha" is 0.1666'],
    [[lstm({ units: 2, direction: "reverse" })], '"layers[0].direction" is reverse at every step'],
    [[lstm({ units: 2 }), pooling({ kind: "attention" }), dense({ units: 1 })], '"layers[1].type" is pooling attention'],
  ])("on the way out: %o", (layers, message) => {
    const model = createModel({ input: { features: 2 }, layers });
    expect(() => toTfjs(model)).toThrow(message);
  });
});

test("a GRU of PyTorch's kind has Keras's two biases, and its weights alone go to Keras", () => {
  const model = createModel({
    input: { features: 2 },
    layers: [gru({ units: 3 }), dropout({ rate: 0.1 }), activation({ kind: "tanh" }), dense({ units: 1 })],
    output: "last",
  });
  const { tensors } = readSafetensors(toKerasWeights(model));
  expect(Object.values(tensors).map(({ shape }) => shape)).toEqual([[2, 9], [3, 9], [2, 9], [3, 1], [1]]);
});

describe("files that are refused", () => {
  const [h5, keras] = [fileOf(saved[0]!.files.h5), fileOf(saved[0]!.files.keras)];
  const entries = Object.fromEntries([...readZip(keras)].map(([name, read]) => [name, read()]));
  const cases: [string, Uint8Array, RegExp][] = [
    ["text", new TextEncoder().encode("model"), /"bytes" expected a \.keras file, or \.h5/],
    ["weights alone", entries["model.weights.h5"]!, /HDF5 without model_config/],
    ["HDF5 that is cut", h5.slice(0, 2000), /^"bytes/],
    ["its first bytes", h5.slice(0, 20), /"bytes" ends within|"bytes\[8\]"/],
    ["HDF5 of another version", h5.with(8, 3), /"bytes\[8\]" expected an HDF5 file as h5py writes it, whole/],
    ["a zip without weights", zip({ "config.json": entries["config.json"]! }), /with config\.json and model\.weights\.h5/],
    [
      "a zip without layers",
      zip({ ...entries, "config.json": new TextEncoder().encode("[]") }),
      /"bytes config\.json" expected the JSON of a model/,
    ],
    ["HDF5 without weights", zip({ ...entries, "model.weights.h5": h5.slice(0, 96) }), /^"bytes/],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => fromKeras(bytes)).toThrow(message);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 * bytes.length + (1 << 20));
  });
});
