/**
 * Collects the steps of many sessions into batches: `memcell/batcher`. A bundle of its own, which works on the streams of the
 * `memcell` beside it.
 *
 * Timers are too coarse here: at best a millisecond in Node, and four in browsers. So while steps wait, the event loop turns without
 * sleeping. After each round of other work, which is what brings new steps, it looks at the clock. Between batches nothing runs.
 */

import { arrayLike, fail, integer, isRecord, number, options } from "./core/check.js";
import type { Inputs, StepInput } from "./model/columns.js";
import type { Streams } from "./model/streams.js";

/** The options of `createBatcher`. */
export interface BatcherOptions {
  /** The longest that a step waits for others, in milliseconds from 0 to 1,000. 0: only for steps of the same turn. Default 0.5. */
  deadline?: number;
  /** The largest batch; it runs as soon as this many streams wait. Default 64. */
  batch?: number;
  /** The most steps that may wait. Default 1,024. */
  queue?: number;
}

/** The queue is full: this step was not taken. The others are unharmed. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
  /** To tell it from other errors without its class. */
  readonly code = "ERR_QUEUE_FULL";
}

interface Call<O> {
  input: StepInput;
  /** The time, as of `performance.now`, at which it has waited long enough. */
  due: number;
  /** Call when it leaves the queue, to stop listening to its signal. */
  taken(): void;
  resolve(outputs: O): void;
  reject(reason: unknown): void;
}

/** A timer is good enough until this many milliseconds before a batch is due. */
const COARSE = 5;

/** Made by `createBatcher`. */
export class Batcher<O = Float32Array> {
  readonly #streams: Streams<O>;
  readonly #deadline: number;
  readonly #batch: number;
  readonly #queue: number;
  readonly #later = turn();
  /** Waiting calls by stream; map order is round-robin. */
  readonly #lines = new Map<number, Call<O>[]>();
  #waiting = 0;
  /** Whether a look at the clock is scheduled. */
  #watched = false;
  #closed = false;

  /** @internal */
  constructor(streams: Streams<O>, batcherOptions: BatcherOptions) {
    if (typeof (streams as Partial<Streams<O>> | null)?.check !== "function")
      fail(TypeError, "streams", "what model.streams() returned", streams);
    const { deadline = 0.5, batch = 64, queue = 1024 } = options("options", batcherOptions, ["deadline", "batch", "queue"]);
    this.#streams = streams;
    this.#deadline = number("deadline", deadline, { min: 0, max: 1000 });
    this.#batch = integer("batch", batch);
    this.#queue = integer("queue", queue);
  }

