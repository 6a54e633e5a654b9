/** A model: parameters, and what they compute. */

import { clip, each, fail, integerIn, isObject, listed, options } from "./check.js";
import type { Config, ModelConfig } from "./config.js";
import { checkConfig } from "./config.js";
import { checkEnvironment, Engine, type Environment } from "./engine.js";
import type { GenerateOptions } from "./generate.js";
import { checkGenerateOptions, checkTokens, generate } from "./generate.js";
import type { Lanes, Mode } from "./lanes.js";
import { lanesFor } from "./lanes.js";
import { finalLayer, planModel } from "./layout.js";
import type { Loss } from "./losses.js";
import { checkLoss } from "./losses.js";
import type { Metric, Scores } from "./metrics.js";
import { checkMetrics, Scoring } from "./metrics.js";
import { Network } from "./network.js";
import { checkShape, checkTensor, openSafetensors, type Tensor, writeSafetensors } from "./safetensors.js";
import type { Checked, Sequence, Series } from "./sequences.js";
import { checkSequences } from "./sequences.js";
import { Stream } from "./stream.js";
import { Streams, type StreamsOptions } from "./streams.js";
import type { Parameter } from "./table.js";
import { Rows, readRows, roomFor, writeWindow } from "./window.js";

/** Whole sequences are run this many at a time, and in windows this long. */
export const ROWS = 32;
export const WINDOW = 64;

/** What the metadata of files means: 2. Files of 0.1 do not say it. */
export const FORMAT = 2;

/** Made by `createModel` and `loadModel`. */
export class Model {
  readonly #engine: Engine;
  /** Kept for the next time, one of each mode. */
  readonly #networks = new Map<Mode, Network>();

  /** @internal */
  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** What the model is, with all defaults filled in: plain data. Its scaler follows an online learner's running one. */
  get config(): Config {
    return this.#engine.config;
  }

