/**
 * What the fleet promises, tried: servers are killed, messages repeated and out of order, and every answer is to be the right one.
 *
 *     node chaos.js --minutes 5 --servers 3 --sessions 500 --kill 10
 *     node chaos.js --bench       # steps a second, beside one process without Redis
 */

import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { startRedis } from "../redis.js";
import { Load, quantile } from "./load.js";
import { makeModel } from "./model.js";
import { Servers } from "./servers.js";
import { RedisStore } from "./store.js";

/** @returns what happened, and what is `wrong` with it: nothing, if the promises hold */
export async function chaos({ seconds, servers, sessions, kill, think, restart = false, say = () => {} }) {
  let redis = await startRedis();
  const fleet = new Servers({ REDIS_URL: redis.url });
  try {
    const urls = await fleet.start(servers);
    const load = new Load(urls, await makeModel(), { sessions, think });
    const clients = load.run();
    const started = performance.now();
    const until = (time) => setTimeout(Math.max(0, started + 1000 * time - performance.now()));
    const starting = [];
    for (let time = kill; time < seconds; time += kill) {
      await until(time);
      starting.push(fleet.kill(Math.random()));
      say(`${load.counts.steps} steps, ${fleet.killed} servers killed, ${load.wrong.length} wrong answers`);
      if (restart && time >= seconds / 2) {
        restart = false;
        await redis.stop("SIGKILL");
        redis = await startRedis(redis);
        say("Redis was killed and is back");
      }
    }
    await until(seconds);
    await Promise.all(starting);
    load.stop();
    const ended = await clients;
    const store = new RedisStore({ url: redis.url, idle: 60_000 });
    while (!store.there) await setTimeout(20);
    let lost = 0;
    for (const { id, steps } of ended) lost += steps - ((await store.take(id))?.step ?? 0);
    store.end();
    const wrong = load.wrong.slice(0, 20);
    if (load.wrong.length > 20) wrong.push(`… ${load.wrong.length} in all`);
    if (lost !== 0) wrong.push(`${lost} steps are lost`);
    if (fleet.said.replace(/^Redis is .*\n/gm, "") !== "") wrong.push(`the servers said: ${fleet.said.slice(0, 500)}`);
    return { ...figures(load, seconds), kills: fleet.killed, lost, wrong };
  } finally {
    await fleet.stop("SIGKILL");
    await redis.end();
  }
}

const figures = ({ times, counts }, seconds) => ({
  ...counts,
  stepsPerSecond: Math.round(counts.steps / seconds),
  p50: Number(quantile(times, 0.5).toFixed(1)),
  p99: Number(quantile(times, 0.99).toFixed(1)),
});

/** Seconds of processor time, as the metrics of servers have it. */
async function processorTime(urls) {
  const texts = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  return texts.reduce((sum, text) => sum + Number(/^process_cpu_seconds_total (\S+)/m.exec(text)[1]), 0);
}

/**
 * Steps a second of so many servers under as much load as they take, and a second of a core, which does not depend on what else runs.
 * @param own whether with a Redis
 */
export async function bench({ seconds, servers, sessions, own }) {
  const redis = own ? await startRedis() : undefined;
  const fleet = new Servers(redis ? { REDIS_URL: redis.url } : {});
  const store = redis && new Redis(redis.url);
  const storeTime = async () => {
    const text = store ? await store.info("cpu") : "";
    return [...text.matchAll(/^used_cpu_(?:sys|user):(\S+)/gm)].reduce((sum, [, number]) => sum + Number(number), 0);
  };
  try {
    const urls = await fleet.start(servers);
    const load = new Load(urls, await makeModel(), { sessions, think: 0, plain: true });
    const clients = load.run();
    // Until the compiler has seen enough.
    while (load.counts.steps < 4000 * servers) await setTimeout(100);
    const before = [await processorTime(urls), await storeTime()];
    load.counts.steps = load.times.length = 0;
    await setTimeout(seconds * 1000);
    const { steps, stepsPerSecond, p50, p99 } = figures(load, seconds);
    const [ofServers, ofRedis] = [(await processorTime(urls)) - before[0], (await storeTime()) - before[1]];
    load.stop();
    await clients;
    const perCore = { perServerCore: Math.round(steps / ofServers), perRedisCore: store ? Math.round(steps / ofRedis) : "-" };
    return { servers, redis: own, sessions, stepsPerSecond, p50, p99, ...perCore, wrong: load.wrong.length };
  } finally {
    store?.disconnect();
    await fleet.stop("SIGKILL");
    await redis?.end();
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "5" },
      servers: { type: "string", default: "3" },
      sessions: { type: "string", default: "500" },
      kill: { type: "string", default: "10" },
      think: { type: "string", default: "500" },
      restart: { type: "boolean", default: false },
      bench: { type: "boolean", default: false },
    },
  });
  const { bench: compare, restart, ...texts } = values;
  const { minutes, ...numbers } = Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Number(text)]));
  if (compare) {
    const table = [];
    for (const [servers, own] of [
      [1, false],
      [1, true],
      [numbers.servers, true],
    ])
      table.push(await bench({ seconds: 10, servers, sessions: 64, own }));
    console.table(table);
  } else {
    const { wrong, ...rest } = await chaos({ seconds: 60 * minutes, restart, ...numbers, say: console.log });
    console.log(rest);
    for (const line of wrong) console.error(line);
    process.exitCode = wrong.length > 0 ? 1 : 0;
  }
}
