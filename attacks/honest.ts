/** Files and states of every format, as memcell writes them, with the functions that open them. */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { createDetector, loadDetector } from "../src/anomaly.js";
import { createForecaster, loadForecaster } from "../src/forecast.js";
import {
  activation,
  adagrad,
  adam,
  adamw,
  categorical,
  cosine,
  createModel,
  createOnlineLearner,
  createTrainer,
  ctc,
  dense,
  dropout,
  embedding,
  gru,
  loadModel,
  lstm,
  lstm97,
  type ModelConfig,
  normalization,
  numeric,
  type Optimizer,
  plateau,
  readSafetensors,
  resumeOnlineLearner,
  resumeTrainer,
  rmsprop,
  rnn,
  sgd,
  type TrainerOptions,
  writeSafetensors,
} from "../src/index.js";
import { loadQuantized, quantize } from "../src/int8.js";
import { fromKeras, fromTfjs, toTfjs } from "../src/keras.js";
import { fromOnnx, toOnnx } from "../src/onnx.js";
import { fromStateDict, toStateDict } from "../src/torch.js";

export interface Honest {
  name: string;
  bytes: Uint8Array;
  /** Plain data in JSON, a zip file, or bytes of any kind; otherwise a safetensors file. */
  form?: "json" | "zip" | "bytes";
  /** Opens such a file, and returns the file that its object saves. */
  open(bytes: Uint8Array): Uint8Array;
}

const MODELS: Record<string, ModelConfig> = {
  heads: {
    input: { features: 2 },
    layers: [gru({ units: 3 })],
    heads: { a: dense({ units: 2 }), b: dense({ units: 3 }) },
    scaler: { targets: { a: { mean: [1, 2], deviation: [3, 4] } } },
  },
  lstm: { input: { features: 2 }, layers: [lstm({ units: 3 }), dense({ units: 2 })], metadata: { labels: "a,b" } },
  tokens: {
    input: { tokens: 5 },
    layers: [embedding({ units: 3 }), gru({ units: 3 }), dropout({ rate: 0.1 }), dense({ units: 5, tied: true })],
  },
  columns: {
    input: {
      columns: {
        number: numeric({ missing: "last" }),
        label: categorical(["a", "b"], { units: 2, initial: { weights: "heNormal" } }),
        index: categorical(3, { missing: "category" }),
        mean: numeric({ missing: "mean" }),
      },
    },
    layers: [gru({ units: 3 }), dense({ units: 2 })],
    scaler: { inputs: { mean: [1, 2], deviation: [1, 3] } },
  },
  "1997": {
    input: { features: 2 },
    layers: [lstm97({ blocks: 2, cellsPerBlock: 2, inputGateBias: [-1, -2] }), dense({ units: 1, bias: false })],
  },
  foreign: {
    input: { features: 2 },
    layers: [
      gru({ units: 3, inputActivation: "relu", gateActivation: "hardSigmoid" }),
      activation({ kind: "hardSigmoid", alpha: 0.3 }),
      lstm({ units: 2, direction: "reverse", outputActivation: "logistic" }),
    ],
  },
  both: { input: { features: 2 }, layers: [rnn({ units: 3, bidirectional: "concat" }), dense({ units: 2 })], output: "last" },
  variants: {
    input: { features: 3 },
    layers: [
      lstm({ units: 4, projection: 3, peepholes: true, residual: "sum", recurrentDropout: 0.2, cellClip: 3 }),
      normalization(),
      lstm({ units: 3, layerNorm: true, coupled: true, zoneout: 0.1, chrono: 9, initial: { recurrent: "orthogonal" } }),
      dense({ units: 2, activation: "tanh" }),
    ],
    scaler: { inputs: { mean: [1, 2, 3], deviation: [1, 2, 3] }, targets: { mean: [0, 1], deviation: [1, 1] } },
  },
};

