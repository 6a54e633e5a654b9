/** The threads that work on one model: this one, and workers that share its memory. */

import type { AnyWorker } from "../core/workers.js";
import type { Engine, Network } from "../internal.js";
import type { Run } from "./messages.js";
import { runWindow } from "./runWindow.js";
import { Thread } from "./thread.js";

let warned = false;

/** For each model the last of what its threads were asked to do. */
const last = new WeakMap<Engine, Promise<unknown>>();

/** Ends the workers of a pool that was dropped. */
const dropped = new FinalizationRegistry<Thread[]>((threads) => threads.forEach((thread) => thread.end()));

/** Whether memory can be shared here. */
function canShare(): boolean {
  // Browsers keep it from pages that are not isolated; other runtimes do not know the word.
  if (typeof SharedArrayBuffer === "function" && globalThis.crossOriginIsolated !== false) return true;
  if (!warned) {
    console.warn(
      "memcell: no SharedArrayBuffer here, so everything runs on one thread (a page must be cross-origin isolated: headers Cross-Origin-Opener-Policy: same-origin, Cross-Origin-Embedder-Policy: require-corp)",
    );
  }
  warned = true;
  return false;
}

export interface PoolSettings {
  /** With this one. */
  threads: number;
  /** Makes the worker of each other one; undefined for the package's. */
  worker: (() => AnyWorker) | undefined;
}

export class Pool {
  /** Threads, with this one. */
  readonly size: number;
  /** All but this one; started when they are first needed. */
  readonly #threads: Thread[] = [];
  readonly #worker: PoolSettings["worker"];
  #networks = 0;
  #closed = false;

  constructor(
    readonly engine: Engine,
    { threads, worker }: PoolSettings,
  ) {
    this.#worker = worker;
    this.size = threads === 1 || !canShare() ? 1 : threads;
    if (this.size > 1) engine.share();
    dropped.register(this, this.#threads);
  }

  /** Thread number `at`, from 1. */
  #thread(at: number): Thread {
    const { shared, threaded: module, config } = this.engine;
    for (let i = this.#threads.length; i < this.size - 1; i++) {
      const thread = new Thread(this.#worker);
      thread.tell({ type: "begin", module, memory: shared as WebAssembly.Memory, config });
      this.#threads.push(thread);
    }
    return this.#threads[at - 1] as Thread;
  }

  /** Does something when all that was to be done before with the model's threads is done. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the pool of threads is closed"));
    const result = (last.get(this.engine) ?? Promise.resolve()).then(work);
    last.set(
      this.engine,
      result.catch(() => {}),
    );
    return result;
  }

  /** Makes a network known to thread number `at`. @returns what it is called in a Run */
  build(at: number, { T, lanes, mode, seed, regions }: Network, { params, derived }: Engine): number {
    const id = this.#networks++;
    if (at > 0) this.#thread(at).tell({ type: "build", id, T, lanes, mode, seed, regions, params, derived });
    return id;
  }

  drop(at: number, id: number): void {
    if (at > 0) this.#threads[at - 1]?.tell({ type: "drop", id });
  }

  /**
   * Runs a window on every thread that has a part of it. Comes back when all are done, also where one fails: nobody writes to
   * memory any more.
   * @returns the losses, 0 where there was no part
   */
  async run(networks: readonly Network[], parts: readonly (Run | null)[]): Promise<number[]> {
    const { engine } = this;
    engine.reading = true;
    // The others first: they work while this thread does.
    const others = parts.slice(1).map((part, i) => (part ? this.#thread(i + 1).ask(part) : 0));
    const settled = Promise.allSettled(others);
    try {
      const [own] = parts;
      const loss = own ? runWindow(engine, networks[0] as Network, own) : 0;
      return [loss, ...(await Promise.all(others))];
    } finally {
      await settled;
      engine.reading = false;
    }
  }

  /** Ends the workers; what runs on them fails. */
  close(): void {
    this.#closed = true;
    for (const thread of this.#threads) thread.end();
  }
}
