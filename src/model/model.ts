/** A model: parameters, and the functions that compute with them. */

import { product } from "../core/arithmetic.js";
import { boolean, each, fail, integerIn, isObject, options } from "../core/check.js";
import type { Lanes, Mode } from "../core/lanes.js";
import { lanesFor } from "../core/lanes.js";
import { checkTensor, type Dtype, type Tensor, writeSafetensors } from "../core/safetensors.js";
import type { DenseLayer } from "../layers/dense.js";
import type { Value } from "./columns.js";
import type { Config, ModelConfig } from "./config.js";
import { checkConfig } from "./config.js";
import { checkEnvironment, Engine, type Environment } from "./engine.js";
import { checkEvaluation, type EvaluateOptions, type Evaluation } from "./evaluation.js";
import type { GenerateOptions } from "./generate.js";
import { checkGenerateOptions, checkTokens, generate } from "./generate.js";
import { byName } from "./heads.js";
import type { Loss } from "./losses.js";
import { writeMetadata } from "./metadata.js";
import type { Metric, Scores } from "./metrics.js";
import { Scoring } from "./metrics.js";
import { Network, statesOf } from "./network.js";
import { type CheckedLosses, type Objective, plainLosses } from "./objective.js";
import { checkPredict, type Predicted, type PredictOptions, probabilitiesOf, type ReadOptions } from "./probabilities.js";
import { type AnySequence, type Checked, checkSequences, type Sequence } from "./sequences.js";
import type { State, StateShape } from "./state.js";
import { type Assigned, assign, type SetOptions } from "./stateDict.js";
import { Stream } from "./stream.js";
import { Streams, type StreamsOptions } from "./streams.js";
import { summarize } from "./summary.js";
import { limitOf, Rows, readRows, roomFor, writeWindow } from "./window.js";

/** The number of whole sequences run side by side. */
export const ROWS = 32;

/** A sequence as `predict` takes it: `inputs`, and the `state` to begin from; its targets are not looked at. */
export type PredictSequence = Pick<Sequence, "inputs" | "state"> & { targets?: unknown };