const OPTIMIZERS: Optimizer[] = [sgd({ learningRate: 0.1, momentum: 0.9 }), rmsprop({ momentum: 0.5 }), adagrad(), adam(), adamw()];

const RUNS: Partial<TrainerOptions>[] = [
  { accumulate: 3, average: 0.9 },
  { window: 4, stride: 2, schedule: plateau({ patience: 1 }) },
  { window: Infinity, clipNorm: 1, schedule: cosine({ updates: 9 }) },
];

const wave = (length: number, per: number) => Float32Array.from({ length: length * per }, (_, i) => Math.sin(i));
const data = (features: number, outputs: number) =>
  [9, 7, 5].map((length) => ({ inputs: wave(length, features), targets: wave(length, outputs) }));

async function checkpoints(): Promise<Honest[]> {
  const files: Honest[] = [];
  const open = (bytes: Uint8Array) => resumeTrainer(bytes).save();
  const sequences = data(2, 2);
  for (const [i, optimizer] of OPTIMIZERS.entries()) {
    for (const [j, more] of RUNS.entries()) {
      const make = () => {
        return createTrainer(createModel(MODELS.lstm as ModelConfig), { loss: "mse", optimizer, window: 3, batch: 2, ...more });
      };
      const name = `trainer ${optimizer.type} ${j}`;
      const middle = make();
      for await (const { end, updates } of middle.fit(sequences, { epochs: 3, every: 1, validation: sequences, patience: 9 })) {
        if (!end && updates > 3 + i) break;
      }
      files.push({ name: `${name}, in an epoch`, bytes: middle.save(), open });
      const end = make();
      for await (const _ of end.fit(sequences));
      files.push({ name: `${name}, at its end`, bytes: end.save(), open });
      const own = make();
      own.step(sequences.slice(0, 2));
      files.push({ name: `${name}, with carried rows`, bytes: own.save(), open });
    }
  }
  return files;
}

function states(): Honest[] {
  return ["lstm", "tokens", "columns", "variants"].flatMap((name): Honest[] => {
    const config = MODELS[name] as ModelConfig;
    const model = createModel(config);
    const input = "features" in config.input ? wave(1, config.input.features) : "tokens" in config.input ? 1 : [null, "b", null, 1];
    const stream = model.stream();
    stream.step(input);
    const text = (value: object) =>
      new TextEncoder().encode(JSON.stringify(value, (_, v) => (ArrayBuffer.isView(v) ? Array.from(v as Float32Array) : v)));
    const streams = model.streams({ capacity: 2 });
    const kept = streams.open();
    const asBytes: Honest = {
      name: `bytes of a state of ${name}`,
      bytes: stream.stateBytes(),
      form: "bytes",
      open: (bytes) => model.stream().restoreBytes(bytes).stateBytes(),
    };
    const asJson: Honest = {
      name: `state of ${name}`,
      bytes: text(stream.state()),
      form: "json",
      open(bytes) {
        const state = JSON.parse(new TextDecoder().decode(bytes));
        const one = stream.restore(state).state();
        const id = streams.open(state);
        try {
          streams.restore(kept, state);
          streams.step([kept, id], [input, input] as never);
        } finally {
          streams.close(id);
        }
        return text(one);
      },
    };
    return [asBytes, asJson];
  });
}

/** A trainer of labels without alignment, whose loss its model has as well, with gradients that wait for an update. */
function labelled(): Honest {
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 3 }), dense({ units: 4 })] });
  const trainer = createTrainer(model, { loss: ctc({ blank: 3, reduction: "sum" }), optimizer: adam(), accumulate: 2 });
  trainer.step([{ inputs: wave(5, 1), targets: [0, 0, 2], weights: 0.5 }]);
  return {
    name: "trainer of labels",
    bytes: trainer.save(),
    open(bytes) {
      loadModel(bytes).predict([{ inputs: [1] }], { as: "probabilities", loss: "ctc" });
      return resumeTrainer(bytes).save();
    },
  };
}

