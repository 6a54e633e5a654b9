/** A small model with dropout, its ragged sequences, and a trainer for them: `fit` is tested on these. */

import { adam, createModel, createTrainer, dense, dropout, lstm, type Report, type TrainerOptions } from "../../src/index.js";
import { asSequences, type Case, examples } from "./cases.js";

export const entry: Case = {
  name: "",
  model: {
    input: { features: 2 },
    layers: [lstm({ units: 7 }), dropout({ rate: 0.3 }), lstm({ units: 5 }), dense({ units: 2 })],
    output: "every",
  },
  loss: "mse",
  lengths: [12, 3, 25, 8, 17, 30, 5, 9, 21, 14, 6, 11, 2],
};

export const sequences = asSequences(examples(entry));

export const options: TrainerOptions = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, window: 6, batch: 4, seed: 5 };

export const fresh = (changes: Partial<TrainerOptions> = {}) =>
  createTrainer(createModel({ ...entry.model, seed: 2 }), { ...options, ...changes });

export const collect = async (reports: AsyncIterable<Report>) => {
  const all: Report[] = [];
  for await (const report of reports) all.push(report);
  return all;
};

export const steps = sequences.reduce((sum, { inputs }) => sum + inputs.length, 0);
