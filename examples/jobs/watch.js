/** The terminal view: how many jobs are done, what runs, and the table at the end. */

import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { SingleBar } from "cli-progress";
import { openQueue } from "./queue.js";
import { tableOf } from "./results.js";
import { connect, Store } from "./store.js";
import { STUDY } from "./study.js";

/** The jobs that are set aside, with their errors. */
export async function setAside(queue) {
  const failed = await queue.getFailed(0, 99);
  return failed.map(({ id, failedReason, attemptsMade }) => ({ id, tries: attemptsMade, error: failedReason }));
}

/**
 * Shows the queue until no job is left.
 * @param done whether all jobs are in the queue by now
 */
export async function watch(queue, store, study, done = () => true) {
  const bar = new SingleBar({ format: "{bar} {value}/{total} | {active} run, {failed} set aside | {running}", hideCursor: true });
  bar.start(0, 0, { active: 0, failed: 0, running: "" });
  for (;;) {
    const all = done();
    const { completed, failed, active, waiting, delayed } = await queue.getJobCounts("completed", "failed", "active", "waiting", "delayed");
    const left = active + waiting + delayed;
    const running = await queue.getActive(0, 3);
    const now = running.map(({ id, progress }) => `${id} ${progress.epochs ?? 0}/${progress.of ?? "?"}`).join(", ");
    bar.setTotal(completed + failed + left);
    bar.update(completed + failed, { active, failed, running: now });
    if (all && left === 0) break;
    await setTimeout(250);
  }
  bar.stop();
  console.table(tableOf(await store.results(study)).slice(0, 20));
  const aside = await setAside(queue);
  if (aside.length > 0) console.table(aside);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const redis = connect();
  const queue = openQueue(redis);
  await watch(queue, new Store(redis), process.argv[2] ?? STUDY.name);
  await queue.close();
  redis.disconnect();
}
