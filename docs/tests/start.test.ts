/** The start page, followed as it is written: in Node, in a page without a bundler, with Vite, as a server; and the page for when it does not learn. */

import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as vite from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
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

test("Node: the next value of a wave", () => {
  writeFileSync(join(folder, "next.mjs"), block("Node", "js"));
  const [, next, expected] = /next: (\S+) expected: (\S+)/.exec(node("next.mjs")) as RegExpExecArray;
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

test("a forecast of one's own numbers: a file with a weekly season and gaps", () => {
  const value = (day: number) => (day % 11 === 5 ? "" : String(100 + 40 * Number(day % 7 > 4) + (day % 3)));
  writeFileSync(join(folder, "series.csv"), ["day,value", ...Array.from({ length: 200 }, (_, day) => `${day},${value(day)}`)].join("\n"));
  writeFileSync(join(folder, "forecast.mjs"), block("A forecast", "js"));
  const days = [...node("forecast.mjs").matchAll(/^day \d: (\S+),/gm)].map(([, middle]) => Number(middle));
  expect(days.length).toBe(7);
  days.forEach((middle, i) => expect(Math.abs(middle - (101 + 40 * Number((200 + i) % 7 > 4)))).toBeLessThan(15));
});

test("a server: sessions do not touch each other, and nonsense is answered", async () => {
  writeFileSync(join(folder, "server.mjs"), block("A server", "js"));
  const server = spawn(process.execPath, ["server.mjs"], { cwd: folder, env: { ...process.env, PORT: "0" } });
  try {
    const address = await new Promise<string>((resolve) => server.stdout.on("data", (data) => resolve(String(data).trim())));
    const ask = async (query: string) => (await fetch(`${address}/${query}`)).text();
    const first = await ask("anna?value=0.5");
    expect(await ask("bert?value=0.5")).toBe(first);
    expect(await ask("anna?value=0.5")).not.toBe(first);
    expect((await fetch(`${address}/anna?value=x`)).status).toBe(400);
  } finally {
    server.kill();
  }
});

test("Deno, Bun and the edge: the same program, and one that bundlers and types accept", () => {
  expect(text).toContain('In the first line, `"npm:memcell"` in the place of `"memcell"`');
  writeFileSync(join(folder, "edge.mjs"), block("At the edge", "js"));
  writeFileSync(
    join(folder, "ask.mjs"),
    'import edge from "./edge.mjs";\nfor (const values of ["1,2,3", "x"]) {\n  const answer = edge.fetch({ url: "http://localhost/?values=" + values });\n  console.log(answer.status, await answer.text());\n}',
  );
  expect(node("ask.mjs")).toMatch(/^200 \{"next":-?[\d.e-]+\}\n400 /);
});

test("the programs of the page for when it does not learn", () => {
  const page = readFileSync(`${root}docs/trouble.md`, "utf8");
  writeFileSync(join(folder, "trouble.mts"), [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code).join("\n"));
  const output = execFileSync("npx", ["tsx", "trouble.mts"], { cwd: folder, encoding: "utf8" });
  const [, loss, gate] = /by heart: (\S+)\n.*\n.*average: (0\.\d\d)$/m.exec(output) as RegExpExecArray;
  expect(Number(loss)).toBeLessThan(0.01);
  expect(Number(gate)).toBeGreaterThan(0.2);
});
