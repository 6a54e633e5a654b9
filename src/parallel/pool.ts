/** The threads that work on one model: this one, and workers that share its memory. */

import type { AnyWorker } from "../core/workers.js";
import type { Engine, Network } from "../internal.js";
import type { Run } from "./messages.js";
import { runWindow } from "./runWindow.js";
import { Thread } from "./thread.js";

let warned = false;

/** For each model, the latest work of its threads; the next waits for it. */
const last = new WeakMap<Engine, Promise<unknown>>();

/** Ends the workers of a garbage-collected pool. */
const dropped = new FinalizationRegistry<Thread[]>((threads) => threads.forEach((thread) => thread.end()));

/** Whether memory can be shared here. */
function canShare(): boolean {
  // Browsers hide it from pages that are not isolated; other runtimes do not have the flag.
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
  /** Including this one. */
  threads: number;
  /** Makes each further worker; undefined for the package's own. */
  worker: (() => AnyWorker) | undefined;
}

export class Pool {
  /** Number of threads, including this one. */
  readonly size: number;
  /** All threads but this one, started when first needed. */
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

  /** Waits for the earlier work of the model's threads, then does this. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Error("the pool of threads is closed"));
    const result = (last.get(this.engine) ?? Promise.resolve()).then(work);
    last.set(
      this.engine,
      result.catch(() => {}),
    );
    return result;
  }

  /** Builds a network on thread number `at`. @returns its name in a Run */
  build(at: number, { T, lanes, mode, seed, lowest, regions }: Network, { params, derived }: Engine): number {
    const id = this.#networks++;
    if (at > 0) this.#thread(at).tell({ type: "build", id, T, lanes, mode, seed, lowest, regions, params, derived });
    return id;
  }

  drop(at: number, id: number): void {
    if (at > 0) this.#threads[at - 1]?.tell({ type: "drop", id });
  }

  /**
   * Runs a window on every thread that has a part of it. Returns only when all are done, even if one fails: then nobody writes to the
   * memory any more.
   * @returns the losses of each thread, none for those without a part
   */
  async run(networks: readonly Network[], parts: readonly (Run | null)[]): Promise<number[][]> {
    const { engine } = this;
    engine.reading = true;
    // Ask the others first: they work while this thread does.
    const others = parts.slice(1).map((part, i) => (part ? this.#thread(i + 1).ask(part) : []));
    const settled = Promise.allSettled(others);
    try {
      const [own] = parts;
      const losses = own ? runWindow(engine, networks[0] as Network, own) : [];
      return [losses, ...(await Promise.all(others))];
    } finally {
      await settled;
      engine.reading = false;
    }
  }

  /** Ends the workers; their work under way fails. */
  close(): void {
    this.#closed = true;
    for (const thread of this.#threads) thread.end();
  }
}
