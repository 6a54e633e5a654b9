/**
 * A model behind HTTP, one of several servers: any of them takes any step of any session, and any may die. README.md has the commands.
 * Without REDIS_URL it is one process, with its sessions in memory.
 */

import { createHash } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { loadModel } from "memcell";
import { MemoryStore } from "./memory.js";
import { seconds, steps, text, watchSessions } from "./metrics.js";
import { makeModel } from "./model.js";
import { Refusal, Sessions } from "./sessions.js";
import { RedisStore } from "./store.js";

const { PORT = "3000", HOST = "localhost", SEATS = "1000", LIMIT = "1024", IDLE = "900", REDIS_URL } = process.env;
/** Bytes of a body. A step is a few numbers. */
const BODY = 16 * 1024;
/** Milliseconds: a request has to be here in that time, and at the end one that runs has to be done. */
const [REQUEST, GRACE] = [10_000, 5_000];

/** "starting", "ready", "stopping": what /ready says. */
let state = "starting";
let sessions;
let said;
const onChange = (there, why) => {
  if (said !== there && (said !== undefined || !there)) console.error(there ? "Redis is there" : `Redis is away (${why}): trying again`);
  said = there;
};
const idle = 1000 * Number(IDLE);
const store = REDIS_URL ? new RedisStore({ url: REDIS_URL, idle, onChange }) : new MemoryStore({ idle });

const app = new Hono();
const refuse = (c, status, error, { retryAfter, ...more } = {}) =>
  c.json({ error, ...more }, status, retryAfter === undefined ? {} : { "Retry-After": `${retryAfter}` });
// What clients do wrong they are told; what goes wrong in here is for the log alone.
app.notFound((c) => refuse(c, 404, "no such page"));
app.onError((error, c) => {
  if (error instanceof Refusal) return refuse(c, error.status, error.message, error.more);
  console.error(error);
  return refuse(c, 500, "internal error");
});

app.get("/live", (c) => c.json({ state }));
// A balancer sends no one here while Redis is away; another server may reach it.
app.get("/ready", (c) => (state === "ready" && store.there ? c.json({ state }) : refuse(c, 503, state, { retryAfter: 1 })));
app.get("/metrics", async (c) => c.text(await text()));
app.use("/sessions/*", async (c, next) => (state === "ready" ? next() : refuse(c, 503, state, { retryAfter: 1 })));
app.use(bodyLimit({ maxSize: BODY, onError: (c) => refuse(c, 413, `a body has at most ${BODY} bytes`) }));

app.post("/sessions", async (c) => c.json({ id: await sessions.open(), model: sessions.name }, 201));

app.put("/sessions/:id/steps/:n", async (c) => {
  const ended = seconds.startTimer();
  try {
    const n = Number(c.req.param("n"));
    if (!Number.isSafeInteger(n) || n < 1) throw new Refusal(400, "steps are numbered from 1");
    let body;
    try {
      body = JSON.parse(await c.req.text());
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new Refusal(400, "the body is not JSON");
    }
    const { answer, repeated } = await sessions.step(c.req.param("id"), n, body?.input);
    steps.inc({ result: repeated ? "repeated" : "done" });
    return c.body(answer, 200, { "Content-Type": "application/json" });
  } catch (error) {
    steps.inc({ result: error instanceof Refusal ? error.status : 500 });
    throw error;
  } finally {
    ended();
  }
});

app.delete("/sessions/:id", async (c) => {
  await sessions.close(c.req.param("id"));
  return c.body(null, 204);
});

const server = serve({
  fetch: app.fetch,
  port: Number(PORT),
  hostname: HOST,
  serverOptions: { headersTimeout: REQUEST, requestTimeout: REQUEST, connectionsCheckingInterval: 1000 },
});
server.on("listening", () => console.log(`listening on http://localhost:${server.address().port}`));

for (const signal of ["SIGTERM", "SIGINT"]) {
  // A second one ends it at once.
  process.once(signal, async () => {
    state = "stopping";
    const closed = new Promise((resolve) => server.close(resolve));
    sessions?.stop();
    // Answers under way have their time, connections without a request have none.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    await Promise.race([closed, setTimeout(GRACE)]);
    clearInterval(idle);
    process.exit();
  });
}

let bytes;
while (bytes === undefined) {
  if (store.there) bytes = await store.model(makeModel).catch((error) => console.error(`no model yet: ${error.message}`));
  if (bytes === undefined) await setTimeout(100);
}
const name = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
sessions = new Sessions(loadModel(bytes), name, store, { capacity: Number(SEATS), limit: Number(LIMIT) });
watchSessions(sessions, store);
if (state === "starting") {
  state = "ready";
  console.log("ready");
}
