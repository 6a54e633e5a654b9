/** memcell itself, through its public API: what the others are compared with. */

import { adam, createModel, createTrainer, type Model } from "../../src/index.js";
import { quantize } from "../../src/int8.js";
import { bySequence, configOf, type Implementation, type Prepared, type Task, transpose, UPDATES } from "./task.js";

export const implementation: Implementation = { about: "memcell", prepare: async (task) => WORKS[task.kind](task, (model) => model) };

export const int8: Implementation = {
  about: "memcell, int8 weights",
  prepare: async (task) => (task.kind === "training" ? "cannot train" : WORKS[task.kind](task, quantize)),
};

const WORKS: Record<Task["kind"], (task: Task, made: (model: Model) => Model) => Prepared> = {
  forward(task, made) {
    const [, , B, T] = task.shape;
    const { model: whole, sequences } = build(task);
    const model = made(whole);
    const outputs = transpose(
      model.predict(sequences).flatMap((y) => Array.from(y)),
      B,
      T,
    );
    return { proof: { outputs }, run: () => model.predict(sequences) };
  },
  training(task) {
    const { model, sequences } = build(task);
    const { learningRate, clipNorm } = task;
    const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate }), clipNorm });
    const first = model.predict(sequences).map((y) => y[0] as number);
    const { loss, gradients } = trainer.gradients(sequences);
    const run = () => trainer.step(sequences);
    const losses = Array.from({ length: UPDATES }, run);
    const byName = Object.fromEntries(Object.entries(gradients).map(([name, { data }]) => [name, data]));
    return { proof: { ...byName, loss: [loss], losses, "outputs of the first step": first }, run };
  },
  streaming(task, made) {
    const [I, , , T] = task.shape;
    const stream = made(build(task).model).stream();
    const inputs = Array.from({ length: T }, (_, t) => task.inputs.subarray(t * I, (t + 1) * I));
    const out = new Float32Array(1);
    const outputs = inputs.map((input) => stream.step(input, out)[0] as number);
    return {
      proof: { outputs },
      run() {
        for (const input of inputs) stream.step(input, out);
      },
    };
  },
};

function build({ shape, parameters, ...task }: Task) {
  const model = createModel(configOf(shape));
  const given = model.parameters();
  model.setParameters(
    Object.fromEntries(Object.entries(given).map(([name, tensor]) => [name, { ...tensor, data: parameters[name] as Float32Array }])),
  );
  const targets = bySequence(task.targets, shape);
  const sequences = bySequence(task.inputs, shape).map((inputs, b) => ({ inputs, targets: targets[b] as Float32Array }));
  return { model, sequences };
}
