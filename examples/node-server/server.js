/**
 * A model behind HTTP: one model, a session for each client, steps of all sessions in common batches. README.md has the commands.
 *
 * A session is the state of a stream: what the model has seen of that client. Steps that arrive together run as one batch. The
 * states are saved every minute and on SIGTERM, and the next start goes on from them to the bit.
 */

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { loadModel } from "memcell";
import { createBatcher } from "memcell/batcher";
import { writeAtomically } from "memcell/node";
import { Sessions } from "./sessions.js";
import { train } from "./train.js";

const { PORT = "3000", HOST = "localhost", CAPACITY = "1000", QUEUE = "1024", IDLE = "900", DATA = "data" } = process.env;
/** Bytes of a body. A step is a few numbers. */
const BODY = 16 * 1024;
/** Milliseconds: a request has to be here in that time, and at the end one that runs has to be done. */
const [REQUEST, GRACE] = [10_000, 5_000];
/** Milliseconds between savings: what a crash may cost. */
const SAVE = 60_000;

/** "starting", "ready", "stopping": what /ready says. */
let state = "starting";
let sessions;
let batcher;

const refuse = (c, status, error, headers) => c.json({ error }, status, headers);
const app = new Hono();
// What clients do wrong they are told; what goes wrong in here is for the log alone.
app.notFound((c) => refuse(c, 404, "no such page"));
app.onError((error, c) => {
  if (c.req.raw.signal.aborted) return c.body(null, 499);
  console.error(error);
  return refuse(c, 500, "internal error");
});

app.get("/live", (c) => c.json({ state }));
app.get("/ready", (c) => (state === "ready" ? c.json({ state }) : refuse(c, 503, state, { "Retry-After": "5" })));
app.use("/sessions/*", async (c, next) => (state === "ready" ? next() : refuse(c, 503, state, { "Retry-After": "5" })));
// Before the body is read, or as soon as it is too long.
app.use(bodyLimit({ maxSize: BODY, onError: (c) => refuse(c, 413, `a body has at most ${BODY} bytes`) }));

app.post("/sessions", (c) => {
  const id = sessions.open();
  return id === undefined ? refuse(c, 503, "all sessions are taken", { "Retry-After": "60" }) : c.json({ id }, 201);
});

app.post("/sessions/:id", async (c) => {
  const { signal } = c.req.raw;
  let body;
  try {
    body = JSON.parse(await c.req.text());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return refuse(c, 400, "the body is not JSON");
  }
  const stream = sessions.use(c.req.param("id"));
  if (stream === undefined) return refuse(c, 404, "no such session");
  try {
    // A client that goes away takes its step with it.
    const [output] = await batcher.step(stream, body?.input, { signal });
    return c.json({ output });
  } catch (error) {
    if (error.code === "ERR_QUEUE_FULL") return refuse(c, 503, error.message, { "Retry-After": "1" });
    if (state !== "ready") return refuse(c, 503, state, { "Retry-After": "5" });
    if (sessions.use(c.req.param("id")) === undefined) return refuse(c, 404, "no such session");
    if (error instanceof TypeError || error instanceof RangeError) return refuse(c, 400, error.message);
    throw error;
  }
});

app.delete("/sessions/:id", (c) => (sessions.close(c.req.param("id")) ? c.body(null, 204) : refuse(c, 404, "no such session")));

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
    // What waits still runs, and after that no state changes.
    batcher?.close();
    await sessions?.save().catch((error) => {
      console.error("the sessions are not saved:", error.message);
      process.exitCode = 1;
    });
    // Answers under way have their time, connections without a request have none.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    await Promise.race([closed, setTimeout(GRACE)]);
    clearInterval(idle);
    process.exit();
  });
}

mkdirSync(DATA, { recursive: true });
const modelFile = join(DATA, "model.safetensors");
if (!existsSync(modelFile)) await writeAtomically(modelFile, await train());
const streams = loadModel(readFileSync(modelFile)).streams({ capacity: Number(CAPACITY) });
const saved = new Sessions(streams, { file: join(DATA, "sessions.json"), idle: 1000 * Number(IDLE) });
await saved.load();
if (state === "starting") {
  [sessions, batcher, state] = [saved, createBatcher(streams, { queue: Number(QUEUE) }), "ready"];
  console.log("ready");
  setInterval(() => sessions.save().catch((error) => console.error("the sessions are not saved:", error.message)), SAVE).unref();
}
