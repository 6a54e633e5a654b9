/** kill -9 at a random moment of a process that only saves: the checkpoint must load, with everything saved before. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { adam, createModel, createTrainer, dense, lstm, resumeTrainer } from "memcell";
import { Random } from "../src/core/random.js";
import { type Attack, PURPOSE } from "./attack.js";

/** Reports after each save how many updates the file has. The parent's `root` is where "memcell" is found. */
const CHILD = `
import { readFileSync } from "node:fs";
import { resumeTrainer } from "memcell";
import { writeAtomically } from "memcell/node";
const [file] = process.argv.slice(1);
const trainer = resumeTrainer(readFileSync(file));
for (;;) {
  trainer.step([{ inputs: [1], targets: [1] }]);
  await writeAtomically(file, trainer.save());
  process.stdout.write(trainer.updates + "\\n");
}`;

const root = new URL("..", import.meta.url);

export const kills: Attack = {
  name: "kills",
  promise: "a process killed while it saves loses nothing",
  short: 3,
  full: 200,
  open(seed) {
    const folder = mkdtempSync(join(tmpdir(), "memcell-kills-"));
    const file = join(folder, "checkpoint.safetensors");
    const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 200 }), dense({ units: 1 })], seed: 1 });
    writeFileSync(file, createTrainer(model, { loss: "mse", optimizer: adam() }).save());
    const size = statSync(file).size;
    let saved = 0;
    return {
      async attempt(n) {
        const random = new Random(seed, PURPOSE.kills, n);
        const child = spawn(process.execPath, ["--input-type=module", "--eval", CHILD, file], {
          cwd: root,
          stdio: ["ignore", "pipe", "inherit"],
        });
        const closed = once(child, "close");
        const lines = createInterface(child.stdout);
        let last = 0;
        lines.on("line", (line) => {
          last = Number(line);
          saved++;
        });
        try {
          await Promise.race([once(lines, "line"), closed]);
          await setTimeout(40 * random.uniform());
        } finally {
          child.kill("SIGKILL");
          await closed;
        }
        if (last === 0) throw new Error("the process ended before it saved");
        const { updates } = resumeTrainer(readFileSync(file));
        if (updates < last) throw new Error(`the file has ${updates} updates, after ${last} had been saved`);
      },
      note: () => `${saved} checkpoints of ${Math.round(size / 1000)} kB were saved in between`,
      close: () => rmSync(folder, { recursive: true }),
    };
  },
};
