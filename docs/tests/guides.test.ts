/** The guides, followed as they are written: each program runs and prints what its page shows. `WRITE=1` writes that anew. */

import { readFileSync } from "node:fs";
import { afterAll, expect, test } from "vitest";
import { blocks, folderOfReader, follow, guides, root, same, written } from "./programs.js";

const { folder, remove } = folderOfReader();
afterAll(remove);

test.each(guides)(
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

test.each(guides)("%s is a page of 50 to 150 lines with one whole program and its installation", (page) => {
  const text = readFileSync(`${root}${page}`, "utf8");
  const lines = text.trim().split("\n").length;
  expect(lines).toBeGreaterThanOrEqual(50);
  expect(lines).toBeLessThanOrEqual(150);
  expect(blocks(text)[0]?.code).toMatch(/^npm install memcell/);
  expect(blocks(text).filter(({ name, language }) => language === "js" && name !== "").length).toBeGreaterThan(0);
});
