/** A trainer with the methods of TrainerBase that lives in a worker, and is controlled from this thread. */

import type { AnyWorker, Remote } from "../core/workers.js";
import type { AnySequence, Fit, FitSettings, Model, Report, Tensor, TrainerOptions, ValidatedReport } from "../index.js";
import {
  awaitable,
  CHANGES,
  type Changes,
  type CheckedTrainerOptions,
  checkSendable,
  checkTrainerOptions,
  type Evaluation,
  fail,
  type Gradients,
  type Metric,
  type Metrics,
  Model as ModelClass,
  objectiveOf,
  options,
  type PredictOptions,
  type PredictSequence,
  resume,
  type ValidatedSettings,
  withLearningRate,
} from "../internal.js";
import { apart, checkThreads, checkWorker, type Threads } from "../parallel/threadOptions.js";
import { Line } from "./line.js";
import { type Method, type Next, type Pull, STREAMED } from "./messages.js";

/** The worker of a trainer, and its threads. */
export interface Where extends Threads {
  /**
   * Makes the worker, for bundlers or addresses that need a file of your own (which calls `serve` of `memcell/worker/host`):
   * `() => new Worker(new URL("./train.worker.js", import.meta.url), { type: "module" })`. Default: the package's.
   */
  worker?: () => AnyWorker;
}

/** Ends the worker of a garbage-collected trainer. */
const dropped = new FinalizationRegistry<Remote>((worker) => worker.end());

/** Copies the data of typed arrays, to be moved to the worker: the caller keeps its own. */
function packed(list: Iterable<unknown>): { sequences: unknown[]; transfer: Transferable[] } {
  const transfer: Transferable[] = [];
  const own = (value: unknown) => {
    if (!ArrayBuffer.isView(value) || value instanceof DataView) return value;
    const copy = (value as Float32Array).slice();
    transfer.push(copy.buffer);
    return copy;
  };
  const sequences = Array.from(list, (sequence) => {
    if (typeof sequence !== "object" || sequence === null || Array.isArray(sequence)) return sequence;
    return Object.fromEntries(Object.entries(sequence).map(([key, value]) => [key, own(value)]));
  });
  return { sequences, transfer };
}

const iterable = (value: unknown): value is Iterable<unknown> => typeof value === "object" && value !== null && Symbol.iterator in value;

/** Made by `createTrainer` and `resumeTrainer` of `memcell/worker`. */
export class WorkerTrainer<O = Float32Array> {
  /** Has the parameters of the last report, or of the last step; the worker trains a model of its own. */
  readonly model: Model<O>;
  readonly #line: Line;
  #options: CheckedTrainerOptions;
  #fitting = false;
  #counts = { updates: 0, epochs: 0 };

  /** @internal */
  constructor(model: Model<O>, trainerOptions: unknown, where: Record<string, unknown>, bytes?: Uint8Array) {
    const { worker, threads } = where;
    const given = checkWorker(worker);
    const checked = threads === undefined ? undefined : checkThreads(threads);
    const engine = ModelClass.engine("model", model);
    this.#options = checkSendable(checkTrainerOptions(trainerOptions, engine));
    this.model = model;
    engine.recorded = objectiveOf(engine.layout, this.#options).losses;
    this.#line = new Line(given);
    const file = bytes ? new Uint8Array(bytes) : model.save();
    this.#line.post({ type: "create", bytes: file, resumes: bytes !== undefined, options: this.#options, threads: checked }, [file.buffer]);
    dropped.register(this, this.#line.worker);
  }

  /** All options, with the defaults filled in. */
  get options(): CheckedTrainerOptions {
    return this.#options;
  }

  /** The optimizer's learning rate, as in any trainer. A new one counts from the update after the worker receives it. */
  get learningRate(): number {
    return this.#options.optimizer.learningRate;
  }

  set learningRate(value: number) {
    this.#options = withLearningRate(this.#options, value);
    this.#line.post({ type: "rate", value });
  }

  /** Updates made so far, as the worker last reported. */
  get updates(): number {
    return this.#counts.updates;
  }

  /** Epochs finished so far, as the worker last reported. */
  get epochs(): number {
    return this.#counts.epochs;
  }

  async #call(method: Method, values: unknown[], transfer?: Transferable[]): Promise<unknown> {
    const { value, changed } = await this.#line.call(method, values, transfer);
    if (changed) {
      const { parameters, ...counts } = changed;
      this.model.setParameters(parameters);
      this.#counts = counts;
    }
    return value;
  }

  #batch(method: Method, batch: Iterable<unknown>, more: unknown): Promise<unknown> {
    const { sequences, transfer } = iterable(batch) ? packed(batch) : { sequences: batch, transfer: [] };
    return this.#call(method, [sequences, more], transfer);
  }

