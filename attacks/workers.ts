/** Workers that end, throw, or exchange garbage at random moments: every promise settles, and the model has its last good update. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { adam, createModel, createTrainer, dense, lstm, type Model, type Sequence } from "memcell";
import { createTrainer as createParallel } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";
import { Random } from "../src/core/random.js";
import { type Attack, PURPOSE } from "./attack.js";
import { Draw } from "./models.js";

const root = new URL("..", import.meta.url).pathname;

/** The package's worker with a way to do harm on request; other messages go on to the package. */
const WORKER = (host: string) => `
import { parentPort } from "node:worker_threads";
import { serve } from "memcell/${host}/host";
const on = parentPort.on.bind(parentPort);
parentPort.on = (event, hear) =>
  on(event, (message) => {
    if (message?.harm === "exit") process.exit(3);
    if (message?.harm === "throw") throw new Error("harm");
    if (message?.harm === "say") parentPort.postMessage(message.garbage);
    else hear(message);
  });
serve();`;

const GARBAGE = [null, undefined, 0, "loss", [], {}, { type: "none" }, { id: -1 }, { loss: undefined }, { error: null }];
const bits = (model: Model) => Buffer.from(model.save()).toString("base64");

export const workers: Attack = {
  name: "workers",
  promise: "where a worker ends everything settles, and the model has its last good update",
  short: 20,
  full: 1000,
  open(seed) {
    const folder = mkdtempSync(join(root, "build", "attacked-workers-"));
    for (const host of ["parallel", "worker"]) writeFileSync(join(folder, `${host}.mjs`), WORKER(host));
    const counts = { done: 0, failed: 0 };
    return {
      async attempt(n) {
        const draw = new Draw(new Random(seed, PURPOSE.workers, n));
        const host = draw.of(["parallel", "worker"] as const);
        const harm = draw.of(["terminate", "exit", "throw", "hear", "say"] as const);
        const garbage = draw.of(GARBAGE);
        const config = { input: { features: 1 }, layers: [lstm({ units: draw.units() }), dense({ units: 1 })], seed: n };
        const options = { loss: "mse", optimizer: adam(), window: 4, batch: 16, seed: n } as const;
        const sequences: Sequence[] = Array.from({ length: 48 }, () => ({ inputs: draw.numbers(12), targets: draw.numbers(12) }));
        const settings = { epochs: 2, every: 1 };

        /** The model after each update of an undisturbed training. */
        const states = new Map<number, string>();
        const undisturbed =
          host === "parallel"
            ? createParallel(createModel(config), { ...options, threads: 2 })
            : createTrainer(createModel(config), options);
        states.set(0, bits(undisturbed.model));
        for await (const _ of undisturbed.fit(sequences, settings)) states.set(undisturbed.updates, bits(undisturbed.model));
        if ("close" in undisturbed) undisturbed.close();

        const started: Worker[] = [];
        const worker = () => {
          const made = new Worker(pathToFileURL(join(folder, `${host}.mjs`)), { execArgv: [] });
          started.push(made);
          return made;
        };
        const model = createModel(config);
        const trainer =
          host === "parallel" ? createParallel(model, { ...options, threads: 2, worker }) : createWorker(model, { ...options, worker });
        const [reports, delay] = [draw.from(0, 12), draw.chance(0.5) ? draw.from(0, 5) : 0];
        const disturb = async () => {
          await setTimeout(delay);
          const [victim] = started;
          if (harm === "terminate") await victim?.terminate();
          else victim?.postMessage(harm === "hear" ? garbage : { harm, garbage });
        };
        let [seen, disturbed] = [0, reports === 0 ? disturb() : undefined];
        try {
          for await (const _ of trainer.fit(sequences, settings)) if (++seen === reports) disturbed = disturb();
          counts.done++;
        } catch (error) {
          if (!(error instanceof Error) || error.message === "") throw new Error(`${host}, ${harm}: failed with ${String(error)}`);
          counts.failed++;
        }
        await disturbed;
        if (bits(model) !== states.get(trainer.updates))
          throw new Error(`${host}, ${harm}: the model is not that of update ${trainer.updates}`);
        trainer.close();
        await Promise.all(started.map((each) => each.terminate()));
      },
      note: () => `${counts.failed} trainings failed with an error, ${counts.done} were done before`,
      close: () => rmSync(folder, { recursive: true }),
    };
  },
};
