/** Sessions: streams by a name that only their client knows. They end when nobody uses them, and outlive a restart. */

import { randomUUID } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { writeAtomically } from "memcell/node";

/** Numbers of f32 survive JSON: as f64 they are exact, and are written with all their digits. */
const plain = (state) => Object.fromEntries(Object.entries(state).map(([key, values]) => [key, [...values]]));

export class Sessions {
  /** For each name its stream and when it was used, the one used last at the end. */
  #all = new Map();
  #streams;
  #file;
  #idle;
  #saving = Promise.resolve();

  /** @param idle milliseconds after which a session that nobody uses has ended */
  constructor(streams, { file, idle }) {
    this.#streams = streams;
    this.#file = file;
    this.#idle = idle;
  }

  /** @returns the name of a new session; undefined if all are taken */
  open() {
    this.expire();
    if (this.#streams.size === this.#streams.capacity) return undefined;
    const name = randomUUID();
    this.#all.set(name, { stream: this.#streams.open(), used: Date.now() });
    return name;
  }

  /** @returns the stream of a session, which is in use with that; undefined if there is no such session any more */
  use(name) {
    this.expire();
    const session = this.#all.get(name);
    if (session === undefined) return undefined;
    this.#all.delete(name);
    this.#all.set(name, session);
    session.used = Date.now();
    return session.stream;
  }

  /** @returns whether there was such a session */
  close(name) {
    const session = this.#all.get(name);
    if (session === undefined) return false;
    this.#all.delete(name);
    this.#streams.close(session.stream);
    return true;
  }

  /** Ends those that nobody used for too long: they stand at the beginning. */
  expire() {
    for (const [name, { used }] of this.#all) {
      if (Date.now() - used < this.#idle) return;
      this.close(name);
    }
  }

  /** One after the other, so that the last is what the file has. */
  save() {
    const write = () => {
      this.expire();
      const list = [...this.#all].map(([name, { stream, used }]) => ({ name, used, state: plain(this.#streams.state(stream)) }));
      return writeAtomically(this.#file, JSON.stringify(list));
    };
    this.#saving = this.#saving.then(write, write);
    return this.#saving;
  }

  /** Takes up what was saved: of more than there is room for the ones used last. What cannot be read is set aside and said. */
  async load() {
    let list = [];
    let wrong;
    try {
      list = JSON.parse(await readFile(this.#file, "utf8"));
      if (!Array.isArray(list)) throw new TypeError("it holds no list");
    } catch (error) {
      if (error.code === "ENOENT") return;
      [list, wrong] = [[], error];
    }
    const room = this.#streams.capacity - this.#streams.size;
    if (list.length > room) console.warn(`${list.length} sessions were saved, there is room for ${room}: the ${room} used last go on`);
    for (const session of list.slice(Math.max(0, list.length - room))) {
      try {
        const { name, used, state } = session;
        if (typeof name !== "string" || this.#all.has(name) || !Number.isFinite(used))
          throw new TypeError("a session has no name of its own, or no time");
        this.#all.set(name, { stream: this.#streams.open(state), used: Math.min(used, Date.now()) });
      } catch (error) {
        wrong ??= error;
      }
    }
    if (wrong === undefined) return;
    const aside = `${this.#file}.damaged-${Date.now()}`;
    await rename(this.#file, aside);
    console.warn(`${this.#file} is damaged (${wrong.message}): it is now ${aside}; ${this.#all.size} sessions could be read`);
  }
}
