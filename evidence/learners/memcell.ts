/**
 * The library's own networks as learners of the evidence.
 *
 * Sequences are learned one at a time. Where a task has a target at its end alone, a sequence is one window: forward, back, one
 * update. Where each step has one, "step" updates after every step, by the traces of the online learner; for the gradient of 1997
 * the two differ only in when the weights change.
 */

import {
  adam,
  createModel,
  createOnlineLearner,
  dense,
  type Layer,
  type Lstm97Layer,
  lstm97,
  type Model,
  type OnlineLearner,
  type Optimizer,
  sgd,
  type TrainerOptions,
  uniform,
} from "../../src/index.js";
import { Model as Internal } from "../../src/model/model.js";
import { readOutputs, wholeRow } from "../../src/model/window.js";
import { LocalUpdater } from "../../src/training/localUpdater.js";
import { checkTrainerOptions } from "../../src/training/trainerOptions.js";
import { type Create, Diverged, type Example, type Interface, type Learner } from "../learner.js";

/** An update that would leave the finite numbers is refused by the library; the trial has diverged. */
export function finite<T>(learn: () => T): T {
  try {
    return learn();
  } catch (error) {
    if (error instanceof RangeError && error.message.includes("no longer finite")) throw new Diverged(error.message);
    throw error;
  }
}

export function weightsOf(model: Model): number {
  return Object.values(model.parameters()).reduce((sum, { data }) => sum + data.length, 0);
}

abstract class OfLibrary implements Learner {
  readonly weights: number;
  readonly cost: number;

  constructor(
    readonly model: Model,
    readonly task: Interface,
    readonly units: number,
  ) {
    this.weights = weightsOf(model);
    this.cost = this.weights;
  }

  abstract learn(example: Example): ArrayLike<number>;

  /** What the model reads of a sequence. */
  protected read(example: Pick<Example, "inputs" | "tokens">): Float32Array | Int32Array {
    return "tokens" in this.model.config.input ? (example.tokens as Int32Array) : example.inputs;
  }

  /** Sets the weights from inputs to outputs, where these read the inputs behind the cells. @param V [outputs, inputs] */
  withDirect(V: ArrayLike<number>): this {
    const parameters = this.model.parameters();
    const { shape, data } = parameters["dense.weight"] as { shape: [number, number]; data: Float32Array };
    const [K, columns] = shape;
    const I = this.task.features;
    for (let k = 0; k < K; k++) for (let j = 0; j < I; j++) data[(k + 1) * columns - I + j] = V[k * I + j] as number;
    this.model.setParameters(parameters);
    return this;
  }

  predict(examples: Pick<Example, "inputs">[]): ArrayLike<number>[] {
    return this.model.predict(examples.map((example) => ({ inputs: this.read(example) })));
  }
}

/** One update a sequence. Goes past the trainer's checks, which would cost a tenth of a step of the smallest nets. */
class BySequence extends OfLibrary {
  readonly #updater: LocalUpdater;
  #outputs = new Float32Array(0);

  constructor(model: Model, task: Interface, units: number, options: TrainerOptions) {
    super(model, task, units);
    const engine = Internal.engine("model", model);
    this.#updater = new LocalUpdater(engine, checkTrainerOptions({ ...options, window: Infinity, batch: 1 }, engine), this);
  }

