/** Learning from an endless stream, in memory that does not grow: forward in time, by traces (assembly/online.ts). */

import { product } from "./arithmetic.js";
import { destination, fail, options } from "./check.js";
import type { TrainerFile } from "./checkpoint.js";
import { readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import type { Engine } from "./engine.js";
import type { Traces } from "./layer.js";
import { Learner } from "./learner.js";
import { Model } from "./model.js";
import type { Network } from "./network.js";
import { type CheckedTrainerOptions, checkTrainerOptions, type TrainerOptions } from "./options.js";
import { ONLINE_CHANGES, type OnlineResumeOptions, resume } from "./resume.js";
import { checkTensor, type Tensor } from "./safetensors.js";
import { checkSequence, type Demands } from "./sequences.js";
import { readOutputs, wholeRow, writeWindow } from "./window.js";

/** Those of a trainer that make sense for a stream; `accumulate` counts steps with targets. */
const OPTIONS = ["loss", "optimizer", "schedule", "clipNorm", "clipValue", "accumulate", "average", "seed"] as const;

export type OnlineOptions = Pick<TrainerOptions, (typeof OPTIONS)[number]>;

/** Made by `createOnlineLearner` and `resumeOnlineLearner`. */
export class OnlineLearner {
  readonly model: Model;
  /** All options, with the defaults filled in. */
  readonly options: CheckedTrainerOptions;
  readonly #engine: Engine;
  readonly #learner: Learner;
  readonly #network: Network;
  readonly #traces: Traces;
  readonly #demands: Demands;
  #goesOn = false;
  #loss = NaN;

  /** @internal */
  constructor(model: Model, onlineOptions: unknown, file?: TrainerFile) {
    const engine = Model.engine("model", model);
    this.#engine = engine;
    this.model = model;
    this.options = checkTrainerOptions(options("options", onlineOptions, OPTIONS), engine);
    this.#demands = { config: { ...engine.config, output: "every" }, outputs: engine.layout.outputs };
    const learner = new Learner(engine, this.options, this);
    this.#learner = learner;
    if (file) {
      const { progress, carried } = readCheckpoint(file, learner);
      if (progress || carried > 1) throw new RangeError('"counters" are those of a trainer, not of an online learner');
      this.#goesOn = carried > 0;
    }
    this.#network = learner.prepare(1, 1);
    const { stages } = this.#network;
    const traces = stages[0]?.inside?.traces;
    if (!traces || engine.layout.whole || stages.slice(1).some(({ inside }) => inside)) {
      throw new RangeError(
        "an online learner needs a model whose first layer is its only recurrent one, in one direction, without reset: before, peepholes, projection, layerNorm, fullGateRecurrence, zoneout or recurrentDropout",
      );
    }
    const { input } = this.#network;
    this.#traces = traces({ output: input, gradient: 0, forward() {}, backward() {} }, (...shape) => learner.keep(4 * product(shape)));
    for (const { name, pointer, count } of file && this.#goesOn ? this.#traces.regions : []) {
      engine.memory.write(pointer, checkTensor(`trace.${name}`, file?.tensors[`trace.${name}`], [count]));
    }
  }

  /** Updates made so far. */
  get updates(): number {
    return this.#learner.updates;
  }

  /** The loss of the last step that had a target, before its update. */
  get loss(): number {
    return this.#loss;
  }

  /**
   * One step of the stream: outputs, and with a target an update.
   * @param input `features` numbers (one number may stand alone), or a token
   * @param target `outputs` numbers (one may stand alone) or a class, as the loss takes them; absent where there is none
   * @param out where to put the outputs; default a new array
   * @returns the outputs, before the update
   * @throws TypeError, RangeError if they are not that: then nothing has changed; RangeError if loss or gradient is not finite:
   * then the parameters are those before
   * @example const [y] = learner.step([0.1, 0.2], 0.7);
   */
  step(input: ArrayLike<number> | number, target?: ArrayLike<number> | number, out?: Float32Array): Float32Array {
    const network = this.#network;
    const { memory, layout } = this.#engine;
    const { outputs } = layout;
    const { loss } = this.options;
    const result = destination("out", out, outputs);
    const learns = target !== undefined;
    const inputs = typeof input === "number" ? [input] : input;
    const sequence = checkSequence(
      "step",
      learns ? { inputs, targets: target } : { inputs },
      learns ? { ...this.#demands, loss } : this.#demands,
    );
    if (sequence.length !== 1) fail(RangeError, "input", "one step", input);
    const targets = writeWindow(this.#engine, network, [wholeRow(sequence, 0, this.#goesOn)], 1, learns ? loss : undefined);
    if (!this.#goesOn) for (const { pointer, count } of this.#traces.regions) memory.fill(pointer, count);
    const update = this.updates + 1;
    network.forward(1, update);
    readOutputs(this.#engine, network, 0, 0, 1, result, 0);
    this.#goesOn = true;
    const { gradients } = this.#learner;
    if (targets > 0) {
      memory.fill(gradients, layout.params.bytes / 4);
      this.#loss = this.#learner.loss(network, 1, targets);
      for (const stage of network.stages.slice(1).reverse()) stage.backward(1, update, gradients, true);
    }
    this.#traces.step(gradients, targets > 0);
    if (targets > 0) this.#learner.take({ loss: this.#loss, targets });
    return result;
  }

  /** Begins a new sequence: state and traces are zero. */
  reset(): this {
    this.#goesOn = false;
    return this;
  }

  /**
   * The gradient of the last step that had a target, by every parameter's name: the error at that step times what the traces
   * remember of all steps before.
   */
  gradients(): Record<string, Tensor> {
    return this.#engine.tensors(this.#learner.gradients);
  }

  /** The running mean of the parameters, with the option `average`. */
  averaged(): Record<string, Tensor> {
    return this.#engine.tensors(this.#learner.mean);
  }

  /**
   * Everything needed to go on bit for bit: a safetensors file with the model, the optimizer's moments, state and traces.
   * `loadModel` reads the model from it.
   */
  save(): Uint8Array<ArrayBuffer> {
    const { memory } = this.#engine;
    const traces = this.#traces.regions.map(({ name, pointer, count }): [string, Tensor] => {
      return [`trace.${name}`, { shape: [count], data: memory.read(pointer, count) }];
    });
    const position = { epochs: 0, progress: null, carried: Number(this.#goesOn), best: null };
    return writeCheckpoint(this.model, this.options, this.#learner, position, this.#goesOn ? Object.fromEntries(traces) : {});
  }
}

/**
 * A learner for a stream without end: memory and time a step are as the number of weights, whatever came before. For lstm97 and
 * lstm its gradient is exactly that of `gradient: "truncated-1997"` over the whole stream so far (Hochreiter & Schmidhuber 1997,
 * equations 21 to 28; with forget gate Gers et al. 2000); for rnn and gru it is the SnAp-1 approximation (Menick et al. 2021).
 *
 * The model's first layer must be its only recurrent one, and above it may be any others; it is changed in place.
 * @example
 * const learner = createOnlineLearner(model, { loss: "mse", optimizer: sgd({ learningRate: 0.01 }) });
 * for await (const { input, target } of sensor) console.log(learner.step(input, target));
 */
export function createOnlineLearner(model: Model, onlineOptions: OnlineOptions): OnlineLearner {
  return new OnlineLearner(model, onlineOptions);
}

/**
 * The learner that `save` saved, with its model (`learner.model`). It goes on bit for bit, but for what is to change: an `optimizer`
 * of the same type, `schedule`, `clipNorm`, `clipValue`, and where no gradients wait for an update `accumulate`.
 * @throws TypeError, RangeError if the file is damaged or holds no learner, or an option may not change
 * @example const learner = resumeOnlineLearner(bytes, { optimizer: sgd({ learningRate: 0.001 }) });
 */
export function resumeOnlineLearner(bytes: Uint8Array | ArrayBuffer, resumeOptions: OnlineResumeOptions = {}): OnlineLearner {
  const { model, file } = resume(bytes, resumeOptions, ONLINE_CHANGES);
  const given = Object.entries(file.options as object).filter(([key]) => (OPTIONS as readonly string[]).includes(key));
  return new OnlineLearner(model, Object.fromEntries(given), file);
}
