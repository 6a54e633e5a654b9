/** TensorFlow.js, one of its two backends that run everywhere: LayersModel, as its users write it. */

import * as tf from "@tensorflow/tfjs";
import * as wasm from "@tensorflow/tfjs-backend-wasm";
import { bySequence, type Implementation, type Prepared, plus, type Task, transpose } from "./task.js";

export async function implementation(backend: "wasm" | "cpu"): Promise<Implementation> {
  wasm.setThreadsCount(1);
  await tf.setBackend(backend);
  await tf.ready();
  const simd = backend === "wasm" && (await tf.env().getAsync("WASM_HAS_SIMD_SUPPORT"));
  return {
    about: `TensorFlow.js ${tf.version.tfjs}, ${backend}${simd ? " with SIMD" : ""}`,
    async prepare(task) {
      const [, H, B] = task.shape;
      if (backend === "cpu" && H > 128 && B > 1) return "not timed: seconds a call";
      return WORKS[task.kind](task);
    },
  };
}

const WORKS: Record<Task["kind"], (task: Task) => Promise<Prepared>> = {
  async forward(task) {
    const [, , B, T] = task.shape;
    const model = build(task, false);
    const x = inputsOf(task);
    const run = () => take(model.predict(x, { batchSize: B }));
    return { proof: { outputs: transpose(run(), B, T) }, run };
  },
  async training(task) {
    const [I, H, B, T] = task.shape;
    const model = build(task, false);
    const { loss, gradients } = differentiate(model, task);
    const [kernel, recurrent, bias, dense, denseBias] = gradients as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array];
    model.compile({ optimizer: tf.train.adam(task.learningRate, 0.9, 0.999, 1e-8), loss: "meanSquaredError" });
    const x = inputsOf(task);
    const y = tf.tensor3d(join(bySequence(task.targets, task.shape)), [B, T, 1]);
    return {
      proof: {
        loss: [loss],
        weight_ih_l0: transpose(kernel, I, 4 * H),
        weight_hh_l0: transpose(recurrent, H, 4 * H),
        bias_ih_l0: bias,
        "dense.weight": dense,
        "dense.bias": denseBias,
      },
      note: "updates without clipping, which its models do not have",
      run: () => model.trainOnBatch(x, y),
    };
  },
  async streaming(task) {
    const [I, , , T] = task.shape;
    const model = build(task, true);
    const inputs = Array.from({ length: T }, (_, t) => task.inputs.subarray(t * I, (t + 1) * I));
    const step = (input: Float32Array) => {
      const x = tf.tensor3d(input, [1, 1, I]);
      const y = take(model.predict(x));
      x.dispose();
      return y[0] as number;
    };
    return {
      proof: { outputs: inputs.map(step) },
      note: "a stateful model's predict",
      run() {
        for (const input of inputs) step(input);
      },
    };
  },
};

/** Weights are Keras's: one bias, kernels [I, 4H], gates i, f, c, o in PyTorch's order. */
function build({ shape: [I, H, B, T], parameters: p }: Task, stateful: boolean): tf.LayersModel {
  const batchInputShape = stateful ? [1, 1, I] : [B, T, I];
  const lstm = tf.layers.lstm({
    units: H,
    returnSequences: true,
    recurrentActivation: "sigmoid",
    // The weights are set below: an orthogonal matrix, which is the default, would take minutes at 512 units.
    recurrentInitializer: "zeros",
    stateful,
    batchInputShape,
  });
  const model = tf.sequential({ layers: [lstm, tf.layers.dense({ units: 1 })] });
  const of = (name: string) => p[name] as Float32Array;
  model.setWeights([
    tf.tensor2d(transpose(of("weight_ih_l0"), 4 * H, I), [I, 4 * H]),
    tf.tensor2d(transpose(of("weight_hh_l0"), 4 * H, H), [H, 4 * H]),
    tf.tensor1d(plus(of("bias_ih_l0"), of("bias_hh_l0"))),
    tf.tensor2d(of("dense.weight"), [H, 1]),
    tf.tensor1d(of("dense.bias")),
  ]);
  return model;
}

/** The loss and the gradients in the order of the model's weights. */
function differentiate(model: tf.LayersModel, task: Task): { loss: number; gradients: Float32Array[] } {
  const [, , B, T] = task.shape;
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const { value, grads } = tf.variableGrads(() => {
    const y = tf.tensor3d(join(bySequence(task.targets, task.shape)), [B, T, 1]);
    return tf.losses.meanSquaredError(y, model.apply(inputsOf(task), { training: true }));
  }, variables);
  return { loss: take(value)[0] as number, gradients: variables.map(({ name }) => take(grads[name] as tf.Tensor)) };
}

const inputsOf = ({ inputs, shape }: Task): tf.Tensor => tf.tensor3d(join(bySequence(inputs, shape)), [shape[2], shape[3], shape[0]]);

const join = (parts: Float32Array[]) => Float32Array.from(parts.flatMap((part) => Array.from(part)));

function take(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync();
  tensor.dispose();
  return values;
}
