/** One trial: on-line learning, an update after each sequence, until the task is learned. */

import { createModel, createTrainer, dense, lstm, type Model, sgd, type Trainer } from "../../src/index.js";
import type { Setting } from "./settings.js";
import { type Example, errorsOf } from "./task.js";

/** What is written for a trial, a line each. */
export interface Result {
  setting: string;
  trial: number;
  /** The most sequences it might have taken. */
  limit: number;
  solved: boolean;
  /** Learned until then. */
  sequences: number;
  /** Of so many tested; absent where it was not solved. */
  wrong?: number;
  tested?: number;
  seconds: number;
}

/** A network to learn a setting's task, and one update of it, which returns the mean squared error before. */
export interface Learning {
  model: Model;
  learn(example: Example): number;
}

/** As many cells as the paper's, with forget gates and linear outputs, all of whose weights start as PyTorch's. */
export function build({ task, blocks, size, rate }: Setting, seed: number): Learning {
  const { features, outputs, output } = task;
  const model = createModel({
    input: { features },
    layers: [lstm({ units: blocks * size }), dense({ units: outputs })],
    output,
    seed,
  });
  // The paper's error is half the sum over targets, "mse" their mean. Plain gradient descent keeps nothing from update to
  // update, so that a trainer for each number of targets makes of one the other.
  const trainers = new Map<number, Trainer>();
  return {
    model,
    learn(example) {
      const { length } = example.targets;
      let trainer = trainers.get(length);
      if (!trainer) {
        trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: (rate * length) / 2 }), batch: 1 });
        trainers.set(length, trainer);
      }
      return trainer.step([example]);
    },
  };
}

/** Yields after each sequence how many there were. */
export function* runTrial(setting: Setting, trial: number, limit: number): Generator<number, Result, void> {
  const began = performance.now();
  const { task, name } = setting;
  const { model, learn } = build(setting, trial);
  const run = task.begin(trial);
  const result = { setting: name, trial, limit };
  const seconds = () => Math.round(performance.now() - began) / 1000;
  for (let sequences = 1; sequences <= limit; sequences++) {
    let errors: ArrayLike<number>;
    try {
      errors = errorsAfter(setting, model, run.next(), learn);
    } catch (error) {
      // Plain gradient descent may leave the finite numbers: the trial has not learned.
      if (!(error instanceof RangeError && error.message.includes("no longer finite"))) throw error;
      return { ...result, solved: false, sequences, seconds: seconds() };
    }
    if (run.learned(errors, model)) return { ...result, solved: true, sequences, ...run.test(model), seconds: seconds() };
    yield sequences;
  }
  return { ...result, solved: false, sequences: limit, seconds: seconds() };
}

/** The errors that the update made smaller. One target's is the root of the loss; more are asked for before the update. */
function errorsAfter({ task }: Setting, model: Model, example: Example, learn: Learning["learn"]): ArrayLike<number> {
  const { inputs, targets } = example;
  if (task.output === "last" && task.outputs > 1) {
    const errors = errorsOf(model.predict([{ inputs }])[0] as Float32Array, targets);
    learn(example);
    return errors;
  }
  const loss = learn(example);
  return task.output === "last" ? [Math.sqrt(loss)] : [];
}
