/** Whole sequences on several threads: outputs, loss and metrics, window by window. */

import {
  type AnySequence,
  byName,
  type Checked,
  checkEvaluation,
  checkPredict,
  checkSequences,
  type EvaluateOptions,
  type Evaluation,
  type Loss,
  limitOf,
  type Metric,
  type Mode,
  Model,
  type Objective,
  type PredictOptions,
  type PredictSequence,
  ROWS,
  Rows,
  readRows,
  roomFor,
  type Scores,
  Scoring,
} from "../internal.js";
import { Pool } from "./pool.js";
import { type Part, Shards } from "./shards.js";
import { checkSettings, type Threads } from "./threadOptions.js";

/** Runs sequences window by window; `look` sees each one after its forward pass. */
async function* windows(
  pool: Pool,
  sequences: Checked[],
  mode: Mode,
  look: (part: Part) => void,
  losses?: readonly Required<Loss>[],
  engine = pool.engine,
): AsyncGenerator<void, void, void> {
  if (sequences.length === 0) return;
  const { config } = engine;
  const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
  const limit = limitOf(engine.layout, longest, losses);
  const shards = new Shards(pool, limit, Math.min(ROWS * pool.size, sequences.length), mode, 0, -1, engine);
  try {
    const rows = new Rows(shards.lanes.batch);
    for (;;) {
      while (rows.free > 0 && rows.taken < sequences.length) rows.put(sequences[rows.taken] as Checked);
      if (rows.next(limit, config.output) === 0) return;
      await pool.alone(async () => {
        const parts = shards.write(rows.rows, losses);
        await shards.run(parts);
        for (const part of parts) if (part.T > 0) look(part);
      });
      rows.advance();
      yield;
    }
  } finally {
    shards.release();
  }
}

/** Loss and metrics window by window, so that callers can let the event loop run; of the pool's engine or another of the same memory. */
export async function* evaluation(
  pool: Pool,
  sequences: Checked[],
  objective: Objective,
  metrics: readonly Metric[][],
  engine = pool.engine,
): AsyncGenerator<void, Scores, void> {
  const scoring = new Scoring(engine, objective, metrics);
  yield* windows(pool, sequences, "score", ({ network, T, counted }) => scoring.add(network, T, counted), objective.losses, engine);
  return scoring.scores();
}

export async function predict<O>(
  pool: Pool,
  sequences: Iterable<PredictSequence>,
  predictOptions: Omit<PredictOptions, "states"> = {},
): Promise<O[]> {
  const { engine } = pool;
  const { read } = checkPredict(engine, predictOptions, ["as", "loss"]);
  const checked = checkSequences("sequences", sequences, { engine }, 0);
  const results = roomFor(engine, checked);
  for await (const _ of windows(pool, checked, "infer", ({ network, rows }) => readRows(engine, network, rows, results)));
  return results.map((room) => byName(engine.layout.heads, read(room)) as O);
}

export async function evaluate<M extends Metric>(
  pool: Pool,
  sequences: Iterable<AnySequence>,
  evaluateOptions: EvaluateOptions<M>,
): Promise<Evaluation<M>> {
  const { engine } = pool;
  const { objective, metrics } = checkEvaluation(engine, evaluateOptions);
  const checked = checkSequences("sequences", sequences, { engine, losses: objective.losses });
  const scores = evaluation(pool, checked, objective, metrics);
  for (;;) {
    const { done, value } = await scores.next();
    if (done) return value as Evaluation<M>;
  }
}

/** Made by `createPredictor`. */
export class Predictor<O = Float32Array> {
  readonly #pool: Pool;

  /** @internal */
  constructor(
    /** The model that it runs, whose parameters may change between calls. */
    readonly model: Model<O>,
    settings: Record<keyof Threads, unknown>,
  ) {
    this.#pool = new Pool(Model.engine("model", model), checkSettings(settings));
  }

  /** Number of threads, including the calling one: 1 where memory cannot be shared. */
  get threads(): number {
    return this.#pool.size;
  }

  /**
   * The outputs of whole sequences. They equal those of `model.predict` to the bit where each thread has more than six sequences.
   * @throws TypeError, RangeError as `model.predict`; Error once closed
   * @example const outputs = await predictor.predict(sequences);
   */
  predict(sequences: Iterable<PredictSequence>, predictOptions: Omit<PredictOptions, "states"> = {}): Promise<O[]> {
    return predict(this.#pool, sequences, predictOptions);
  }

  /**
   * Loss and metrics over whole sequences, like `model.evaluate`.
   * @throws TypeError, RangeError as that; Error once closed
   * @example const { loss, accuracy } = await predictor.evaluate(test, { loss: "crossEntropy", metrics: ["accuracy"] });
   */
  evaluate<M extends Metric = never>(sequences: Iterable<AnySequence>, evaluateOptions: EvaluateOptions<M>): Promise<Evaluation<M>> {
    return evaluate(this.#pool, sequences, evaluateOptions);
  }

  /** Ends the threads; work under way fails. They also end when the predictor is garbage-collected. */
  close(): void {
    this.#pool.close();
  }
}
