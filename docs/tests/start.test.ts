/** The start page, followed as it is written: in Node, Bun, Deno, a page without a bundler, Vite, at the edge, as a server; and the page for when it does not learn. */

import { execFileSync, spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { loadForecaster } from "memcell/forecast";
import * as vite from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { install } from "../../scripts/install.js";
import { serve } from "../../tests/bundlers/serve.js";
import { launch, open } from "./browsers.js";
import { root } from "./pages.js";

mkdirSync(`${root}build`, { recursive: true });
const folder = mkdtempSync(`${root}build/start-`);
const text = readFileSync(`${root}docs/start.md`, "utf8");
/** A block of code below a heading, of those that are in this language. */
function block(heading: string, language: string, which = 0): string {
  const section = text.split(/^## /m).find((each) => each.startsWith(heading)) as string;
  return [...section.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))][which]![1] as string;
}
const node = (file: string) => execFileSync(process.execPath, [file], { cwd: folder, encoding: "utf8", stdio: "pipe" });

beforeAll(() => {
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/memcell"));
  install(csv, "csv-parse in cli/csv/node_modules");
  symlinkSync(join(csv, "node_modules/csv-parse"), join(folder, "node_modules/csv-parse"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const [runtimes, csv] = [join(root, "tests/runtimes"), join(root, "cli/csv")];
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
  const sales = (day: number) => 300 + 80 * Number(day % 7 > 4) + Math.round(30 * Math.abs(Math.sin(day * day)));
  const date = (day: number) => new Date(Date.UTC(2024, 0, 1 + day)).toISOString().slice(0, 10);
  /** The next seven days, by their number from the first of 2024. */
  const good = (days: number[]) => {
    expect(days.length).toBe(7);
    days.forEach((middle, i) => expect(Math.abs(middle - (320 + 80 * Number((200 + i) % 7 > 4)))).toBeLessThan(15));
  };
  beforeAll(() => {
    const rows = Array.from({ length: 200 }, (_, day) => `${date(day)},${day % 11 === 5 ? "" : sales(day)}`);
    rows.splice(100, 1);
    const file = `date,sales\n${rows.join("\n")}\n`;
    expect(file.startsWith(block("A forecast", "csv"))).toBe(true);
    writeFileSync(join(folder, "sales.csv"), file);
  });

  test("by the command", () => {
    const [, command] = block("A forecast", "sh").trim().split("\n") as [string, string];
    expect(command).toMatch(/^npx memcell /);
    const output = execFileSync(process.execPath, [`${root}dist/cli.js`, ...command.split(" ").slice(2)], {
      cwd: folder,
      encoding: "utf8",
    });
    expect(output).toContain(block("A forecast", "text"));
    const [head, ...lines] = readFileSync(join(folder, "forecast.csv"), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split(","));
    good(lines.map((cells) => Number(cells[head!.indexOf("median")])));
  });

  test("by the program, whose file another one reads", () => {
    writeFileSync(join(folder, "forecast.mjs"), block("A forecast", "js"));
    const output = node("forecast.mjs");
    expect(output.endsWith(block("A forecast", "text", 1))).toBe(true);
    const medians = [...output.matchAll(/^2024-07-\d+: (\S+),/gm)].map(([, middle]) => Number(middle));
    good(medians);
    const { median } = loadForecaster(readFileSync(join(folder, "sales.safetensors"))).forecast();
    expect(Array.from(median, (value) => Number(value.toFixed(1)))).toEqual(medians);
  });

  test("by the program: gaps that say NA, quotes, and a text that is no number", () => {
    const file = readFileSync(join(folder, "sales.csv"), "utf8");
    writeFileSync(
      join(folder, "sales.csv"),
      `\uFEFF${file.replaceAll(/,$/gm, ", NA").replaceAll(/,(\d+)$/gm, ',"$1"')}`.replaceAll("\n", "\r\n"),
    );
    expect(node("forecast.mjs").endsWith(block("A forecast", "text", 1))).toBe(true);
    writeFileSync(join(folder, "sales.csv"), file.replace(/\d+\n/, '"1,200"\n'));
    expect(() => node("forecast.mjs")).toThrow('"table.sales, row 0" expected a number, or null for a gap, got "1,200"');
  });
});

test("a server: sessions do not touch each other, and nonsense is answered", async () => {
  writeFileSync(join(folder, "server.mjs"), block("A server", "js"));
  const server = spawn(process.execPath, ["server.mjs"], { cwd: folder, env: { ...process.env, PORT: "0" } });
  try {
    let said = "";
    const address = await new Promise<string>((resolve) =>
      server.stdout.on("data", (data) => {
        said += data;
        const [found] = /http:\S+/.exec(said) ?? [];
        if (found) resolve(found);
      }),
    );
    expect(said).toMatch(/^learned to a mean squared error of 0\.0/);
    const ask = async (query: string) => (await (await fetch(`${address}/${query}`)).json()).next as number;
    const first = [await ask("anna?value=0.1"), await ask("anna?value=0.2"), await ask("anna?value=0.3")];
    expect(first[2]).toBeGreaterThan(0.4);
    expect(first[2]).toBeLessThan(0.5);
    for (const wrong of ["/", "bert", "bert?value=", "bert?value=%20", "bert?value=x", "bert?value=1e999"])
      expect((await fetch(`${address}/${wrong}`)).status, wrong).toBe(400);
    const nonsense = await fetch(`${address}/bert?value=abc`);
    expect(nonsense.headers.get("content-type")).toBe("application/json");
    expect(await nonsense.json()).toEqual({ error: 'value expected a number, got "abc"' });
    expect(await ask("bert?value=0.1")).toBe(first[0]);
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
    for (const wrong of ["x", "", "1,,2", "%20"]) expect((await ask(wrong)).status, wrong).toBe(400);
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
