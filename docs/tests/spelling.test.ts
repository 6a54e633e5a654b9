/** Spelling, of British English and American: the pages, those of the repository that are the site's as well, and the reference. */

import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { OUTSIDE } from "../site/outside.js";
import { root } from "./pages.js";

test("every word is in a dictionary, or in docs/words.txt", () => {
  const files = [...Object.keys(OUTSIDE), "docs/{,from/,guides/}*.md", "docs/reference/**/*.md"];
  const options = ["--config", "docs/cspell.json", "--no-progress", "--no-summary", "--unique"];
  const { stdout, stderr, status } = spawnSync("docs/node_modules/.bin/cspell", ["lint", ...options, ...files], {
    cwd: root,
    encoding: "utf8",
  });
  expect(stderr + stdout).toBe("");
  expect(status).toBe(0);
});
