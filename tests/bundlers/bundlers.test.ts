/** A page that trains, from each bundler, in Chromium: with a strict policy, without a word on the console, with Node's bits. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { BUILDS } from "./builds.js";
import { launch, trained, visit } from "./chromium.js";

const project = inject("project");
let browser: Browser;
let expected: Record<string, { updates: number; hash: string }>;
beforeAll(async () => {
  browser = await launch();
  const code = `import { train } from ${JSON.stringify(pathToFileURL(join(project, "train.js")))}; console.log(JSON.stringify(await train()));`;
  expected = JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", code], { cwd: project, encoding: "utf8" }));
});
afterAll(() => browser?.close());

test("Node: 100 updates, and a worker has the bits of as many threads here", () => {
  expect(Object.values(expected).map(({ updates }) => updates)).toEqual([100, 100, 100, 100, 100]);
  expect(expected["a worker"]).toEqual(expected["one thread"]);
  expect(expected["a worker's two threads"]).toEqual(expected["two threads"]);
});

describe.each(BUILDS.map((entry) => [entry.name, entry] as const))("%s", (name, { pages, build }) => {
  let built: Awaited<ReturnType<typeof build>>;
  beforeAll(async () => {
    built = await build(project, join(project, "out", name));
  });
  afterAll(() => built?.site.close());

  test("has nothing to complain of", () => expect(built.warnings).toEqual([]));

  test.each(pages)("%s", async (file) => {
    const { page, said } = await visit(browser, built.site.address + file);
    expect(await trained(page)).toEqual(expected);
    // Vite's server tells of its own connection.
    expect(said.filter((text) => !/^debug: \[vite\]/.test(text))).toEqual([]);
    await page.close();
  });
});