  /** The number of steps that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Runs a step of one stream, in a batch with steps of others that come before the deadline. The batch runs at once when `batch`
   * streams wait, or all that are open. Steps of one stream run in the order in which they were asked for.
   * @param id of an open stream
   * @param input as for a stream's `step`; copied
   * @param settings `signal`: aborting it while the step still waits removes the step and rejects it at once, with the signal's reason
   * @returns the model's outputs [outputs], a new array; by name where it has heads
   * @throws (by rejection, of this step alone) TypeError, RangeError if the stream is not open or the input is wrong; QueueFullError if
   * `queue` steps wait; Error if the batcher is closed
   * @example const y = await batcher.step(id, [0.1, 0.2, 0.3]);
   */
  step(id: number, input: StepInput, settings: { signal?: AbortSignal } = {}): Promise<O> {
    // Errors thrown in here reject the promise.
    return new Promise((resolve, reject) => {
      const { signal } = options("settings", settings, ["signal"]);
      if (signal !== undefined && !(signal instanceof AbortSignal)) fail(TypeError, "settings.signal", "an AbortSignal", signal);
      signal?.throwIfAborted();
      if (this.#closed) throw new Error("the batcher is closed");
      if (this.#waiting === this.#queue) throw new QueueFullError(`${this.#queue} steps wait already: try again later`);
      this.#find(id);
      const row = copyOf(input);
      this.#streams.check("input", [row], 1);
      const due = performance.now() + this.#deadline;
      const line = this.#lines.get(id) ?? [];
      const abort = () => {
        line.splice(line.indexOf(call), 1);
        if (line.length === 0) this.#lines.delete(id);
        this.#waiting--;
        taken();
        reject(signal?.reason);
      };
      const taken = () => signal?.removeEventListener("abort", abort);
      const call: Call<O> = { input: row, due, taken, resolve, reject };
      signal?.addEventListener("abort", abort);
      line.push(call);
      this.#lines.set(id, line);
      this.#waiting++;
      if (this.#lines.size >= Math.min(this.#batch, this.#streams.size)) this.#run();
      this.#watch();
    });
  }

  /** Runs all waiting steps at once and rejects later ones. The streams stay open. */
  close(): void {
    this.#closed = true;
    while (this.#waiting > 0) this.#run();
  }

  #find(id: number): void {
    if (!this.#streams.has(id)) fail(typeof id === "number" ? RangeError : TypeError, "id", "the id of an open stream", id);
  }

  #watch(): void {
    if (this.#watched || this.#waiting === 0) return;
    this.#watched = true;
    const look = () => {
      this.#watched = false;
      if (this.#waiting > 0 && performance.now() >= this.#due()) this.#run();
      this.#watch();
    };
    const left = this.#due() - performance.now();
    if (left > 2 * COARSE) setTimeout(look, left - COARSE);
    else this.#later(look);
  }

  /** When the next batch is due; used while fewer than `batch` streams wait. */
  #due(): number {
    let due = Infinity;
    for (const [next] of this.#lines.values()) due = Math.min(due, (next as Call<O>).due);
    return due;
  }

  /** Runs one batch: the first step of each stream. */
  #run(): void {
    const first: [number, Call<O>[]][] = [];
    for (const line of this.#lines) if (first.push(line) === this.#batch) break;
    const [ids, calls]: [number[], Call<O>[]] = [[], []];
    for (const [id, line] of first) {
      // Requeue if more calls wait.
      this.#lines.delete(id);
      const call = line.shift() as Call<O>;
      if (line.length > 0) this.#lines.set(id, line);
      this.#waiting--;
      call.taken();
      try {
        // The stream may have been closed since.
        this.#find(id);
        ids.push(id);
        calls.push(call);
      } catch (reason) {
        call.reject(reason);
      }
    }
    try {
      const outputs = this.#streams.step(ids, calls.map(({ input }) => input) as Inputs);
      calls.forEach((call, i) => {
        const own = part(outputs, i, ids.length);
        if (finite(own)) call.resolve(own);
        else call.reject(new RangeError("the outputs are no longer finite: the stream's state is that before this step"));
      });
    } catch (reason) {
      for (const call of calls) call.reject(reason);
    }
  }
}

/** The outputs of one of `count` streams: an array, or one for each head. */
function part<O>(outputs: O, i: number, count: number): O {
  if (!(outputs instanceof Float32Array))
    return Object.fromEntries(Object.entries(outputs as object).map(([name, own]) => [name, part(own, i, count)])) as O;
  const each = outputs.length / count;
  return outputs.slice(i * each, (i + 1) * each) as O;
}

const finite = (outputs: unknown): boolean =>
  outputs instanceof Float32Array ? outputs.every(Number.isFinite) : Object.values(outputs as object).every(finite);

/** A copy of a step's values; a bare one becomes a row. */
function copyOf(input: StepInput): StepInput {
  if (isRecord(input)) return { ...input };
  const row = typeof input === "object" && input ? arrayLike("input", input, "an array or a typed array") : [input];
  return Array.from(row as ArrayLike<number>);
}

/** Schedules a call for the next turn of the event loop, without the delay of timers. */
function turn(): (run: () => void) => void {
  if (typeof setImmediate === "function") return setImmediate;
  const { port1, port2 } = new MessageChannel();
  return (run) => {
    port1.onmessage = run;
    port2.postMessage(0);
  };
}

/**
 * Makes a batcher for the concurrent steps of a server's sessions, or of a page's.
 * @throws TypeError, RangeError with the path of the option
 * @example const batcher = createBatcher(model.streams({ capacity: 1000 }), { deadline: 0.5, batch: 64, queue: 1024 });
 */
export function createBatcher<O = Float32Array>(streams: Streams<O>, batcherOptions: BatcherOptions = {}): Batcher<O> {
  return new Batcher(streams, batcherOptions);
}
