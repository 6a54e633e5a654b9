/**
 * The steps of sessions, whose truth is in the store. A server has seats: sessions that it took up, as streams of the model. While
 * nobody else takes a session up, a step costs one write; whoever has lost it reads it again.
 */

import { randomUUID } from "node:crypto";
import { createBatcher } from "memcell/batcher";
import { ANSWERS } from "./store.js";

/** What a client is told: an HTTP status, words, and more fields. */
export class Refusal extends Error {
  constructor(status, message, more = {}) {
    super(message);
    Object.assign(this, { status, more });
  }
}

const later = (message) => new Refusal(503, message, { retryAfter: 1 });

export class Sessions {
  /** Seats by session, the one used last at the end. */
  #seats = new Map();
  /** For each session with steps under way, the end of the last of them: they run one after the other. */
  #lines = new Map();
  #under = 0;
  #new;

  /**
   * @param model its `name` is a hash of its bytes: a session does not go on with another one
   * @param capacity of seats
   * @param limit of steps under way, in batches or on their way to the store; one more is refused
   */
  constructor(model, name, store, { capacity, limit }) {
    this.streams = model.streams({ capacity });
    // Steps of the same turn of the event loop: next to HTTP a step costs so little that waiting for more would cost more.
    this.batcher = createBatcher(this.streams, { deadline: 0, queue: limit });
    this.name = name;
    this.store = store;
    this.limit = limit;
    this.#new = Buffer.from(model.stream().stateBytes());
  }

  get seats() {
    return this.#seats.size;
  }

  get under() {
    return this.#under;
  }

  async open() {
    const id = randomUUID();
    await this.#ask(() => this.store.open(id, this.name, this.#new));
    return id;
  }

  async close(id) {
    return this.#inLine(id, async () => {
      this.#leave(id);
      if (!(await this.#ask(() => this.store.close(id)))) throw new Refusal(404, "no such session");
    });
  }

  /**
   * Step number `n` of a session, from 1. A step that was done before is answered as it was then.
   * @returns the answer, and whether it is a `repeated` one
   * @throws Refusal
   */
  step(id, n, input) {
    if (this.#under >= this.limit) throw later("too many steps are under way: try again later");
    return this.#inLine(id, async () => {
      // Twice at most: as it stands here, and, if others have gone on, as it stands in the store.
      for (let fresh = false; ; fresh = true) {
        const seat = (!fresh && this.#seats.get(id)) || (await this.#sit(id));
        if (n <= seat.step) {
          const answer = seat.answers.get(n);
          if (answer === undefined) throw new Refusal(410, `the answer of step ${n} is no longer kept, step ${seat.step} was the last`);
          return { answer, repeated: true };
        }
        if (n === seat.step + 1) {
          const answer = await this.#run(id, seat, n, input);
          if (answer !== undefined) return { answer, repeated: false };
        }
        if (fresh) {
          if (n === seat.step + 1) throw later("another server has taken the session up: try again");
          throw new Refusal(409, `step ${n} has come before step ${seat.step + 1}`, { next: seat.step + 1 });
        }
      }
    });
  }

  /** @returns undefined if another server has taken the session up meanwhile; then, and if the store fails, the step has not been */
  async #run(id, seat, n, input) {
    this.#seats.delete(id);
    this.#seats.set(id, seat);
    let outputs;
    try {
      outputs = await this.batcher.step(seat.stream, input);
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw new Refusal(400, error.message);
      throw later(error.message);
    }
    const answer = JSON.stringify({ step: n, output: outputs.length === 1 ? outputs[0] : [...outputs] });
    let said;
    try {
      said = await this.#ask(() => this.store.commit(id, seat.fence, n, this.streams.stateBytes(seat.stream), answer));
    } finally {
      // The stream is ahead of the store.
      if (said !== "done") this.#leave(id);
    }
    if (said === "gone") throw new Refusal(404, "no such session");
    if (said === "taken") return undefined;
    seat.step = n;
    seat.answers.set(n, answer).delete(n - ANSWERS);
    return answer;
  }

  /** Takes a session up. */
  async #sit(id) {
    this.#leave(id);
    const taken = await this.#ask(() => this.store.take(id));
    if (taken === undefined) throw new Refusal(404, "no such session");
    const { state, model, ...seat } = taken;
    if (model !== this.name) throw new Refusal(410, `the session began with model ${model}, this server has ${this.name}`);
    if (this.streams.size === this.streams.capacity) this.#makeRoom();
    const stream = this.streams.open();
    try {
      this.streams.restoreBytes(stream, state);
    } catch (error) {
      this.streams.close(stream);
      throw new Refusal(410, `the session cannot go on: ${error.message}`);
    }
    this.#seats.set(id, { ...seat, stream });
    return this.#seats.get(id);
  }

  /** Gives up the seat that was used longest ago and has no step under way. */
  #makeRoom() {
    for (const id of this.#seats.keys()) if (!this.#lines.has(id)) return this.#leave(id);
    throw later(`all ${this.streams.capacity} seats are in use: try again later`);
  }

  #leave(id) {
    const seat = this.#seats.get(id);
    if (seat === undefined) return;
    this.#seats.delete(id);
    this.streams.close(seat.stream);
  }

  async #ask(question) {
    try {
      return await question();
    } catch (error) {
      if (/^OOM/.test(error.message)) throw later("the store is full");
      // Other errors that Redis has words for are mistakes in here, but for those of its start.
      if (error.name === "ReplyError" && !/^(LOADING|BUSY|READONLY|MASTERDOWN)/.test(error.message)) throw error;
      throw later("the store is away");
    }
  }

  #inLine(id, task) {
    this.#under++;
    const turn = (this.#lines.get(id) ?? Promise.resolve()).then(task);
    const end = turn
      .catch(() => {})
      .then(() => {
        this.#under--;
        if (this.#lines.get(id) === end) this.#lines.delete(id);
      });
    this.#lines.set(id, end);
    return turn;
  }

  /** Runs what waits; later steps are refused. */
  stop() {
    this.limit = 0;
    this.batcher.close();
  }
}
