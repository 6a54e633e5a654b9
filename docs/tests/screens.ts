/**
 * Pictures of the built site's pages, to look at: light, dark, on a phone, on a dark one; in build/screens/. Figures get pictures of
 * their own, once they have been computed, and the playground one before, one while and one after it has learned.
 *
 *     tsx docs/tests/screens.ts note.html start.html
 */

import { mkdirSync } from "node:fs";
import type { Page } from "puppeteer-core";
import { serve } from "../../tests/bundlers/serve.js";
import { launch } from "./browsers.js";
import { root } from "./pages.js";

const out = `${root}build/screens`;
mkdirSync(out, { recursive: true });
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Figures are computed when they come into view; the race when it is asked to. */
async function seen(page: Page): Promise<void> {
  const height = await page.evaluate(() => document.body.scrollHeight);
  for (let y = 0; y < height; y += 600) {
    await page.evaluate((y) => scrollTo(0, y), y);
    await wait(60);
  }
  await page.evaluate(() => document.querySelector<HTMLElement>("race-figure .run")?.click());
  await page.waitForFunction(() => document.querySelectorAll("[aria-busy=true]").length === 0, { timeout: 60_000 });
  await page.evaluate(() => scrollTo(0, 0));
  // What stays at the top would lie over the figures.
  await page.addStyleTag({ content: ".VPNav, .VPLocalNav { position: static !important; }" });
}

// A server of `npm run docs`, for whoever draws.
const site = process.env.SITE ? { address: process.env.SITE, close: async () => {} } : await serve(`${root}build/site`, {});
const browser = await launch("chrome");
for (const path of process.argv.slice(2))
  for (const [look, width, scheme] of [
    ["light", 1280, "light"],
    ["dark", 1280, "dark"],
    ["phone", 390, "light"],
    ["phone-dark", 390, "dark"],
  ] as const) {
    const page = await browser.newPage();
    await page.setViewport({ width, height: 900, isMobile: width === 390, hasTouch: width === 390 });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(site.address + path);
    await wait(500);
    const picture = (what: string, fullPage = true) =>
      page.screenshot({
        path: `${out}/${path.replace(/[?].*/, "").replaceAll("/", "-").replace(".html", "")}-${look}${what}.png`,
        fullPage,
      });
    await seen(page);
    await picture("");
    const figures = await page.$$(
      "flow-figure, cell-figure, stream-figure, truncation-figure, race-figure, connectivity-figure, evidence-figure",
    );
    for (const figure of figures) {
      const name = await figure.evaluate((each) => each.localName);
      await figure.screenshot({ path: `${out}/${name}-${look}.png` });
    }
    if (await page.$("memcell-play")) {
      await page.evaluate(() => document.querySelector<HTMLElement>("memcell-play .run")?.click());
      await wait(1500);
      await picture("-while");
      await page
        .waitForFunction(() => Number(document.querySelector<HTMLElement>("memcell-play")?.dataset.loss) < 0.005, { timeout: 90_000 })
        .catch(() => {});
      await picture("-after");
    }
    await page.close();
  }
await browser.close();
await site.close();
