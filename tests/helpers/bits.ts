/** What must come out the same to the bit wherever memcell runs: runs of training and drawing, as SHA-256 of what they leave. */

import {
  adam,
  categorical,
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  dropout,
  embedding,
  gru,
  type Initializer,
  lstm,
  lstm97,
  type Model,
  numeric,
  pooling,
  sgd,
  type TrainerOptions,
} from "memcell";

/** The first 16 digits. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, 16);
}

const hash = (model: Model<unknown>) =>
  sha256(new Uint8Array(Float32Array.from(Object.values(model.parameters()).flatMap(({ data }) => [...data])).buffer));

/** Numbers without Math's functions, which differ between engines. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2147483648 - 1;
  };
}

const next = numbers(17);
export const sequences = Array.from({ length: 60 }, (_, i) => {
  const T = 5 + ((i * 11) % 37);
  return { inputs: Array.from({ length: 3 * T }, next), targets: Array.from({ length: 2 * T }, next) };
});
export const options: TrainerOptions = {
  loss: "mse",
  optimizer: adam({ learningRate: 0.01 }),
  clipNorm: 0.5,
  window: 8,
  batch: 12,
  seed: 5,
};
export const twoLayers = () =>
  createModel({
    input: { features: 3 },
    layers: [lstm({ units: 11 }), dropout({ rate: 0.3 }), gru({ units: 9 }), dense({ units: 2 })],
    seed: 7,
  });

/** 200 updates of two layers with dropout, Adam, clipping and ragged batches. */
export async function train(trainer: {
  updates: number;
  model: Model;
  fit(data: typeof sequences, settings: { epochs: number; every: number }): AsyncIterable<unknown>;
}): Promise<string> {
  for await (const _ of trainer.fit(sequences, { epochs: 99, every: 1 })) if (trainer.updates >= 200) break;
  return hash(trainer.model);
}

const INITIALIZERS: Initializer[] = [
  { type: "uniform", bound: 0.3 },
  { type: "normal", deviation: 0.2 },
  { type: "xavierUniform" },
  { type: "xavierNormal" },
  { type: "heUniform" },
  { type: "heNormal" },
  { type: "orthogonal" },
];

function drawn(initializer: Initializer): Model {
  const initial = { weights: initializer, recurrent: initializer };
  return createModel({ input: { features: 5 }, layers: [lstm({ units: 7, initial, chrono: 30 })], seed: 3 });
}

function generated(): Uint8Array {
  const layers = [embedding({ units: 6 }), lstm({ units: 12 }), dense({ units: 40 })];
  const model = createModel({ input: { tokens: 40 }, layers, seed: 2 });
  return Uint8Array.from(model.generate([1, 2, 3], { length: 300, temperature: 0.8, topP: 0.9, seed: 4 }));
}

async function online(): Promise<string> {
  const model = createModel({ input: { features: 2 }, layers: [lstm97({ blocks: 3, cellsPerBlock: 2 }), dense({ units: 1 })], seed: 6 });
  const learner = createOnlineLearner(model, { loss: "mse", optimizer: sgd({ learningRate: 0.05 }) });
  const value = numbers(23);
  for (let i = 0; i < 500; i++) learner.step([value(), value()], i % 3 === 0 ? value() : undefined);
  return hash(model);
}

/** A table with gaps and labels in, attention, two heads out; their probabilities after training. */
async function heads(): Promise<string> {
  const value = numbers(29);
  const table = Array.from({ length: 9 }, (_, i) => {
    const T = 4 + ((i * 5) % 7);
    const steps = Array.from({ length: T });
    const inputs = { wind: steps.map((_, t) => (t % 3 === 1 ? null : value())), day: steps.map((_, t) => (t * i) % 4) };
    return { inputs, targets: { price: i === 2 ? null : [value(), value()], trend: i % 3 } };
  });
  const model = createModel({
    input: { columns: { wind: numeric({ missing: "last" }), day: categorical(4, { units: 3 }) } },
    layers: [gru({ units: 9, bidirectional: "concat" }), pooling({ kind: "attention", units: 5 })],
    heads: { price: dense({ units: 2 }), trend: dense({ units: 3 }) },
    seed: 8,
  });
  const loss = { price: "mse", trend: "crossEntropy" } as const;
  await createTrainer(model, { loss, lossWeights: { trend: 0.3 }, optimizer: adam({ learningRate: 0.01 }), batch: 4 }).fit(table, {
    epochs: 25,
  });
  const said = model.predict(table, { as: "probabilities" }).flatMap(({ price, trend }) => [...price, ...trend]);
  return (await hash(model)).slice(0, 8) + (await sha256(new Uint8Array(Float32Array.from(said).buffer))).slice(0, 8);
}

/** All but what needs threads, by name. */
export async function bits(): Promise<Record<string, string>> {
  const initial = await Promise.all(
    INITIALIZERS.map(async (initializer) => [`initial ${initializer.type}`, await hash(drawn(initializer))]),
  );
  return {
    training: await train(createTrainer(twoLayers(), options)),
    ...Object.fromEntries(initial),
    generate: await sha256(generated()),
    online: await online(),
    heads: await heads(),
  };
}
