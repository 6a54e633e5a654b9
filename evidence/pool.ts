/** Trials side by side on worker threads, with a bar that shows how far each is. */

import { Worker } from "node:worker_threads";
import { SingleBar } from "cli-progress";
import type { Result } from "./row.js";
import type { Progress } from "./trial.js";
import type { Job, Message } from "./worker.js";

const whole = (value: number) => Math.round(value).toLocaleString("en");

/** Node 20 does not take tsx by `execArgv` in a worker. */
function startWorker(): Worker {
  const url = JSON.stringify(new URL("worker.ts", import.meta.url).href);
  return new Worker(`import("tsx/esm/api").then((tsx) => (tsx.register(), import(${url})))`, { eval: true });
}

/**
 * Trials under way are lost where it ends before its time.
 * @param until where `performance.now()` ends it
 * @returns whether Ctrl-C stopped it
 */
export async function runJobs(
  jobs: Job[],
  total: number,
  threads: number,
  done: (result: Result) => void,
  until = Infinity,
): Promise<boolean> {
  const bar = new SingleBar({
    format: "{bar} {value}/{total} trials | {eta_formatted} left | {now}",
    noTTYOutput: true,
    notTTYSchedule: 30_000,
  });
  const queue = [...jobs];
  const underWay = new Map<Worker, Job & Progress>();
  const began = performance.now();
  let steps = 0;
  let stopped = false;
  const now = () => {
    const each = [...underWay.values()].map(
      ({ row, trial, sequences, error }) => `${row} ${trial}: ${whole(sequences)}, error ${error.toFixed(3)}`,
    );
    const all = [...underWay.values()].reduce((sum, at) => sum + at.steps, steps);
    return [`${whole((1000 * all) / (performance.now() - began))} steps a second`, ...each].join(" | ");
  };
  bar.start(total, total - jobs.length, { now: "" });
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => startWorker());
  const end = () => {
    for (const worker of workers) worker.terminate();
  };
  const interrupt = () => {
    stopped = true;
    end();
  };
  process.once("SIGINT", interrupt);
  // A timer waits three weeks at most.
  const timer = setTimeout(end, Math.min(2 ** 31 - 1, until - performance.now()));
  const work = (worker: Worker) =>
    new Promise<void>((resolve, reject) => {
      const next = () => {
        const job = queue.shift();
        if (!job) return worker.terminate();
        underWay.set(worker, { ...job, sequences: 0, steps: 0, error: NaN });
        return worker.postMessage(job);
      };
      worker.on("message", (message: Message) => {
        const job = underWay.get(worker) as Job & Progress;
        if ("progress" in message) underWay.set(worker, { ...job, ...message.progress });
        else {
          steps += message.result.steps;
          underWay.delete(worker);
          done(message.result);
          bar.increment();
          next();
        }
        bar.update({ now: now() });
      });
      worker.on("error", reject);
      worker.on("exit", () => resolve());
      next();
    });
  try {
    await Promise.all(workers.map(work));
  } finally {
    clearTimeout(timer);
    process.removeListener("SIGINT", interrupt);
    bar.stop();
  }
  return stopped;
}
