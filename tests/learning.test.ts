/** A model alone has no kernels that learn: it needs none, and nothing changes for it when a trainer brings them. */

import { expect, test } from "vitest";
import { createModel, createTrainer, lstm, sgd } from "../src/index.js";
import { Model } from "../src/model/model.js";
import { asSequences, CASES, type Case, examples, readsBack } from "./helpers/cases.js";

/** Its typed inputs need no padding, so that a kernel can check them where they lie. */
const unpadded: Case = {
  name: "four features",
  model: { input: { features: 4 }, layers: [lstm({ units: 3 })], output: "every" },
  loss: "mse",
  lengths: [5, 2],
};

const runs = [...CASES, unpadded].map((entry, i) => {
  const { model, loss } = entry;
  const made = createModel(model);
  // Every other model is already in memory that threads share.
  if (i % 2) Model.engine("model", made).share();
  const sequences = asSequences(examples(entry));
  const steps = model.output === "every" && !readsBack(model.layers);
  const [stream, streams] = steps ? [made.stream(), made.streams({ capacity: 1 })] : [];
  const id = streams?.open();
  /** What it does without a trainer. */
  const run = () => {
    const inputs = sequences[0]!.inputs as number[][];
    const typed = (rows: number[][]) => ("features" in model.input ? Float32Array.from(rows.flat()) : rows);
    stream?.reset();
    streams?.reset(id!);
    return {
      outputs: made.predict(sequences, { states: true }),
      typed: made.predict(sequences.map(({ inputs }) => ({ inputs: typed(inputs as number[][]) }))),
      evaluation: made.evaluate(sequences, { loss }),
      stepped: stream && inputs.map((input) => stream.step(input)),
      together: streams && inputs.map((input) => streams.step([id!], [input])),
      typedTogether: streams && inputs.map((input) => streams.step([id!], typed([input]))),
    };
  };
  return { entry, made, run };
});

test("every case runs without the kernels that learn, and gives the same beside them", () => {
  const before = runs.map(({ run }) => run());
  runs.forEach(({ entry, made, run }, i) => {
    createTrainer(made, { loss: entry.loss, optimizer: sgd({ learningRate: 0.1 }) });
    expect(run(), entry.name).toEqual(before[i]);
  });
});
