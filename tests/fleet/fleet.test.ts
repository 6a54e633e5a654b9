/** examples/fleet, with a Redis and servers of its own: what is promised, and what goes wrong. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chaos } from "../../examples/fleet/chaos.js";
import { makeModel, wave } from "../../examples/fleet/model.js";
import { Servers } from "../../examples/fleet/servers.js";
import { RedisStore } from "../../examples/fleet/store.js";
import { startRedis } from "../../examples/redis.js";
import { createModel, dense, loadModel, lstm } from "../../src/index.js";

test("servers and Redis are killed, messages come twice and out of order: no answer is wrong, no step is lost", async () => {
  const { wrong, kills, repeated, early, lost } = await chaos({
    seconds: 20,
    servers: 3,
    sessions: 40,
    kill: 4,
    think: 200,
    restart: true,
  });
  expect(wrong).toEqual([]);
  expect(lost).toBe(0);
  expect(Math.min(kills, repeated, early)).toBeGreaterThan(0);
});

describe("with a Redis", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let store: RedisStore;
  let client: RedisStore["redis"];
  const fleets: Servers[] = [];

  beforeEach(async () => {
    redis = await startRedis();
    store = new RedisStore({ url: redis.url, idle: 60_000 });
    client = store.redis;
    await expect.poll(() => store.there).toBe(true);
  });
  afterEach(async () => {
    for (const fleet of fleets.splice(0)) await fleet.stop("SIGKILL");
    store.end();
    await redis.end();
  });

  async function serve(count: number, env: Record<string, string> = {}) {
    const fleet = new Servers({ REDIS_URL: redis.url, ...env });
    fleets.push(fleet);
    return { fleet, urls: await fleet.start(count) };
  }
  const send = async (url: string, method: string, body?: unknown) => {
    const response = await fetch(url, { method, body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body) });
    const json = response.status === 204 ? null : await response.json();
    return { status: response.status, json, later: response.headers.get("Retry-After") };
  };
  const open = async (url: string) => (await send(`${url}/sessions`, "POST")).json.id as string;
  const step = (url: string, id: string, n: number, input: unknown = wave(1, n)) =>
    send(`${url}/sessions/${id}/steps/${n}`, "PUT", { input });
  /** The right answers: the outputs of the first steps. */
  const right = async (count: number) => {
    const streams = loadModel(await makeModel()).streams({ capacity: 1 });
    const id = streams.open();
    return Array.from({ length: count }, (_, i) => streams.step([id], [wave(1, i + 1)])[0]);
  };
  const patience = { timeout: 20_000 };
  const key = (id: string) => `memcell-fleet:session:${id}`;

  test("any server takes the next step, repeats what was answered, and says what is next", async () => {
    const { urls } = await serve(2);
    const [a, b] = urls as [string, string];
    const expected = await right(12);
    const id = await open(a);
    for (let n = 1; n <= 12; n++) {
      expect((await step(n % 3 ? a : b, id, n)).json).toEqual({ step: n, output: expected[n - 1] });
    }
    // With another input: it is the step that was, all the same.
    expect(await step(a, id, 11, 0.9)).toMatchObject({ status: 200, json: { step: 11, output: expected[10] } });
    expect(await step(b, id, 5)).toMatchObject({ status: 200, json: { output: expected[4] } });
    expect(await step(b, id, 4)).toMatchObject({
      status: 410,
      json: { error: "the answer of step 4 is no longer kept, step 12 was the last" },
    });
    expect(await step(b, id, 14)).toMatchObject({ status: 409, json: { error: "step 14 has come before step 13", next: 13 } });
    expect(await send(`${a}/sessions/${id}`, "DELETE")).toMatchObject({ status: 204 });
    expect(await step(b, id, 13)).toMatchObject({ status: 404, json: { error: "no such session" } });
  });

  test("who has lost a session cannot write: the fence", async () => {
    const { urls } = await serve(1);
    const [url] = urls as [string];
    const expected = await right(3);
    const id = await open(url);
    await step(url, id, 1);
    // As if another server had taken it up and done step 2.
    const { urls: others } = await serve(1);
    expect((await step(others[0]!, id, 2)).json.output).toBe(expected[1]);
    // The first one still has a seat of before, and is asked for step 2 and 3.
    expect((await step(url, id, 2)).json.output).toBe(expected[1]);
    expect((await step(url, id, 3)).json.output).toBe(expected[2]);
    expect(await client.hmget(key(id), "fence", "step")).toEqual(["3", "3"]);
  });

  test("what clients do wrong changes nothing", async () => {
    const { fleet, urls } = await serve(1);
    const [url] = urls as [string];
    const id = await open(url);
    await step(url, id, 1);
    const before = await client.hgetallBuffer(key(id));
    for (const [body, status, words] of [
      ["{", 400, "the body is not JSON"],
      ["null", 400, '"input, step 0" expected a number, got undefined'],
      ['{"input":[1,2]}', 400, "input"],
      ['{"input":1e999}', 400, "expected a finite number, got Infinity"],
      [JSON.stringify({ input: 1, padding: "x".repeat(20_000) }), 413, "a body has at most 16384 bytes"],
    ] as const) {
      const answer = await send(`${url}/sessions/${id}/steps/2`, "PUT", body);
      expect(answer, body.slice(0, 50)).toMatchObject({ status, json: { error: expect.stringContaining(words) } });
    }
    for (const n of ["0", "-1", "1.5", "x", "9007199254740993"])
      expect(await send(`${url}/sessions/${id}/steps/${n}`, "PUT", { input: 1 })).toMatchObject({ status: 400 });
    expect(await step(url, "nobody", 1)).toMatchObject({ status: 404 });
    expect(await client.hgetallBuffer(key(id))).toEqual(before);
    expect((await step(url, id, 2)).json.output).toBe((await right(2))[1]);
    expect(fleet.said).toBe("");
  });

  test("Redis away at the start, and in the middle: said, 503, and nothing lost", async () => {
    await redis.stop();
    const starting = serve(1);
    await expect.poll(() => fleets[0]!.said, patience).toMatch(/^Redis is away \(ECONNREFUSED\): trying again\n/);
    redis = await startRedis(redis);
    const { fleet, urls } = await starting;
    const [url] = urls as [string];
    const id = await open(url);
    await step(url, id, 1);
    await redis.stop("SIGKILL");
    await expect.poll(async () => (await step(url, id, 2)).json, patience).toEqual({ error: "the store is away" });
    expect(await step(url, id, 2)).toMatchObject({ status: 503, later: "1" });
    expect(await send(`${url}/ready`, "GET")).toMatchObject({ status: 503 });
    expect(await send(`${url}/live`, "GET")).toMatchObject({ status: 200 });
    redis = await startRedis(redis);
    await expect.poll(async () => (await step(url, id, 2)).status, patience).toBe(200);
    expect((await step(url, id, 3)).json.output).toBe((await right(3))[2]);
    expect(fleet.said).toMatch(/^(Redis is away \([^)]*\): trying again\nRedis is there\n){2}$/);
  });

  test("a full Redis: 503, and the step is as if it had not been", async () => {
    const { urls } = await serve(1);
    const [url] = urls as [string];
    const id = await open(url);
    await step(url, id, 1);
    await client.config("SET", "maxmemory", "1mb");
    expect(await step(url, id, 2)).toMatchObject({ status: 503, later: "1", json: { error: "the store is full" } });
    expect(await send(`${url}/sessions`, "POST")).toMatchObject({ status: 503, json: { error: "the store is full" } });
    await client.config("SET", "maxmemory", "0");
    for (const [i, output] of (await right(4)).entries()) if (i > 0) expect((await step(url, id, i + 1)).json.output).toBe(output);
  });

  test.each([
    [
      "the state of another model",
      {
        state: Buffer.from(
          createModel({ input: { features: 1 }, layers: [lstm({ units: 4 }), dense({ units: 1 })] })
            .stream()
            .stateBytes(),
        ),
      },
      /the session cannot go on: "bytes" expected the state of a model with these layers/,
    ],
    ["another model's session", { model: "0123" }, /the session began with model 0123, this server has [0-9a-f]{16}/],
    [
      "a state of a later version",
      { state: Buffer.from("MCS\x02".padEnd(524, "\0")) },
      /the session cannot go on: "bytes" expected a state of stateBytes\(\), version 1/,
    ],
    ["a damaged state", { state: Buffer.from("hello") }, /the session cannot go on: "bytes" expected a state/],
  ])("%s is refused", async (_, fields, words) => {
    const { fleet, urls } = await serve(1);
    const id = await open(urls[0]!);
    await client.hset(key(id), fields);
    expect(await step(urls[0]!, id, 1)).toMatchObject({ status: 410, json: { error: expect.stringMatching(words) } });
    expect(fleet.said).toBe("");
  });

  test("load is shed, seats are given up for others, and sessions that nobody uses end", async () => {
    const { urls } = await serve(1, { LIMIT: "4", SEATS: "2", IDLE: "5" });
    const [url] = urls as [string];
    const ids = [await open(url), await open(url), await open(url)];
    const expected = await right(2);
    for (const n of [1, 2]) for (const id of ids) expect((await step(url, id, n)).json.output).toBe(expected[n - 1]);
    // Redis is slow for a while.
    await client.client("PAUSE", 1000, "ALL");
    const many = await Promise.all(Array.from({ length: 30 }, () => step(url, ids[0]!, 3)));
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^memcell_steps_total\{result="done"\} 7$/m);
    expect(metrics).toMatch(/^memcell_steps_total\{result="503"\} [1-9]/m);
    expect(metrics).toMatch(/^memcell_store_up 1$/m);
    expect(metrics).toMatch(/^memcell_step_seconds_bucket\{le="0.1"\} \d/m);
    await expect.poll(() => client.exists(key(ids[1]!)), patience).toBe(0);
    expect(await step(url, ids[1]!, 3)).toMatchObject({ status: 404 });
  });

  test("a clock that jumps is nobody's business", async () => {
    const jump = `const now = Date.now; Date.now = () => now() + 3600e3 * ((Math.floor(now() / 100) % 2) * 3 - 2);`;
    const { urls } = await serve(1, { IDLE: "30", NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(jump)}` });
    const id = await open(urls[0]!);
    for (const [i, output] of (await right(10)).entries()) {
      expect((await step(urls[0]!, id, i + 1)).json.output).toBe(output);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await client.pttl(key(id))).toBeGreaterThan(25_000);
  });

  test("one process, without Redis, gives the same answers", async () => {
    const { urls } = await serve(1, { REDIS_URL: "" });
    const id = await open(urls[0]!);
    for (const [i, output] of (await right(5)).entries()) expect((await step(urls[0]!, id, i + 1)).json).toEqual({ step: i + 1, output });
    expect((await step(urls[0]!, id, 2)).json.output).toBe((await right(2))[1]);
    expect(await send(`${urls[0]}/sessions/${id}`, "DELETE")).toMatchObject({ status: 204 });
    expect(await step(urls[0]!, id, 6)).toMatchObject({ status: 404 });
  });
});
