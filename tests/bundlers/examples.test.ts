/** The examples, each as its user runs it: in a folder of its own, with the packed package and what else its package.json asks for. */

import { execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { launch, visit } from "./chromium.js";
import { ISOLATED, POLICY, serve } from "./serve.js";

const source = new URL("../../examples/", import.meta.url).pathname;

/** Beside the project of the other tests, in which Vite looks for pages. */
const copies = `${inject("project")}-examples`;

/** A copy of an example with its packages. */
function install(name: string): string {
  const folder = join(copies, name);
  cpSync(join(source, name), folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  execFileSync("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", inject("tarball")], { cwd: folder, stdio: "pipe" });
  return folder;
}

const cleanups: (() => unknown)[] = [() => rmSync(copies, { recursive: true, force: true })];
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

describe("node-server", () => {
  let folder: string;
  beforeAll(() => {
    folder = install("node-server");
  });
  const start = async (env: Record<string, string> = {}) => {
    const child = spawn(process.execPath, ["server.js"], { cwd: folder, env: { ...process.env, PORT: "0", ...env } });
    cleanups.push(() => child.kill("SIGKILL"));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    let said = "";
    const hears = (words: RegExp) =>
      new Promise<string>((resolve, reject) => {
        for (const output of [child.stdout, child.stderr])
          output.on("data", () => {
            const [, found] = said.match(words) ?? [];
            if (found) resolve(found);
          });
        child.on("close", (code) => reject(new Error(`ended with ${code}: ${said}`)));
      });
    for (const output of [child.stdout, child.stderr]) output.on("data", (data) => (said += data));
    const ready = hears(/^(ready)$/m);
    const address = await hears(/listening on (\S+)/);
    const send = async (path: string, method: string, body?: string) => {
      const response = await fetch(address + path, { method, body: body ?? null });
      return { status: response.status, json: response.status === 204 ? null : await response.json() };
    };
    const early = [await send("/live", "GET"), await send("/ready", "GET"), await send("/sessions/nobody", "POST", "{}")];
    await ready;
    const ask = (path: string, method = "POST", body?: unknown) =>
      send(path, method, body === undefined ? undefined : JSON.stringify(body));
    const open = async () => (await ask("/sessions")).json.id as string;
    const step = async (id: string, input: unknown) => (await ask(`/sessions/${id}`, "POST", { input })).json.output as number;
    return {
      address: new URL(address),
      early,
      send,
      ask,
      open,
      step,
      said: () => said,
      stop: () => {
        child.kill("SIGTERM");
        return ended;
      },
    };
  };

  test("sessions are streams of their own, go on after a restart, and are refused when there are too many", async () => {
    const first = await start();
    // It learned its model first.
    expect(first.early).toMatchObject([
      { status: 200, json: { state: "starting" } },
      { status: 503, json: { error: "starting" } },
      { status: 503 },
    ]);
    expect(await first.ask("/ready", "GET")).toMatchObject({ status: 200 });
    const saws = [1, 3].map((slope) => Array.from({ length: 40 }, (_, t) => ((t * slope) % 17) / 17));
    const ids = [await first.open(), await first.open()];
    const said: number[][] = [[], []];
    for (let t = 0; t < 20; t++) await Promise.all(ids.map(async (id, i) => said[i]!.push(await first.step(id, saws[i]![t]))));
    expect(await first.ask(`/sessions/${ids[0]}`, "POST", { input: "one" })).toMatchObject({ status: 400 });
    expect(await first.ask("/sessions/nobody", "POST", { input: 1 })).toMatchObject({ status: 404 });
    expect(await first.stop()).toBe(0);

    const second = await start({ CAPACITY: "3", QUEUE: "1" });
    for (let t = 20; t < 40; t++) for (const [i, id] of ids.entries()) said[i]!.push(await second.step(id, saws[i]![t]));
    // More steps at once than may wait: those that are taken are answered, the others told to come again.
    const many = await Promise.all(Array.from({ length: 20 }, () => second.ask(`/sessions/${ids[0]}`, "POST", { input: 0.5 })));
    expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200, 503]));
    const third = await second.open();
    expect(await second.ask("/sessions")).toMatchObject({ status: 503 });
    expect(await second.ask(`/sessions/${third}`, "DELETE")).toMatchObject({ status: 204 });
    expect(await second.ask("/sessions")).toMatchObject({ status: 201 });
    expect(await second.stop()).toBe(0);

    // To the bit what streams of the model alone say, and it has learned saws.
    const { loadModel } = await import(pathToFileURL(join(folder, "node_modules/memcell/dist/memcell.js")).href);
    const streams = loadModel(readFileSync(join(folder, "data/model.safetensors"))).streams({ capacity: 1 });
    for (const [i, saw] of saws.entries()) {
      const id = streams.open();
      expect(saw.map((value) => streams.step([id], [[value]])[0])).toEqual(said[i]);
      streams.close(id);
      const errors = saw.slice(21).map((value, t) => Math.abs(value - said[i]![20 + t]!));
      expect(errors.reduce((sum, error) => sum + error) / errors.length).toBeLessThan(0.1);
    }
  });

  test("what clients do wrong is answered so, in a few words", async () => {
    const server = await start();
    const id = await server.open();
    const long = JSON.stringify({ input: 1, padding: "x".repeat(20_000) });
    for (const [body, status, words] of [
      ["null", 400, '"input, step 0" expected a number, got undefined'],
      ["", 400, "the body is not JSON"],
      ["{", 400, "the body is not JSON"],
      ["[1]", 400, '"input, step 0" expected a number, got undefined'],
      ['{"input":[1,2]}', 400, "input"],
      ['{"input":1e999}', 400, "expected a finite number, got Infinity"],
      [long, 413, "a body has at most 16384 bytes"],
    ] as const) {
      const answer = await server.send(`/sessions/${id}`, "POST", body);
      expect(answer, body.slice(0, 50)).toMatchObject({ status, json: { error: expect.stringContaining(words) } });
    }
    expect(await server.send("/none", "GET")).toEqual({ status: 404, json: { error: "no such page" } });
    // Too long a body is refused before it has come: this one never does.
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(server.address.port), server.address.hostname);
      socket.on("data", (data) => resolve(String(data))).on("error", () => {});
      socket.write(`POST /sessions/${id} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n{`);
      cleanups.push(() => socket.destroy());
    });
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(await server.stop()).toBe(0);
    expect(server.said()).not.toMatch(/ {4}at /);
  });

  test("sessions that nobody uses end and make room", async () => {
    const server = await start({ CAPACITY: "1", IDLE: "1", DATA: "idle" });
    const id = await server.open();
    let asked = await server.ask("/sessions");
    for (; asked.status === 503; asked = await server.ask("/sessions")) await setTimeout(100);
    expect(asked).toMatchObject({ status: 201 });
    expect(await server.ask(`/sessions/${id}`, "POST", { input: 1 })).toMatchObject({ status: 404 });
    expect(await server.stop()).toBe(0);
  });

  test("more sessions than there is room for, and a damaged file, do not keep it from starting", async () => {
    const env = { DATA: "saved" };
    const file = join(folder, "saved/sessions.json");
    const first = await start(env);
    const ids = [await first.open(), await first.open(), await first.open()];
    await first.step(ids[0]!, 0.5);
    expect(await first.stop()).toBe(0);

    const second = await start({ ...env, CAPACITY: "2" });
    expect(second.said()).toContain("3 sessions were saved, there is room for 2: the 2 used last go on");
    const statuses = ids.map(async (id) => (await second.ask(`/sessions/${id}`, "POST", { input: 0.5 })).status);
    expect(await Promise.all(statuses)).toEqual([200, 404, 200]);
    expect(await second.stop()).toBe(0);

    const saved = JSON.parse(readFileSync(file, "utf8"));
    for (const [damaged, kept] of [
      [JSON.stringify([saved[0], { ...saved[1], state: null }]), 1],
      [JSON.stringify(saved).slice(0, 100), 0],
      ["null", 0],
    ] as const) {
      writeFileSync(file, damaged);
      const server = await start(env);
      expect(server.said()).toMatch(/sessions.json is damaged .*: it is now .*damaged-\d+; \d sessions could be read/s);
      expect(server.said()).toContain(`${kept} sessions could be read`);
      expect(existsSync(file)).toBe(false);
      expect(await server.ask("/sessions")).toMatchObject({ status: 201 });
      expect(await server.stop()).toBe(0);
    }
    expect(readdirSync(join(folder, "saved")).filter((name) => name.includes("damaged")).length).toBe(3);
  });

  test("SIGTERM lets what runs finish: every step that was answered is in what is saved, and no other", async () => {
    const env = { DATA: "ended" };
    const server = await start(env);
    const id = await server.open();
    // Those that come too late are told to go elsewhere, or find nobody.
    const asked = Array.from({ length: 30 }, () => server.ask(`/sessions/${id}`, "POST", { input: 0.5 }).catch(() => ({ status: 0 })));
    await asked[0];
    const code = server.stop();
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(new Set([200, 503, 0, ...statuses]).size).toBe(3);
    expect(await code).toBe(0);

    const { loadModel } = await import(pathToFileURL(join(folder, "node_modules/memcell/dist/memcell.js")).href);
    const streams = loadModel(readFileSync(join(folder, "ended/model.safetensors"))).streams({ capacity: 1 });
    const local = streams.open();
    for (const status of statuses) if (status === 200) streams.step([local], [0.5]);
    const again = await start(env);
    expect(await again.step(id, 0.5)).toBe(streams.step([local], [0.5])[0]);
    expect(await again.stop()).toBe(0);
  });
});

