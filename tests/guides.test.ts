/** The guides for those who come from elsewhere: their code runs, and its types are right. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

const root = new URL("..", import.meta.url).pathname;
const folder = join(root, "docs/from");
const scratch = mkdtempSync(join(root, "build", "guides-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const pages = readdirSync(folder);

/** All of a page's code for memcell, one program. */
const programs = pages.map((page) => {
  const text = readFileSync(join(folder, page), "utf8");
  const file = join(scratch, page.replace(".md", ".mts"));
  writeFileSync(file, [...text.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code).join("\n"));
  return { page, text, file };
});

test.each(programs.map(({ page, ...rest }) => [page, rest] as const))("%s shows ten things, and runs", (_, { text, file }) => {
  expect([...text.matchAll(/^## \d+\. /gm)]).toHaveLength(10);
  const output = execFileSync("npx", ["tsx", file], { cwd: scratch, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [, loss] = /^20 (\S+)$/m.exec(output)!;
  expect(Number(loss)).toBeLessThan(0.2);
});

test("the types are right", () => {
  const options = ["--ignoreConfig", "--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--types", "node"];
  execFileSync("npx", ["tsc", ...options, ...programs.map(({ file }) => file)], { cwd: root });
});
