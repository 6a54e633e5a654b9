/** Training by truncated backpropagation through time (Williams & Peng 1990): window by window, the state carried on. */

import { boolean, fail, integer, options } from "./check.js";
import type { TrainerFile } from "./checkpoint.js";
import { openCheckpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.js";
import type { Engine } from "./engine.js";
import type { Position, Report } from "./fit.js";
import { checkSame, runEpochs } from "./fit.js";
import { Learner } from "./learner.js";
import type { Metric } from "./metrics.js";
import { checkMetrics } from "./metrics.js";
import { type Environment, loadModel, Model } from "./model.js";
import type { CheckedTrainerOptions, TrainerOptions } from "./options.js";
import { checkTrainerOptions } from "./options.js";
import type { Tensor } from "./safetensors.js";
import type { Demands, Sequence } from "./sequences.js";
import { checkSequence, checkSequences } from "./sequences.js";
import type { Data } from "./source.js";
import { arrayData, iterableData } from "./source.js";
import type { Row } from "./window.js";
import { wholeRow } from "./window.js";

export interface FitSettings {
  /** How many epochs (`Infinity`: until you leave the loop); one that was interrupted is finished as the first of them. Default 1. */
  epochs?: number;
  /** Sequences to evaluate on after each epoch. */
  validation?: Iterable<Sequence>;
  /** To measure on them beside the loss. */
  metrics?: readonly Metric[];
  /**
   * Stops after so many epochs in a row without a new least validation loss (Prechelt 1998). At the end, also when the epochs
   * run out, the model has the parameters of the best epoch, before the last report comes. A fit that was interrupted restores
   * nothing: the next one with `patience`, also after `resumeTrainer`, goes on from its best. Default: never.
   */
  patience?: number;
  /** Stops before the next update; the iteration then throws the signal's reason. */
  signal?: AbortSignal;
  /** Reports come every so many updates, and at each epoch's end. Default: at the end only. */
  every?: number;
}

/** Made by `createTrainer` and `resumeTrainer`. */
export class Trainer {
  readonly model: Model;
  /** All options, with the defaults filled in. */
  readonly options: CheckedTrainerOptions;
  readonly #engine: Engine;
  readonly #learner: Learner;
  readonly #demands: Required<Demands>;
  #position: Position = { epochs: 0, progress: null, carried: 0, best: null };
  #fitting = false;

  /** @internal */
  constructor(model: Model, trainerOptions: unknown, file?: TrainerFile) {
    this.#engine = Model.engine("model", model);
    this.model = model;
    this.options = checkTrainerOptions(trainerOptions, this.#engine);
    this.#learner = new Learner(this.#engine, this.options, this);
    const { config, layout } = this.#engine;
    this.#demands = { config, outputs: layout.outputs, loss: this.options.loss };
    if (file) this.#position = readCheckpoint(file, this.#learner);
  }

  /** Updates made so far. */
  get updates(): number {
    return this.#learner.updates;
  }

  /** Epochs finished so far. */
  get epochs(): number {
    return this.#position.epochs;
  }

  /**
   * Trains for some epochs. An epoch runs every sequence once: each row of the batch works through one, window by window, with
   * its state carried on, and takes the next when it is done. Windows start with their sequence, so a sequence's gradient does
   * not depend on the others' lengths. Lets the event loop run at least every 50 ms (one update permitting).
   *
   * Nothing happens until it is iterated. An epoch that was interrupted, by the signal or by leaving the loop, is taken up
   * where it stopped (an iterable is run up to there again). Reports' losses are NaN where no target counts.
   *
   * @param sequences an array (checked and copied whole before the first update), or an iterable or async iterable, which is iterated
   * once an epoch and may be larger than memory
   * @throws TypeError, RangeError if options or data are wrong, with the path, step and feature; RangeError if the loss or the
   * gradient stops being finite: then the parameters are those of the last good update
   * @example for await (const { epoch, loss } of trainer.fit(sequences, { epochs: 10 })) console.log(epoch, loss);
   */
  fit(sequences: Iterable<Sequence> | AsyncIterable<Sequence>, settings: FitSettings = {}): AsyncGenerator<Report, void, undefined> {
    const s = options("options", settings, ["epochs", "validation", "metrics", "patience", "signal", "every"]);
    const { validation, signal } = settings;
    if (signal !== undefined && !(signal instanceof AbortSignal)) fail(TypeError, "signal", "an AbortSignal", signal);
    if (s.patience !== undefined && validation === undefined) {
      fail(TypeError, "validation", "sequences, whose loss patience watches", validation);
    }
    const checked = validation === undefined ? undefined : checkSequences("validation", validation, this.#demands);
    const metrics = checkMetrics(s.metrics, this.options.loss);
    if (metrics.length > 0 && !checked) fail(RangeError, "validation", "sequences to measure the metrics on", validation);
    const data = this.#data(sequences);
    checkSame(this.#position.progress, data);
    const fitOptions = {
      epochs: s.epochs === undefined ? 1 : s.epochs === Infinity ? Infinity : integer("epochs", s.epochs, 0),
      every: s.every === undefined ? Infinity : integer("every", s.every),
      signal,
      patience: s.patience === undefined ? Infinity : integer("patience", s.patience),
      validate: checked && (() => Model.evaluation(this.model, checked, this.options.loss, metrics)),
    };
    return this.#run(runEpochs(this.#learner, this.#position, data, fitOptions));
  }

  #data(sequences: unknown): Data {
    if (typeof sequences === "object" && sequences !== null && !Array.isArray(sequences)) {
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

  #idle(what: string): void {
    if (this.#fitting)
      throw new Error(`${what} cannot run while the trainer's fit is under way: let its loop end, leave it, or call return() on it`);
  }

  /** Drops an interrupted epoch, gradients that have not come to an update, and the best epoch so far: the next `fit` begins anew. */
  rewind(): this {
    this.#idle("rewind");
    this.#position.progress = null;
    this.#position.best = null;
    this.#learner.pending = { windows: 0, targets: 0 };
    return this;
  }

  /**
   * One update on the whole of these sequences as one window, for those who write their own loop. With `accumulate: n` each
   * call is one window, and every n-th makes the update.
   * @param batch sequences, one a row
   * @param stepOptions `carry`: the rows go on from the state that the step before left (as many rows as then; give the next
   * piece of each sequence; lengths may differ). An array says it for each row. Default false: they begin.
   * @returns the mean loss of this window before the update; NaN, and no update, if no target counts
   * @example for (const batch of batches) console.log(trainer.step(batch));
   */
  step(batch: Iterable<Sequence>, stepOptions: { carry?: boolean | boolean[] } = {}): number {
    const rows = this.#rows("step", batch, stepOptions);
    // Of a row that begins anew the state before is lost, even if the step fails.
    if (!rows.every((row) => row.goesOn)) this.#position.carried = 0;
    const { loss } = this.#learner.learn(rows, longest(rows));
    this.#position.carried = rows.length;
    return loss;
  }

  /**
   * The mean loss of these sequences and the gradient of it, or of the sum where the loss's `reduction` is "sum", by every
   * parameter's name, without an update.
   * @example const { loss, gradients } = trainer.gradients([{ inputs, targets }]); gradients.weight_hh_l0.data;
   */
  gradients(
    batch: Iterable<Sequence>,
    stepOptions: { carry?: boolean | boolean[] } = {},
  ): { loss: number; gradients: Record<string, Tensor> } {
    const rows = this.#rows("gradients", batch, stepOptions);
    const { loss } = this.#learner.undisturbed(() => this.#learner.differentiate(rows, longest(rows)));
    return { loss, gradients: this.#engine.tensors(this.#learner.gradients) };
  }

  /**
   * The running mean of the parameters, with the option `average`; without it, or before the first update, a copy of them.
   * @example model.setParameters(trainer.averaged());
   */
  averaged(): Record<string, Tensor> {
    const { average, updates } = this.#learner;
    return this.#engine.tensors(average && updates > 0 ? average : this.#engine.params);
  }

  #rows(what: string, batch: unknown, stepOptions: unknown): Row[] {
    const o = options("options", stepOptions, ["carry"]);
    const list = checkSequences("sequences", batch, this.#demands);
    const { carry = false } = o;
    const goOn = Array.isArray(carry)
      ? Array.from(carry, (each, i) => boolean(`options.carry[${i}]`, each))
      : list.map(() => boolean("options.carry", carry));
    if (this.#engine.layout.whole && goOn.includes(true)) {
      fail(RangeError, "options.carry", "false, as the model has a bidirectional layer", carry);
    }
    if (goOn.length !== list.length) fail(RangeError, "options.carry", `${list.length} of true or false, one a row`, carry);
    this.#idle(what);
    const { carried, progress } = this.#position;
    if (goOn.includes(true) && list.length !== carried) {
      const expected = carried === 0 ? "a step before, whose state to carry" : `${carried} rows, as in the step before`;
      throw new RangeError(`"sequences" expected ${expected}, got ${list.length} rows`);
    }
    if (progress) throw new Error(`${what} would lose the epoch that was interrupted: finish it with fit, or drop it with rewind`);
    return list.map((sequence, ordinal) => wholeRow(sequence, ordinal, goOn[ordinal] as boolean));
  }

  /**
   * The trainer's loss over whole sequences, and metrics if asked for: `model.evaluate`.
   * @example const { loss, rmse } = trainer.evaluate(test, { metrics: ["rmse"] });
   */
  evaluate<M extends Metric = never>(
    sequences: Iterable<Sequence>,
    evaluateOptions: { metrics?: readonly M[] } = {},
  ): { loss: number } & Record<M, number> {
    options("options", evaluateOptions, ["metrics"]);
    return this.model.evaluate(sequences, { ...evaluateOptions, loss: this.options.loss });
  }

  /**
   * Everything that training needs to go on bit for bit, also in the middle of an epoch: a safetensors file with the model,
   * the optimizer's moments and the carried state. `loadModel` reads the model from it.
   * @example writeFileSync("checkpoint.safetensors", trainer.save());
   */
  save(): Uint8Array<ArrayBuffer> {
    return writeCheckpoint(this.model, this.options, this.#learner, this.#position);
  }
}

const longest = (rows: Row[]) => rows.reduce((most, { sequence }) => Math.max(most, sequence.length), 0);

/**
 * A trainer for a model, whose parameters it changes in place.
 * @throws TypeError, RangeError with the path of the option, such as `"optimizer.learningRate"`
 * @example createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 1e-3 }), clipNorm: 1, window: 64, batch: 32 });
 */
export function createTrainer(model: Model, trainerOptions: TrainerOptions): Trainer {
  return new Trainer(model, trainerOptions);
}

/**
 * The trainer that `trainer.save` saved, with its model (`trainer.model`).
 * @throws TypeError, RangeError if the file is damaged or holds no trainer
 * @example for await (const report of resumeTrainer(bytes).fit(sequences, { epochs: 10 })) console.log(report.loss);
 */
export function resumeTrainer(bytes: Uint8Array | ArrayBuffer, environment: Environment = {}): Trainer {
  const file = openCheckpoint(bytes);
  return new Trainer(loadModel(bytes, environment), file.options, file);
}
