/** What pages may do and may not: two files alone, policies, isolation, workers that are not there, frames while a model learns. */

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { BUILDS, type Build } from "./builds.js";
import { launch, trained, visit } from "./chromium.js";
import { ISOLATED, POLICY, serve } from "./serve.js";

const project = inject("project");
/** A site without a bundler: the pages, and the package's files in memcell/. */
const plain = join(project, "out", "plain");
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
  const { build } = BUILDS.find(({ name }) => name === "no bundler") as Build;
  const { site } = await build(project, plain);
  await site.close();
});
afterAll(() => browser?.close());

/** What a page says whose script is `code`, or that is in the folder, served with these headers. */
async function look<T>(page: string | { code: string }, headers: Record<string, string>, folder = plain) {
  const name = typeof page === "string" ? page : "test.html";
  if (typeof page === "object") {
    writeFileSync(join(folder, "test.js"), page.code);
    writeFileSync(join(folder, name), '<!doctype html>\n<meta charset="utf-8">\n<script type="module" src="./test.js"></script>\n');
  }
  const site = await serve(folder, headers);
  try {
    const { page: shown, said } = await visit(browser, site.address + name);
    return { result: await trained<T>(shown), said };
  } finally {
    await site.close();
  }
}

const SETUP = `
import { createModel, createTrainer, dense, lstm, sgd } from "./memcell/memcell.js";
import { createTrainer as createParallel } from "./memcell/parallel.js";
import { createTrainer as createWorker } from "./memcell/worker.js";
const options = { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), batch: 16 };
const create = () => createModel({ input: { features: 1 }, layers: [lstm({ units: 3 }), dense({ units: 1 })], seed: 1 });
const batch = Array.from({ length: 16 }, (_, i) => ({ inputs: [i / 16, 0.5], targets: [0.5, 1 - i / 16] }));
const attempt = async (work) => { try { return await work(); } catch (error) { return error.message; } };
`;

test("two files in a page: 100 updates, with Node's bits", async () => {
  const folder = join(project, "out", "single");
  for (const [from, to] of [
    ["node_modules/memcell/dist/memcell.js", "memcell.js"],
    ["node_modules/memcell/dist/core.js", "core.js"],
    ["single.html", "index.html"],
  ] as const)
    cpSync(join(project, from), join(folder, to));
  const [, script] = readFileSync(join(project, "single.html"), "utf8").match(/<script type="module">(.*)<\/script>/s)!;
  const code = `${script!.replace('"./memcell.js"', JSON.stringify(pathToFileURL(join(folder, "memcell.js"))))} console.log(JSON.stringify(globalThis.trained))`;
  const expected = JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", code], { encoding: "utf8" }));
  expect(expected.updates).toBe(100);
  expect(await look("", {}, folder)).toEqual({ result: expected, said: [] });
});

test("a policy without 'wasm-unsafe-eval' is named in the error", async () => {
  const policy = { "Content-Security-Policy": POLICY.replace(" 'wasm-unsafe-eval'", "") };
  const { result } = await look<string>({ code: `${SETUP} globalThis.trained = attempt(create);` }, policy);
  expect(result).toContain("script-src 'wasm-unsafe-eval'");
});

test("a page that is not isolated is told once, and gets the bits of one thread", async () => {
  const code = `${SETUP} globalThis.trained = (async () => {
    const [one, two, again] = [createTrainer(create(), options), ...[2, 2].map((threads) => createParallel(create(), { ...options, threads }))];
    return { threads: [two.threads, again.threads], losses: [one.step(batch), await two.step(batch), await again.step(batch)] };
  })();`;
  const { result, said } = await look<{ threads: number[]; losses: number[] }>({ code }, {});
  expect(result.threads).toEqual([1, 1]);
  expect(new Set(result.losses).size).toBe(1);
  expect(said).toEqual([expect.stringMatching(/^warning: memcell: .*Cross-Origin-Opener-Policy.*Cross-Origin-Embedder-Policy/)]);
});

test.each([
  ["a thread", "parallel-worker.js", "createParallel(create(), { ...options, threads: 2 })"],
  ["a trainer's worker", "trainer-worker.js", "createWorker(create(), options)"],
])("%s whose file is not there, or which a policy forbids: an error that says what to do", async (_, file, made) => {
  const folder = join(project, "out", "missing");
  cpSync(plain, folder, { recursive: true });
  rmSync(join(folder, "memcell", file));
  const code = `${SETUP} globalThis.trained = attempt(() => ${made}.step(batch));`;
  const { result } = await look({ code }, ISOLATED, folder);
  expect(result).toContain('with the option "worker"');
  const forbidden = { ...ISOLATED, "Content-Security-Policy": POLICY.replace("worker-src 'self'", "worker-src 'none'") };
  expect((await look({ code }, forbidden)).result).toContain('with the option "worker"');
});

test("from another origin: an error that says what to do, and workers from files of the page's own", async () => {
  const open = { "Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin" };
  const other = await serve(plain, open);
  try {
    const folder = join(project, "out", "origin");
    mkdirSync(folder, { recursive: true });
    for (const name of ["trainer.worker.js", "thread.worker.js"])
      writeFileSync(join(folder, name), readFileSync(join(plain, name), "utf8").replace("./memcell/", `${other.address}memcell/`));
    const code = `${SETUP.replaceAll("./memcell/", `${other.address}memcell/`)} globalThis.trained = (async () => {
      const own = (name) => () => new Worker(new URL(name, import.meta.url), { type: "module" });
      const losses = [];
      for (const where of [{}, { worker: own("./trainer.worker.js"), thread: own("./thread.worker.js") }]) {
        losses.push(await attempt(() => createWorker(create(), { ...options, threads: 2, worker: where.worker }).step(batch)));
        losses.push(await attempt(() => createParallel(create(), { ...options, threads: 2, worker: where.thread }).step(batch)));
      }
      return losses;
    })();`;
    const { result, said } = await look<unknown[]>({ code }, ISOLATED, folder);
    const refused = expect.stringContaining('with the option "worker"');
    expect(result).toEqual([refused, refused, expect.any(Number), result[2]]);
    expect(said).toEqual([]);
  } finally {
    await other.close();
  }
});

test("the page goes on drawing while a worker trains", async () => {
  const { result, said } = await look<Record<string, { reports: number; gaps: number[] }>>("frames.html", ISOLATED);
  for (const [where, { reports, gaps }] of Object.entries(result)) {
    const sorted = gaps.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.ceil(share * (sorted.length - 1))]?.toFixed(1);
    const late = gaps.filter((gap) => gap > 50).length;
    console.log(
      `training ${where}: ${gaps.length} frames in 3 s, ${reports} reports; ms between frames: median ${at(0.5)}, 99 of 100 ${at(0.99)}, longest ${at(1)}; ${late} over 50`,
    );
  }
  const { gaps, reports } = result["in a worker"]!;
  expect(reports).toBeGreaterThan(0);
  expect(gaps.length).toBeGreaterThan(0);
  expect(said).toEqual([]);
});
