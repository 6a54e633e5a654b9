/** The page: Bull Board, where jobs can be seen, retried and removed; /results; /metrics in Prometheus's text. For yourself: on localhost. */

import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { HonoAdapter } from "@bull-board/hono";
import { serve } from "@hono/node-server";
import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import { openQueue } from "./queue.js";
import { tableOf } from "./results.js";
import { connect, Store } from "./store.js";

const { PORT = "3001", HOST = "localhost" } = process.env;

const redis = connect();
const queue = openQueue(redis);
const store = new Store(redis);
const app = new Hono();
app.get("/metrics", async (c) => c.text(await queue.exportPrometheusMetrics()));
app.get("/results/:study", async (c) => c.json(tableOf(await store.results(c.req.param("study")))));
const board = new HonoAdapter(serveStatic);
createBullBoard({ queues: [new BullMQAdapter(queue)], serverAdapter: board });
board.setBasePath("/");
app.route("/", board.registerPlugin());

const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: HOST });
server.on("listening", () => console.log(`http://localhost:${server.address().port}`));
