/**
 * A model behind HTTP: one model, a session for each client, steps of all sessions in common batches.
 *
 *     npm install && npm start
 *     curl -X POST localhost:3000/sessions                                 {"id":"…"}
 *     curl -X POST localhost:3000/sessions/… -d '{"input":0.5}'            {"output":0.47}
 *     curl -X DELETE localhost:3000/sessions/…
 *
 * A session is the state of a stream: what the model has seen of that client. Steps that arrive together run as one batch. On
 * SIGTERM the states are saved, and the next start goes on from them to the bit.
 *
 * PORT, CAPACITY (sessions), QUEUE (steps that may wait) and DATA (the folder of what is saved) come from the environment.
 */

import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { loadModel } from "memcell";
import { createBatcher } from "memcell/batcher";
import { train } from "./train.js";

const { PORT = "3000", CAPACITY = "1000", QUEUE = "1024", DATA = "data" } = process.env;
const [modelFile, sessionsFile] = [join(DATA, "model.safetensors"), join(DATA, "sessions.json")];
mkdirSync(DATA, { recursive: true });
if (!existsSync(modelFile)) writeFileSync(modelFile, await train());

const model = loadModel(readFileSync(modelFile));
const streams = model.streams({ capacity: Number(CAPACITY) });
const batcher = createBatcher(streams, { queue: Number(QUEUE) });

/** The stream of each session, by what its client calls it. */
const sessions = new Map();
if (existsSync(sessionsFile)) {
  for (const [name, state] of Object.entries(JSON.parse(readFileSync(sessionsFile, "utf8")))) sessions.set(name, streams.open(state));
}

const app = new Hono();

app.post("/sessions", (c) => {
  if (streams.size === streams.capacity) return c.json({ error: "all sessions are taken" }, 503, { "Retry-After": "60" });
  const id = randomUUID();
  sessions.set(id, streams.open());
  return c.json({ id }, 201);
});

app.post("/sessions/:id", async (c) => {
  const stream = sessions.get(c.req.param("id"));
  if (stream === undefined) return c.json({ error: "no such session" }, 404);
  const { input } = await c.req.json().catch(() => ({}));
  try {
    // A client that goes away takes its step with it.
    const [output] = await batcher.step(stream, input, { signal: c.req.raw.signal });
    return c.json({ output });
  } catch (error) {
    if (error.code === "ERR_QUEUE_FULL") return c.json({ error: error.message }, 503, { "Retry-After": "1" });
    if (error instanceof TypeError || error instanceof RangeError) return c.json({ error: error.message }, 400);
    throw error;
  }
});

app.delete("/sessions/:id", (c) => {
  const stream = sessions.get(c.req.param("id"));
  if (stream === undefined) return c.json({ error: "no such session" }, 404);
  sessions.delete(c.req.param("id"));
  streams.close(stream);
  return c.body(null, 204);
});

const server = serve({ fetch: app.fetch, port: Number(PORT) }, ({ port }) => console.log(`listening on http://localhost:${port}`));

/** Numbers of f32 survive JSON: as f64 they are exact, and are written with all their digits. */
function save() {
  const states = [...sessions].map(([name, stream]) => [
    name,
    Object.fromEntries(Object.entries(streams.state(stream)).map(([key, values]) => [key, [...values]])),
  ]);
  writeFileSync(sessionsFile, JSON.stringify(Object.fromEntries(states)));
}

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    // What waits still runs, and is answered before the server is closed.
    batcher.close();
    save();
    server.close(() => process.exit());
    server.closeIdleConnections();
  });
}
