/** Epochs: sequences flow through the rows of a batch, window by window, until there are none left. */

import type { Tensor } from "../core/safetensors.js";
import type { HeadScores, Metric, Scores } from "../model/metrics.js";
import type { Row } from "../model/window.js";
import { Rows, wholeRow } from "../model/window.js";
import { see } from "./schedules.js";
import type { Data, Source } from "./source.js";
import type { Updater } from "./updater.js";

/** The report of `fit` after each epoch, and on request every so many updates. */
export interface Report {
  /** Number of the epoch, from 1. */
  epoch: number;
  /** Whether the epoch is over. */
  end: boolean;
  /** Mean over the targets by their weights: of the whole epoch at its end, else of the targets since the last report. */
  loss: number;
  /** At the end of an epoch, if there is validation data. */
  validationLoss?: number;
  /** The metrics that `fit` was asked for, on the validation data; at the end of an epoch, if there is any. */
  metrics?: { [M in Metric]?: number };
  /** For a model with heads the loss and the metrics of each on the validation data; absent for others. */
  heads?: Record<string, HeadScores>;
  /** Updates that the trainer has made in all. */
  updates: number;
  /** The learning rate of the last update. */
  learningRate: number;
  /** Time steps learned in this epoch. */
  steps: number;
  /** Of how many; absent for iterables, whose length is unknown. */
  totalSteps?: number;
  /** Advice on this fit, in its first report; absent if there is none. */
  notes?: string[];
}

/** The sum of losses times the weights of their targets, and the sum of these weights. */
interface Sum {
  loss: number;
  targets: number;
}

/** The progress of an unfinished epoch: with the trainer's numbers, enough to continue bit for bit. */
export interface Progress extends Sum {
  /** Number of sequences and steps in an array, to recognise it. */
  sequences?: number;
  totalSteps?: number;
  taken: number;
  rows: (Pick<Row, "ordinal" | "from" | "repeated"> | null)[];
  steps: number;
  /** The part of the sums that has not been reported. */
  unreported: Sum;
}

/** The state of a training run beyond its parameters. */
export interface Position {
  /** Epochs finished. */
  epochs: number;
  /** The unfinished epoch. */
  progress: Progress | null;
  /** Rows whose state the last `step` of a user's own loop left to be carried; 0 for none. */
  carried: number;
  /** The best epoch of an unfinished fit with patience. */
  best: Best | null;
  /** The rest of an online learner's state, besides its traces; absent in a trainer's. */
  online?: unknown;
}

/** The parameters of the epoch with the least validation loss (null: not finite), and the epochs since then. */
interface Best {
  loss: number | null;
  epochs: number;
  parameters: Record<string, Tensor>;
}

export interface FitOptions {
  epochs: number;
  /** Updates between reports. */
  every: number;
  signal: AbortSignal | undefined;
  /** Epochs without improvement after which to stop. Infinity: never, and nothing is restored. */
  patience: number;
  /** Loss and metrics on validation data, window by window. */
  validate: (() => Generator<void, Scores, void> | AsyncGenerator<void, Scores, void>) | undefined;
}

/**
 * Rows for an array of this many sequences, `batch` at most. Takes the fewest rows that need no more rounds, which shares the sequences
 * out evenly: of 33 with a batch of 32, the last one by itself would make as many updates as the 32 before it.
 */
const rowsFor = (batch: number, sequences?: number): number =>
  sequences === undefined ? batch : Math.ceil(sequences / Math.ceil(sequences / batch));

/** Milliseconds between turns of the event loop. A page stays responsive when it runs at least every 50 ms. */
const BREATH = 30;

