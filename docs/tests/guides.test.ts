/** The guides, followed as they are written: each program runs and prints what its page shows. `WRITE=1` writes that anew. */

import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as vite from "vite";
import { afterAll, expect, test } from "vitest";
import { serve } from "../../tests/bundlers/serve.js";
import { launch, open } from "./browsers.js";
import { blocks, folderOfReader, follow, guides, root, same, written } from "./programs.js";

const { folder, remove } = folderOfReader();
afterAll(remove);

const WORKER = "docs/guides/worker.md";
test.each(guides.filter((page) => page !== WORKER))(
  "%s prints what it shows",
  (page) => {
    const outputs = follow(page, folder);
    if (process.env.WRITE) return written(page, outputs);
    expect(outputs.length).toBeGreaterThan(0);
    for (const output of outputs) {
      const [printed, shown] = same(output);
      expect(printed).toBe(shown);
    }
  },
  600_000,
);

test(`${WORKER}: the page shows what it says, smoothly, and stops when it is told to`, async () => {
  const [output] = follow(WORKER, folder);
  cpSync(join(folder, "node_modules/vega-datasets/data/seattle-weather.csv"), join(folder, "public/seattle-weather.csv"));
  await vite.build({ root: folder, configFile: false, logLevel: "error", build: { target: "es2022" } });
  const site = await serve(join(folder, "dist"), {});
  const browser = await launch("chrome");
  try {
    const { page, said } = await open(browser, site.address);
    const text = (id: string) => page.$eval(id, (element) => (element as { textContent: string | null }).textContent);
    const forecast = () => page.waitForFunction(() => document.querySelector("#forecast")?.textContent !== "");
    await forecast();
    const printed = `${await text("#out")}\n${await text("#forecast")}\n`;
    expect(said).toEqual([]);
    if (process.env.WRITE) return written(WORKER, [{ printed }]);
    const [now, shown] = same({ shown: output!.shown, printed });
    expect(now).toBe(shown);
    // At the first epoch, by the page itself: all of them may be over before a click comes from here.
    await page.evaluateOnNewDocument(() =>
      addEventListener("DOMContentLoaded", () => {
        const stop = () => document.querySelector<HTMLButtonElement>("#stop")?.click();
        new MutationObserver(stop).observe(document.querySelector("#out") as Element, { childList: true });
      }),
    );
    await page.reload();
    await forecast();
    expect(await text("#out")).not.toMatch(/^epoch 40/);
  } finally {
    await browser.close();
    await site.close();
  }
});

test.each(guides)("%s is a page of 50 to 150 lines with one whole program and its installation", (page) => {
  const text = readFileSync(`${root}${page}`, "utf8");
  const lines = text.trim().split("\n").length;
  expect(lines).toBeGreaterThanOrEqual(50);
  expect(lines).toBeLessThanOrEqual(150);
  expect(blocks(text)[0]?.code).toMatch(/^npm install memcell/);
  expect(blocks(text).filter(({ name, language }) => language === "js" && name !== "").length).toBeGreaterThan(0);
});