  /**
   * Trains for some epochs, like the `fit` of any trainer. Between reports the worker waits until you ask for the next one. Typed arrays
   * are copied and the copies moved. An iterable or async iterable is iterated here, a sequence at a time, as the worker asks. Nothing
   * happens until the result is iterated, or awaited for the last report.
   * @throws the trainer's errors, from the first report on; the signal's reason
   * @example
   * for await (const { epoch, loss } of trainer.fit(sequences, { epochs: 10, signal })) draw(epoch, loss);
   * const { loss } = await trainer.fit(sequences, { epochs: 10 });
   */
  fit<M extends Metric = never>(
    sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>,
    settings: ValidatedSettings<M>,
  ): Fit<ValidatedReport<M>>;
  fit(sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>, settings?: FitSettings): Fit;
  fit(sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>, settings: FitSettings = {}): Fit {
    options("options", settings, ["epochs", "validation", "metrics", "patience", "signal", "every"]);
    return awaitable(this.#fit(sequences, settings));
  }

  async *#fit(
    sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>,
    settings: FitSettings,
  ): AsyncGenerator<Report, void, undefined> {
    const { signal, validation, ...rest } = settings;
    if (signal !== undefined && !(signal instanceof AbortSignal)) fail(TypeError, "signal", "an AbortSignal", signal);
    signal?.throwIfAborted();
    if (this.#fitting)
      throw new Error("fit cannot run while the trainer's fit is under way: let its loop end, leave it, or call return() on it");
    this.#fitting = true;
    const moved =
      validation === undefined ? undefined : iterable(validation) ? packed(validation) : { sequences: validation, transfer: [] };
    const more = { ...rest, ...(moved && { validation: moved.sequences }) };
    const streams = !Array.isArray(sequences) && typeof sequences === "object" && sequences !== null && !ArrayBuffer.isView(sequences);
    if (streams) this.#line.pulled = answering(sequences, this.#line);
    const abort = () => this.#line.post({ type: "abort" });
    signal?.addEventListener("abort", abort);
    try {
      if (streams) await this.#call("fit", [STREAMED, more], moved?.transfer);
      else {
        const data = Array.isArray(sequences) ? packed(sequences) : { sequences, transfer: [] };
        await this.#call("fit", [data.sequences, more], [...data.transfer, ...(moved?.transfer ?? [])]);
      }
      for (;;) {
        const { done, value } = (await this.#call("next", [])) as Next;
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    } finally {
      signal?.removeEventListener("abort", abort);
      await this.#call("return", []).catch(() => {});
      this.#fitting = false;
    }
  }

  /** Drops an interrupted epoch, gradients that wait for an update, and the best epoch so far. */
  async rewind(): Promise<this> {
    await this.#call("rewind", []);
    return this;
  }

  /**
   * One update on these sequences, whole, as one window, like the `step` of any trainer.
   * @returns the mean loss of this window before the update; NaN, and no update, if no target counts
   * @throws as there, by a promise that rejects; so do all methods here
   * @example console.log(await trainer.step(batch));
   */
  step(batch: Iterable<AnySequence>, stepOptions: { carry?: boolean | boolean[] } = {}): Promise<number> {
    return this.#batch("step", batch, stepOptions) as Promise<number>;
  }

  /**
   * The mean loss of these sequences and its gradient, without an update, like the `gradients` of any trainer.
   * @example const { loss, gradients } = await trainer.gradients([{ inputs, targets }]);
   */
  gradients(batch: Iterable<AnySequence>, stepOptions: { carry?: boolean | boolean[] } = {}): Promise<Gradients> {
    return this.#batch("gradients", batch, stepOptions) as Promise<Gradients>;
  }

  /**
   * The trainer's loss over whole sequences, and metrics if asked for, like `model.evaluate`.
   * @example const { loss, rmse } = await trainer.evaluate(test, { metrics: ["rmse"] });
   */
  evaluate<M extends Metric = never>(
    sequences: Iterable<AnySequence>,
    evaluateOptions: { metrics?: Metrics<M> } = {},
  ): Promise<Evaluation<M>> {
    return this.#batch("evaluate", sequences, evaluateOptions) as Promise<Evaluation<M>>;
  }

  /**
   * The outputs of whole sequences, like `model.predict`, computed by the worker.
   * @example const outputs = await trainer.predict(sequences);
   */
  predict(sequences: Iterable<PredictSequence>, predictOptions: Omit<PredictOptions, "states"> = {}): Promise<O[]> {
    return this.#batch("predict", sequences, predictOptions) as Promise<O[]>;
  }

  /**
   * The running mean of the parameters, with the option `average`, like the `averaged` of any trainer.
   * @example model.setParameters(await trainer.averaged());
   */
  averaged(): Promise<Record<string, Tensor>> {
    return this.#call("averaged", []) as Promise<Record<string, Tensor>>;
  }

  /**
   * Everything needed to continue training bit for bit. Any kind of trainer can resume it: `resumeTrainer`.
   * @example const bytes = await trainer.save();
   */
  save(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#call("save", []) as Promise<Uint8Array<ArrayBuffer>>;
  }

  /** Ends the worker; work under way fails. The worker also ends when the trainer is garbage-collected. */
  close(): void {
    this.#line.fail(new Error("the trainer's worker is closed"));
  }
}

/** Answers a worker's requests from an iterable, with a copy of each sequence to be moved. */
function answering(sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>, line: Line): (pull: Pull) => void {
  let iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined;
  const open = () => (Symbol.asyncIterator in sequences ? sequences[Symbol.asyncIterator]() : sequences[Symbol.iterator]());
  return async ({ id, method }) => {
    try {
      if (method === "open") iterator = open();
      const given = method === "open" ? undefined : await iterator?.[method]?.();
      const { sequences: list, transfer } = packed(given && !given.done ? [given.value] : []);
      line.post({ type: "pulled", id, result: { done: given?.done === true, value: list[0] } as IteratorResult<unknown> }, transfer);
    } catch (error) {
      line.post({ type: "pulled", id, error });
    }
  };
}

/**
 * Makes a trainer that runs in a worker, so that a page stays smooth (or a server answers) while it trains. It is `createTrainer` of
 * `memcell`, but every method that computes returns a promise. With `threads` the worker trains on several.
 * @throws TypeError, RangeError with the path of the option
 * @example const trainer = createTrainer(model, { loss: "mse", optimizer: adam() });
 */
export function createTrainer<O>(model: Model<O>, trainerOptions: TrainerOptions & Where): WorkerTrainer<O>;
export function createTrainer(model: Model, trainerOptions: TrainerOptions & Where): WorkerTrainer;
export function createTrainer<O>(model: Model<O>, trainerOptions: TrainerOptions & Where): WorkerTrainer<O> {
  const { settings, rest } = apart(trainerOptions);
  return new WorkerTrainer(model, rest, settings);
}

/**
 * Resumes a trainer in a worker, from the `save` of any trainer; its model here is `trainer.model`. The same options may change as in
 * `resumeTrainer` of `memcell`.
 * @throws TypeError, RangeError if the file is damaged or holds no trainer, or an option may not change
 * @example const trainer = resumeTrainer(new Uint8Array(await file.arrayBuffer())); const { model } = trainer;
 */
export function resumeTrainer<O = Float32Array>(bytes: Uint8Array | ArrayBuffer, resumeOptions: Changes & Where = {}): WorkerTrainer<O> {
  const { model, file, given } = resume<O>(bytes, resumeOptions, CHANGES, ["threads", "worker"]);
  return new WorkerTrainer(model, file.options, given, new Uint8Array(bytes));
}
