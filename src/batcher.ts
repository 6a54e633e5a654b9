/**
 * Collects steps that many sessions ask for into batches: `memcell/batcher`. A file of its own, which works on the streams of
 * the `memcell` beside it.
 *
 * Timers are too coarse for it: theirs is a millisecond in Node, and four in browsers. So while steps wait, the event loop turns
 * without sleeping: after each round of what else it has to do (and that is what brings new steps) the clock is looked at. Between
 * batches nothing runs.
 */

import { arrayLike, fail, integer, number, options } from "./core/check.js";
import type { Streams } from "./model/streams.js";

export interface BatcherOptions {
  /** Milliseconds, from 0 to 1,000, that a step waits for company at most. 0: for what is asked for in the same turn. Default 0.5. */
  deadline?: number;
  /** As many streams as that are not waited for any longer, and no batch is larger. Default 64. */
  batch?: number;
  /** How many steps may wait. Default 1,024. */
  queue?: number;
}

/** As many steps wait as may: this one was not taken, the others are unharmed. */
export class QueueFullError extends Error {
  override readonly name = "QueueFullError";
  readonly code = "ERR_QUEUE_FULL";
}

interface Call {
  input: Float64Array;
  /** When it has waited long enough. */
  due: number;
  /** It waits no longer, so that its signal is not heard any more. */
  taken(): void;
  resolve(outputs: Float32Array): void;
  reject(reason: unknown): void;
}

/** Up to this many milliseconds before a batch is due, a timer is good enough. */
const COARSE = 5;

/** Made by `createBatcher`. */
export class Batcher {
  readonly #streams: Streams;
  readonly #deadline: number;
  readonly #batch: number;
  readonly #queue: number;
  readonly #later = turn();
  /** What waits, for each stream in order; the streams by whose turn it is. */
  readonly #lines = new Map<number, Call[]>();
  #waiting = 0;
  /** Whether somebody will look when the next batch is due. */
  #watched = false;
  #closed = false;

  /** @internal */
  constructor(streams: Streams, batcherOptions: BatcherOptions) {
    if (typeof (streams as Partial<Streams> | null)?.check !== "function")
      fail(TypeError, "streams", "what model.streams() returned", streams);
    const { deadline = 0.5, batch = 64, queue = 1024 } = options("options", batcherOptions, ["deadline", "batch", "queue"]);
    this.#streams = streams;
    this.#deadline = number("deadline", deadline, { min: 0, max: 1000 });
    this.#batch = integer("batch", batch);
    this.#queue = integer("queue", queue);
  }

  /** How many steps wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * A step of one stream, together with those of others that are asked for before the deadline. It runs at once when `batch`
   * streams wait, or all that are open. Steps of one stream run in the order in which they were asked for.
   * @param id of an open stream
   * @param input `features` numbers (one number may stand alone), or a token; copied
   * @param settings `signal`: a step that still waits when it is aborted leaves its place, and is rejected with its reason, at once
   * @returns the model's outputs [outputs], an array of its own
   * @throws (by rejection, of this step alone) TypeError, RangeError if the stream is not open or the input is not that;
   * QueueFullError if `queue` steps wait; Error if the batcher is closed
   * @example const y = await batcher.step(id, [0.1, 0.2, 0.3]);
   */
  step(id: number, input: ArrayLike<number> | number, settings: { signal?: AbortSignal } = {}): Promise<Float32Array> {
    // What is thrown in here rejects.
    return new Promise((resolve, reject) => {
      const { signal } = options("settings", settings, ["signal"]);
      if (signal !== undefined && !(signal instanceof AbortSignal)) fail(TypeError, "settings.signal", "an AbortSignal", signal);
      signal?.throwIfAborted();
      if (this.#closed) throw new Error("the batcher is closed");
      if (this.#waiting === this.#queue) throw new QueueFullError(`${this.#queue} steps wait already: try again later`);
      this.#find(id);
      const row = arrayLike("input", typeof input === "number" ? [input] : input, "numbers") as ArrayLike<number>;
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
      const call: Call = { input: new Float64Array(row), due, taken, resolve, reject };
      signal?.addEventListener("abort", abort);
      line.push(call);
      this.#lines.set(id, line);
      this.#waiting++;
      if (this.#lines.size >= Math.min(this.#batch, this.#streams.size)) this.#run();
      this.#watch();
    });
  }

  /** Runs what waits, at once; steps asked for later are rejected. The streams stay open. */
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

  /** When the next batch is due: of its streams there are fewer than `batch`. */
  #due(): number {
    let due = Infinity;
    for (const [next] of this.#lines.values()) due = Math.min(due, (next as Call).due);
    return due;
  }

  /** One batch: the first step of each stream. */
  #run(): void {
    const first: [number, Call[]][] = [];
    for (const line of this.#lines) if (first.push(line) === this.#batch) break;
    const [ids, calls]: [number[], Call[]] = [[], []];
    for (const [id, line] of first) {
      // To the end, or away.
      this.#lines.delete(id);
      const call = line.shift() as Call;
      if (line.length > 0) this.#lines.set(id, line);
      this.#waiting--;
      call.taken();
      try {
        // It may have been closed since it was asked for.
        this.#find(id);
        ids.push(id);
        calls.push(call);
      } catch (reason) {
        call.reject(reason);
      }
    }
    try {
      const outputs = this.#streams.step(
        ids,
        calls.map(({ input }) => input),
      );
      const each = outputs.length / ids.length;
      calls.forEach((call, i) => {
        const own = outputs.slice(i * each, (i + 1) * each);
        if (own.every(Number.isFinite)) call.resolve(own);
        else call.reject(new RangeError("the outputs are no longer finite: the stream's state is that before this step"));
      });
    } catch (reason) {
      for (const call of calls) call.reject(reason);
    }
  }
}

/** What calls back in the next turn of the event loop, after what waits there: without the delay of timers. */
function turn(): (run: () => void) => void {
  if (typeof setImmediate === "function") return setImmediate;
  const { port1, port2 } = new MessageChannel();
  return (run) => {
    port1.onmessage = run;
    port2.postMessage(0);
  };
}

/**
 * Batches for the concurrent steps of a server's sessions, or of a page's.
 * @throws TypeError, RangeError with the path of the option
 * @example const batcher = createBatcher(model.streams({ capacity: 1000 }), { deadline: 0.5, batch: 64, queue: 1024 });
 */
export function createBatcher(streams: Streams, batcherOptions: BatcherOptions = {}): Batcher {
  return new Batcher(streams, batcherOptions);
}
