/** Whole sequences on several threads: outputs, loss and metrics, window by window. */

import {
  type Checked,
  checkLoss,
  checkMetrics,
  checkPredict,
  checkSequences,
  type Input,
  type Loss,
  limitOf,
  type Metric,
  type Mode,
  Model,
  options,
  type PredictOptions,
  ROWS,
  Rows,
  readRows,
  roomFor,
  type Scores,
  Scoring,
  type Sequence,
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
  loss?: Required<Loss>,
  engine = pool.engine,
): AsyncGenerator<void, void, void> {
  if (sequences.length === 0) return;
  const { config } = engine;
  const longest = sequences.reduce((most, { length }) => Math.max(most, length), 0);
  const limit = limitOf(engine.layout, longest, loss);
  const shards = new Shards(pool, limit, Math.min(ROWS * pool.size, sequences.length), mode, 0, -1, engine);
  try {
    const rows = new Rows(shards.lanes.batch);
    for (;;) {
      while (rows.free > 0 && rows.taken < sequences.length) rows.put(sequences[rows.taken] as Checked);
      if (rows.next(limit, config.output) === 0) return;
      await pool.alone(async () => {
        const parts = shards.write(rows.rows, loss);
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
  loss: Required<Loss>,
  metrics: readonly Metric[],
  engine = pool.engine,
): AsyncGenerator<void, Scores, void> {
  const scoring = new Scoring(loss, metrics);
  yield* windows(pool, sequences, "score", ({ network, T, counted }) => scoring.add(network, T, counted), loss, engine);
  return scoring.scores();
}

export async function predict(
  pool: Pool,
  sequences: Iterable<Input>,
  predictOptions: Omit<PredictOptions, "states"> = {},
): Promise<Float32Array[]> {
  const { engine } = pool;
  const { read } = checkPredict(engine, predictOptions, ["as", "loss"]);
  const checked = checkSequences("sequences", sequences, { engine }, 0);
  const results = roomFor(engine, checked);
  for await (const _ of windows(pool, checked, "infer", ({ network, rows }) => readRows(engine, network, rows, results)));
  return results.map(read);
}

export async function evaluate<M extends Metric>(
  pool: Pool,
  sequences: Iterable<Sequence>,
  evaluateOptions: { loss: Loss | Loss["type"]; metrics?: readonly M[] },
): Promise<{ loss: number } & Record<M, number>> {
  const { engine } = pool;
  const o = options("options", evaluateOptions, ["loss", "metrics"]);
  const loss = checkLoss("loss", o.loss, engine);
  const metrics = checkMetrics(o.metrics, loss);
  const scores = evaluation(pool, checkSequences("sequences", sequences, { engine, loss }), loss, metrics);
  for (;;) {
    const { done, value } = await scores.next();
    if (done) return value as { loss: number } & Record<M, number>;
  }
}

/** Made by `createPredictor`. */
export class Predictor {
  readonly #pool: Pool;

  /** @internal */
  constructor(
    readonly model: Model,
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
   * @example const outputs = await predictor.predict(sequences);
   */
  predict(sequences: Iterable<Input>, predictOptions: Omit<PredictOptions, "states"> = {}): Promise<Float32Array[]> {
    return predict(this.#pool, sequences, predictOptions);
  }

  /**
   * Loss and metrics over whole sequences, like `model.evaluate`.
   * @example const { loss, accuracy } = await predictor.evaluate(test, { loss: "crossEntropy", metrics: ["accuracy"] });
   */
  evaluate<M extends Metric = never>(
    sequences: Iterable<Sequence>,
    evaluateOptions: { loss: Loss | Loss["type"]; metrics?: readonly M[] },
  ): Promise<{ loss: number } & Record<M, number>> {
    return evaluate(this.#pool, sequences, evaluateOptions);
  }

  /** Ends the threads; work under way fails. They also end when the predictor is garbage-collected. */
  close(): void {
    this.#pool.close();
  }
}