test("browser: a page learns its series in a worker, draws it, stays smooth and says nothing", async () => {
  const folder = install("browser");
  execFileSync("npm", ["run", "build"], { cwd: folder, stdio: "pipe" });
  // The chart's library sets styles of its elements.
  const site = await serve(join(folder, "dist"), {
    ...ISOLATED,
    "Content-Security-Policy": `${POLICY}; style-src 'self' 'unsafe-inline'; img-src data:`,
  });
  cleanups.push(site.close);
  const browser = await launch();
  cleanups.push(() => browser.close());
  const { page, said } = await visit(browser, site.address);
  await page.setInputFiles("#file", {
    name: "saw.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(Array.from({ length: 200 }, (_, t) => t % 17).join("\n")),
  });
  const frames = page.evaluate(async () => {
    const gaps: number[] = [];
    let last = performance.now();
    while (!("learned" in globalThis)) {
      const now = await new Promise<number>(requestAnimationFrame);
      gaps.push(now - last);
      last = now;
    }
    return { gaps: gaps.sort((a, b) => a - b), losses: (globalThis as unknown as { learned: number[] }).learned };
  });
  await page.click("#learn");
  const { gaps, losses } = await frames;
  await page.screenshot({ path: fileURLToPath(new URL("../../build/browser.png", import.meta.url)), fullPage: true });
  expect(losses.length).toBe(200);
  expect(losses.at(-1)).toBeLessThan(losses[0]! / 20);
  expect(gaps[Math.floor(gaps.length / 2)]).toBeLessThan(50);
  const drawn = await page.evaluate(() =>
    Array.from(document.querySelectorAll("canvas"), (canvas) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value > 0);
    }),
  );
  expect(drawn).toEqual([true, true, true]);
  expect(said).toEqual([]);
});

