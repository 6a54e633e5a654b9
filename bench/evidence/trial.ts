/** One trial: on-line learning with the network and the gradient of 1997, until the task is learned. */

import { createModel, createOnlineLearner, createTrainer, dense, lstm97, type Model, sgd, type Trainer, uniform } from "../../src/index.js";
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

/** A network to learn a setting's task, and what it learns a sequence with, which returns the mean squared error before. */
export interface Learning {
  model: Model;
  learn(example: Example): number;
}

/**
 * The setting's network, and plain gradient descent along the paper's gradient.
 * @throws RangeError if it has not as many weights as the paper's
 */
export function build(setting: Setting, seed: number): Learning {
  const { task, blocks, size, init, inputGateBias, outputGateBias, biases, outputs, name, paper } = setting;
  const random = uniform({ bound: init });
  const model = createModel({
    input: { features: task.features },
    layers: [
      lstm97({
        blocks,
        cellsPerBlock: size,
        bias: biases,
        range: init,
        ...(inputGateBias && { inputGateBias }),
        ...(outputGateBias && { outputGateBias }),
      }),
      dense({ units: task.outputs, activation: outputs, bias: biases === "all", initial: { weights: random, bias: random } }),
    ],
    output: task.output,
    seed,
  });
  const weights = Object.values(model.parameters()).reduce((sum, { data }) => sum + data.length, 0);
  if (weights !== paper.weights) throw new RangeError(`${name} expected ${paper.weights} weights, got ${weights}`);
  return { model, learn: setting.update === "step" ? learnSteps(model, setting) : learnSequences(model, setting) };
}

/** An optimizer for "mse", the mean over so many targets, where the paper's error is half their sum. */
const descent = (rate: number, targets: number) => sgd({ learningRate: (rate * targets) / 2 });

function learnSequences(model: Model, { rate }: Setting): Learning["learn"] {
  // Plain gradient descent keeps nothing from update to update: there may be a trainer for each number of targets.
  const trainers = new Map<number, Trainer>();
  return (example) => {
    const { length } = example.targets;
    let trainer = trainers.get(length);
    if (!trainer) {
      const optimizer = descent(rate, length);
      trainer = createTrainer(model, { loss: "mse", optimizer, gradient: "truncated-1997", window: Infinity, batch: 1 });
      trainers.set(length, trainer);
    }
    return trainer.step([example]);
  };
}

/** For tasks with targets at every step. */
function learnSteps(model: Model, { rate, task: { features, outputs } }: Setting): Learning["learn"] {
  const learner = createOnlineLearner(model, { loss: "mse", optimizer: descent(rate, outputs) });
  const out = new Float32Array(outputs);
  return ({ inputs, targets }) => {
    const steps = inputs.length / features;
    let sum = 0;
    learner.reset();
    for (let t = 0; t < steps; t++) {
      learner.step(inputs.subarray(features * t, features * (t + 1)), targets.subarray(outputs * t, outputs * (t + 1)), out);
      sum += learner.loss;
    }
    return sum / steps;
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
