/** The queue: jobs in, with back pressure, and jobs out of turn. */

import { setTimeout } from "node:timers/promises";
import { Queue } from "bullmq";
import { idOf } from "./study.js";

export const NAME = "memcell-train";
/** Jobs that may wait: the rest stays with whoever adds them. */
const WAITING = 1000;

const OPTIONS = {
  // A try that fails for want of something, such as room in Redis, is made again after 1, 2, 4, 8 s.
  attempts: 5,
  backoff: { type: "exponential", delay: 1000 },
  // Jobs hold keys alone.
  sizeLimit: 1024,
  // Results are in the store: jobs that are done stay a day for the page, and for the count.
  removeOnComplete: { age: 24 * 3600 },
};

export function openQueue(connection) {
  const queue = new Queue(NAME, { connection, defaultJobOptions: OPTIONS });
  // The connection says itself when it is away.
  return queue.on("error", () => {});
}

/** Adds jobs; those that are there already stay as they are. */
export const addJobs = (queue, jobs) => queue.addBulk(jobs.map((data) => ({ name: "train", data, opts: { jobId: idOf(data) } })));

/** Adds the jobs of an iterable of lists, as fast as they are taken. */
export async function addAll(queue, lists, waiting = WAITING) {
  for await (const jobs of lists) {
    while ((await queue.getWaitingCount()) >= waiting) await setTimeout(200);
    await addJobs(queue, jobs);
  }
}

/**
 * Cancels a trial: its job leaves the queue, or, where a worker has it, ends at the next checkpoint, which is kept.
 * @returns "removed", or "asked" where a worker has it
 */
export async function cancel(queue, store, job) {
  await store.cancel(job);
  const waiting = await queue.getJob(idOf(job));
  return waiting && (await waiting.isActive()) === false && (await queue.remove(idOf(job))) === 1 ? "removed" : "asked";
}