  /** What the model runs on: of the kernels the variant that was chosen. */
  get engine(): { readonly kernels: "plain" | "relaxed" } {
    return { kernels: this.#engine.relaxed ? "relaxed" : "plain" };
  }

  /** @internal The engine of a model, for the trainer. */
  static engine(path: string, model: unknown): Engine {
    if (!(model instanceof Model)) fail(TypeError, path, "a model", model);
    return model.#engine;
  }

  /**
   * The outputs of whole sequences.
   * @param sequences an array or iterable of `{ inputs }`, any lengths
   * @returns for each sequence its outputs step by step, [length x outputs] ([outputs] where the output is "last")
   * @throws TypeError, RangeError with the path, step and feature of what is wrong
   * @example const [y] = model.predict([{ inputs: [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]] }]);
   */
  predict(sequences: Iterable<{ inputs: Series; targets?: unknown }>): Float32Array[] {
    const { layout } = this.#engine;
    const checked = checkSequences("sequences", sequences, { config: this.config, outputs: layout.outputs }, 0);
    const results = roomFor(this.#engine, checked);
    for (const { network, rows } of this.#windows(checked, "infer")) readRows(this.#engine, network, rows, results);
    return results;
  }

  /**
   * The loss over whole sequences, and metrics if asked for, without learning and without dropout.
   * @returns means over all targets, each as much as it counts (cross-entropy in nats; errors in standardised units where the
   * model's scaler has targets); NaN if none does
   * @throws TypeError, RangeError as `predict`; RangeError if a metric makes no sense with the loss
   * @example const { loss, accuracy } = model.evaluate(test, { loss: "crossEntropy", metrics: ["accuracy"] });
   */
  evaluate<M extends Metric = never>(
    sequences: Iterable<Sequence>,
    evaluateOptions: { loss: Loss | Loss["type"]; metrics?: readonly M[] },
  ): { loss: number } & Record<M, number> {
    const { layout } = this.#engine;
    const o = options("options", evaluateOptions, ["loss", "metrics"]);
    const loss = checkLoss("loss", o.loss, this.#engine);
    const metrics = checkMetrics(o.metrics, loss);
    const checked = checkSequences("sequences", sequences, { config: this.config, outputs: layout.outputs, loss });
    const evaluation = Model.evaluation(this, checked, loss, metrics);
    for (;;) {
      const { done, value } = evaluation.next();
      if (done) return value as { loss: number } & Record<M, number>;
    }
  }

  /** @internal Evaluation window by window, for the trainer, which lets the event loop run in between. */
  static *evaluation(model: Model, sequences: Checked[], loss: Required<Loss>, metrics: Metric[]): Generator<void, Scores, void> {
    const scoring = new Scoring(loss, metrics);
    for (const { network, T, counted } of model.#windows(sequences, "score", loss)) {
      scoring.add(network, T, counted);
      yield;
    }
    return scoring.scores();
  }

  /** Runs sequences window by window; each is to be looked at after its forward pass, before the rows move on. */
  *#windows(
    sequences: Checked[],
    mode: Mode,
    loss?: Required<Loss>,
  ): Generator<{ network: Network; rows: Rows["rows"]; T: number; counted: number }> {
    const lanes = lanesFor(Math.min(ROWS, sequences.length));
    const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
    const network = this.#take(mode, this.#engine.layout.whole ? longest : Math.min(WINDOW, longest), lanes);
    try {
      const rows = new Rows(lanes.batch);
      for (;;) {
        while (rows.free > 0 && rows.taken < sequences.length) rows.put(sequences[rows.taken] as Checked);
        const T = rows.next(network.T, this.config.output);
        if (T === 0) return;
        const counted = writeWindow(this.#engine, network, rows.rows, T, loss);
        network.forward(T);
        yield { network, rows: rows.rows, T, counted };
        rows.advance();
      }
    } finally {
      this.#networks.get(mode)?.release();
      this.#networks.set(mode, network);
    }
  }

  /** @internal Gives back the networks that were kept. */
  release(): void {
    for (const network of this.#networks.values()) network.release();
    this.#networks.clear();
  }

  /** Takes the network of this mode that was kept, or a new one if it does not fit or is at work. */
  #take(mode: Mode, T: number, lanes: Lanes): Network {
    const present = this.#networks.get(mode);
    if (!present || present.T < T || present.lanes.batch !== lanes.batch) return new Network(this.#engine, T, lanes, mode);
    this.#networks.delete(mode);
    return present;
  }

  /**
   * A live sequence, one step at a time. Streams are independent of each other; make as many as there are sequences.
   * @example const stream = model.stream(); const y = stream.step([0.1, 0.2, 0.3]);
   */
  stream(): Stream {
    return new Stream(this.#engine);
  }

  /**
   * Many live sequences, hundreds or thousands, of which any may step at once: eight side by side, for two thirds of the time of as
   * many steps of `stream()`, and without what it costs those to take turns.
   * @param options `capacity`: how many may be open at once
   * @throws TypeError, RangeError if the capacity is not that, or there is no memory for it
   * @example const streams = model.streams({ capacity: 1000 }); const id = streams.open(); const y = streams.step([id], [[0.1, 0.2, 0.3]]);
   */
  streams(options: StreamsOptions): Streams {
    return new Streams(this.#engine, options);
  }

  /**
   * Tokens that follow a prompt, one by one.
   * @param prompt at least one token
   * @throws RangeError if the model does not have tokens as inputs and outputs
   * @example for (const token of model.generate([7, 2], { length: 200, temperature: 0.8, seed: 1 })) write(token);
   */
  generate(prompt: ArrayLike<number>, options: GenerateOptions = {}): Generator<number, void, undefined> {
    const tokens = checkTokens(this.#engine);
    checkGenerateOptions(options, tokens);
    const inputs = each(integerIn(0, tokens - 1), "tokens")("prompt", prompt);
    if (inputs.length === 0) fail(RangeError, "prompt", "at least one token", prompt);
    const stream = this.stream();
    const logits = new Float32Array(tokens);
    for (const token of inputs) stream.step(token, logits);
    return generate(this.#engine, stream, logits, options);
  }

  /**
   * A copy of every parameter, under PyTorch's name and in its shape.
   * @example const { shape, data } = model.parameters().weight_hh_l0; // [4 * units, units], gates i, f, g, o
   */
  parameters(): Record<string, Tensor> {
    return this.#engine.tensors(this.#engine.params);
  }

  /**
   * Sets all parameters or some of them.
   * @throws TypeError, RangeError if one is unknown, of another shape or not finite; then none is changed
   * @example model.setParameters(readSafetensors(fileFromPyTorch).tensors);
   */
  setParameters(tensors: Record<string, Tensor>): void {
    const { layout, memory, params } = this.#engine;
    if (!isObject(tensors)) fail(TypeError, "parameters", "tensors by name", tensors);
    const known = new Map(layout.parameters.map((parameter) => [parameter.name, parameter]));
    // All are checked before the first is changed; those of a file are read twice, rather than kept.
    for (const [name, tensor] of Object.entries(tensors)) {
      const shape = known.get(name)?.shape;
      if (!shape) {
        const names = listed([...known.keys()]);
        throw new RangeError(`"parameters.${clip(name)}" is no parameter of this model, which has ${names}`);
      }
      checkTensor(`parameters.${name}`, tensor, shape);
    }
    this.#engine.change();
    for (const [name, { data }] of Object.entries(tensors)) memory.pack(params, known.get(name) as Parameter, data);
    this.#engine.refresh();
  }

  /**
   * The model as a safetensors file: PyTorch's names and shapes, the configuration in its metadata.
   * @example await writeAtomically("model.safetensors", model.save()); // of memcell/node: a crash leaves the one before
   */
  save(): Uint8Array<ArrayBuffer> {
    return writeSafetensors({ tensors: this.parameters(), metadata: { memcell: JSON.stringify({ format: FORMAT, model: this.config }) } });
  }
}

/**
 * A new model with PyTorch's initial weights.
 * @throws TypeError, RangeError with the path of the option, such as `"layers[2].units"`
 * @example createModel({ input: { features: 3 }, layers: [lstm({ units: 64 }), dense({ units: 1 })], seed: 1 });
 */
export function createModel(config: ModelConfig, environment: Environment = {}): Model {
  const engine = new Engine(checkConfig(config), checkEnvironment(environment));
  engine.initialize();
  return new Model(engine);
}

/**
 * The model of a file that `save` (or a trainer's `save`) wrote; or, given its configuration, of any safetensors file that
 * has just its parameters, such as one from PyTorch.
 * @throws TypeError, RangeError if the file is damaged, or does not hold exactly the model's parameters
 * @example const model = loadModel(readFileSync("model.safetensors"));
 */
export function loadModel(bytes: Uint8Array | ArrayBuffer, environment: Environment & { config?: ModelConfig } = {}): Model {
  const { config, ...rest } = options("environment", environment, ["config", "module", "kernels"]);
  const { tensors, metadata } = openSafetensors(bytes);
  const { format, model: saved } = config ? { format: FORMAT, model: config } : readMetadata(metadata);
  const engineConfig = checkConfig(config ?? checkLayers(saved, Object.keys(tensors).length));
  if (format === 1 && (engineConfig.layers[finalLayer(engineConfig)] as { bidirectional?: unknown } | undefined)?.bidirectional) {
    throw new RangeError(
      '"bytes" is a model of memcell 0.1 with output "last" of a bidirectional layer, whose backward half gave what it had read of the last step alone; it gives its final state now, so the model must be trained again: loadModel(bytes, { config }) takes its parameters to begin with',
    );
  }
  const where = checkEnvironment(rest);
  // Before any memory is taken: a small file may claim a large model.
  for (const { name, shape } of planModel(engineConfig).parameters) {
    const given = tensors[name]?.shape;
    if (!given) throw new RangeError(`"bytes" has no tensor ${JSON.stringify(name)}`);
    checkShape(`parameters.${name}`, given, shape);
  }
  const model = new Model(new Engine(engineConfig, where));
  const parameters = Object.entries(tensors).filter(
    ([name]) => config !== undefined || !/^(optimizer|gradient|average|best|trace|trainer)\./.test(name),
  );
  model.setParameters(Object.fromEntries(parameters));
  return model;
}

/**
 * Before layers are looked at: all but dropout, of which there is no more than one above another layer, and a tied layer have
 * tensors of their own, so a small file has few.
 */
function checkLayers(model: unknown, tensors: number): unknown {
  const layers = isObject(model) && "layers" in model ? model.layers : undefined;
  const most = 2 * tensors + 2;
  if (Array.isArray(layers) && layers.length > most) {
    fail(RangeError, "layers", `at most ${most} layers, as the file has ${tensors} tensors`, layers);
  }
  return model;
}

/** What memcell wrote about a file, with its format. */
export function readMetadata(metadata: Record<string, string>): Record<string, unknown> {
  const text = metadata.memcell;
  if (text === undefined) {
    throw new RangeError('"bytes" was not written by memcell: give the configuration, loadModel(bytes, { config })');
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Refused with what is no object.
  }
  if (!isObject(value)) throw new RangeError('"bytes" has damaged memcell metadata');
  const { format = 1, ...rest } = value as { format?: unknown };
  return { ...rest, format: integerIn(1, FORMAT)("metadata.memcell.format", format) };
}
