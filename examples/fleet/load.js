/**
 * A load generator that knows the right answers: clients of sessions, each with a copy of its session here, to which every answer is
 * compared, to the bit. They repeat steps, send steps before their turn, and go to another server when one is gone.
 */

import { Agent, request } from "node:http";
import { setTimeout } from "node:timers/promises";
import { loadModel } from "memcell";
import { wave } from "./model.js";

/** Shares of steps that are sent twice at once, that an old one follows, and that are sent in the wrong order with the two after. */
const [TWICE, OLD, SHUFFLED] = [0.05, 0.05, 0.05];
/** Share of steps that go to another server than the step before. */
const MOVED = 0.1;

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });

/** @returns { status, json }; status 0 if no answer came */
function send(url, method, body) {
  return new Promise((resolve) => {
    const nothing = () => resolve({ status: 0, json: null });
    const asked = request(url, { method, agent, timeout: 5000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (data) => (text += data));
      response.on("end", () => resolve({ status: response.statusCode, json: text === "" ? null : JSON.parse(text) }));
      response.on("error", nothing);
      response.on("aborted", nothing);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", nothing);
    asked.end(body);
  });
}

export class Load {
  /** Of all steps, in milliseconds from the first try to the answer. */
  times = [];
  counts = { steps: 0, repeated: 0, early: 0, refused: 0, unanswered: 0 };
  /** What should never be. */
  wrong = [];
  #going = true;

  /**
   * @param urls of the servers
   * @param bytes of their model
   * @param think mean milliseconds between an answer and the next step of a session
   * @param plain no repeats, and no steps before their turn
   */
  constructor(urls, bytes, { sessions, think, plain = false }) {
    Object.assign(this, { urls, think, plain, sessions });
    this.streams = loadModel(bytes).streams({ capacity: sessions });
  }

  /** Runs until `stop()`. @returns for each session its id and its steps */
  run() {
    return Promise.all(Array.from({ length: this.sessions }, (_, seed) => this.#client(seed)));
  }

  stop() {
    this.#going = false;
  }

  #anyone() {
    return this.urls[Math.floor(Math.random() * this.urls.length)];
  }

  /** Until somebody has an answer other than "later". */
  async #ask(session, path, method, body) {
    for (;;) {
      if (Math.random() < MOVED) session.url = this.#anyone();
      const answer = await send(session.url + path, method, body);
      if (answer.status === 0) this.counts.unanswered++;
      else if (answer.status === 503) this.counts.refused++;
      else if (answer.status === 409) this.counts.early++;
      else return answer;
      if (answer.status !== 409) session.url = this.#anyone();
      await setTimeout(10 + 40 * Math.random());
    }
  }

  async #client(seed) {
    const session = { url: this.#anyone() };
    await setTimeout(this.think * Math.random());
    const { json } = await this.#ask(session, "/sessions", "POST");
    const [id, stream] = [json.id, this.streams.open()];
    const right = [];
    const expected = (n) => {
      while (right.length < n) right.push(this.streams.step([stream], [wave(seed, right.length + 1)])[0]);
      return right[n - 1];
    };
    const step = async (n) => {
      const began = performance.now();
      const { status, json } = await this.#ask(session, `/sessions/${id}/steps/${n}`, "PUT", JSON.stringify({ input: wave(seed, n) }));
      this.times.push(performance.now() - began);
      this.counts.steps++;
      if (status !== 200 || json.step !== n || !Object.is(json.output, expected(n)))
        this.wrong.push(`session ${id}, step ${n}: ${status} ${JSON.stringify(json)}, not ${expected(n)}`);
    };
    let last = 0;
    while (this.#going) {
      const chance = this.plain ? 1 : Math.random();
      let under = [last + 1];
      if (chance < TWICE) under = [last + 1, last + 1];
      else if (chance < TWICE + OLD && last > 0) under = [last + 1, Math.max(1, last - Math.floor(3 * Math.random()))];
      else if (chance < TWICE + OLD + SHUFFLED) under = [last + 3, last + 1, last + 2];
      this.counts.repeated += under.length - new Set(under.map((n) => Math.max(n, last))).size;
      await Promise.all(under.map(step));
      last = Math.max(...under);
      if (this.think > 0) await setTimeout(2 * this.think * Math.random());
    }
    return { id, steps: last };
  }
}

/** The quantile of a list of numbers. */
export const quantile = (list, q) => list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(q * list.length))];
