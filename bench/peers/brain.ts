/**
 * brain.js's LSTMTimeStep: as many weights as an LSTM, in the same products, but a cell of its own. Where the LSTM has
 * c[t] = f[t] c[t-1] + i[t] g[t], it has f[t] h[t-1] + i[t] g[t]. With h = c = 0 before the first step both are the same, so
 * that the first step's output is what can be proven; and it learns to give the next value of its input.
 */

import { readFileSync } from "node:fs";
import { type Matrix, type Model, recurrent } from "brain.js";
import { type Implementation, plus, type Task } from "./task.js";

const { version } = JSON.parse(readFileSync(new URL("node_modules/brain.js/package.json", import.meta.url), "utf8"));

export const implementation: Implementation = {
  about: `brain.js ${version}`,
  async prepare(task) {
    const [I, H, B] = task.shape;
    if (task.kind !== "training") return "its cell keeps no c: other outputs, so that its training alone is timed";
    if (I !== 1 || B !== 1) return "no batches";
    const net = new recurrent.LSTMTimeStep({ inputSize: 1, hiddenLayers: [H], outputSize: 1, learningRate: task.learningRate });
    net.initialize();
    net.bindEquation();
    setWeights(net.model, task);
    const sequence = Array.from([...task.inputs, 0], (value) => Float32Array.of(value));
    return {
      proof: { "outputs of the first step": [net.run([task.inputs[0] as number])] },
      note: "its cell keeps no c, only the first step's output is the same; it has a rule of its own in the place of Adam",
      run: () => net.trainPattern(sequence, true),
    };
  },
};

const GATES = ["input", "forget", "cellActivation", "output"];

function setWeights({ hiddenLayers: [layer], outputConnector, output }: Model, { shape: [I, H], parameters: p }: Task): void {
  const of = (name: string) => p[name] as Float32Array;
  const set = (matrix: Matrix, values: Float32Array) => {
    if (matrix.weights.length !== values.length)
      throw new Error(`expected ${values.length} weights, brain.js has ${matrix.weights.length}`);
    matrix.weights.set(values);
  };
  const bias = plus(of("bias_ih_l0"), of("bias_hh_l0"));
  GATES.forEach((gate, k) => {
    const rows = (values: Float32Array, width: number) => values.subarray(k * H * width, (k + 1) * H * width);
    set(layer[`${gate}Matrix`] as Matrix, rows(of("weight_ih_l0"), I));
    set(layer[`${gate}Hidden`] as Matrix, rows(of("weight_hh_l0"), H));
    set(layer[`${gate}Bias`] as Matrix, rows(bias, 1));
  });
  set(outputConnector, of("dense.weight"));
  set(output, of("dense.bias"));
}
