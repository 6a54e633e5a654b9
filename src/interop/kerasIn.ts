/** Layers of Keras and TensorFlow.js as memcell's, with their weights in PyTorch's order and under its names. */

import { clip, type Layer, type Tensor } from "./core.js";

export type Json = Record<string, unknown>;

/** A layer of a model's configuration, and its weights as `get_weights` orders them. */
export interface KerasLayer {
  type: string;
  name: string;
  config: Json;
  weights: Tensor[];
}

/** A model while its layers are read. */
export interface Draft {
  layers: Layer[];
  tensors: Record<string, Tensor>;
  unknown: string[];
  counts: Record<string, number>;
  /** The inputs of the first layer that has weights. */
  input?: { features: number } | { tokens: number };
  /** The slope of a hard sigmoid. */
  alpha: number;
}

export const refuse = (name: string, reason: string): never => {
  throw new RangeError(`"model" has a layer ${clip(name, 60)} ${clip(reason, 200)}`);
};

/** Keras's kernels [I, G H] and the gates at PyTorch's places, and the other way. */
export const GATES: Record<string, readonly number[]> = { SimpleRNN: [0], LSTM: [0, 1, 2, 3], GRU: [1, 0, 2] };
const TYPES: Record<string, string> = { SimpleRNN: "rnn", LSTM: "lstm", GRU: "gru" };
const ACTIVATIONS: Record<string, string> = { tanh: "tanh", sigmoid: "logistic", relu: "relu", linear: "identity" };

/** Turns [I, G H] to [G H, I], the gates in another order. */
export function turned({ shape, data }: Tensor, order: readonly number[] = [0]): Tensor {
  const [inputs = 1, columns = 1] = shape.length > 1 ? shape : [1, shape[0]];
  const units = columns / order.length;
  const out = new Float32Array(data.length);
  for (let row = 0, at = 0; row < columns; row++) {
    const column = (order[Math.floor(row / units)] as number) * units + (row % units);
    for (let i = 0; i < inputs; i++) out[at++] = data[i * columns + column] as number;
  }
  return { shape: shape.length > 1 ? [columns, inputs] : [columns], data: out };
}

/** The half of a bias [2, 3 H], or all of one that is [3 H]. */
const half = ({ shape, data }: Tensor, k: number): Tensor => {
  const n = shape[1] as number;
  return { shape: [n], data: data.slice(k * n, (k + 1) * n) };
};

const count = (draft: Draft, kind: string) => {
  const n = draft.counts[kind] ?? 0;
  draft.counts[kind] = n + 1;
  return n;
};
const own = (draft: Draft, kind: string) => {
  const n = count(draft, kind);
  return n ? `${kind}_${n}` : kind;
};

function activationOf(name: string, value: unknown): string {
  return (
    ACTIVATIONS[`${value ?? "linear"}`] ?? refuse(name, `with the activation ${value}; there are ${Object.keys(ACTIVATIONS).join(", ")}`)
  );
}

const hard = ({ alpha }: Draft) => (alpha === 0.2 ? {} : { alpha });

function recurrent(draft: Draft, { type, name, config, weights }: KerasLayer, mode?: unknown): void {
  const order = GATES[type] as readonly number[];
  const both = mode !== undefined;
  const each = weights.length / (both ? 2 : 1);
  const { units, activation, recurrent_activation: gate, go_backwards: backwards, return_sequences: every } = config;
  const n = count(draft, "recurrent");
  const directions = both ? ["", "_reverse"] : [backwards ? "_reverse" : ""];
  if (backwards && (both || every))
    refuse(name, "with go_backwards and return_sequences, or in Bidirectional, which memcell does not have");
  let after = false;
  directions.forEach((direction, d) => {
    const [kernel, state, bias] = weights.slice(d * each, (d + 1) * each);
    const columns = order.length * (units as number);
    if (kernel?.shape.length !== 2 || kernel.shape[1] !== columns || state?.shape.join() !== `${units},${columns}` || each > 3)
      return refuse(name, `without the weights of ${units} units: kernel, recurrent_kernel, bias`);
    draft.input ??= { features: kernel.shape[0] as number };
    const set = (part: string, tensor: Tensor) => {
      draft.tensors[`${part}_l${n}${direction}`] = turned(tensor, order);
    };
    set("weight_ih", kernel);
    set("weight_hh", state);
    if (!bias) return;
    after = bias.shape.length > 1;
    set("bias_ih", after ? half(bias, 0) : bias);
    set("bias_hh", after ? half(bias, 1) : { shape: bias.shape, data: new Float32Array(bias.data.length) });
  });
  const f = activationOf(name, activation);
  const layer: Json = { type: TYPES[type], units };
  if (type === "SimpleRNN") layer.activation = f;
  else {
    if (f !== "tanh") layer.inputActivation = f;
    if (type === "LSTM" && f !== "tanh") layer.outputActivation = f;
    if (gate === "hard_sigmoid") Object.assign(layer, { gateActivation: "hardSigmoid", ...hard(draft) });
    else if (gate !== "sigmoid") refuse(name, `with the recurrent_activation ${gate}; there are sigmoid, hard_sigmoid`);
  }
  if (type === "GRU" && !(after || config.reset_after === true)) layer.reset = "before";
  if (both)
    layer.bidirectional = mode === "concat" ? mode : mode === "sum" ? mode : refuse(name, `with merge_mode ${mode}; there are concat, sum`);
  if (backwards) layer.direction = "reverse";
  if (config.recurrent_dropout) layer.recurrentDropout = config.recurrent_dropout;
  if (config.dropout) draft.unknown.push(`${name}: dropout of inputs is left out`);
  if (config.stateful) draft.unknown.push(`${name}: stateful is what streams are`);
  draft.layers.push(layer as unknown as Layer);
  if (!every) draft.layers.push({ type: "pooling", kind: "last" } as Layer);
}

