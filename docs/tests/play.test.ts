/** The playground: it learns a drawn sine, stays smooth, obeys, and has a word for every bad file. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, ElementHandle } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Site, serve } from "../../tests/bundlers/serve.js";
import { MOST, readTable } from "../play/csv.js";
import { begin, CELL_NAMES, programOf } from "../play/learner.js";
import { launch, open } from "./browsers.js";
import { root } from "./pages.js";

const folder = mkdtempSync(`${root}build/play-`);
afterAll(() => rmSync(folder, { recursive: true }));

/** In pieces that end anywhere. */
async function* pieces(text: string, size = 1000) {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}
const many = (count: number, row = (i: number) => `${i},${i % 7}`) => Array.from({ length: count }, (_, i) => row(i)).join("\n");

describe("a CSV file", () => {
  test("columns of numbers with their names; dates are left out, gaps filled and told", async () => {
    const rows = many(40, (i) => `2024-01-${i},${i % 10 === 3 ? "" : i},"${i / 2}"`);
    const { names, columns, notes } = await readTable(pieces(`day,"a",b\r\n${rows.replaceAll("\n", "\r\n")}`, 7));
    expect(names).toEqual(["a", "b"]);
    expect(Array.from(columns[0]!.subarray(0, 5))).toEqual([0, 1, 2, 2, 4]);
    expect(columns[1]![39]).toBe(19.5);
    expect(notes).toEqual(["a has 4 gaps, each of which takes the value before it."]);
    expect((await readTable(pieces(many(50, (i) => `${i}`)))).names).toEqual(["column 1"]);
  });

  test.each([
    ["", /0 rows/],
    ["a,b\n1,2", /1 row of/],
    ["x".repeat(200_000), /no CSV file: a line/],
    [many(50, () => "one,two"), /no CSV file with a column of numbers/],
    [many(50, () => "\0\u0001\uFFFD"), /no CSV file/],
  ])("%#: what is none", async (text, message) => {
    await expect(readTable(pieces(text))).rejects.toThrow(message);
  });

  test("of more rows than a page can learn from, the first", async () => {
    const { columns, notes } = await readTable(pieces(many(MOST + 5000)));
    expect(columns[0]!.length).toBe(MOST);
    expect(notes[0]).toMatch(/^The first 20,000 rows are used/);
  });
});

test.each(CELL_NAMES)("the code that is downloaded makes the same model: %s", async (cell) => {
  const target = Float32Array.from({ length: 250 }, (_, t) => Math.fround(Math.abs((t % 20) - 10)));
  const other = target.map((value) => 3 * value + 1);
  const choices = { inputs: [target, other], target, horizon: 4, cell, units: 5, rate: 0.01 };
  const { model, trainer, pieces: learned } = begin(choices);
  await trainer.fit(learned, { epochs: 3 });
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  rmSync(join(folder, "node_modules/memcell"), { force: true });
  symlinkSync(root, join(folder, "node_modules/memcell"));
  writeFileSync(join(folder, "series.json"), JSON.stringify({ a: [...target], 'b"': [...other] }));
  const code = programOf(choices, ["a", 'b"'], "a").replace("epochs: 200", "epochs: 3");
  writeFileSync(join(folder, "learn.mjs"), code);
  execFileSync(process.execPath, ["learn.mjs"], { cwd: folder });
  const { loadModel } = await import("memcell");
  const { readFileSync } = await import("node:fs");
  const [mine, theirs] = [model, loadModel(readFileSync(join(folder, "model.safetensors")))].map((each) => each.parameters());
  for (const [name, { data }] of Object.entries(mine!))
    for (let i = 0; i < data.length; i++) expect(theirs![name]!.data[i]).toBeCloseTo(data[i]!, 4);
});

describe.each(["chrome", "firefox"] as const)("%s", (kind) => {
  let site: Site;
  let browser: Browser;
  beforeAll(async () => {
    site = await serve(`${root}build`, {});
    browser = await launch(kind);
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  test("a drawn sine is learned to a mean squared error below 0.01 of its variance, at 60 frames a second; pause, a step", async () => {
    const { page, said } = await open(browser, `${site.address}site/play.html`);
    await page.waitForSelector("memcell-play .run");
    await page.click("memcell-play .run");
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("memcell-play")!.dataset.epoch) > 3);
    const gaps = await page.evaluate(async () => {
      const gaps: number[] = [];
      let last = await new Promise<number>(requestAnimationFrame);
      while (gaps.length < 60) {
        const now = await new Promise<number>(requestAnimationFrame);
        gaps.push(now - last);
        last = now;
      }
      return gaps.sort((a, b) => a - b);
    });
    // The median; other work of the machine takes some.
    expect(gaps[30]).toBeLessThan(25);
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("memcell-play")!.dataset.loss) < 0.01, { timeout: 60_000 });
    const buttons = await page.$$("memcell-play .buttons button");
    const epoch = () => page.evaluate(() => Number(document.querySelector<HTMLElement>("memcell-play")!.dataset.epoch));
    await (buttons[1] as ElementHandle<HTMLElement>).click();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const held = await epoch();
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await epoch()).toBe(held);
    await (buttons[2] as ElementHandle<HTMLElement>).click();
    await page.waitForFunction((held) => Number(document.querySelector<HTMLElement>("memcell-play")!.dataset.epoch) === held + 1, {}, held);
    expect(await page.$$("memcell-play .drawing svg path.line")).not.toHaveLength(0);
    expect(said).toEqual([]);
    await page.close();
  });

  test("files: 50 MB, one row, none; the page lives", async () => {
    const { page, said } = await open(browser, `${site.address}site/play.html`);
    await page.waitForSelector("#play-file");
    const give = async (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      await ((await page.$("#play-file")) as ElementHandle<HTMLInputElement>).uploadFile(join(folder, name));
    };
    const wrong = (text: string) =>
      page.waitForFunction((text) => document.querySelector("memcell-play .wrong")!.textContent!.includes(text), {}, text);
    await give("one.csv", "a,b\n1,2\n");
    await wrong("1 row of numbers");
    await give("none.csv", "hello\n".repeat(100));
    await wrong("no CSV file");
    await give("large.csv", "1,2,3,4,5,6,7,8,9\n".repeat(2_800_000));
    await page.waitForFunction(() =>
      document.querySelector("memcell-play .words")!.textContent!.includes("The first 20,000 rows are used"),
    );
    expect(said).toEqual([]);
    await page.close();
  });
});