  override learn(example: Example): ArrayLike<number> {
    const { targets } = example;
    const inputs = this.read(example);
    const { updates } = this.#updater;
    const { input } = this.model.config;
    const length = inputs.length / ("features" in input ? input.features : 1);
    const steps = targets.length / this.task.outputs;
    if (this.#outputs.length !== targets.length) this.#outputs = new Float32Array(targets.length);
    const row = wholeRow({ inputs, goals: [{ targets }], length }, updates, false);
    finite(() => this.#updater.learn([row], length));
    const network = this.#updater.prepare(length, 1);
    readOutputs(this.#updater.engine, network, 0, network.outputSteps(length) - steps, steps, [this.#outputs], 0);
    return this.#outputs;
  }
}

/** One update a step. */
class ByStep extends OfLibrary {
  readonly #learner: OnlineLearner;

  constructor(model: Model, task: Interface, units: number, optimizer: Optimizer) {
    super(model, task, units);
    this.#learner = createOnlineLearner(model, { loss: "mse", optimizer });
  }

  override learn({ inputs, targets }: Example): ArrayLike<number> {
    const { features, outputs } = this.task;
    const results = new Float32Array(targets.length);
    const learner = this.#learner.reset();
    for (let t = 0; t < targets.length / outputs; t++) {
      const [input, target] = [inputs.subarray(features * t, features * (t + 1)), targets.subarray(outputs * t, outputs * (t + 1))];
      finite(() => learner.step(input, target, results.subarray(outputs * t, outputs * (t + 1))));
    }
    return results;
  }
}

/** The network of 1997. */
export interface Net97 extends Omit<Lstm97Layer, "type" | "range"> {
  /** Weights, and biases that are not listed, begin uniform in [-init, init]. */
  init: number;
  /** Whether the output units have biases. */
  outputBias: boolean;
  outputs?: "logistic" | "identity" | "[-2,2]";
}

const unitsOf = ({ blocks, cellsPerBlock = 1 }: Net97) => blocks * cellsPerBlock;

function model97(task: Interface, seed: number, { init, outputBias, outputs = "logistic", ...layer }: Net97, tokens?: boolean): Model {
  const initial = uniform({ bound: init });
  return createModel({
    input: tokens && !layer.residual ? { tokens: task.features } : { features: task.features },
    layers: [
      lstm97({ ...layer, range: init }),
      dense({ units: task.outputs, activation: outputs, bias: outputBias, initial: { weights: initial, bias: initial } }),
    ],
    output: task.output,
    seed,
  });
}

/** The learning of 1997: half the squared error, summed over outputs and steps, by plain gradient descent. */
export interface Lstm97Options extends Net97 {
  rate: number;
  /** When the weights change; it is all the same where the error comes at the end alone. Default "sequence". */
  update?: "step" | "sequence";
  gradient?: "truncated-1997" | "full";
}

export const createLstm97 = (task: Interface, seed: number, options: Lstm97Options): OfLibrary => {
  const { rate, update, gradient = "truncated-1997", ...net } = options;
  const model = model97(task, seed, net, task.tokens && update !== "step");
  // The online learner's "mse" is the mean over the outputs of a step.
  if (update === "step") return new ByStep(model, task, unitsOf(net), sgd({ learningRate: (rate * task.outputs) / 2 }));
  const loss = { type: "mse", reduction: "sum" } as const;
  return new BySequence(model, task, unitsOf(net), { loss, optimizer: sgd({ learningRate: rate / 2 }), gradient });
};

/** The learning of today: Adam on the full gradient, clipped. */
const today = (learningRate: number): TrainerOptions => ({
  loss: "mse",
  optimizer: adam({ learningRate }),
  gradient: "full",
  clipNorm: 1,
});

/** The network of 1997 with the learning of today. */
export const createLstm97Today: Create<{ net: Net97; learningRate: number }> = (task, seed, { net, learningRate }) =>
  new BySequence(model97(task, seed, net, task.tokens), task, unitsOf(net), today(learningRate));

/** A network of today: any recurrent layer. */
export interface ModernOptions {
  layer: Layer;
  units: number;
  learningRate: number;
}

export const createModern = (task: Interface, seed: number, { layer, units, learningRate }: ModernOptions): OfLibrary => {
  const model = createModel({
    input: task.tokens ? { tokens: task.features } : { features: task.features },
    layers: [layer, dense({ units: task.outputs, activation: "logistic" })],
    output: task.output,
    seed,
  });
  return new BySequence(model, task, units, today(learningRate));
};
