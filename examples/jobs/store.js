/** What is too large for a job: series, checkpoints, results, models. Bytes in Redis, under keys that jobs name. */

import { Redis } from "ioredis";

const PREFIX = "memcell-jobs";
/** The most bytes of a series. Redis takes 512 MB, but moves it in one piece. */
export const LARGEST = 64 * 2 ** 20;
/** Seconds for which the checkpoint of a trial is kept that nobody takes on. */
const KEPT = 7 * 24 * 3600;

/**
 * A newer checkpoint takes the place of an older one, never the other way round: of two workers that train the same trial, the slower
 * one changes nothing. KEYS: checkpoint, cancelled. ARGV: updates, epochs, bytes, seconds, whether it began from nothing.
 * Returns 1 if the trial was cancelled.
 */
const KEEP = `
if tonumber(redis.call("HGET", KEYS[1], "updates") or -1) < tonumber(ARGV[1]) then
  redis.call("HSET", KEYS[1], "updates", ARGV[1], "epochs", ARGV[2], "bytes", ARGV[3])
  if ARGV[5] == "1" then redis.call("HINCRBY", KEYS[1], "begun", 1) end
  redis.call("EXPIRE", KEYS[1], ARGV[4])
end
return redis.call("EXISTS", KEYS[2])`;

/** A connection that says once when Redis is away and when it is back, and tries until then; commands wait for it. */
export function connect(url = process.env.REDIS_URL ?? "redis://127.0.0.1:6379") {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: (times) => Math.min(100 * times, 2000) });
  let [away, why] = [false, "closed"];
  redis.on("error", (error) => (why = error.code ?? error.message));
  redis.on("reconnecting", () => {
    if (!away) console.error(`Redis at ${url.replace(/\/\/.*@/, "//")} is away (${why}): trying again`);
    away = true;
  });
  redis.on("ready", () => {
    if (away) console.error("Redis is there");
    away = false;
  });
  redis.defineCommand("keepCheckpoint", { numberOfKeys: 2, lua: KEEP });
  return redis;
}

const key = (...parts) => [PREFIX, ...parts].join(":");
const trialKey = ({ study, series, trial }) => key("checkpoint", study, series, trial);
const cancelledKey = ({ study, series, trial }) => key("cancelled", study, series, trial);
const resultsKey = (study, series) => key("results", study, series);

export class Store {
  constructor(redis) {
    this.redis = redis;
  }

  /** @throws RangeError if the series is too large, or is none */
  async putSeries(name, series) {
    if (!/^[\w.]+$/.test(name))
      throw new RangeError(`the name of a series has letters, digits, _ and . alone, not ${JSON.stringify(name)}`);
    if (!(series instanceof Float32Array)) throw new TypeError(`series ${name}: expected a Float32Array`);
    if (series.byteLength > LARGEST) throw new RangeError(`series ${name} has ${series.byteLength} bytes, more than ${LARGEST}`);
    await this.redis.set(key("series", name), Buffer.from(series.buffer, series.byteOffset, series.byteLength));
  }

  /** @returns undefined if it is not there */
  async series(name) {
    const bytes = await this.redis.getBuffer(key("series", name));
    return bytes === null ? undefined : new Float32Array(Uint8Array.from(bytes).buffer);
  }

  putStudy(study) {
    return this.redis.set(key("study", study.name), JSON.stringify(study));
  }

  async study(name) {
    return JSON.parse(await this.redis.get(key("study", name)));
  }

  /** @returns whether the trial was cancelled meanwhile */
  async keep(job, { updates, epochs, bytes }, fromNothing) {
    const cancelled = await this.redis.keepCheckpoint(
      trialKey(job),
      cancelledKey(job),
      updates,
      epochs,
      Buffer.from(bytes),
      KEPT,
      +fromNothing,
    );
    return cancelled === 1;
  }

  async checkpoint(job) {
    const { updates, epochs, bytes } = await this.redis.hgetallBuffer(trialKey(job));
    return bytes && { updates: Number(updates), epochs: Number(epochs), bytes };
  }

  /** How often a trial was trained from nothing. */
  async begun(job) {
    return Number(await this.redis.hget(trialKey(job), "begun"));
  }

  cancel(job) {
    return this.redis.set(cancelledKey(job), 1, "EX", KEPT);
  }

  async cancelled(job) {
    return (await this.redis.exists(cancelledKey(job))) === 1;
  }

  /** The model goes with the result: both are there, or none. */
  async putResult(job, result, model) {
    await this.redis
      .multi()
      .set(key("model", job.study, job.series, job.trial), Buffer.from(model))
      .hset(resultsKey(job.study, job.series), `${job.trial}-${job.rung}`, JSON.stringify(result))
      .sadd(key("done", job.study), job.series)
      .exec()
      .then((replies) => {
        for (const [error] of replies) if (error) throw error;
      });
  }

  async result(job) {
    const text = await this.redis.hget(resultsKey(job.study, job.series), `${job.trial}-${job.rung}`);
    return text === null ? undefined : JSON.parse(text);
  }

  /** Of one series, or of all, as they are now. */
  async results(study, series) {
    const all = series === undefined ? await this.redis.smembers(key("done", study)) : [series];
    const lists = await Promise.all(all.map((one) => this.redis.hvals(resultsKey(study, one))));
    return lists.flat().map((text) => JSON.parse(text));
  }

  model({ study, series, trial }) {
    return this.redis.getBuffer(key("model", study, series, trial));
  }
}
