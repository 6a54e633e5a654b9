/** TrainerBase on several threads, data-parallel: each has its own rows of the batch, all share one memory. */

import {
  type AnySequence,
  CHANGES,
  type Checked,
  ENVIRONMENT,
  type Engine,
  type Evaluation,
  type Gradients,
  type Metric,
  type Metrics,
  type Model,
  options,
  type PredictOptions,
  type PredictSequence,
  type ResumeOptions,
  resume,
  type Scores,
  TrainerBase,
  type TrainerFile,
  type TrainerOptions,
} from "../internal.js";
import { Pool } from "./pool.js";
import { evaluate, evaluation, Predictor, predict } from "./predictor.js";
import { apart, checkSettings, type Threads } from "./threadOptions.js";
import { ParallelUpdater } from "./updater.js";

/** Made by `createTrainer` and `resumeTrainer` of `memcell/parallel`. */
export class ParallelTrainer<O = Float32Array> extends TrainerBase<ParallelUpdater, O> {
  /** @internal */
  constructor(model: Model<O>, trainerOptions: unknown, settings: Record<keyof Threads, unknown>, file?: TrainerFile) {
    super(
      model,
      trainerOptions,
      (engine, checked, owner) => new ParallelUpdater(engine, checked, owner, new Pool(engine, checkSettings(settings))),
      file,
    );
  }

  /** Number of threads, including the calling one: 1 where memory cannot be shared. */
  get threads(): number {
    return this.updater.pool.size;
  }

  /** @internal */
  protected override evaluation(engine: Engine, sequences: Checked[], metrics: readonly Metric[][]): AsyncGenerator<void, Scores, void> {
    return evaluation(this.updater.pool, sequences, this.updater.objective, metrics, engine);
  }

  /**
   * One update on these sequences, whole, as one window, like the `step` of a trainer on one thread.
   * @returns the mean loss of this window before the update; NaN, and no update, if no target counts
   * @throws TypeError, RangeError, Error as there
   * @example for (const batch of batches) console.log(await trainer.step(batch));
   */
  async step(batch: Iterable<AnySequence>, stepOptions: { carry?: boolean | boolean[] } = {}): Promise<number> {
    const { rows, T } = this.rows("step", batch, stepOptions);
    // Until the step ends there is no state to carry.
    this.carries(0);
    const { loss } = await this.updater.learn(rows, T);
    this.carries(rows.length);
    return loss;
  }

  /**
   * The mean loss of these sequences and its gradient, without an update, like the `gradients` of a trainer on one thread.
   * @example const { loss, gradients } = await trainer.gradients([{ inputs, targets }]);
   */
  async gradients(batch: Iterable<AnySequence>, stepOptions: { carry?: boolean | boolean[] } = {}): Promise<Gradients> {
    const { rows, T } = this.rows("gradients", batch, stepOptions);
    const { updater } = this;
    return updater.alone(async () => {
      const release = updater.hold();
      try {
        const { loss } = await updater.differentiate(rows, T);
        return this.gradientsOf(loss, rows);
      } finally {
        release();
      }
    });
  }

  /**
   * The outputs of whole sequences, like `model.predict`.
   * @throws TypeError, RangeError as that
   * @example const outputs = await trainer.predict(sequences);
   */
  predict(sequences: Iterable<PredictSequence>, predictOptions: Omit<PredictOptions, "states"> = {}): Promise<O[]> {
    return predict(this.updater.pool, sequences, predictOptions);
  }

  /**
   * The trainer's loss over whole sequences, and metrics if asked for, like `model.evaluate`.
   * @throws TypeError, RangeError as that
   * @example const { loss, rmse } = await trainer.evaluate(test, { metrics: ["rmse"] });
   */
  evaluate<M extends Metric = never>(
    sequences: Iterable<AnySequence>,
    evaluateOptions: { metrics?: Metrics<M> } = {},
  ): Promise<Evaluation<M>> {
    options("options", evaluateOptions, ["metrics"]);
    const { loss, lossWeights } = this.options;
    return evaluate<M>(this.updater.pool, sequences, { ...evaluateOptions, loss, ...(lossWeights && { lossWeights }) });
  }

  /**
   * Ends the threads. Work under way fails, and afterwards the trainer can only `save`. The threads also end when the trainer is
   * garbage-collected, and idle threads do not keep a process alive.
   */
  close(): void {
    this.updater.pool.close();
  }
}

/**
 * Makes a trainer on several threads: `createTrainer` of `memcell`, with `threads`. It changes the model's parameters in place. Each
 * thread has its own rows of the batch. Gradients are added in a fixed order, so the same number of threads gives the same bits. The
 * model's memory becomes one that threads can share; its streams and trainers continue as before.
 *
 * Use it where an update takes a millisecond or more. Where memory cannot be shared (a page that is not cross-origin isolated)
 * everything runs on one thread, and the console says so once.
 * @throws TypeError, RangeError with the path of the option
 * @example createTrainer(model, { loss: "mse", optimizer: adam(), batch: 64, threads: 2 });
 */
export function createTrainer<O>(model: Model<O>, trainerOptions: TrainerOptions & Threads): ParallelTrainer<O>;
export function createTrainer(model: Model, trainerOptions: TrainerOptions & Threads): ParallelTrainer;
export function createTrainer<O>(model: Model<O>, trainerOptions: TrainerOptions & Threads): ParallelTrainer<O> {
  const { settings, rest } = apart(trainerOptions);
  return new ParallelTrainer(model, rest, settings);
}

/**
 * Resumes a trainer from the `save` of any trainer, of this kind or of `memcell`; its model is `trainer.model`. The same options may
 * change as in `resumeTrainer` of `memcell`.
 * @throws TypeError, RangeError if the file is damaged or holds no trainer, or an option may not change
 * @example const trainer = resumeTrainer(readFileSync("checkpoint.safetensors"), { threads: 2 });
 */
export function resumeTrainer<O = Float32Array>(
  bytes: Uint8Array | ArrayBuffer,
  resumeOptions: Omit<ResumeOptions, "loss"> & Threads = {},
): ParallelTrainer<O> {
  const { model, file, given } = resume<O>(bytes, resumeOptions, CHANGES, [...ENVIRONMENT, "threads", "worker"]);
  const { threads, worker } = given;
  return new ParallelTrainer(model, file.options, { threads, worker }, file);
}

/**
 * Makes a predictor, which runs a model over whole sequences on several threads.
 * @throws TypeError, RangeError with the path of the option
 * @example const outputs = await createPredictor(model, { threads: 2 }).predict(sequences);
 */
export function createPredictor<O = Float32Array>(model: Model<O>, predictorOptions: Threads = {}): Predictor<O> {
  return new Predictor(model, options("options", predictorOptions, ["threads", "worker"]));
}

export type { Predictor, Threads };
