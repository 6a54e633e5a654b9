/** A memcell model as layers of Keras and TensorFlow.js, with the weights that they take. */

import { type Config, type Layer, Model, type Tensor } from "./core.js";
import { GATES, type Json, turned } from "./kerasIn.js";

/** A weight as `get_weights` orders them, with its name in TensorFlow.js. */
export type Weight = [name: string, tensor: Tensor];

const TYPES: Record<string, string> = { rnn: "SimpleRNN", lstm: "LSTM", gru: "GRU" };
const ACTIVATIONS: Record<string, string> = {
  tanh: "tanh",
  logistic: "sigmoid",
  relu: "relu",
  identity: "linear",
  hardSigmoid: "hard_sigmoid",
};
/** Options that Keras's layers have as well, or that act at the beginning or in training alone. */
const KNOWN =
  /^(type|units|initial|bidirectional|direction|recurrentDropout|zoneout|cellZoneout|forgetBias|chrono|activation|inputActivation|outputActivation|gateActivation|alpha|reset|bias|kind|rate)$/;

const sum = (a: Tensor, b: Tensor): Tensor => ({ shape: a.shape, data: a.data.map((value, i) => value + (b.data[i] as number)) });

/**
 * @param tfjs whether TensorFlow.js is to run it, which has GRU with the reset before alone
 * @throws RangeError with the option that Keras does not have
 */
export function toKerasLayers(model: Model<unknown>, tfjs: boolean): { layers: Json[]; weights: Weight[] } {
  const { config } = Model.engine("model", model) as { config: Config };
  const parameters = model.parameters();
  const layers: Json[] = [];
  const weights: Weight[] = [];
  const input = config.input as { features?: number; tokens?: number };
  const refuse = (path: string, value: unknown): never => {
    throw new RangeError(`"${path}" is ${value}, which ${tfjs ? "TensorFlow.js" : "Keras"} does not have`);
  };
  if (config.heads) refuse("heads", "given");
  if (!input.features && !input.tokens) refuse("input", "columns");
  if (tfjs && (config.scaler.inputs || config.scaler.targets)) refuse("scaler", "given");
  const last = config.layers.findLastIndex(({ type }) => type in TYPES);
  let recurrent = 0;
  const counts: Record<string, number> = {};
  config.layers.forEach((layer: Layer, i) => {
    const path = `layers[${i}]`;
    const given = layer as unknown as Record<string, unknown>;
    const { type, units } = given as { type: string; units?: number };
    for (const [name, value] of Object.entries(given)) {
      const plain = value === false || value === Infinity || (value === true && name.endsWith("Gate"));
      if (!KNOWN.test(name) && value !== undefined && !plain) refuse(`${path}.${name}`, value);
    }
    const number = counts[type] ?? 0;
    counts[type] = number + 1;
    const own = `${type}${number ? `_${number}` : ""}`;
    const name = `${type}_${i + 1}`;
    const add = (class_name: string, more: Json) => {
      const shape = input.tokens ? [null, null] : [null, null, input.features];
      layers.push({ class_name, config: { name, trainable: true, ...(layers.length === 0 && { batch_input_shape: shape }), ...more } });
    };
    const weight = (part: string, tensor: Tensor | undefined, prefix = name) => tensor && weights.push([`${prefix}/${part}`, tensor]);
    const activation = (option: string, otherwise: string) =>
      ACTIVATIONS[`${given[option] ?? otherwise}`] ?? refuse(`${path}.${option}`, given[option]);
    const slope = () => (given.alpha ?? 0.2) === 0.2 || !tfjs || refuse(`${path}.alpha`, given.alpha);

    if (type in TYPES) {
      const keras = TYPES[type] as string;
      const order = GATES[keras] as readonly number[];
      const after = type === "gru" && given.reset !== "before";
      if (after && tfjs) refuse(`${path}.reset`, "after");
      const f = activation(type === "rnn" ? "activation" : "inputActivation", "tanh");
      if (type === "lstm" && activation("outputActivation", "tanh") !== f) refuse(`${path}.outputActivation`, given.outputActivation);
      slope();
      const next = config.layers[i + 1] as unknown as Json | undefined;
      const every = !((config.output === "last" && i === last) || (next?.type === "pooling" && next.kind === "last"));
      const back = given.direction === "reverse";
      if (back && every) refuse(`${path}.direction`, "reverse at every step");
      const inner: Json = {
        units,
        activation: f,
        ...(type !== "rnn" && { recurrent_activation: activation("gateActivation", "logistic") }),
        use_bias: true,
        return_sequences: every,
        go_backwards: back,
        recurrent_dropout: given.recurrentDropout ?? 0,
        ...(type === "gru" && { reset_after: after }),
      };
      const both = given.bidirectional as string | undefined;
      if (both) add("Bidirectional", { layer: { class_name: keras, config: { ...inner, name: own } }, merge_mode: both });
      else add(keras, inner);
      for (const direction of both ? ["", "_reverse"] : [back ? "_reverse" : ""]) {
        const part = (base: string) => parameters[`${base}_l${recurrent}${direction}`] as Tensor;
        const prefix = both ? `${name}/${direction ? "backward" : "forward"}_${own}` : name;
        // The reordering of gates swaps two of them, so it is its own inverse and serves for both directions.
        weight("kernel", unturned(part("weight_ih"), order), prefix);
        weight("recurrent_kernel", unturned(part("weight_hh"), order), prefix);
        const [ih, hh] = [turned(part("bias_ih"), order), turned(part("bias_hh"), order)];
        weight("bias", after ? { shape: [2, ih.data.length], data: Float32Array.from([...ih.data, ...hh.data]) } : sum(ih, hh), prefix);
      }
      recurrent++;
    } else if (type === "dense") {
      if (given.tied) refuse(`${path}.tied`, true);
      add("Dense", { units, activation: activation("activation", "identity"), use_bias: given.bias !== false });
      weight("kernel", turned(parameters[`${own}.weight`] as Tensor));
      weight("bias", parameters[`${own}.bias`]);
    } else if (type === "embedding") {
      add("Embedding", { input_dim: input.tokens, output_dim: units });
      weight("embeddings", parameters[`${own}.weight`]);
    } else if (type === "normalization") {
      add("LayerNormalization", { axis: -1, epsilon: 1e-5, center: true, scale: true });
      weight("gamma", parameters[`${own}.weight`]);
      weight("beta", parameters[`${own}.bias`]);
    } else if (type === "dropout") add("Dropout", { rate: given.rate });
    else if (type === "activation") {
      slope();
      add("Activation", { activation: activation("kind", "identity") });
    } else if (type === "pooling" && (given.kind === "mean" || given.kind === "max")) {
      add(given.kind === "mean" ? "GlobalAveragePooling1D" : "GlobalMaxPooling1D", {});
    } else if (!(type === "pooling" && given.kind === "last" && config.layers[i - 1] && (config.layers[i - 1] as Layer).type in TYPES)) {
      refuse(`${path}.type`, `${type} ${given.kind ?? ""}`);
    }
  });
  return { layers, weights };
}

/** [G H, I] to [I, G H], the gates in the other order. */
function unturned({ shape: [rows = 0, inputs = 0], data }: Tensor, order: readonly number[]): Tensor {
  const units = rows / order.length;
  const out = new Float32Array(data.length);
  for (let column = 0; column < rows; column++) {
    const row = (order[Math.floor(column / units)] as number) * units + (column % units);
    for (let i = 0; i < inputs; i++) out[i * rows + column] = data[row * inputs + i] as number;
  }
  return { shape: [inputs, rows], data: out };
}