/** A trainer and a learner of a model with heads. */
function headed(): Honest[] {
  const { scaler: _, ...config } = MODELS.heads as ModelConfig;
  const options = { loss: { a: "mse", b: "crossEntropy" }, lossWeights: { b: 0.5 }, optimizer: adam() } as const;
  const trainer = createTrainer(createModel(MODELS.heads as ModelConfig), { ...options, accumulate: 2 });
  trainer.step([{ inputs: wave(2, 2), targets: { a: wave(2, 2), b: [0, 2] } }]);
  const learner = createOnlineLearner(createModel(config), { ...options, scaler: "running" });
  for (const b of [0, null, 2]) learner.step([1, 2], { a: [3, 4], b });
  return [
    { name: "trainer of heads", bytes: trainer.save(), open: (bytes) => resumeTrainer(bytes).save() },
    { name: "learner of heads", bytes: learner.save(), open: (bytes) => resumeOnlineLearner(bytes).save() },
  ];
}

/** A file with a tensor of every dtype. */
function dtypes(): Uint8Array {
  const sizes = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, U8: 1 };
  const header: Record<string, object> = { __metadata__: { format: "pt" } };
  let at = 0;
  for (const [dtype, size] of Object.entries(sizes)) {
    header[dtype.toLowerCase()] = { dtype, shape: [2, 3], data_offsets: [at, (at += 6 * size)] };
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + at).map((_, i) => (37 * i) & 0x3b);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

/** Files of PyTorch's. */
function modules(): Honest[] {
  const cases: { form: string; file: string }[] = JSON.parse(readFileSync(new URL("../tests/vectors/torch.json", import.meta.url), "utf8"));
  return cases.map(({ form, file }) => ({
    name: `module, ${form}`,
    bytes: new Uint8Array(Buffer.from(file, "base64")),
    ...(!form.startsWith("safetensors") && { form: "zip" }),
    open(bytes) {
      // What it saved is memcell's own file: names and shapes alone need not tell the order of two layers.
      if (Buffer.from(bytes).includes('"memcell":')) return loadModel(bytes).save();
      const { model } = fromStateDict(bytes);
      toStateDict(model);
      return model.save();
    },
  }));
}

/** Files of Keras and TensorFlow.js. */
function kerasModels(): Honest[] {
  const read = (name: string) => JSON.parse(readFileSync(new URL(`../tests/vectors/${name}`, import.meta.url), "utf8"));
  const saved: { name: string; files: { keras: string; h5: string } }[] = read("keras.json");
  const open = (bytes: Uint8Array) => (bytes[0] === 0x50 || bytes[0] === 0x89 ? fromKeras(bytes).model : loadModel(bytes)).save();
  const file = (text: string) => new Uint8Array(gunzipSync(Buffer.from(text, "base64")));
  const tfjs: object[] = read("tfjs.json");
  const text = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  return [
    ...saved.map(({ name, files }): Honest => ({ name: `.keras, ${name}`, bytes: file(files.keras), form: "zip", open })),
    ...saved.map(({ name, files }): Honest => ({ name: `.h5, ${name}`, bytes: file(files.h5), form: "bytes", open })),
    ...tfjs.map(
      (given, i): Honest => ({
        name: `TensorFlow.js, ${i}`,
        bytes: text(given),
        form: "json",
        open(bytes) {
          const { json, weights } = JSON.parse(new TextDecoder().decode(bytes)) ?? {};
          const out = toTfjs(fromTfjs(json, new Uint8Array(Buffer.from(`${weights}`, "base64"))).model);
          return text({ json: JSON.parse(out.json), weights: Buffer.from(out.weights).toString("base64") });
        },
      }),
    ),
  ];
}

