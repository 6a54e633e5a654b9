/** The start page, followed as it is written: in Node, Bun, Deno, a page without a bundler, Vite, at the edge, as a server; and the page for when it does not learn. */

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import * as vite from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install } from "../../scripts/install.js";
import { serve } from "../../tests/bundlers/serve.js";
import { launch, open } from "./browsers.js";
import { root } from "./pages.js";

mkdirSync(`${root}build`, { recursive: true });
const folder = mkdtempSync(`${root}build/start-`);
const text = readFileSync(`${root}docs/start.md`, "utf8");
/** The first block of code below a heading that is in this language. */
function block(heading: string, language: string): string {
  const section = text.split(/^## /m).find((each) => each.startsWith(heading)) as string;
  return (new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(section) as RegExpExecArray)[1] as string;
}
const node = (file: string) => execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8" });

beforeAll(() => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/memcell"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const runtimes = join(root, "tests/runtimes");
/** What runs the page's first program. `npm install`, `bun add` and `deno add` are the links above and this package.json. */
const COMMANDS = {
  Node: [process.execPath],
  Bun: [join(runtimes, "node_modules/bun/bin/bun")],
  Deno: [join(runtimes, "node_modules/deno/deno"), "run", "--no-prompt", "--node-modules-dir=manual"],
};

test.each(Object.entries(COMMANDS))("%s: the next value of a wave", (name, [file, ...args]) => {
  if (name !== "Node") {
    install(runtimes, "the runtimes (1 GB) in tests/runtimes/node_modules");
    chmodSync(file as string, 0o755);
    expect(block(name, "sh")).toContain("next.mjs");
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module", "dependencies": { "memcell": "*" } }');
  writeFileSync(join(folder, "next.mjs"), block("Node", "js"));
  const output = execFileSync(file as string, [...args, "next.mjs"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  const [, next, expected] = /next: (\S+) expected: (\S+)/.exec(output) as RegExpExecArray;
  expect(Math.abs(Number(next) - Number(expected))).toBeLessThan(0.1);
});

test.each(["A page without a bundler", "Vite"])("%s learns, and says nothing", async (way) => {
  const source = join(folder, way.replaceAll(" ", "-"));
  mkdirSync(source);
  writeFileSync(join(source, "index.html"), block(way, "html"));
  let shown = source;
  if (way === "Vite") {
    writeFileSync(join(source, "main.js"), block(way, "js"));
    shown = join(source, "dist");
    // The top level awaits, which every browser with WebAssembly SIMD can.
    await vite.build({ root: source, configFile: false, logLevel: "error", build: { target: "es2022" } });
  } else for (const name of ["memcell.js", "core.js"]) cpSync(`${root}dist/${name}`, join(source, name));
  const site = await serve(shown, {});
  const browser = await launch("chrome");
  const { page, said } = await open(browser, site.address);
  await page.waitForFunction(() => /(?:^|epoch 60: )mean squared error 0\.0/.test(document.querySelector("#out")?.textContent ?? ""));
  expect(said).toEqual([]);
  await browser.close();
  await site.close();
});

describe("a forecast of one's own numbers: a file with a weekly season and gaps", () => {
  /** The next seven days, by their number from the first of 2024. */
  const good = (days: number[]) => {
    expect(days.length).toBe(7);
    days.forEach((middle, i) => expect(Math.abs(middle - (100 + 40 * Number((200 + i) % 7 > 4) + ((200 + i) % 3)))).toBeLessThan(5));
  };
  beforeAll(() => {
    const sales = (day: number) => (day % 11 === 5 ? "" : 100 + 40 * Number(day % 7 > 4) + (day % 3));
    const date = (day: number) => new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10);
    writeFileSync(
      join(folder, "sales.csv"),
      ["date,sales", ...Array.from({ length: 200 }, (_, day) => `${date(day)},${sales(day)}`)].join("\n"),
    );
  });

  test("by the command", () => {
    const [, command] = block("A forecast", "sh").trim().split("\n") as [string, string];
    expect(command).toMatch(/^npx memcell /);
    execFileSync(process.execPath, [`${root}dist/cli.js`, ...command.split(" ").slice(2)], { cwd: folder, stdio: "ignore" });
    const [head, ...lines] = readFileSync(join(folder, "forecast.csv"), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    good(lines.map((cells) => Number(cells[head!.indexOf("median")])));
  });

  test("by the program", () => {
    writeFileSync(join(folder, "forecast.mjs"), block("A forecast", "js"));
    good([...node("forecast.mjs").matchAll(/^2024-07-\d+: (\S+),/gm)].map(([, middle]) => Number(middle)));
  });
});

test("a server: sessions do not touch each other, and nonsense is answered", async () => {
  writeFileSync(join(folder, "server.mjs"), block("A server", "js"));
  const server = spawn(process.execPath, ["server.mjs"], { cwd: folder, env: { ...process.env, PORT: "0" } });
  try {
    const address = await new Promise<string>((resolve) => server.stdout.on("data", (data) => resolve(String(data).trim())));
    const ask = async (query: string) => (await (await fetch(`${address}/${query}`)).json()).next as number;
    const first = [await ask("anna?value=0.1"), await ask("anna?value=0.2"), await ask("anna?value=0.3")];
    expect(first[2]).toBeGreaterThan(0.4);
    expect(first[2]).toBeLessThan(0.5);
    expect(await ask("bert?value=0.1")).toBe(first[0]);
    expect((await fetch(`${address}/anna?value=x`)).status).toBe(400);
  } finally {
    server.kill();
  }
});

test("at the edge: a bundler takes what workerd needs, and it answers there", async () => {
  install(runtimes, "the runtimes (1 GB) in tests/runtimes/node_modules");
  const { Miniflare } = createRequire(`${runtimes}/`)("miniflare") as {
    Miniflare: new (options: object) => { dispatchFetch(address: string): Promise<Response>; dispose(): Promise<void> };
  };
  writeFileSync(join(folder, "worker.js"), block("At the edge", "js"));
  const external = {
    name: "compiled",
    setup: ({ onResolve }: import("esbuild").PluginBuild) =>
      onResolve({ filter: /\.wasm$/ }, () => ({ path: "./memcell.wasm", external: true })),
  };
  const { outputFiles } = await build({
    entryPoints: [join(folder, "worker.js")],
    bundle: true,
    format: "esm",
    write: false,
    conditions: ["workerd"],
    plugins: [external],
  });
  const flare = new Miniflare({
    modules: [
      { type: "ESModule", path: "worker.js", contents: outputFiles[0]!.text },
      { type: "CompiledWasm", path: "memcell.wasm", contents: readFileSync(`${root}dist/memcell.wasm`) as Uint8Array<ArrayBuffer> },
    ],
    compatibilityDate: "2026-01-01",
  });
  try {
    const ask = (values: string) => flare.dispatchFetch(`http://localhost/?values=${values}`);
    expect(await (await ask("0.1,0.2,0.3")).json()).toEqual({ next: expect.any(Number) });
    expect((await ask("x")).status).toBe(400);
  } finally {
    await flare.dispose();
  }
});

test("the programs of the page for when it does not learn", () => {
  const page = readFileSync(`${root}docs/trouble.md`, "utf8");
  writeFileSync(join(folder, "trouble.mts"), [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code).join("\n"));
  const output = execFileSync("npx", ["tsx", "trouble.mts"], { cwd: folder, encoding: "utf8" });
  const [, loss, gate] = /by heart: (\S+)\n.*\n.*average: (0\.\d\d)$/m.exec(output) as RegExpExecArray;
  expect(Number(loss)).toBeLessThan(0.01);
  expect(Number(gate)).toBeGreaterThan(0.2);
});
