/** A worker of any runtime as a thread: it takes messages, and answers questions one after the other. */

import { type AnyWorker, type Remote, start } from "../core/workers.js";
import type { Message, Run } from "./messages.js";

interface Waiting {
  resolve(losses: number[]): void;
  reject(error: unknown): void;
}

const web = () => new Worker(new URL("./parallel-worker.js", import.meta.url), { type: "module" });

export class Thread {
  readonly #worker: Remote;
  readonly #waiting: Waiting[] = [];
  /** The reason that it can no longer be used. */
  #error: unknown;

  constructor(given: (() => AnyWorker) | undefined) {
    this.#worker = start(
      "./parallel-worker.js",
      web,
      given,
      (message) => this.#hear(message),
      (error) => this.#fail(error),
    );
  }

  /** Ignores other messages, which a user's own worker may send. */
  #hear(message: unknown): void {
    const { losses, error } = Object(message) as { [K in "losses" | "error"]?: unknown };
    if (Array.isArray(losses)) {
      this.#waiting.shift()?.resolve(losses);
      if (this.#waiting.length === 0) this.#worker.hold(false);
    } else if (error) this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#error);
    this.#worker.end();
  }

  tell(message: Message): void {
    if (!this.#error) this.#worker.post(message);
  }

  ask(message: Run): Promise<number[]> {
    if (this.#error) return Promise.reject(this.#error);
    this.#worker.hold(true);
    this.#worker.post(message);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  end(): void {
    this.#fail(new Error("the pool of threads is closed"));
  }
}
