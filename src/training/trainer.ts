/** A trainer by truncated backpropagation through time (Williams & Peng 1990): window by window, with the state carried on. */

import { options } from "../core/check.js";
import type { Engine } from "../model/engine.js";
import type { Evaluation } from "../model/evaluation.js";
import type { Metric, Metrics, Scores } from "../model/metrics.js";
import { Model } from "../model/model.js";
import type { AnySequence, Checked } from "../model/sequences.js";
import type { TrainerFile } from "./checkpoint.js";
import { TrainerBase } from "./fit.js";
import { LocalUpdater } from "./localUpdater.js";
import type { Gradients } from "./reports.js";
import { CHANGES, HERE, type ResumeOptions, resume } from "./resume.js";
import type { TrainerOptions } from "./trainerOptions.js";

/** Made by `createTrainer` and `resumeTrainer`. */
export class Trainer<O = Float32Array> extends TrainerBase<LocalUpdater, O> {
  /** @internal */
  constructor(model: Model<O>, trainerOptions: unknown, file?: TrainerFile) {
    super(model, trainerOptions, (engine, options, owner) => new LocalUpdater(engine, options, owner), file);
  }

  /** @internal */
  protected override *evaluation(engine: Engine, sequences: Checked[], metrics: readonly Metric[][]): Generator<void, Scores, void> {
    const model = engine === this.engine ? this.model : new Model<O>(engine);
    try {
      return yield* Model.evaluation(model, sequences, this.updater.objective, metrics);
    } finally {
      if (model !== this.model) model.release();
    }
  }

  /**
   * One update on these sequences, whole, as one window, for those who write their own loop. With `accumulate: n` each call is one
   * window, and every n-th makes the update.
   * @param batch sequences, one a row
   * @param stepOptions `carry`: the rows continue from the state that the step before left. Give as many rows as then, each with the next
   * piece of its sequence; lengths may differ. An array sets it for each row. Default false: they begin.
   * @returns the mean loss of this window before the update; NaN, and no update, if no target counts
   * @throws TypeError, RangeError as `fit`; Error while `fit` is under way or an epoch is interrupted
   * @example for (const batch of batches) console.log(trainer.step(batch));
   */
  step(batch: Iterable<AnySequence>, stepOptions: { carry?: boolean | boolean[] } = {}): number {
    const { rows, T } = this.rows("step", batch, stepOptions, true);
    // A row that begins anew loses its old state, even if the step fails.
    if (!rows.every((row) => row.goesOn)) this.carries(0);
    const { loss } = this.updater.learn(rows, T);
    this.carries(rows.length);
    return loss;
  }

  /**
   * The mean loss of these sequences and its gradient, by every parameter's name, without an update. Where the loss's `reduction` is
   * "sum" it is the gradient of the sum.
   * @returns also `states`, if any sequence brought one: for each of them the gradient of the states of its recurrent layers, `h_l0`, `c_l0`,
   * … (not of the gates that full gate recurrence reads, of past inputs, or of gaps), else null
   * @throws as `step`
   * @example const { loss, gradients } = trainer.gradients([{ inputs, targets }]); gradients.weight_hh_l0.data;
   */
  gradients(batch: Iterable<AnySequence>, stepOptions: { carry?: boolean | boolean[] } = {}): Gradients {
    const { rows, T } = this.rows("gradients", batch, stepOptions, true);
    const release = this.updater.hold();
    try {
      const { loss } = this.updater.differentiate(rows, T);
      return this.gradientsOf(loss, rows);
    } finally {
      release();
    }
  }

  /**
   * The trainer's loss over whole sequences, and metrics if asked for: `model.evaluate`.
   * @throws TypeError, RangeError as `model.evaluate`
   * @example const { loss, rmse } = trainer.evaluate(test, { metrics: ["rmse"] });
   */
  evaluate<M extends Metric = never>(sequences: Iterable<AnySequence>, evaluateOptions: { metrics?: Metrics<M> } = {}): Evaluation<M> {
    options("options", evaluateOptions, ["metrics"]);
    const { loss, lossWeights } = this.options;
    return this.model.evaluate<M>(sequences, { ...evaluateOptions, loss, ...(lossWeights && { lossWeights }) });
  }
}

/**
 * Makes a trainer for a model, whose parameters it changes in place.
 * @throws TypeError, RangeError with the path of the option, such as `"optimizer.learningRate"`
 * @example createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 1e-3 }), clipNorm: 1, window: 64, batch: 32 });
 * @example createTrainer(model, { loss: { price: "mse", trend: "crossEntropy" }, lossWeights: { trend: 0.5 }, optimizer: adam() });
 */
export function createTrainer<O>(model: Model<O>, trainerOptions: TrainerOptions): Trainer<O>;
export function createTrainer(model: Model, trainerOptions: TrainerOptions): Trainer;
export function createTrainer<O>(model: Model<O>, trainerOptions: TrainerOptions): Trainer<O> {
  return new Trainer(model, trainerOptions);
}

/**
 * Resumes the trainer that `trainer.save` saved, with its model (`trainer.model`). It continues bit for bit, except for the options you
 * change: an `optimizer` of the same type, `schedule`, `clipNorm`, `clipValue`, and between epochs `window`, `stride`, `batch`,
 * `accumulate`. After a `customLoss` it needs `loss: customLoss(f)`, as the file does not hold the function; with heads
 * `loss: { price: customLoss(f) }`.
 * @throws TypeError, RangeError if the file is damaged or holds no trainer, or an option may not change
 * @example for await (const report of resumeTrainer(bytes).fit(sequences, { epochs: 10 })) console.log(report.loss);
 * @example const trainer = resumeTrainer(bytes, { optimizer: adam({ learningRate: 1e-4 }), clipNorm: 0.5 });
 */
export function resumeTrainer<O = Float32Array>(bytes: Uint8Array | ArrayBuffer, resumeOptions: ResumeOptions = {}): Trainer<O> {
  const { model, file } = resume<O>(bytes, resumeOptions, CHANGES, HERE);
  return new Trainer(model, file.options, file);
}
