/** The figures: a program that a reader copies prints what the figure shows, to the bit; sliders, addresses and nonsense in them. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createModel, createTrainer, dense, lstm, sgd, trace } from "memcell";
import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Site, serve } from "../../tests/bundlers/serve.js";
import { FIGURES } from "../figures/index.js";
import { settingsFrom } from "../figures/kit/controls.js";
import { programOf } from "../figures/kit/figure.js";
import { NUMBERS } from "../figures/numbers.js";
import { launch, open } from "./browsers.js";
import { root } from "./pages.js";

const folder = mkdtempSync(`${root}build/figures-`);
mkdirSync(join(folder, "node_modules"));
symlinkSync(root, join(folder, "node_modules/memcell"));
symlinkSync(join(root, "evidence"), join(folder, "evidence"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Settings other than the first, and light enough. */
const OTHER: Record<string, Record<string, number | string>> = {
  flow: { lag: 120, scale: 2, seed: 3 },
  cell: { cell: "gru", signal: "one pulse", forget: "open", step: 7 },
  stream: { steps: 800, drift: -0.1 },
  truncation: { window: 20, stride: 5 },
  race: { lag: 20, updates: 100 },
  connectivity: { text: "[abc] (ab", updates: 50 },
  evidence: { task: "adding" },
};
const settingsOf = (name: string) => {
  const { controls } = FIGURES.find((figure) => figure.name === name)!;
  return { ...settingsFrom("", name, controls).settings, ...OTHER[name] };
};
/** What a figure says of the numbers that Node computes. */
function expected(name: string): string {
  const figure = FIGURES.find((each) => each.name === name)!;
  const settings = settingsOf(name);
  const answer = NUMBERS[name]!(settings);
  const results = figure.slow ? [...answer] : [answer];
  return figure.summary(results.at(-1), settings);
}
const queryOf = (name: string) =>
  new URLSearchParams(Object.entries(OTHER[name]!).map(([key, value]) => [`${name}.${key}`, String(value)])).toString();

test.each(FIGURES.map((figure) => [figure.name, figure] as const))("%s: the copied program prints the same", (name, figure) => {
  const settings = settingsOf(name);
  const program = programOf(figure, settings);
  writeFileSync(join(folder, `${name}.mjs`), program);
  const lines = execFileSync(process.execPath, [`${name}.mjs`], { cwd: folder, encoding: "utf8" })
    .trim()
    .split("\n");
  const answer = NUMBERS[name]!(settings);
  const last = figure.slow ? [...answer].at(-1) : answer;
  expect(lines.at(-1)).toBe(JSON.stringify(last));
  expect(program).not.toMatch(/: number|as const|\/\/~/);
});

test("truncation: an error reaches back as far as window and stride say", () => {
  for (const [window, stride, least] of [
    [12, 12, 1],
    [12, 6, 7],
    [12, 1, 12],
    [5, 9, 1],
  ] as const) {
    const { starts } = NUMBERS.truncation!({ ...settingsOf("truncation"), window, stride });
    const reaches = starts.slice(window).map((start: number, i: number) => window + i - start + 1);
    expect([Math.min(...reaches), Math.max(...reaches)]).toEqual([least, window]);
  }
  const whole = NUMBERS.truncation!({ ...settingsOf("truncation"), window: 60, steps: 60 });
  expect(whole.window).toEqual({ cosine: 1, length: 1 });
});

test("truncation: the rule's curve is of the error that the trainer's gradient is made of", () => {
  const [steps, units] = [30, 16];
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units, forgetBias: 2 }), dense({ units: 1 })], seed: 1 });
  const inputs = Float32Array.from({ length: steps }, (_, t) => Math.sin(t));
  const last = Float32Array.from({ length: steps }, (_, t) => Number(t === steps - 1));
  const options = { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), window: Number.POSITIVE_INFINITY } as const;
  const trainer = createTrainer(model, { ...options, gradient: "truncated-1997" });
  const found = trainer.gradients([{ inputs, targets: last, weights: last }]).gradients.bias_ih_l0!.data;
  const { layers, outputs } = trace(model, { inputs });
  const of = (name: string, t: number, unit: number) => layers[0]![name]!.data[t * units + unit]!;
  const weights = model.parameters()["dense.weight"]!.data;
  for (let unit = 0; unit < units; unit++) {
    // As in the figure: out of the last step's output, then through the forget gates alone.
    let error = 2 * (outputs.data[steps - 1]! - 1) * weights[unit]! * of("o", steps - 1, unit);
    error *= 1 - Math.tanh(of("c", steps - 1, unit)) ** 2;
    let sum = 0;
    for (let t = steps - 1; t >= 0; t--) {
      sum += error * of("i", t, unit) * (1 - of("g", t, unit) ** 2);
      error *= of("f", t, unit);
    }
    expect(Math.abs(sum - found[2 * units + unit]!), `unit ${unit}`).toBeLessThan(1e-5);
  }
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
  const words = (name: string) => `document.querySelector("${name}-figure .words")?.textContent`;

  test.each(FIGURES.map(({ name }) => name))("%s shows what Node computes", async (name) => {
    const { page, said } = await open(browser, `${site.address}site/note.html?${queryOf(name)}`);
    await page.waitForSelector(`${name}-figure .drawing`);
    await page.evaluate((name) => document.querySelector(`${name}-figure`)!.scrollIntoView(), name);
    if (name === "race") await page.click("race-figure .run");
    const wanted = expected(name);
    await page.waitForFunction(`${words(name)} === ${JSON.stringify(wanted)}`, { timeout: 30_000 }).catch(() => {});
    expect(await page.evaluate(words(name))).toBe(wanted);
    expect(await page.$$(`${name}-figure .drawing svg, ${name}-figure .drawing table, ${name}-figure .letters`)).not.toHaveLength(0);
    expect(said).toEqual([]);
    await page.close();
  });

  test("a slider that is moved, by its keys, changes numbers and address", async () => {
    const { page, said } = await open(browser, `${site.address}site/note.html`);
    await page.waitForSelector("flow-figure .drawing");
    await page.evaluate(() => document.querySelector("flow-figure")!.scrollIntoView());
    await page.waitForFunction(words("flow"));
    await page.focus("#flow-lag");
    for (let i = 0; i < 3; i++) await page.keyboard.press("ArrowRight");
    await page.waitForFunction(`${words("flow")}.startsWith("After 110 steps")`);
    expect(new URL(page.url()).search).toBe("?flow.lag=110");
    expect(said).toEqual([]);
    await page.close();
  });

  test("nonsense in the address is told, and the page lives", async () => {
    const { page, said } = await open(
      browser,
      `${site.address}site/note.html?flow.lag=abc&flow.scale=1e99&flow.seed=&cell.cell=<b>&connectivity.text=xyz`,
    );
    await page.waitForSelector("flow-figure .drawing");
    await page.evaluate(() => document.querySelector("flow-figure")!.scrollIntoView());
    await page.waitForFunction(words("flow"));
    const wrong = (name: string) => page.evaluate((name) => document.querySelector(`${name}-figure .wrong`)!.textContent, name);
    expect(await wrong("flow")).toMatch(
      /flow.lag=abc: a number from 10 to 200 in steps of 10 was expected, 80 is taken.*flow.scale.*flow.seed/s,
    );
    expect(await wrong("cell")).toMatch(/one of lstm, /);
    expect(await wrong("connectivity")).toMatch(/only the letters/);
    expect(await page.evaluate(words("flow"))).toMatch(/^After 80 steps/);
    expect(said).toEqual([]);
    await page.close();
  });
});
