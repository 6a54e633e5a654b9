/** The reference: every option has a default and a word, and every program that runs in the page runs in Node. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { serve } from "../../tests/bundlers/serve.js";
import { run } from "../live/run.js";
import { optionsOf } from "../site/options.js";
import { launch, open } from "./browsers.js";
import { root } from "./pages.js";

const folder = mkdtempSync(`${root}build/live-`);
mkdirSync(join(folder, "node_modules"));
symlinkSync(root, join(folder, "node_modules/memcell"));
afterAll(() => rmSync(folder, { recursive: true }));

const reference = `${root}docs/reference/`;
/** The programs, by the path of their page. */
const programs = new Map(
  readdirSync(reference, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    const found = name.endsWith(".md") && /## Try it.*?```js\n(.*?)```/s.exec(readFileSync(reference + name, "utf8"))?.[1];
    return found ? [[name.replace(".md", ""), found] as const] : [];
  }),
);
const printed = async (program: string) => {
  const lines: string[] = [];
  await run(program, (line) => lines.push(line));
  return lines;
};

test("every option of every layer, loss, optimizer, schedule and initializer says what it is, and its default", () => {
  const { factories, interfaces } = optionsOf([`${root}dist/types/src/index.d.ts`]);
  expect(factories.size).toBeGreaterThan(35);
  expect([...interfaces.keys()]).toEqual(expect.arrayContaining(["TrainerOptions", "ModelConfig", "FitSettings"]));
  const silent = [...factories].flatMap(([name, { options }]) =>
    options
      .filter(({ optional, initial, text }) => (optional ? initial === undefined : text === ""))
      .map((option) => `${name}.${option.name}`),
  );
  expect(silent).toEqual([]);
  expect([...factories].filter(([, { text }]) => text === "").map(([name]) => name)).toEqual([]);
  // What memcell accepts is what the page lists.
  for (const [name, { options }] of factories) {
    const page = readFileSync(`${reference}memcell/variables/${name}.md`, "utf8");
    for (const option of options) expect(page, name).toContain(`id="option-${option.name.toLowerCase()}"`);
    expect(programs.has(`memcell/variables/${name}`), name).toBe(true);
  }
});

test("every program of the reference runs, in Node as in the page's own way", async () => {
  const names = [...programs.keys()];
  names.forEach((name, i) => writeFileSync(join(folder, `${i}.mjs`), programs.get(name)!));
  const lines: Record<string, string[]> = {};
  for (const name of names) lines[name] = await printed(programs.get(name)!);
  for (const name of names) expect(lines[name], name).not.toEqual([]);
  const all = `let lines = 0;\nconsole.log = () => lines++;\nfor (let i = 0; i < ${names.length}; i++) await import("./" + i + ".mjs");\nprocess.stdout.write(String(lines));`;
  writeFileSync(join(folder, "all.mjs"), all);
  const count = Number(execFileSync(process.execPath, ["all.mjs"], { cwd: folder, encoding: "utf8" }));
  expect(count).toBe(Object.values(lines).flat().length);
});

test.each(["chrome", "firefox"] as const)("%s: a program runs, prints what Node prints, may be changed, and may be wrong", async (kind) => {
  const [site, browser] = [await serve(`${root}build`, {}), await launch(kind)];
  for (const name of ["memcell/variables/adam", "memcell/variables/lstm", "memcell/functions/trace", "memcell/variables/ctc"]) {
    const { page, said } = await open(browser, `${site.address}site/reference/${name}.html`);
    await page.waitForSelector("live-example .run");
    await page.evaluate(() => document.querySelector<HTMLElement>("live-example .run")!.click());
    const output = () =>
      page.waitForFunction(() => {
        const [live] = document.querySelectorAll("live-example");
        return !live!.hasAttribute("aria-busy") && live!.querySelector("pre")!.textContent;
      });
    const text = await (await output()).jsonValue();
    expect(String(text).trim().split("\n")).toEqual((await printed(programs.get(name)!)).join("\n").trim().split("\n"));
    if (name.endsWith("adam")) {
      await page.evaluate(() => document.querySelector<HTMLElement>("live-example .buttons button:last-child")!.click());
      await page.evaluate(() => {
        document.querySelector("textarea")!.value =
          'import { lstm } from "memcell";\nconsole.log(lstm({ units: 2 }));\nlstm({ unit: 2 });\nnone();';
        document.querySelector<HTMLElement>("live-example .run")!.click();
      });
      expect(await (await output()).jsonValue()).toBe('{"units":2,"type":"lstm"}\nReferenceError: none is not defined');
    }
    expect(said).toEqual([]);
    await page.close();
  }
  await browser.close();
  await site.close();
});
