/** A worker of whichever runtime, as a thread that is told things, and asked for answers one after the other. */

import type { Answer, Message, Run } from "./messages.js";

interface Waiting {
  resolve(loss: number): void;
  reject(error: unknown): void;
}

/** The few things that are asked of a worker. */
interface Worker {
  post(message: Message): void;
  end(): void;
  /** Whether the process waits for it. */
  hold(on: boolean): void;
}

type Hear = (answer: Answer) => void;

/** Node's own workers, which Deno and Bun have as well, or the web's. */
function start(hear: Hear): Worker {
  const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads");
  if (threads) {
    const worker = new threads.Worker(new URL("./parallel-worker.js", import.meta.url));
    worker.unref();
    worker.on("message", hear);
    worker.on("error", (error) => hear({ error }));
    worker.on("messageerror", (error) => hear({ error }));
    worker.on("exit", (code) => hear({ error: new Error(`a thread of the pool ended with code ${code}`) }));
    return {
      post: (message) => worker.postMessage(message),
      end: () => void worker.terminate(),
      hold: (on) => (on ? worker.ref() : worker.unref()),
    };
  }
  const worker = new globalThis.Worker(new URL("./parallel-worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }) => hear(data);
  worker.onerror = (event) =>
    hear({ error: event.error ?? new Error(`a thread of the pool failed: ${event.message ?? "it cannot be loaded"}`) });
  worker.onmessageerror = () => hear({ error: new Error("a thread of the pool sent what cannot be read") });
  return { post: (message) => worker.postMessage(message), end: () => worker.terminate(), hold() {} };
}

export class Thread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  /** Why it is of no more use. */
  #error: unknown;

  /** @param ended hears of its end, if nobody has asked for it */
  constructor() {
    this.#worker = start((answer) => this.#hear(answer));
  }

  #hear(answer: Answer): void {
    if ("loss" in answer) {
      this.#waiting.shift()?.resolve(answer.loss);
      if (this.#waiting.length === 0) this.#worker.hold(false);
    } else this.#fail(answer.error);
  }

  #fail(error: unknown): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#error);
    this.#worker.end();
  }

  tell(message: Message): void {
    if (!this.#error) this.#worker.post(message);
  }

  ask(message: Run): Promise<number> {
    if (this.#error) return Promise.reject(this.#error);
    this.#worker.hold(true);
    this.#worker.post(message);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  end(): void {
    this.#fail(new Error("the pool of threads is closed"));
  }
}
