/**
 * All of it on one machine: a Redis, a worker for each core, and a study of twenty series. With REDIS_URL it takes that Redis, and workers
 * of other machines help.
 */

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { startRedis } from "../redis.js";
import { addAll, openQueue } from "./queue.js";
import { makeSeries } from "./series.js";
import { connect, Store } from "./store.js";
import { firstJobs, STUDY } from "./study.js";
import { watch } from "./watch.js";

const { SERIES = "20", WORKERS = `${availableParallelism()}` } = process.env;

const own = process.env.REDIS_URL ? undefined : await startRedis();
if (own) process.env.REDIS_URL = own.url;
console.log(`REDIS_URL=${process.env.REDIS_URL} npm run worker   # one more worker; npm run page: a page`);
const redis = connect();
const [queue, store] = [openQueue(redis), new Store(redis)];
await store.putStudy(STUDY);
const workers = Array.from({ length: Number(WORKERS) }, () => spawn(process.execPath, ["worker.js"], { stdio: "inherit" }));

let all = false;
async function* jobs() {
  for (let i = 0; i < Number(SERIES); i++) {
    await store.putSeries(`series${i}`, makeSeries(i));
    yield firstJobs(STUDY, `series${i}`);
  }
  all = true;
}
await Promise.all([addAll(queue, jobs()), watch(queue, store, STUDY.name, () => all)]);

for (const worker of workers) worker.kill("SIGTERM");
await queue.close();
redis.disconnect();
await own?.end();
