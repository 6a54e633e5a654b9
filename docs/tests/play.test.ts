/** The playground: it learns a drawn sine, stays smooth, obeys, and has a word for every bad file. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadModel } from "memcell";
import type { Browser, ElementHandle } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Site, serve } from "../../tests/bundlers/serve.js";
import { MOST, readTable } from "../play/csv.js";
import { begin, CELL_NAMES, programOf } from "../play/learner.js";
import { launch, open } from "./browsers.js";
import { root } from "./pages.js";

const folder = mkdtempSync(`${root}build/play-`);
mkdirSync(join(folder, "node_modules"));
symlinkSync(root, join(folder, "node_modules/memcell"));
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
  const choices = { inputs: [target, other], target, horizon: 4, cell, units: 5, rate: 0.01, seed: 3 };
  const { model, trainer, pieces: learned } = begin(choices);
  await trainer.fit(learned, { epochs: 3 });
  writeFileSync(join(folder, "series.json"), JSON.stringify({ a: [...target], 'b"': [...other] }));
  const code = programOf(choices, ["a", 'b"'], "a").replace("epochs: 200", "epochs: 3");
  writeFileSync(join(folder, "learn.mjs"), code);
  execFileSync(process.execPath, ["learn.mjs"], { cwd: folder });
  expect(loadModel(readFileSync(join(folder, "model.safetensors"))).parameters()).toEqual(model.parameters());
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

  test("a drawn sine is learned to a mean squared error below 0.01 of its variance; frames, pause, a step", async () => {
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
    // Other work of the machine takes some of them.
    console.log(
      `${kind}: ${(1000 / gaps[30]!).toFixed(0)} frames a second while it learns, at the median; the slowest of 60 took ${gaps[59]!.toFixed(0)} ms`,
    );
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

  test("settings in the address: as they are asked for, nonsense told; sliders and columns are kept there", async () => {
    const query = "play.units=7.5&play.cell=transformer&play.horizon=1e9&play.rate=&play.seed=4&play.target=<b>no";
    const { page, said } = await open(browser, `${site.address}site/play.html?${query}`);
    await page.waitForSelector("memcell-play .run");
    const text = (selector: string) => page.evaluate((selector) => document.querySelector(selector)!.textContent, selector);
    expect(await text("memcell-play .wrong")).toMatch(
      /play.horizon=1e9: a number from 1 to 50 in steps of 1 was expected, 20 is taken.*play.cell.*one of lstm, .*play.units=7.5.*play.rate/s,
    );
    expect(await text("#play-seed + output")).toBe("4");
    await page.focus("#play-units");
    await page.keyboard.press("ArrowRight");
    expect(new URL(page.url()).searchParams.get("play.units")).toBe("25");
    writeFileSync(join(folder, "three.csv"), `a,b,c\n${many(60, (i) => `${i % 5},${i % 7},1`)}`);
    await ((await page.$("#play-file")) as ElementHandle<HTMLInputElement>).uploadFile(join(folder, "three.csv"));
    await page.waitForFunction(() => document.querySelector("memcell-play .words")!.textContent!.startsWith("3 columns, 60 rows"));
    expect(await text("memcell-play .wrong")).toMatch(/the column <b>no, which is not here/);
    await page.select("#play-target", "b");
    await page.evaluate(() => document.querySelector<HTMLElement>("#play-input-2")!.click());
    expect(new URL(page.url()).searchParams.get("play.target")).toBe("b");
    expect(new URL(page.url()).searchParams.getAll("play.inputs")).toEqual(["a", "b"]);
    await page.evaluate(() => document.querySelector<HTMLElement>("memcell-play .run")!.click());
    await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("memcell-play")!.dataset.epoch) > 2);
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

test("what a reader takes away: the model, the series, and a program that makes the model of them", async () => {
  const [site, browser] = [await serve(`${root}build`, {}), await launch("chrome")];
  const { page, said } = await open(browser, `${site.address}site/play.html?play.series=a+saw&play.horizon=3&play.units=8&play.cell=gru`);
  const client = await page.createCDPSession();
  await client.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder });
  await page.waitForSelector("memcell-play .run");
  for (const file of ["model.safetensors", "learn.mjs", "series.json"]) rmSync(join(folder, file), { force: true });
  await page.click("memcell-play .run");
  await page.waitForFunction(() => Number(document.querySelector<HTMLElement>("memcell-play")!.dataset.epoch) > 2);
  for (const button of await page.$$("memcell-play .buttons:last-child button")) {
    await button.evaluate((each) => each.click());
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const files = ["model.safetensors", "learn.mjs", "series.json"].map((name) => join(folder, name));
  for (let i = 0; i < 50 && !files.every(existsSync); i++) await new Promise((resolve) => setTimeout(resolve, 100));
  const shapes = () => Object.entries(loadModel(readFileSync(files[0]!)).parameters()).map(([name, { shape }]) => [name, shape]);
  const taken = shapes();
  const output = execFileSync(process.execPath, ["learn.mjs"], { cwd: folder, encoding: "utf8" });
  expect(output).toMatch(/^20 [\d.]+\n.*200 [\d.e-]+\nahead: /s);
  expect(shapes()).toEqual(taken);
  expect(said).toEqual([]);
  await browser.close();
  await site.close();
});
