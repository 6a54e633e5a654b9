import { describe, expect, test } from "vitest";
import { createModel, createTrainer, sgd } from "../src/index.js";
import { lanesFor } from "../src/lanes.js";
import { keys, philox } from "../src/random.js";
import { asSequences, asTensors, CASES, type Case, examples, randomParameters, relativeError } from "./cases.js";
import { type Mask, Oracle } from "./oracle.js";

/** The mask that the dropout kernel draws in its first window, from the positions of its numbers in the layout. */
function dropoutMask({ model, lengths }: Case, seed: number): Mask {
  const { width, panels } = lanesFor(lengths.length);
  const dropouts = model.layers.flatMap((layer, i) => (layer.type === "dropout" ? [{ rate: layer.rate, below: model.layers[i - 1] }] : []));
  return (layer, row, t, unit) => {
    const { rate, below } = dropouts[layer]!;
    const units = below && "units" in below ? below.units : (model.input as { features: number }).features;
    const rows = (units + 3) & ~3;
    const position = ((t * panels + Math.floor(row / width)) * rows + unit) * width + (row % width);
    const counter = Uint32Array.of(4 * (position >> 4) + (position & 3), 1, layer, 0);
    philox(counter, ...keys(seed));
    return counter[(position >> 2) & 3]! >= Math.floor(Math.fround(rate) * 4294967296) ? 1 / (1 - rate) : 0;
  };
}

describe.each(CASES.map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
  const model = createModel(entry.model);
  const parameters = randomParameters(model.parameters());
  model.setParameters(asTensors(parameters));
  const batch = examples(entry);
  const oracle = new Oracle(entry.model, parameters);
  const seed = 2 ** 40 + 17;
  const expected = oracle.learn(batch, entry.loss, undefined, dropoutMask(entry, seed));

  test("loss and every gradient are the oracle's", () => {
    const trainer = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }), seed });
    const { loss, gradients } = trainer.gradients(asSequences(batch));
    expect(relativeError([loss], [expected.loss])).toBeLessThan(1e-5);
    expect(Object.keys(gradients)).toEqual(Object.keys(parameters));
    for (const [name, { data }] of Object.entries(gradients)) {
      expect(relativeError(data, oracle.gradients[name]!.data), name).toBeLessThan(1e-5);
    }
  });

  const recurrent = entry.model.layers.filter(({ type }) => ["lstm", "gru", "rnn"].includes(type));
  if (recurrent.every(({ type }) => type === "lstm")) {
    test("the gradient of 1997 is that with the recurrent inputs held constant", () => {
      const constant = new Oracle(entry.model, parameters, false);
      constant.learn(batch, entry.loss, undefined, dropoutMask(entry, seed));
      const trainer = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }), seed, gradient: "truncated-1997" });
      const { gradients } = trainer.gradients(asSequences(batch));
      for (const [name, { data }] of Object.entries(gradients)) {
        expect(relativeError(data, constant.gradients[name]!.data), name).toBeLessThan(1e-5);
      }
    });
  }

  test("outputs and evaluation, which know no dropout, are the oracle's", () => {
    const plain = new Oracle(entry.model, parameters).learn(batch, entry.loss);
    const outputs = model.predict(asSequences(batch));
    outputs.forEach((y, row) => expect(relativeError(y, plain.outputs[row]!.flat()), `row ${row}`).toBeLessThan(1e-5));
    expect(relativeError([model.evaluate(asSequences(batch), { loss: entry.loss }).loss], [plain.loss])).toBeLessThan(1e-5);
  });
});