test("deno: one file, without permissions, learns a signal and learns it anew when it changes", () => {
  const require = createRequire(import.meta.url);
  const deno = join(require.resolve("@deno/linux-x64-glibc/package.json"), "../deno");
  const map = { imports: { "npm:memcell@^0.1.0": pathToFileURL(join(inject("project"), "node_modules/memcell/dist/memcell.js")).href } };
  const url = `data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
  const output = execFileSync(deno, ["run", "--no-prompt", "--quiet", `--import-map=${url}`, join(source, "deno/main.js")], {
    encoding: "utf8",
  });
  const errors = [...output.matchAll(/mean error of the last 2,000 ([\d.]+)/g)].map(([, error]) => Number(error));
  expect(errors.length).toBe(10);
  expect(errors[4]).toBeLessThan(errors[0]! / 2);
  expect(errors[9]).toBeLessThan(errors[5]! / 1.5);
});

test("weather: in at most 25 lines, better by the pinball loss than climatology and than seasonal naive", () => {
  const folder = install("weather");
  const code = readFileSync(join(folder, "learn.js"), "utf8");
  expect(code.slice(code.indexOf("export async function")).trim().split("\n").length).toBeLessThanOrEqual(25);
  const output = execFileSync(process.execPath, ["main.js", "1"], { cwd: folder, encoding: "utf8" });
  const less = [...output.matchAll(/^(-?[\d.]+) % less pinball loss than (.*)$/gm)].map(
    ([, share, than]) => [than, Number(share)] as const,
  );
  expect(less.map(([than]) => than)).toEqual([
    "climatology, 20 days around",
    "the same day of last year",
    "the same weekday of last week",
    "the last day",
  ]);
  for (const [than, share] of less) expect(share, than).toBeGreaterThan(5);
  expect(output).toContain("layers[1]  gru ");
});

test("surnames: classes with weights, saved, and to the bit the same probabilities in another process", () => {
  const folder = install("surnames");
  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  const trained = node("train.js");
  const [, accuracy] = trained.match(/^accuracy (0\.\d+) on 73\d names/m)!;
  expect(Number(accuracy)).toBeGreaterThan(0.65);
  for (const language of ["Italian", "Dutch"]) expect(trained).toMatch(new RegExp(`^│ ${language} .*│$`, "m"));
  expect(trained).toMatch(/^macro {5}precision 0\.\d+, recall 0\.[5-9]\d*, F1 0\.[5-9]\d*$/m);

  writeFileSync(
    join(folder, "again.js"),
    `import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { loadModel } from "memcell";
import { surnames, tokensOf } from "./names.js";
const model = loadModel(readFileSync("surnames.safetensors"));
const test = surnames().filter((_, i) => i % 10 === 1);
const hash = createHash("sha256");
for (const each of model.predict(test.map(({ name }) => ({ inputs: tokensOf(name, model.config.metadata.alphabet) })), { as: "probabilities" })) hash.update(each);
console.log(hash.digest("hex"));`,
  );
  expect(trained.trim().endsWith(node("again.js").trim())).toBe(true);
  const said = node("classify.js", "Rossi", "Kowalczyk", "Yılmaz", "李");
  expect(said).toMatch(/^Rossi: Italian \d.*\nKowalczyk: Polish \d.*\nYılmaz: Turkish \d.*\n李: \w+ \d.*\n$/);
});

test("edge: text that comes in pieces, the same for the same seed", async () => {
  const folder = install("edge");
  execFileSync(process.execPath, ["train.js"], { cwd: folder });
  const { outputFiles } = await build({
    entryPoints: [join(folder, "worker.js")],
    bundle: true,
    format: "esm",
    write: false,
    conditions: ["workerd"],
    external: ["*.safetensors"],
    plugins: [
      {
        name: "compiled",
        setup: ({ onResolve }) => onResolve({ filter: /\.wasm$/ }, () => ({ path: "./memcell.wasm", external: true })),
      },
    ],
  });
  const bytes = (file: string) => readFileSync(join(folder, file)) as Uint8Array<ArrayBuffer>;
  const flare = new Miniflare({
    modules: [
      { type: "ESModule", path: "worker.js", contents: outputFiles[0]!.text },
      { type: "CompiledWasm", path: "memcell.wasm", contents: bytes("node_modules/memcell/dist/memcell.wasm") },
      { type: "Data", path: "model.safetensors", contents: bytes("model.safetensors") },
    ],
    compatibilityDate: "2026-01-01",
  });
  cleanups.push(() => flare.dispose());
  const ask = async (query: string) => {
    const response = await flare.dispatchFetch(`http://localhost/?${query}`);
    const pieces: string[] = [];
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) pieces.push(new TextDecoder().decode(piece));
    return { status: response.status, pieces, text: pieces.join("") };
  };
  const long = await ask("prompt=bea&length=20000&seed=3");
  expect([long.status, long.text.length]).toEqual([200, 20_000]);
  expect(long.pieces.length).toBeGreaterThan(1);
  expect(long.text).toMatch(/ (?:bead|cafe|face|deaf|head|fade|badge|cage|hedge|edge|each|beach) /);

  const { loadModel } = await import(pathToFileURL(join(folder, "node_modules/memcell/dist/memcell.js")).href);
  const alphabet = "abcdefgh ";
  const prompt = Array.from("bea", (letter) => alphabet.indexOf(letter));
  const tokens = loadModel(bytes("model.safetensors")).generate(prompt, { length: 300, seed: 7 });
  expect((await ask("prompt=bea&length=300&seed=7")).text).toBe(Array.from(tokens, (token: number) => alphabet[token]).join(""));
  expect(await ask("prompt=&length=&seed=")).toEqual(await ask(""));
  expect((await ask("prompt=xyz")).status).toBe(400);
});
