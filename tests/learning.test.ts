/** A model alone has no kernels that learn: it needs none, and nothing changes for it when a trainer brings them. */

import { expect, test } from "vitest";
import { createModel, createTrainer, sgd } from "../src/index.js";
import { Model } from "../src/model/model.js";
import { asSequences, CASES, examples, readsBack } from "./helpers/cases.js";

const runs = CASES.map((entry, i) => {
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
    // Flat typed arrays are checked by a kernel.
    const typed =
      "features" in model.input ? sequences.map(({ inputs }) => ({ inputs: Float32Array.from((inputs as number[][]).flat()) })) : [];
    stream?.reset();
    streams?.reset(id!);
    return {
      outputs: made.predict(sequences, { states: true }),
      typed: made.predict(typed),
      evaluation: made.evaluate(sequences, { loss }),
      stepped: stream && inputs.map((input) => stream.step(input)),
      together: streams && inputs.map((input) => streams.step([id!], [input])),
      typedTogether: streams && typed.map((_, i) => streams.step([id!], Float32Array.from([inputs[i % inputs.length]!].flat()))),
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
