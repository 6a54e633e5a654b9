/** A worker: as many of them as there are cores, on any number of machines. Each has one job at a time. */

import { Worker } from "bullmq";
import { CANCELLED, createProcessor, STOPPING } from "./processor.js";
import { NAME, openQueue } from "./queue.js";
import { connect, Store } from "./store.js";

/**
 * LOCK: milliseconds after which a job is taken from a worker that is silent; more than the longest update of your largest model.
 * CHECKPOINT: milliseconds between checkpoints.
 * DEATHS: a job whose worker died so often, and once more, is set aside: it may be what they died of.
 */
const { LOCK = "10000", CHECKPOINT = "1000", DEATHS = "10" } = process.env;

const redis = connect();
const queue = openQueue(redis);
const processor = createProcessor({
  store: new Store(redis),
  queue,
  cancel: (id) => worker.cancelJob(id, CANCELLED),
  period: Number(CHECKPOINT),
});
const worker = new Worker(NAME, processor, {
  connection: redis,
  name: `${process.pid}`,
  lockDuration: Number(LOCK),
  stalledInterval: Number(LOCK) / 2,
  maxStalledCount: Number(DEATHS),
});
worker.on("error", (error) => {
  // The connection says itself when it is away.
  if (!/ECONN|closed/i.test(`${error.code} ${error.message}`)) console.error(error.message);
});
worker.on("failed", (job, error) => console.error(`${job?.id}: ${error.message}`));
// Another worker has it, or nobody: two would do no harm, but one is enough.
worker.on("lockRenewalFailed", (ids) => ids.forEach((id) => worker.cancelJob(id, "another worker has the job")));

for (const signal of ["SIGTERM", "SIGINT"]) {
  // A second one ends it at once.
  process.once(signal, async () => {
    worker.cancelAllJobs(STOPPING);
    await worker.close();
    process.exit();
  });
}
