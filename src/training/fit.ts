/** A training run, on any number of threads: epochs, rows with carried state, checkpoints. */

import { boolean, complete, count, either, fail, integer, isObject, options } from "../core/check.js";
import type { Tensor } from "../core/safetensors.js";
import type { Engine } from "../model/engine.js";
import type { Metric, Metrics } from "../model/metrics.js";
import { checkMetrics } from "../model/metrics.js";
import { Model } from "../model/model.js";
import type { AnySequence, Checked, Demands } from "../model/sequences.js";
import { checkSequence, checkSequences } from "../model/sequences.js";
import type { Row } from "../model/window.js";
import { wholeRow } from "../model/window.js";
import { readCheckpoint, type TrainerFile, writeCheckpoint } from "./checkpoint.js";
import type { FitOptions, Position, Report } from "./epochs.js";
import { checkSame, runEpochs } from "./epochs.js";
import { awaitable, type Fit, type Gradients, type ValidatedReport } from "./reports.js";
import type { Data } from "./source.js";
import { arrayData, iterableData } from "./source.js";
import type { CheckedTrainerOptions } from "./trainerOptions.js";
import { checkTrainerOptions, withLearningRate } from "./trainerOptions.js";
import type { Updater } from "./updater.js";

/** The settings of `fit`. */
export interface FitSettings {
  /** Number of epochs (`Infinity`: until you leave the loop). An interrupted one is finished first and counts as one. Default 1. */
  epochs?: number;
  /** Sequences to evaluate after each epoch, with the averaged parameters if the trainer has the option `average`. Default: none. */
  validation?: Iterable<AnySequence>;
  /** Metrics on the validation data, besides the loss; for a model with heads those of each, by name. Default: none. */
  metrics?: Metrics;
  /**
   * Stops after this many epochs in a row without a new least validation loss (Prechelt 1998). At the end, even if the epochs run out,
   * the model gets the parameters of the best epoch, before the last report comes. These are the validated ones: with `average` the
   * averaged ones, whose mean then starts anew. An interrupted fit restores nothing: the next one with `patience`, even after
   * `resumeTrainer`, continues from its best. Default: never.
   */
  patience?: number;
  /** Aborting it stops before the next update; the iteration then throws the signal's reason. Default: none. */
  signal?: AbortSignal;
  /** Updates between reports, besides the one at each epoch's end. Default: only that one. */
  every?: number;
}

/** Settings with validation data. Reports come only at epochs' ends, so all of them have the validation loss and the metrics. */
export interface ValidatedSettings<M extends Metric> extends FitSettings {
  validation: Iterable<AnySequence>;
  metrics?: Metrics<M>;
  every?: never;
}

/** The rows of one window, and the steps of the longest. */
interface Batch {
  rows: Row[];
  T: number;
}

/** The base of all trainers. */
export abstract class TrainerBase<U extends Updater = Updater, O = Float32Array> {
  readonly model: Model<O>;
  /** @internal */
  protected readonly engine: Engine;
  /** @internal */
  protected readonly updater: U;
  readonly #demands: Required<Pick<Demands, "engine" | "losses">>;
  #position: Position = { epochs: 0, progress: null, carried: 0, best: null };
  #fitting = false;

  /** @internal */
  constructor(
    model: Model<O>,
    trainerOptions: unknown,
    make: (engine: Engine, options: CheckedTrainerOptions, owner: object) => U,
    file?: TrainerFile,
  ) {
    this.engine = Model.engine("model", model);
    this.model = model;
    this.updater = make(this.engine, checkTrainerOptions(trainerOptions, this.engine), this);
    const { losses } = this.updater.objective;
    this.#demands = { engine: this.engine, losses };
    this.engine.recorded = losses;
    if (file) this.#position = readCheckpoint(file, this.updater);
  }

