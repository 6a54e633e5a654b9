/** Worker processes that are killed and followed by others. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export class Crew {
  #all = new Set();
  killed = 0;

  /** @param env of the workers, beside that of this process */
  constructor(count, env) {
    this.env = env;
    for (let i = 0; i < count; i++) this.#add();
  }

  #add() {
    const child = spawn(process.execPath, [fileURLToPath(new URL("worker.js", import.meta.url))], {
      env: { ...process.env, ...this.env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr.on("data", (data) => (this.said += data));
    this.#all.add(child);
  }

  /** All that workers have said. */
  said = "";

  /** Kills one, as a lost machine would, and starts another. */
  kill(random) {
    const child = [...this.#all][Math.floor(random * this.#all.size)];
    child.kill("SIGKILL");
    this.#all.delete(child);
    this.killed++;
    this.#add();
  }

  /** Lets them end, with what they have in hand given back. */
  async stop(signal = "SIGTERM") {
    await Promise.all(
      [...this.#all].map((child) => {
        const ended = child.exitCode === null && child.signalCode === null ? once(child, "exit") : undefined;
        child.kill(signal);
        return ended;
      }),
    );
  }
}
