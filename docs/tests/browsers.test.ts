/** Every page in Chromium and in Firefox: nothing on the console, nothing that a reader with a keyboard or a screen reader would miss. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Site, serve } from "../../tests/bundlers/serve.js";
import { launch, open } from "./browsers.js";
import { pages, root, written } from "./pages.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** A page of each kind stands for the reference, whose pages come from one mould. */
const kinds = [
  "index",
  "functions/createModel",
  "variables/lstm",
  "worker/classes/WorkerTrainer",
  "interfaces/LstmLayer",
  "type-aliases/Layer",
];
const looked = [...written, ...kinds.map((kind) => `reference/memcell/${kind}.html`)];

interface Violation {
  id: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds fault with, on a light or a dark page. */
const violations = (page: Page, dark: boolean) =>
  page.evaluate(async (dark) => {
    document.documentElement.classList.toggle("dark", dark);
    // Colours that change slowly would be measured on their way.
    document.head.insertAdjacentHTML("beforeend", "<style>* { transition: none !important; }</style>");
    await new Promise(requestAnimationFrame);
    const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe.run();
    const shown = ({ html, failureSummary }: Violation["nodes"][number]) => `${html.slice(0, 160)} ${failureSummary.slice(0, 300)}`;
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(shown).join(" | ")}`);
  }, dark);

let site: Site;
beforeAll(async () => {
  // In a folder, as it may be anywhere.
  site = await serve(`${root}build`, {});
});
afterAll(() => site.close());

describe.each(["chrome", "firefox"] as const)("%s", (kind) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch(kind);
  });
  afterAll(() => browser.close());

  test.each(looked)("%s", async (path) => {
    const { page, said } = await open(browser, `${site.address}site/${path}`);
    await page.waitForFunction(() => document.querySelectorAll("[aria-busy=true]").length === 0);
    // Chromium's rendering stands for both.
    if (kind === "chrome") {
      await page.evaluate(axe);
      for (const dark of [false, true]) expect(await violations(page, dark), dark ? "dark" : "light").toEqual([]);
      await page.setViewport({ width: 390, height: 844 });
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(beyond, "pixels beyond the edge of a phone").toBeLessThanOrEqual(0);
    }
    expect(said).toEqual([]);
    await page.close();
  });

  test("links within the site work without loading a page anew", async () => {
    const { page, said } = await open(browser, `${site.address}site/from/keras.html`);
    await page.evaluate(() => Object.assign(globalThis, { mark: 1 }));
    await page.evaluate(() => document.querySelector<HTMLAnchorElement>('a[href$="start.html"]')?.click());
    await page.waitForFunction(
      () => document.querySelector("h1")?.textContent?.startsWith("Start") && location.pathname.endsWith("/site/start.html"),
    );
    expect(await page.evaluate(() => (globalThis as { mark?: number }).mark)).toBe(1);
    expect(said).toEqual([]);
    await page.close();
  });
});

test("a page has at most 150 kB of script, gzipped, besides the library, and is drawn within a second on a slow processor", async () => {
  const browser = await launch("chrome");
  for (const path of ["index.html", "start.html", "note.html", "play.html", "guide.html", "reference/memcell/variables/lstm.html"]) {
    const page = await browser.newPage();
    await page.emulateCPUThrottling(4);
    const scripts = new Map<string, number>();
    page.on("response", async (response) => {
      // Workers are the figures' numbers with the library.
      const { pathname } = new URL(response.url());
      if (pathname.endsWith(".js") && !/worker|offline/.test(pathname))
        scripts.set(pathname, gzipSync(await response.buffer().catch(() => "")).length);
    });
    await page.goto(`${site.address}site/${path}`);
    // The best of three: other work of the machine, and the browser's own start, make some later.
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      if (i > 0) await page.reload();
      await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
      times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]!.startTime));
    }
    const painted = Math.min(...times);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const library = [...scripts].filter(([name]) => /\/core\./.test(name)).reduce((sum, [, bytes]) => sum + bytes, 0);
    const bytes = [...scripts.values()].reduce((sum, each) => sum + each, 0) - library;
    expect(bytes, path).toBeLessThan(150_000);
    expect(painted, path).toBeLessThan(1000);
    await page.close();
  }
  await browser.close();
});

test("after the first page the others are there without a network, figures and all", async () => {
  const own = await serve(`${root}build`, {});
  const browser = await launch("chrome");
  const page = await browser.newPage();
  await page.goto(`${own.address}site/start.html`);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await own.close();
  const said: string[] = [];
  page.on("pageerror", (error) => said.push(String(error)));
  await page.goto(`${own.address}site/note.html?flow.lag=120`);
  await page.waitForSelector("flow-figure .drawing");
  await page.evaluate(() => document.querySelector("flow-figure")!.scrollIntoView());
  await page.waitForFunction(() => document.querySelector("flow-figure .words")?.textContent?.startsWith("After 120 steps"));
  expect(said).toEqual([]);
  await browser.close();
});

test("there is a page for everything", () => {
  expect(pages.length).toBeGreaterThan(150);
  expect(written).toEqual(expect.arrayContaining(["index.html", "start.html", "note.html", "play.html", "benches.html"]));
});