  /** @internal Evaluation window by window, of the trainer's engine or one beside it. */
  protected abstract evaluation(
    engine: Engine,
    sequences: Checked[],
    metrics: readonly Metric[][],
  ): ReturnType<NonNullable<FitOptions["validate"]>>;

  /** All options, with the defaults filled in. */
  get options(): CheckedTrainerOptions {
    return this.updater.options;
  }

  /**
   * The optimizer's learning rate, before the schedule's factor (reports give the product). You may set it at any time, for the
   * updates from then on. It is saved.
   * @throws TypeError, RangeError if it is not a positive number up to 1e6
   * @example if (loss > before) trainer.learningRate /= 2;
   */
  get learningRate(): number {
    return this.options.optimizer.learningRate;
  }

  set learningRate(value: number) {
    this.updater.options = withLearningRate(this.options, value);
  }

  /** Updates made so far. */
  get updates(): number {
    return this.updater.updates;
  }

  /** Epochs finished so far. */
  get epochs(): number {
    return this.#position.epochs;
  }

  /**
   * Trains for some epochs. An epoch runs every sequence once. Each row of the batch works through one sequence, window by window, with
   * its state carried on, and takes the next when it is done. Windows start at the beginning of a sequence, so its gradient does not
   * depend on the others' lengths. Lets the event loop run at least every 50 ms, unless one update takes longer.
   *
   * Nothing happens until the result is iterated, or awaited for the last report. An epoch interrupted by the signal, or by leaving the
   * loop, continues where it stopped (an iterable is run up to there again). Losses in reports are NaN where no target counts.
   *
   * @param sequences an array (checked and copied whole before the first update), or an iterable or async iterable, which is iterated
   * once an epoch and may be larger than memory
   * @throws TypeError, RangeError if options or data are wrong, with the path, step and feature; RangeError if the loss or the
   * gradient stops being finite: then the parameters are those of the last good update
   * @example
   * for await (const { epoch, loss } of trainer.fit(sequences, { epochs: 10 })) console.log(epoch, loss);
   * const { validationLoss } = await trainer.fit(sequences, { epochs: 10, validation });
   */
  fit<M extends Metric = never>(
    sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>,
    settings: ValidatedSettings<M>,
  ): Fit<ValidatedReport<M>>;
  fit(sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>, settings?: FitSettings): Fit;
  fit(sequences: Iterable<AnySequence> | AsyncIterable<AnySequence>, settings: FitSettings = {}): Fit {
    const [{ losses }, { heads }] = [this.updater.objective, this.engine.layout];
    const { validation, metrics, ...rest } = complete("options", settings, {
      epochs: [either(Infinity, count), 1],
      validation: (path, value) => checkSequences(path, value, this.#demands),
      metrics: [(_, value) => checkMetrics(value, losses, heads), heads.map(() => [])],
      patience: [integer, Infinity],
      signal: (path, value) => (value instanceof AbortSignal ? value : fail(TypeError, path, "an AbortSignal", value)),
      every: [integer, Infinity],
    });
    if (rest.patience < Infinity && !validation) fail(TypeError, "validation", "sequences, whose loss patience watches", validation);
    if (metrics.flat().length > 0 && !validation) fail(RangeError, "validation", "sequences to measure the metrics on", validation);
    const data = this.#data(sequences);
    checkSame(this.#position.progress, data);
    const validate = validation && (() => this.evaluation(this.updater.averagedEngine(), validation, metrics));
    return awaitable(this.#run(runEpochs(this.updater, this.#position, data, { ...rest, validate })));
  }

  #data(sequences: unknown): Data {
    if (isObject(sequences) && !Array.isArray(sequences)) {
      if (Symbol.asyncIterator in sequences || (Symbol.iterator in sequences && !ArrayBuffer.isView(sequences))) {
        const check = (value: unknown, i: number) => checkSequence(`sequences[${i}]`, value, this.#demands);
        return iterableData(sequences as Iterable<unknown>, check);
      }
    }
    return arrayData(checkSequences("sequences", sequences, this.#demands), this.options.shuffle ? this.options.seed : null);
  }

  async *#run(epochs: AsyncGenerator<Report, void, undefined>): AsyncGenerator<Report, void, undefined> {
    this.#idle("fit");
    this.#fitting = true;
    this.#position.carried = 0;
    try {
      yield* epochs;
    } finally {
      this.#fitting = false;
    }
  }

  /** @internal Sets how many rows have state that the next step may carry. */
  protected carries(rows: number): void {
    this.#position.carried = rows;
  }

  #settled(what: string): void {
    if (this.updater.busy) throw new Error(`${what} cannot run while an update is under way: await it`);
  }

  #idle(what: string): void {
    if (this.#fitting)
      throw new Error(`${what} cannot run while the trainer's fit is under way: let its loop end, leave it, or call return() on it`);
    this.#settled(what);
  }

  /** Drops an interrupted epoch, gradients that wait for an update, and the best epoch so far: the next `fit` starts anew. */
  rewind(): this {
    this.#idle("rewind");
    this.#position.progress = null;
    this.#position.best = null;
    this.updater.pending = { windows: 0, targets: 0 };
    return this;
  }

  /**
   * The running mean of the parameters, with the option `average`; `fit` validates it. Without the option, or before the first update, a
   * copy of the parameters.
   * @example model.setParameters(trainer.averaged());
   */
  averaged(): Record<string, Tensor> {
    return this.engine.tensors(this.updater.mean);
  }

  /** @internal The gradients of the window that was differentiated last. */
  protected gradientsOf(loss: number, rows: Batch["rows"]): Gradients {
    const { network, gradients } = this.updater;
    const states = rows.map((row, b) => (row.sequence.state && network ? network.stateGradient(b) : null));
    return { loss, gradients: this.engine.tensors(gradients), ...(states.some((state) => state) && { states }) };
  }

  /** @internal The rows of a window of the user's own loop: each holds a whole sequence. `lent` as in sequences.ts. */
  protected rows(what: string, batch: unknown, stepOptions: unknown, lent = false): Batch {
    const o = options("options", stepOptions, ["carry"]);
    const list = checkSequences("sequences", batch, { ...this.#demands, lent });
    const { carry = false } = o;
    const goOn = Array.isArray(carry)
      ? Array.from(carry, (each, i) => boolean(`options.carry[${i}]`, each))
      : list.map(() => boolean("options.carry", carry));
    const { whole } = this.engine.layout;
    if (whole && goOn.includes(true)) fail(RangeError, "options.carry", `false, as the model has ${whole}`, carry);
    if (goOn.length !== list.length) fail(RangeError, "options.carry", `${list.length} of true or false, one a row`, carry);
    this.#idle(what);
    const { carried, progress } = this.#position;
    if (goOn.includes(true) && list.length !== carried) {
      const expected = carried === 0 ? "a step before, whose state to carry" : `${carried} rows, as in the step before`;
      throw new RangeError(`"sequences" expected ${expected}, got ${list.length} rows`);
    }
    if (progress) throw new Error(`${what} would lose the epoch that was interrupted: finish it with fit, or drop it with rewind`);
    const T = list.reduce((most, { length }) => Math.max(most, length), 0);
    return { rows: list.map((sequence, ordinal) => wholeRow(sequence, ordinal, goOn[ordinal] as boolean)), T };
  }

  /**
   * Everything needed to continue training bit for bit, even in the middle of an epoch: a safetensors file with the model, the
   * optimizer's moments and the carried state. `loadModel` reads the model from it.
   * @example await writeAtomically("checkpoint.safetensors", trainer.save()); // memcell/node: a crash leaves the previous file
   */
  save(): Uint8Array<ArrayBuffer> {
    this.#settled("save");
    return writeCheckpoint(this.model, this.options, this.updater, this.#position);
  }
}
