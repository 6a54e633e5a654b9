/** Server processes on ports of their own, that are killed and come back. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export class Servers {
  /** Those that are up, by number; undefined while one starts again. */
  #all = [];
  #children = new Set();
  killed = 0;
  said = "";

  /** @param env of the servers, beside that of this process */
  constructor(env) {
    this.env = env;
  }

  /** Starts them. @returns their addresses */
  async start(count) {
    this.#all = await Promise.all(Array.from({ length: count }, () => this.#spawn("0")));
    return this.#all.map(({ url }) => url);
  }

  /** Resolves when it is ready. */
  #spawn(port, flags = []) {
    const child = spawn(process.execPath, [...flags, fileURLToPath(new URL("server.js", import.meta.url))], {
      env: { ...process.env, PORT: port, ...this.env },
    });
    this.#children.add(child);
    const ended = new Promise((resolve) => child.once("close", resolve));
    ended.then(() => this.#children.delete(child));
    return new Promise((resolve, reject) => {
      let heard = "";
      child.stderr.on("data", (data) => (this.said += data));
      child.stdout.on("data", (data) => {
        heard += data;
        const [, url] = heard.match(/listening on (\S+)/) ?? [];
        if (/^ready$/m.test(heard)) resolve({ child, url, ended });
      });
      ended.then((code) => reject(new Error(`a server ended with ${code}: ${this.said.slice(-500)}`)));
    });
  }

  /** Kills one of those that are up, as a lost machine would, and starts it again under its address. Resolves when it is ready. */
  async kill(random) {
    const up = [...this.#all.keys()].filter((i) => this.#all[i] !== undefined);
    if (up.length === 0) return;
    const i = up[Math.floor(random * up.length)];
    const { child, url, ended } = this.#all[i];
    this.#all[i] = undefined;
    child.kill("SIGKILL");
    this.killed++;
    await ended;
    this.#all[i] = await this.#spawn(new URL(url).port);
  }

  async stop(signal = "SIGTERM") {
    const ends = Array.from(this.#children, (child) => new Promise((resolve) => child.once("close", resolve)));
    for (const child of this.#children) child.kill(signal);
    await Promise.all(ends);
  }
}