/** Made by `createModel` and `loadModel`. `O` are the outputs: an array, or by the names of the heads an array for each. */
export class Model<O = Float32Array> {
  readonly #engine: Engine;
  /** Networks kept for reuse, one for each mode. */
  readonly #networks = new Map<Mode, Network>();

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
    // Only a network knows them, and most models are never asked.
    let states: readonly StateShape[] | undefined;
    engine.layout.states = () => (states ??= statesOf(engine));
  }

  /** The configuration with all defaults filled in: plain data. Its scaler follows an online learner's running one. */
  get config(): Config {
    return this.#engine.config;
  }

  /** The engine of the model: which variant of the kernels was chosen. */
  get engine(): { readonly kernels: "plain" | "relaxed" } {
    return { kernels: this.#engine.relaxed ? "relaxed" : "plain" };
  }

  /** The loss of the model's last trainer (of each head), which is saved with it; null if it had none, or one of the user's own. */
  get loss(): CheckedLosses | null {
    const { recorded, layout } = this.#engine;
    return recorded?.every(({ type }) => type !== "custom") ? plainLosses(layout, recorded) : null;
  }

  /** @internal The engine of a model, for the trainer. */
  static engine(path: string, model: unknown): Engine {
    if (!(model instanceof Model)) fail(TypeError, path, "a model", model);
    return model.#engine;
  }

  /**
   * Computes the outputs of whole sequences.
   * @param sequences an array or iterable of `{ inputs }`, any lengths
   * @param predictOptions `as: "probabilities"`: the outputs as `probabilities` reads them. `states: true`: also the state at each
   * sequence's end, from which its next piece goes on as `sequence.state`, or a stream by `restore`; with the states of both directions
   * (PyTorch's `h_n`, `c_n`)
   * @returns for each sequence its outputs step by step, [length x outputs] ([outputs] where the output is "last"), by name where the
   * model has heads; with `states` `{ outputs, state }`
   * @throws TypeError, RangeError with the path, step and feature of the wrong value
   * @example const [y] = model.predict([{ inputs: [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]] }]);
   * @example const [{ state }] = model.predict([{ inputs }], { states: true }); model.predict([{ inputs: more, state }]);
   */
  predict(sequences: Iterable<PredictSequence>, predictOptions: PredictOptions & { states: true }): Predicted<O>[];
  predict(sequences: Iterable<PredictSequence>, predictOptions?: PredictOptions): O[];
  predict(sequences: Iterable<PredictSequence>, predictOptions: PredictOptions = {}): O[] | Predicted<O>[] {
    const { read, states } = checkPredict(this.#engine, predictOptions);
    const checked = checkSequences("sequences", sequences, { engine: this.#engine, lent: true }, 0);
    const results = roomFor(this.#engine, checked);
    const ends: State[] = [];
    for (const { network, rows } of this.#windows(checked, "infer"))
      readRows(this.#engine, network, rows, results, states ? ends : undefined);
    const outputs = results.map((room) => byName(this.#engine.layout.heads, read(room)) as O);
    return states ? outputs.map((outputs, i) => ({ outputs, state: ends[i] as State })) : outputs;
  }

  /**
   * Reads outputs by the loss of the model's last trainer: after cross-entropy and `ctc` the probability of each class; after binary
   * cross-entropy that of each output; after `quantile` the quantiles in your units, put in order where they cross; after `gaussianNLL`
   * means and, in the place of the logarithms of the variances, standard deviations, in your units. Of several heads, those whose loss has
   * no probabilities keep their outputs. The same bits everywhere.
   * @param outputs of any number of steps, from `predict`, a stream, or a learner
   * @param readOptions `loss`, for a model that has none, or another one
   * @returns as many numbers, in the same places
   * @throws TypeError, RangeError if the outputs are not those of this model, or the loss has no probabilities
   * @example const p = model.probabilities(stream.step(input));
   */
  probabilities(outputs: O, readOptions: ReadOptions = {}): O {
    return byName(this.#engine.layout.heads, probabilitiesOf(this.#engine, outputs, readOptions)) as O;
  }

  /**
   * Computes the loss over whole sequences, and metrics if asked for, without learning and without dropout.
   * @returns means over all targets by their weights (cross-entropy in nats; errors in standardised units where the model's scaler has
   * targets); NaN if no target counts. With heads `loss` is the sum of theirs by `lossWeights`, and `heads` has loss and metrics of each
   * @throws TypeError, RangeError as `predict`; RangeError if a metric makes no sense with the loss
   * @example const { loss, accuracy } = model.evaluate(test, { loss: "crossEntropy", metrics: ["accuracy"] });
   * @example model.evaluate(test, { loss: { price: "mse", trend: "crossEntropy" }, metrics: { price: ["rmse"] } }).heads.price.rmse;
   */
  evaluate<M extends Metric = never>(sequences: Iterable<AnySequence>, evaluateOptions: EvaluateOptions<M>): Evaluation<M> {
    const { objective, metrics } = checkEvaluation(this.#engine, evaluateOptions);
    const checked = checkSequences("sequences", sequences, { engine: this.#engine, losses: objective.losses });
    const evaluation = Model.evaluation(this, checked, objective, metrics);
    for (;;) {
      const { done, value } = evaluation.next();
      if (done) return value as Evaluation<M>;
    }
  }

  /** @internal Evaluation window by window, so that the trainer can let the event loop run. */
  static *evaluation(
    model: Model<unknown>,
    sequences: Checked[],
    objective: Objective,
    metrics: readonly Metric[][],
  ): Generator<void, Scores, void> {
    const scoring = new Scoring(model.#engine, objective, metrics);
    for (const { network, T, counted } of model.#windows(sequences, "score", objective.losses)) {
      scoring.add(network, T, counted);
      yield;
    }
    return scoring.scores();
  }

  /** Runs sequences window by window. Yields each after its forward pass, before the rows move on. */
  *#windows(
    sequences: Checked[],
    mode: Mode,
    losses?: readonly Required<Loss>[],
  ): Generator<{ network: Network; rows: Rows["rows"]; T: number; counted: number[] }> {
    const lanes = lanesFor(Math.min(ROWS, sequences.length));
    const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
    const network = this.#take(mode, limitOf(this.#engine.layout, longest, losses), lanes);
    try {
      const rows = new Rows(lanes.batch);
      for (;;) {
        while (rows.free > 0 && rows.taken < sequences.length) rows.put(sequences[rows.taken] as Checked);
        const T = rows.next(network.T, this.config.output);
        if (T === 0) return;
        const counted = writeWindow(this.#engine, network, rows.rows, T, losses);
        network.forward(T);
        yield { network, rows: rows.rows, T, counted };
        rows.advance();
      }
    } finally {
      this.#networks.get(mode)?.release();
      this.#networks.set(mode, network);
    }
  }

  /** @internal Releases the kept networks. */
  release(): void {
    for (const network of this.#networks.values()) network.release();
    this.#networks.clear();
  }

  /** Takes the kept network of this mode, or a new one if that does not fit or is in use. */
  #take(mode: Mode, T: number, lanes: Lanes): Network {
    const present = this.#networks.get(mode);
    if (!present || present.T < T || present.lanes.batch !== lanes.batch) return new Network(this.#engine, T, lanes, mode);
    this.#networks.delete(mode);
    return present;
  }

  /**
   * Opens a live sequence, one step at a time. Streams are independent of each other; make as many as there are sequences.
   * @throws RangeError if the model needs whole sequences, as with bidirectional layers
   * @example const stream = model.stream(); const y = stream.step([0.1, 0.2, 0.3]);
   */
  stream(): Stream<O> {
    return new Stream(this.#engine);
  }

  /**
   * Makes room for many live sequences, hundreds or thousands, of which any may step at once. Eight run side by side, which takes two
   * thirds of the time of as many steps of one `stream()`, and streams do not pay for taking turns.
   * @param options `capacity`: how many may be open at once
   * @throws TypeError, RangeError if the capacity is wrong, or there is no memory for it
   * @example const streams = model.streams({ capacity: 1000 }); const id = streams.open(); const y = streams.step([id], [[0.1, 0.2, 0.3]]);
   */
  streams(options: StreamsOptions): Streams<O> {
    return new Streams(this.#engine, options);
  }

  /**
   * Generates the tokens that follow a prompt, one by one.
   * @param prompt at least one token; labels where they have them
   * @throws RangeError if the model does not have tokens (or the categories of its only column) as inputs and outputs
   * @example for (const token of model.generate([7, 2], { length: 200, temperature: 0.8, seed: 1 })) write(token);
   */
  generate(prompt: ArrayLike<Value>, options: GenerateOptions = {}): Generator<number, void, undefined> {
    const tokens = checkTokens(this.#engine);
    checkGenerateOptions(options, tokens);
    const inputs =
      "tokens" in this.config.input
        ? each(integerIn(0, tokens - 1), "tokens")("prompt", prompt)
        : this.#engine.layout.input.check("prompt", prompt, undefined);
    if (inputs.length === 0) fail(RangeError, "prompt", "at least one token", prompt);
    const stream = new Stream(this.#engine);
    const logits = new Float32Array(tokens);
    for (const token of inputs) stream.step(token, logits);
    return generate(this.#engine, stream, logits, options);
  }

  /**
   * A copy of every parameter, with PyTorch's name and shape.
   * @example const { shape, data } = model.parameters().weight_hh_l0; // [4 * units, units], gates i, f, g, o
   */
  parameters(): Record<string, Tensor> {
    return this.#engine.tensors(this.#engine.params);
  }

  /**
   * Sets all parameters or some of them, by the model's names or by those of a PyTorch module, whose layers have prefixes
   * (`rnn.weight_ih_l0`, `fc.weight`). Each layer is found by its names and shapes, or by the `prefixes` that you give. A layer whose
   * weights come without any bias (`bias=False`) gets biases of 0.
   * @param setOptions `prefixes` of the layers, null for one that stays as it is; `strict: false` leaves out what does not fit
   * @returns names: the parameters that were `set`, `zeroed` and `kept`, and tensors that were `unused`
   * @throws TypeError, RangeError if a tensor is unknown, of another shape or not finite; then no parameter is changed
   * @example const { kept } = model.setParameters(readSafetensors(fileFromPyTorch).tensors, { strict: false });
   */
  setParameters(tensors: Record<string, Tensor>, setOptions: SetOptions = {}): Assigned {
    const { layout, memory, params } = this.#engine;
    if (!isObject(tensors)) fail(TypeError, "parameters", "tensors by name", tensors);
    const { prefixes, strict = true } = options("options", setOptions, ["prefixes", "strict"]);
    const { assigned, chosen } = assign(layout.parameters, tensors, prefixes, boolean("strict", strict));
    // Check all before changing any. Tensors of a file are read twice rather than kept.
    for (const [{ name, shape }, tensor] of chosen) if (tensor) checkTensor(`parameters.${name}`, tensor, shape);
    this.#engine.change();
    for (const [parameter, tensor] of chosen) {
      memory.pack(params, parameter, tensor?.data ?? new Float32Array(product(parameter.shape)));
    }
    this.#engine.refresh();
    return assigned;
  }

  /**
   * A table of the model, as text, which `console.log(model)` shows in Node, Deno and Bun: for each layer its path in the configuration,
   * its outputs ([T, 64]: 64 numbers at each step, [64]: once a sequence), its parameters, their bytes, and its multiplications a step.
   * @example writeFileSync("model.txt", model.summary());
   */
  summary(): string {
    return summarize(this.#engine);
  }

  /** @internal What console.log shows in Node, Deno and Bun. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.summary();
  }

  /**
   * The model as a safetensors file: PyTorch's names and shapes, with the configuration in the metadata.
   * @param options `dtype`: "float16" or "bfloat16" for a file of half the size, whose numbers are rounded. Default "float32", which keeps
   * every bit
   * @throws RangeError if a parameter is too large for the dtype
   * @example await writeAtomically("model.safetensors", model.save()); // memcell/node: a crash leaves the previous file
   */
  save(options: { dtype?: Dtype } = {}): Uint8Array<ArrayBuffer> {
    return writeSafetensors({ tensors: this.parameters(), metadata: writeMetadata(this.#engine) }, options);
  }
}

/**
 * Makes a new model with PyTorch's initial weights, unless `initial` says otherwise.
 * @throws TypeError, RangeError with the path of the option, such as `"layers[2].units"`
 * @example createModel({ input: { features: 3 }, layers: [lstm({ units: 64 }), dense({ units: 1 })], seed: 1 });
 * @example createModel({ input, layers: [lstm({ units: 64 })], heads: { price: dense({ units: 14 }), trend: dense({ units: 3 }) } });
 */
export function createModel<N extends string>(
  config: ModelConfig & { heads: Readonly<Record<N, DenseLayer>> },
  environment?: Environment,
): Model<Record<N, Float32Array>>;
export function createModel(config: ModelConfig, environment?: Environment): Model;
export function createModel(config: ModelConfig, environment: Environment = {}): Model<never> {
  const engine = new Engine(checkConfig(config), checkEnvironment(environment));
  engine.initialize();
  return new Model(engine);
}
