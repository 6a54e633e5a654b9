/**
 * What the jobs promise, tried: workers are killed at random and Redis once, and every model is to have the bits of an undisturbed run.
 *
 *     node chaos.js --models 200 --workers 4 --kill 3      # a SIGKILL every 3 s
 *     node chaos.js --speed                                # two workers beside one
 */

import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { startRedis } from "../redis.js";
import { Crew } from "./crew.js";
import { addAll, openQueue } from "./queue.js";
import { makeSeries } from "./series.js";
import { connect, Store } from "./store.js";
import { firstJobs, parametersOf, STUDY } from "./study.js";
import { train } from "./train.js";
import { setAside } from "./watch.js";

/** A model of a second or so for each series. */
const MODELS = { ...STUDY, name: "chaos", trials: 1, rungs: [60], units: [16] };
const STEPS = 1500;
/** Milliseconds. In chaos nobody waits 10 s for a worker that is gone. */
const TIMES = { LOCK: "2000", CHECKPOINT: "200" };

async function open(models, redis) {
  const connection = connect(redis.url);
  const [queue, store] = [openQueue(connection), new Store(connection)];
  await store.putStudy(MODELS);
  const jobs = Array.from({ length: models }, (_, i) => firstJobs(MODELS, `series${i}`)[0]);
  for (const [i, { series }] of jobs.entries()) await store.putSeries(series, makeSeries(i, STEPS));
  const close = async () => {
    await queue.close();
    connection.disconnect();
  };
  return { queue, store, jobs, close };
}

/** @returns what happened, and what is `wrong` with it: nothing, if the promises hold */
export async function chaos({ models, workers, kill, restart = true, seed = 1, say = () => {} }) {
  let redis = await startRedis();
  const { queue, store, jobs, close } = await open(models, redis);
  const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const started = performance.now();
  const crew = new Crew(workers, { ...TIMES, REDIS_URL: redis.url });
  const adding = addAll(queue, [jobs], models);
  let [next, restarted, done] = [kill * 1000, false, 0];
  const wrong = [];
  try {
    await adding;
    for (;;) {
      await setTimeout(50);
      const counts = await queue.getJobCounts("completed", "failed");
      done = counts.completed + counts.failed;
      if (done === models) break;
      const now = performance.now() - started;
      if (restart && !restarted && done >= models / 2) {
        restarted = true;
        await redis.stop("SIGKILL");
        await setTimeout(500);
        redis = await startRedis(redis);
        say("Redis was killed and is back");
      }
      if (now > next) {
        crew.kill(random());
        next += kill * 1000;
        say(`${done} of ${models}, ${crew.killed} workers killed`);
      }
    }
    const seconds = (performance.now() - started) / 1000;
    for (const { id, error } of await setAside(queue)) wrong.push(`${id}: ${error}`);
    await crew.stop();
    say("each once more, undisturbed");
    let [again, unlike] = [0, 0];
    for (const [i, job] of jobs.entries()) {
      const { sha256 } = await train(parametersOf(MODELS, job.trial), makeSeries(i, STEPS), { epochs: MODELS.rungs[0] });
      if ((await store.result(job))?.sha256 !== sha256) unlike++;
      if ((await store.begun(job)) !== 1) again++;
    }
    if (unlike > 0) wrong.push(`${unlike} models have other bits than undisturbed`);
    if (again > 0) wrong.push(`${again} models were trained from nothing more or less than once`);
    const tries = (await queue.getCompleted()).reduce((sum, { attemptsStarted }) => sum + attemptsStarted, 0);
    return { models, seconds, kills: crew.killed, restarts: Number(restarted), tries, wrong };
  } finally {
    await crew.stop("SIGKILL");
    await close();
    await redis.end();
  }
}

/** @returns seconds for as many models with that many workers, which are there before the first job */
export async function timed(models, workers) {
  const redis = await startRedis();
  const { queue, jobs, close } = await open(models, redis);
  const crew = new Crew(workers, { REDIS_URL: redis.url });
  try {
    while ((await queue.getWorkersCount()) < workers) await setTimeout(100);
    await queue.pause();
    await addAll(queue, [jobs], models);
    const started = performance.now();
    await queue.resume();
    while ((await queue.getCompletedCount()) < models) await setTimeout(20);
    return (performance.now() - started) / 1000;
  } finally {
    await crew.stop("SIGKILL");
    await close();
    await redis.end();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      models: { type: "string", default: "200" },
      workers: { type: "string", default: "4" },
      kill: { type: "string", default: "3" },
      seed: { type: "string", default: "1" },
      speed: { type: "boolean", default: false },
    },
  });
  const { speed, ...numbers } = values;
  const { models, workers, kill, seed } = Object.fromEntries(Object.entries(numbers).map(([name, text]) => [name, Number(text)]));
  if (speed) {
    // By turns, as other work on the machine comes and goes.
    const times = { one: [], two: [] };
    for (let round = 0; round < 5; round++) {
      times.one.push(await timed(models, 1));
      times.two.push(await timed(models, 2));
    }
    const [one, two] = Object.values(times).map((list) => list.sort((a, b) => a - b)[2]);
    console.log(
      `${models} models: ${one.toFixed(1)} s with one worker, ${two.toFixed(1)} s with two, ${(one / two).toFixed(2)} times as fast`,
    );
    console.log(times);
  } else {
    const { wrong, ...figures } = await chaos({ models, workers, kill, seed, say: console.log });
    console.log(figures);
    for (const line of wrong) console.error(line);
    process.exitCode = wrong.length > 0 ? 1 : 0;
  }
}
