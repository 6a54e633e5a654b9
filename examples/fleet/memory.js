/** Sessions in the memory of one process, for a server without a fleet: the same calls as those of the store in Redis. */

import { ANSWERS } from "./store.js";

/** The most sessions; one more is refused as by a Redis that is full. */
const MOST = 100_000;

export class MemoryStore {
  #sessions = new Map();
  there = true;

  constructor({ idle }) {
    // Those used last stand at the end.
    const expire = () => {
      for (const [id, { used }] of this.#sessions) {
        if (performance.now() - used < idle) return;
        this.#sessions.delete(id);
      }
    };
    setInterval(expire, Math.min(idle, 60_000)).unref();
  }

  #use(id) {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    session.used = performance.now();
    return session;
  }

  async open(id, model, state) {
    if (this.#sessions.size >= MOST) throw new Error("OOM");
    this.#sessions.set(id, { fence: 0, step: 0, answers: new Map(), model, state, used: performance.now() });
  }

  async take(id) {
    const session = this.#use(id);
    if (session === undefined) return undefined;
    session.fence++;
    return { ...session, answers: new Map(session.answers) };
  }

  async commit(id, fence, step, state, answer) {
    const session = this.#use(id);
    if (session === undefined) return "gone";
    if (session.fence !== fence) return "taken";
    session.answers.set(step, answer).delete(step - ANSWERS);
    Object.assign(session, { step, state });
    return "done";
  }

  async close(id) {
    return this.#sessions.delete(id);
  }

  model(make) {
    return make();
  }

  end() {}
}
