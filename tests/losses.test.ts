/** Weights, reductions and metrics through the public names; the losses' numbers are those of cases.ts. */

import { describe, expect, test } from "vitest";
import { adam, createModel, createTrainer, dense, lstm, type Report, resumeTrainer } from "../src/index.js";
import { asSequences, type Case, examples, relativeError } from "./cases.js";

const entry: Case = {
  name: "",
  model: { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: 3 })], output: "every" },
  loss: "mse",
  weighted: true,
  lengths: [12, 3, 25, 8, 17, 5, 9],
};
const sequences = asSequences(examples(entry));
const options = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), window: 6, batch: 3, seed: 5 } as const;
const fresh = () => createTrainer(createModel({ ...entry.model, seed: 2 }), options);

describe("weights", () => {
  test("a weight of 2 is a target given twice, and one of 0 is none: the mean is over the sum of weights", () => {
    const { inputs, targets } = sequences[0] as { inputs: number[][]; targets: number[][] };
    const [one, two] = [
      { inputs: inputs.slice(0, 4), targets: targets.slice(0, 4) },
      { inputs: inputs.slice(4), targets: targets.slice(4) },
    ];
    const [ones, twos] = [new Array(4).fill(1), new Array(8).fill(2)];
    const weighted = fresh().gradients([
      { ...one, weights: ones },
      { ...two, weights: twos },
      { ...one, weights: [0, 0, 0, 0] },
    ]);
    const repeated = fresh().gradients([one, two, two]);
    expect(relativeError([weighted.loss], [repeated.loss])).toBeLessThan(1e-6);
    for (const [name, { data }] of Object.entries(weighted.gradients))
      expect(relativeError(data, repeated.gradients[name]!.data), name).toBeLessThan(1e-5);
    // The reports of fit and evaluation add up over windows in the same way.
    const windows = fresh().model.evaluate(
      [
        { ...one, weights: ones },
        { ...two, weights: twos },
      ],
      { loss: "mse" },
    );
    expect(relativeError([windows.loss], [repeated.loss])).toBeLessThan(1e-6);
  });

  test("an interrupted epoch goes on bit for bit from sums that are no integers", async () => {
    const whole: Report[] = [];
    for await (const report of fresh().fit(sequences, { epochs: 2, every: 2 })) whole.push(report);
    const trainer = fresh();
    const parts: Report[] = [];
    for await (const report of trainer.fit(sequences, { every: 2 })) if (parts.push(report) === 2) break;
    for await (const report of resumeTrainer(trainer.save()).fit(sequences, { epochs: 2, every: 2 })) parts.push(report);
    expect(parts).toEqual(whole);
  });
});