function linear(draft: Draft, { name, config, weights }: KerasLayer): void {
  const [kernel, bias] = weights;
  if (kernel?.shape.length !== 2) throw refuse(name, "without a kernel");
  draft.input ??= { features: kernel.shape[0] as number };
  const prefix = own(draft, "dense");
  draft.tensors[`${prefix}.weight`] = turned(kernel);
  if (bias) draft.tensors[`${prefix}.bias`] = bias;
  const { activation, units } = config;
  const soft = activation === "softmax";
  const gate = activation === "hard_sigmoid";
  if (soft) draft.unknown.push(`${name}: softmax is left to the loss crossEntropy, and to predict(sequences, { as: "probabilities" })`);
  const f = soft || gate ? "identity" : activationOf(name, activation);
  draft.layers.push({ type: "dense", units, ...(f !== "identity" && { activation: f }), ...(!bias && { bias: false }) } as Layer);
  if (gate) draft.layers.push({ type: "activation", kind: "hardSigmoid", ...hard(draft) } as Layer);
}

/** For each class of layer what it adds to the model. To read another class, add a row. */
const ROWS: Record<string, (draft: Draft, layer: KerasLayer) => void> = {
  SimpleRNN: recurrent,
  LSTM: recurrent,
  GRU: recurrent,
  Bidirectional(draft, { name, config, weights }) {
    const { class_name: type, config: inner } = (config.layer ?? {}) as { class_name: string; config: Json };
    if (!GATES[type]) refuse(name, `of ${type} in both directions`);
    recurrent(draft, { type, name, config: inner, weights }, config.merge_mode ?? "none");
  },
  Dense: linear,
  TimeDistributed(draft, { name, config, weights }) {
    const { class_name: type, config: inner } = (config.layer ?? {}) as { class_name: string; config: Json };
    if (type !== "Dense") refuse(name, `of ${type} at every step; there is Dense`);
    linear(draft, { type, name, config: inner, weights });
  },
  Embedding(draft, { name, config, weights: [table] }) {
    if (draft.layers.length > 0 || table?.shape.length !== 2)
      return refuse(name, "of class Embedding without vectors, or not at the beginning");
    draft.input = { tokens: table.shape[0] as number };
    draft.tensors["embedding.weight"] = table;
    draft.layers.push({ type: "embedding", units: table.shape[1] } as Layer);
    if (config.mask_zero) draft.unknown.push(`${name}: leave padding out of sequences, which may have any lengths, for mask_zero`);
  },
  Masking: (draft, { name }) => void draft.unknown.push(`${name}: leave masked steps out of sequences, which may have any lengths`),
  LayerNormalization(draft, { name, config, weights }) {
    const [first, second] = weights;
    const units = first?.shape[0] as number;
    if (first?.shape.length !== 1) return refuse(name, "of class LayerNormalization without gamma and beta");
    const epsilon = config.epsilon as number;
    draft.input ??= { features: units };
    // Keras's epsilon is 0.001, memcell's e is 0.00001. Inputs scaled by s have the same result with e as without with e / s^2:
    // (s x) / sqrt(s^2 v + e) = x / sqrt(v + e / s^2), so s = sqrt(e / epsilon).
    if (!(epsilon > 0)) refuse(name, `with epsilon ${epsilon}`);
    if (epsilon !== 1e-5) {
      const data = new Float32Array(units * units);
      for (let i = 0; i < units; i++) data[i * (units + 1)] = Math.sqrt(1e-5 / epsilon);
      draft.tensors[`${own(draft, "dense")}.weight`] = { shape: [units, units], data };
      draft.layers.push({ type: "dense", units, bias: false } as Layer);
      draft.unknown.push(`${name}: epsilon is 0.00001, so a dense layer below scales its inputs`);
    }
    const prefix = own(draft, "normalization");
    const constant = (value: number): Tensor => ({ shape: [units], data: new Float32Array(units).fill(value) });
    draft.tensors[`${prefix}.weight`] = config.scale === false ? constant(1) : first;
    draft.tensors[`${prefix}.bias`] = config.center === false ? constant(0) : config.scale === false ? first : (second ?? constant(0));
    draft.layers.push({ type: "normalization" });
  },
  Dropout(draft, { config: { rate } }) {
    if (rate) draft.layers.push({ type: "dropout", rate } as Layer);
  },
  Activation(draft, { name, config: { activation } }) {
    if (activation === "softmax") return void draft.unknown.push(`${name}: softmax is left to the loss crossEntropy`);
    const gate = activation === "hard_sigmoid";
    const kind = gate ? "hardSigmoid" : activationOf(name, activation);
    draft.layers.push({ type: "activation", kind, ...(gate && hard(draft)) } as Layer);
  },
  ReLU: (draft) => void draft.layers.push({ type: "activation", kind: "relu" } as Layer),
  GlobalAveragePooling1D: (draft) => void draft.layers.push({ type: "pooling", kind: "mean" } as Layer),
  GlobalMaxPooling1D: (draft) => void draft.layers.push({ type: "pooling", kind: "max" } as Layer),
  InputLayer() {},
};

/** Adds a layer. @throws RangeError with its name, if memcell has none of its kind */
export function addLayer(draft: Draft, layer: KerasLayer): void {
  const row = Object.hasOwn(ROWS, layer.type) ? ROWS[layer.type] : undefined;
  if (!row) throw refuse(layer.name, `of class ${layer.type}, which memcell does not have`);
  try {
    row(draft, layer);
  } catch (error) {
    // A TypeError here comes from a part of the file that is not of the kind expected.
    throw error instanceof TypeError ? refuse(layer.name, "whose configuration or weights are damaged") : error;
  }
}