export async function* runEpochs(
  learner: Updater,
  position: Position,
  data: Data,
  options: FitOptions,
): AsyncGenerator<Report, void, undefined> {
  const { window, stride } = learner.options;
  // An interrupted epoch keeps its rows.
  const rowsOf = () => position.progress?.rows.length ?? rowsFor(learner.options.batch, data.sequences);
  if (data.longest !== undefined) learner.prepare(Math.min(window, data.longest), rowsOf());
  if (options.patience === Infinity) position.best = null;
  const { output } = learner.engine.config;
  let longest = data.longest ?? 0;
  let told = false;
  /** With output "last", a window shorter than the sequences keeps the error from their beginnings. The user is told. */
  const notes = () => {
    if (told || output === "every" || window >= longest) return undefined;
    told = true;
    return [`gradients flow back over the last ${window} of up to ${longest} steps: window: Infinity lets them reach the first`];
  };
  let breathed = performance.now();
  const pause = async () => {
    if (performance.now() - breathed < BREATH) return;
    await breathe();
    breathed = performance.now();
  };
  for (let n = 0; n < options.epochs; n++) {
    const epoch = position.epochs + 1;
    const source = data.open(epoch);
    const take = () => {
      options.signal?.throwIfAborted();
      const next = source.next();
      return next instanceof Promise && options.signal ? untilAborted(next, options.signal) : next;
    };
    try {
      checkSame(position.progress, data);
      const progress = position.progress ?? begin(data, rowsOf());
      const rows = await restore(new Rows(progress.rows.length, learner.overlap), take, progress);
      const report = (end: boolean, { loss, targets }: Sum): Report => {
        const { steps, totalSteps } = progress;
        const { updates } = learner;
        const learningRate = learner.rate(Math.max(1, updates));
        const said = notes();
        return {
          epoch,
          end,
          loss: loss / targets,
          updates,
          learningRate,
          steps,
          ...(totalSteps && { totalSteps }),
          ...(said && { notes: said }),
        };
      };
      for (;;) {
        options.signal?.throwIfAborted();
        while (rows.free > 0) {
          const sequence = await take();
          if (!sequence) break;
          longest = Math.max(longest, sequence.length);
          rows.put(sequence);
        }
        const T = rows.next(stride, output);
        if (T === 0) break;
        // Whether a report is due depends on saved numbers alone, so one that an interruption held back comes after resuming.
        const updated = learner.pending.windows === 0 && learner.updates % options.every === 0;
        if (updated && progress.unreported.targets > 0) {
          const { unreported } = progress;
          progress.unreported = { loss: 0, targets: 0 };
          yield report(false, unreported);
          options.signal?.throwIfAborted();
        }
        const { loss, targets } = await learner.learn(rows.rows, T);
        if (targets > 0) {
          for (const sum of [progress, progress.unreported]) {
            sum.loss += loss * targets;
            sum.targets += targets;
          }
        }
        progress.steps += rows.advance();
        progress.taken = rows.taken;
        progress.rows = rows.rows.map((row) => row && { ordinal: row.ordinal, from: row.from, repeated: row.repeated });
        position.progress = progress;
        await pause();
      }
      if (progress.steps === 0)
        throw new RangeError(`"sequences" gave no sequence in epoch ${epoch}: an iterable must start anew each time`);
      learner.flush();
      const last = report(true, progress);
      const validation = options.validate?.();
      for (let step = await validation?.next(); step; step = await validation?.next()) {
        if (step.done) {
          const { loss, heads, ...metrics } = step.value;
          Object.assign(last, { validationLoss: loss, metrics, ...(heads && { heads }) });
          break;
        }
        await pause();
      }
      // There is no pause from here to the end of the epoch, so a checkpoint has all of the end or nothing of it.
      learner.seen = see(learner.options.schedule, learner.seen, last.validationLoss ?? last.loss);
      position.epochs = epoch;
      position.progress = null;
      const stop = options.patience < Infinity && keepBest(learner, position, last, options.patience, n + 1 === options.epochs);
      yield last;
      if (stop) return;
    } finally {
      source.close?.();
    }
  }
}

/** Keeps the parameters of the best epoch. At the end, out of patience or epochs, the model gets them. Returns whether it is the end. */
function keepBest(learner: Updater, position: Position, { validationLoss = NaN }: Report, patience: number, last: boolean): boolean {
  const { engine } = learner;
  const { best } = position;
  if (best && !(validationLoss < (best.loss ?? Infinity))) best.epochs++;
  else {
    const loss = Number.isFinite(validationLoss) ? validationLoss : null;
    position.best = { loss, epochs: 0, parameters: engine.tensors(learner.mean) };
  }
  const { epochs, parameters } = position.best as Best;
  const end = last || epochs >= patience;
  if (end) {
    engine.write(engine.params, parameters);
    engine.refresh();
    learner.averaged = 0;
    position.best = null;
  }
  return end;
}

/** Rejects with the signal's reason if it comes before the promise, which may wait for data for ever. Leaves no listener behind. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** @throws RangeError if the interrupted epoch had other sequences */
export function checkSame(progress: Progress | null, data: Data): void {
  if (progress && (progress.sequences !== data.sequences || progress.totalSteps !== data.totalSteps)) {
    const size = ({ sequences, totalSteps }: { sequences?: number; totalSteps?: number }) =>
      sequences === undefined ? "an iterable" : `${sequences} sequences of ${totalSteps} steps`;
    throw new RangeError(
      `"sequences" are not those of the epoch that was interrupted (${size(progress)}, now ${size(data)}): to begin a new epoch call trainer.rewind()`,
    );
  }
}

function begin({ sequences, totalSteps }: Data, batch: number): Progress {
  const rows = Array.from({ length: batch }, () => null);
  const counts = { ...(sequences && { sequences }), ...(totalSteps && { totalSteps }) };
  return { ...counts, taken: 0, rows, steps: 0, loss: 0, targets: 0, unreported: { loss: 0, targets: 0 } };
}

/** Takes the same sequences again, and moves the unfinished ones to their positions. */
async function restore(rows: Rows, next: Source["next"], progress: Progress): Promise<Rows> {
  const places = new Map(progress.rows.map((row, i) => [row?.ordinal, i]));
  for (let ordinal = 0; ordinal < progress.taken; ordinal++) {
    const sequence = await next();
    const at = places.get(ordinal) ?? -1;
    const { from, repeated } = progress.rows[at] ?? { from: 0, repeated: 0 };
    if (!sequence || from + repeated >= sequence.length) {
      throw new RangeError(`"sequences" are not those of the interrupted epoch: number ${ordinal} is ${sequence ? "shorter" : "missing"}`);
    }
    if (at >= 0) rows.rows[at] = { ...wholeRow(sequence, ordinal, true), from, repeated };
  }
  rows.taken = progress.taken;
  return rows;
}

/** Lets the event loop run. Timers would wait 4 ms in browsers, which have no setImmediate; messages starve the timers of Bun. */
function breathe(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