/** Files of ONNX: PyTorch's, and memcell's own. */
function graphs(): Honest[] {
  const exported: { about: string; file: string }[] = JSON.parse(
    readFileSync(new URL("../tests/vectors/onnx.json", import.meta.url), "utf8"),
  );
  const own = { lstm: { states: true }, foreign: {}, both: { lengths: true }, tokens: {}, columns: {} };
  const open = (bytes: Uint8Array) => {
    if (Buffer.from(bytes).includes('"memcell":')) return loadModel(bytes).save();
    return fromOnnx(bytes).model.save();
  };
  return [
    ...exported.map(
      ({ about, file }): Honest => ({ name: `ONNX, ${about}`, bytes: new Uint8Array(Buffer.from(file, "base64")), form: "bytes", open }),
    ),
    ...Object.entries(own).map(
      ([name, options]): Honest => ({
        name: `ONNX, ${name}`,
        bytes: toOnnx(createModel(MODELS[name] as ModelConfig), options),
        form: "bytes",
        open,
      }),
    ),
  ];
}

/** A forecaster with its rows, and a detector. */
async function forecasters(): Promise<Honest[]> {
  const n = 60;
  const y = wave(n, 1);
  const forecaster = createForecaster({
    target: "y",
    horizon: 3,
    season: 7,
    known: ["k"],
    static: ["s"],
    units: 2,
    ensemble: 1,
    epochs: 1,
  });
  const labels = Array.from({ length: n }, (_, t) => (t % 3 ? "a" : "b"));
  const date = labels.map((_, t) => new Date(86_400_000 * t).toISOString().slice(0, 10));
  await forecaster.fit({ date, y, k: labels, s: "one" });
  const detector = createDetector({ columns: ["y"], season: 3, units: 2, warmup: 30 });
  for (const value of y) detector.step({ y: value });
  return [
    { name: "forecaster", bytes: forecaster.save(), open: (bytes) => loadForecaster(bytes).save() },
    { name: "detector", bytes: detector.save(), form: "bytes", open: (bytes) => loadDetector(bytes).save() },
  ];
}

export async function honestFiles(): Promise<Honest[]> {
  const models = Object.entries(MODELS).map(([name, config]): Honest => {
    const dtype = name === "foreign" ? "float16" : name === "1997" ? "bfloat16" : "float32";
    return { name: `model ${name}`, bytes: createModel(config).save({ dtype }), open: (bytes) => loadModel(bytes).save() };
  });
  const quantized = Object.entries(MODELS).map(([name, config]): Honest => {
    return { name: `int8 model ${name}`, bytes: quantize(createModel(config)).save(), open: (bytes) => loadQuantized(bytes).save() };
  });
  const learner = createOnlineLearner(createModel(MODELS["1997"] as ModelConfig), {
    loss: "mse",
    optimizer: adam(),
    accumulate: 2,
    average: 0.9,
  });
  for (let step = 0; step < 5; step++) learner.step(wave(1, 2), 0.1 * step);
  const columns = { number: numeric({ missing: "last" }), index: categorical(3, { missing: "category" }) };
  const ofColumns = createOnlineLearner(createModel({ input: { columns }, layers: [lstm({ units: 2 })] }), {
    loss: "mse",
    optimizer: adam(),
    scaler: "running",
  });
  for (const row of [
    [2, null],
    [null, 1],
    [3, 2],
  ])
    ofColumns.step(row, [0.1, 0.2]);
  ofColumns.step([null, null]);
  return [
    ...models,
    ...quantized,
    { name: "online learner of columns", bytes: ofColumns.save(), open: (bytes) => resumeOnlineLearner(bytes).save() },
    ...(await checkpoints()),
    labelled(),
    ...headed(),
    { name: "online learner", bytes: learner.save(), open: (bytes) => resumeOnlineLearner(bytes).save() },
    ...states(),
    ...modules(),
    ...kerasModels(),
    ...graphs(),
    ...(await forecasters()),
    { name: "dtypes", bytes: dtypes(), open: (bytes) => writeSafetensors(readSafetensors(bytes)) },
  ];
}
