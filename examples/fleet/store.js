/**
 * Sessions in Redis. Each is a hash: the state that it has come to, after which step, the last answers, the model's name, and a fence.
 * Whoever takes a session up raises its fence; who took it up before can write no more. So of two servers that have one session, one
 * writes, and a server that was away for a while (a long pause, a lost network) finds out when it comes back.
 */

import { Redis } from "ioredis";

const PREFIX = "memcell-fleet";
/** So many answers of a session are kept: a client may have as many steps under way. */
export const ANSWERS = 8;
/** Milliseconds: Redis answers in less than one, or is in trouble. */
const PATIENCE = 2000;

/** KEYS: session. ARGV: model, state, milliseconds to live. */
const OPEN = `
redis.call("HSET", KEYS[1], "model", ARGV[1], "state", ARGV[2], "step", 0, "fence", 0)
redis.call("PEXPIRE", KEYS[1], ARGV[3])`;

/** KEYS: session. ARGV: milliseconds to live. */
const TAKE = `
if redis.call("EXISTS", KEYS[1]) == 0 then return nil end
local fence = redis.call("HINCRBY", KEYS[1], "fence", 1)
redis.call("PEXPIRE", KEYS[1], ARGV[1])
return { fence, redis.call("HGETALL", KEYS[1]) }`;

/**
 * KEYS: session. ARGV: fence, step, state, answer, its place, milliseconds to live. All of a step is written, or nothing. The same step
 * of the same server once more, after a broken connection, is as good as the first.
 */
const COMMIT = `
local now = redis.call("HMGET", KEYS[1], "fence", "step")
if not now[1] then return "gone" end
if now[1] ~= ARGV[1] then return "taken" end
if now[2] == ARGV[2] then return "done" end
redis.call("HSET", KEYS[1], "step", ARGV[2], "state", ARGV[3], "answer" .. ARGV[5], ARGV[4])
redis.call("PEXPIRE", KEYS[1], ARGV[6])
return "done"`;

export class RedisStore {
  /** @param idle milliseconds after which a session that nobody uses ends, by Redis's clock alone */
  constructor({ url, idle, onChange = () => {} }) {
    this.idle = idle;
    // A step is not to wait for a Redis that is away: its client is told, and comes again.
    this.redis = new Redis(url, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: PATIENCE,
      retryStrategy: (times) => Math.min(50 * times, 1000),
    });
    this.redis.defineCommand("openSession", { numberOfKeys: 1, lua: OPEN });
    this.redis.defineCommand("takeSession", { numberOfKeys: 1, lua: TAKE });
    this.redis.defineCommand("commitStep", { numberOfKeys: 1, lua: COMMIT });
    let why = "closed";
    this.redis.on("error", (error) => (why = error.code ?? error.message));
    this.redis.on("reconnecting", () => onChange(false, why));
    this.redis.on("ready", () => onChange(true));
  }

  get there() {
    return this.redis.status === "ready";
  }

  #key(id) {
    return `${PREFIX}:session:${id}`;
  }

  open(id, model, state) {
    return this.redis.openSession(this.#key(id), model, state, this.idle);
  }

  /** Takes a session up. @returns undefined if there is none */
  async take(id) {
    const found = await this.redis.takeSessionBuffer(this.#key(id), this.idle);
    if (found === null) return undefined;
    const [fence, list] = found;
    const fields = new Map();
    for (let i = 0; i < list.length; i += 2) fields.set(`${list[i]}`, list[i + 1]);
    const step = Number(fields.get("step"));
    const answers = new Map();
    for (let n = Math.max(1, step - ANSWERS + 1); n <= step; n++) answers.set(n, `${fields.get(`answer${n % ANSWERS}`)}`);
    return { fence: Number(fence), step, answers, model: `${fields.get("model")}`, state: fields.get("state") };
  }

  /** @returns "done"; "taken" if another server has the session, "gone" if it has ended */
  commit(id, fence, step, state, answer) {
    return this.redis.commitStep(this.#key(id), fence, step, Buffer.from(state), answer, step % ANSWERS, this.idle);
  }

  async close(id) {
    return (await this.redis.del(this.#key(id))) === 1;
  }

  /** The bytes of the model that all servers share: the first to come makes it. */
  async model(make) {
    const key = `${PREFIX}:model`;
    const known = await this.redis.getBuffer(key);
    if (known) return known;
    await this.redis.set(key, Buffer.from(await make()), "NX");
    return this.redis.getBuffer(key);
  }

  end() {
    this.redis.disconnect();
  }
}
