/** examples/compose.yaml without containers: its balancer in front of its servers, and the programs that it starts. */

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Load } from "../../examples/fleet/load.js";
import { makeModel } from "../../examples/fleet/model.js";
import { Servers } from "../../examples/fleet/servers.js";
import { freePort, startRedis } from "../../examples/redis.js";

const EXAMPLES = new URL("../../examples/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, EXAMPLES), "utf8");

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** nginx by examples/nginx.conf, with these servers in the place of the name that stands for them. */
async function startBalancer(urls: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "nginx-"));
  const port = await freePort();
  const kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  const folders = kinds.map((kind) => `${kind}_temp_path ${join(folder, kind)};`).join(" ");
  const config = read("nginx.conf")
    .replace(/server server:3000 (.*);/, (_, how) => urls.map((url) => `server ${new URL(url).host} ${how};`).join("\n"))
    .replace("listen 80;", `listen 127.0.0.1:${port};`)
    .replace("http {", `http { access_log off; ${folders}`);
  expect(config).not.toMatch(/server:3000|listen 80/);
  writeFileSync(join(folder, "nginx.conf"), config);
  const settings = `daemon off; pid ${join(folder, "pid")}; error_log stderr crit;`;
  const child = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-g", settings], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (data) => (said += data));
  const ended = new Promise((resolve) => child.once("close", resolve));
  ends.push(async () => {
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  });
  const url = `http://127.0.0.1:${port}`;
  const ready = async () => (await fetch(`${url}/ready`).catch(() => ({ status: said }))).status;
  await expect.poll(ready, { timeout: 20_000 }).toBe(200);
  return url;
}

test("behind the balancer a session stays with its server, and goes to another when that one is killed", async () => {
  const redis = await startRedis();
  ends.push(() => redis.end());
  const fleet = new Servers({ REDIS_URL: redis.url });
  ends.push(() => fleet.stop("SIGKILL"));
  const urls = await fleet.start(3);
  const balancer = await startBalancer(urls);
  const load = new Load([balancer], await makeModel(), { sessions: 30, think: 50 });
  const clients = load.run();
  const counted = async () => {
    const texts = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
    return texts.map((text) => Number(/^memcell_seats (\d+)/m.exec(text)?.[1]));
  };
  await setTimeout(3000);
  // As many seats as sessions: no server but its own has taken one up.
  const seats = await counted();
  expect(seats.reduce((a, b) => a + b)).toBe(30);
  expect(Math.min(...seats)).toBeGreaterThan(0);
  for (const random of [0, 0.5, 0.99]) {
    await fleet.kill(random);
    await setTimeout(2000);
  }
  load.stop();
  await clients;
  expect(load.wrong).toEqual([]);
  expect(load.counts.steps).toBeGreaterThan(100);
});

test("what compose.yaml starts is there, and knows the settings that it is given", () => {
  const text = read("compose.yaml");
  const programs = [...text.matchAll(/working_dir: \/memcell\/examples\/(\w+)\n {4}command: node (\S+)/g)];
  expect(programs.map(([, folder, program]) => `${folder}/${program}`)).toEqual(["fleet/server.js", "jobs/worker.js", "jobs/page.js"]);
  const environment = /environment:\n((?: {4}\w+: .*\n)+)/.exec(text)?.[1]?.match(/\w+(?=: )/g);
  expect(environment).toEqual(["REDIS_URL", "HOST", "PORT"]);
  for (const [, folder, program] of programs) expect(existsSync(new URL(`${folder}/${program}`, EXAMPLES)), program).toBe(true);
  for (const name of environment ?? []) expect(read("fleet/server.js") + read("jobs/page.js"), name).toContain(name);
  const mounted = [...text.matchAll(/\.\/(\S+?):\S+:ro/g)].map(([, name]) => name);
  expect(mounted).toEqual(["nginx.conf"]);
});
