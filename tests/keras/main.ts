/**
 * Random models of TensorFlow.js, made and run there, computed by memcell, and given back: `npm run test:keras [-- COUNT]`. TensorFlow.js
 * is installed in this folder. With a path as well, the models are written there: tests/vectors/tfjs.json has six, for the tests.
 */

import { writeFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { Random } from "../../src/core/random.js";
import { fromTfjs, toTfjs } from "../../src/keras.js";

const count = Number(process.argv[2] ?? 200);
const path = process.argv[3];
const written: object[] = [];
await tf.setBackend("cpu");

/** A random model, its layers with their defaults but for the sizes. */
function make(n: number, random: Random): { model: tf.LayersModel; tokens: number; features: number } {
  const below = (most: number) => Math.floor(random.uniform() * most);
  const chance = (p: number) => random.uniform() < p;
  const layers: tf.layers.Layer[] = [];
  const tokens = chance(0.25) ? 2 + below(6) : 0;
  const features = 1 + below(6);
  const first = () => (layers.length === 0 ? { inputShape: [null, features] } : {});
  if (tokens) layers.push(tf.layers.embedding({ inputDim: tokens, outputDim: 1 + below(6), inputShape: [null] as never }));
  const depth = 1 + below(3);
  for (let i = 0; i < depth; i++) {
    const returnSequences = i < depth - 1 || chance(0.5);
    const units = 1 + below(9);
    const kind = below(3);
    const both = chance(0.4);
    const back = !both && !returnSequences && chance(0.3);
    const options = { units, returnSequences, goBackwards: back, useBias: chance(0.8), ...(both ? {} : first()) };
    const more = kind > 0 && chance(0.2) ? { recurrentActivation: "sigmoid" as const } : {};
    const layer =
      kind === 0
        ? tf.layers.simpleRNN({ ...options, ...(chance(0.3) && { activation: "relu" as const }) })
        : kind === 1
          ? tf.layers.lstm({ ...options, ...more })
          : tf.layers.gru({ ...options, ...more });
    layers.push(
      both ? tf.layers.bidirectional({ layer: layer as tf.RNN, mergeMode: chance(0.5) ? "concat" : "sum", ...(first() as object) }) : layer,
    );
    if (chance(0.15)) layers.push(tf.layers.dropout({ rate: 0.2 }));
    if (chance(0.15)) layers.push(tf.layers.layerNormalization({}));
    if (!returnSequences) break;
  }
  const activation = (["linear", "tanh", "relu", "sigmoid", "hardSigmoid"] as const)[below(5)]!;
  const dense = tf.layers.dense({ units: 1 + below(4), activation, useBias: chance(0.8) });
  layers.push(
    chance(0.2) &&
      layers.every((l) => !/^(LSTM|GRU|SimpleRNN)$/.test(l.getClassName()) || (l as { returnSequences?: boolean }).returnSequences) &&
      !layers.some((l) => l.getClassName() === "Bidirectional")
      ? tf.layers.timeDistributed({ layer: dense })
      : dense,
  );
  let model: tf.LayersModel;
  if (chance(0.5)) model = tf.sequential({ layers });
  else {
    const input = tf.input({ shape: tokens ? [null] : [null, features] });
    model = tf.model({
      inputs: input,
      outputs: layers.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, input),
    });
  }
  model.setWeights(model.getWeights().map((w, i) => tf.randomNormal(w.shape, 0, 0.4, "float32", 1000 * n + i)));
  return { model, tokens, features };
}

async function saved(model: tf.LayersModel): Promise<{ json: object; weights: Uint8Array }> {
  let artifacts: tf.io.ModelArtifacts | undefined;
  const handler = tf.io.withSaveHandler(async (given) => {
    artifacts = given;
    return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } };
  });
  await model.save(handler);
  const { modelTopology, weightSpecs, weightData } = artifacts!;
  return {
    json: { modelTopology, weightsManifest: [{ paths: ["weights.bin"], weights: weightSpecs }] },
    weights: new Uint8Array(weightData as ArrayBuffer),
  };
}

const difference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  a.length === b.length ? Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0) : Infinity;

let [passed, failed, worst, back] = [0, 0, 0, 0];
for (let n = 0; n < count; n++) {
  tf.engine().startScope();
  const random = new Random(1, 0, n);
  const { model, tokens, features } = make(n, random);
  const length = 1 + Math.floor(random.uniform() * 8);
  const inputs = Array.from({ length: length * (tokens ? 1 : features) }, () =>
    tokens ? Math.floor(random.uniform() * tokens) : 2 * random.uniform() - 1,
  );
  const run = (given: tf.LayersModel) =>
    (given.predict(tf.tensor(inputs, tokens ? [1, length] : [1, length, features])) as tf.Tensor).dataSync();
  const expected = run(model);
  try {
    const { json, weights } = await saved(model);
    written.push({ json, weights: Buffer.from(weights).toString("base64"), inputs, outputs: [...expected] });
    const { model: own } = fromTfjs(JSON.stringify(json), weights);
    const there = difference(own.predict([{ inputs }])[0]!, expected);
    const out = toTfjs(own);
    const { modelTopology, weightsManifest } = JSON.parse(out.json);
    const again = await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData: out.weights.buffer }),
    );
    const here = difference(run(again), expected);
    [worst, back] = [Math.max(worst, there), Math.max(back, here)];
    if (there < 1e-5 && here < 1e-5) passed++;
    else throw new Error(`${there} apart, and ${here} back`);
  } catch (error) {
    failed++;
    console.error(`model ${n}: ${(error as Error).message} ${model.layers.map((l) => l.getClassName()).join(" ")}`);
  }
  tf.engine().endScope();
}
if (path) writeFileSync(path, `${JSON.stringify(written)}\n`);
console.log(`TensorFlow.js's models in memcell: at most ${worst.toExponential(1)} apart, and back: ${back.toExponential(1)}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
