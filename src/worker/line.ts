/** A trainer's calls to its worker, and the answers. */

import { type AnyWorker, type Remote, start } from "../core/workers.js";
import type { Answer, Call, Message, Method, Pull, Reply } from "./messages.js";

const web = () => new Worker(new URL("./trainer-worker.js", import.meta.url), { type: "module" });

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

export class Line {
  readonly worker: Remote;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #error: unknown;
  /** Called when the worker asks for sequences. */
  pulled: (pull: Pull) => void = () => {};

  constructor(given: (() => AnyWorker) | undefined) {
    // Ignore other messages, which a user's own worker may send.
    const hear = (message: unknown) => this.#hear(Object(message) as Partial<Answer>);
    const fail = (error: unknown) => this.fail(error);
    this.worker = start("./trainer-worker.js", web, given, hear, fail);
  }

  #hear(message: Partial<Answer>): void {
    if (message.type === "pull") this.pulled(message as Pull);
    if (message.type !== "reply") return;
    const answer = message as Reply;
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.worker.hold(false);
    if ("error" in answer) waiting?.reject(answer.error);
    else waiting?.resolve(answer);
  }

  fail(error: unknown): void {
    this.#error ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#error);
    this.#waiting.clear();
    this.worker.end();
  }

  post(message: Message, transfer?: Transferable[]): void {
    if (!this.#error) this.worker.post(message, transfer);
  }

  call(method: Method, values: unknown[], transfer?: Transferable[]): Promise<Reply> {
    if (this.#error) return Promise.reject(this.#error);
    const id = this.#calls++;
    const call: Call = { type: "call", id, method, values };
    return new Promise((resolve, reject) => {
      this.worker.post(call, transfer);
      this.worker.hold(true);
      this.#waiting.set(id, { resolve, reject });
    });
  }
}
