/**
 * Pictures of the built site's pages, to look at: light, dark, on a phone; in build/screens/.
 *
 *     tsx docs/tests/screens.ts note.html start.html
 */

import { mkdirSync } from "node:fs";
import { serve } from "../../tests/bundlers/serve.js";
import { launch } from "./browsers.js";
import { root } from "./pages.js";

const out = `${root}build/screens`;
mkdirSync(out, { recursive: true });
const site = await serve(`${root}build/site`, {});
const browser = await launch("chrome");
for (const path of process.argv.slice(2))
  for (const [look, width, scheme] of [
    ["light", 1280, "light"],
    ["dark", 1280, "dark"],
    ["phone", 390, "light"],
  ] as const) {
    const page = await browser.newPage();
    await page.setViewport({ width, height: 900, isMobile: look === "phone", hasTouch: look === "phone" });
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    await page.goto(site.address + path);
    // Figures are computed when they come into view.
    for (let y = 0; y < 9000; y += 600) {
      await page.evaluate((y) => scrollTo(0, y), y);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await page.waitForFunction(() => document.querySelectorAll("[aria-busy=true]").length === 0);
    await page.evaluate(() => scrollTo(0, 0));
    await page.screenshot({ path: `${out}/${path.replaceAll("/", "-").replace(".html", "")}-${look}.png`, fullPage: true });
    await page.close();
  }
await browser.close();
await site.close();
