/** What `npm run evidence -- tables` writes. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PICTURES, type Picture } from "./claims.js";
import { costs } from "./costs.js";
import { draw } from "./draw.js";
import { LEARNED } from "./learned.js";
import { counted } from "./manifest.js";
import { writePages } from "./report.js";
import type { Results } from "./results.js";
import type { Result } from "./row.js";
import { GROUPS, ROWS } from "./rows.js";
import { matrix, medians, noisePicture, pictures, table } from "./tables.js";

/** The evidence's own results. */
export const OUT = "evidence/results.jsonl";

/** The groups of rows for which the paper has figures. */
const PUBLISHED = Object.entries(GROUPS).slice(0, 3);

/** The rows of each picture over lags; of 2c those with as many distractors as steps. */
const BY_LAG = {
  "two-sequences": /^two-sequences/,
  "2c": /^2c-(none-)?(\d+)-\2/,
  adding: /^adding/,
  "rivals-2a": /^rivals-2a/,
  "rivals-2c": /^rivals-2c/,
  "rivals-adding": /^rivals-adding/,
};

function write(picture: Picture, folder: string): void {
  if (!picture.curves.some(({ y }) => y.some(Number.isFinite))) return;
  writeFileSync(join(folder, `${picture.name}.svg`), draw(picture));
  const rounded = (_: string, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(6)) : value);
  writeFileSync(join(folder, `${picture.name}.json`), `${JSON.stringify(picture, rounded)}\n`);
  console.log(`${picture.claims.join(", ")}: ${join(folder, picture.name)}.svg`);
}

const ofTasks = () => Object.entries(BY_LAG).map(([task, name]) => ({ task, rows: ROWS.filter((row) => name.test(row.name)) }));

/** tables.md: all rows with their trials' lines, and how many learned by lag. */
export function tablesPage(all: Results, results: readonly Result[]): string {
  const byLag = ofTasks()
    .filter(({ task }) => task.startsWith("rivals") || task === "two-sequences")
    .map(({ task, rows }) => `## ${task}, by lag\n\n${matrix(rows, results)}\n`);
  const tables = Object.entries(GROUPS).map(([heading, rows]) => `## ${heading}\n\n${table(rows, results, all.lines)}\n`);
  return `# What has been run\n\n\`npm run evidence -- tables\` makes this page.\n\n${[...byLag, ...tables].join("\n")}`;
}

/** Markdown, pictures and what they were drawn from, beside the results; of the evidence's own results README.md and REPORT.md too. */
export function writeTables(all: Results, out: string): void {
  const results = out === OUT ? counted(all.all) : all.all;
  const folder = dirname(out);
  const drawn = join(folder, "pictures");
  mkdirSync(drawn, { recursive: true });
  writeFileSync(join(folder, "tables.md"), tablesPage(all, results));
  const byTask = ofTasks().flatMap(({ task, rows }) => pictures(task, rows, results));
  const noise = noisePicture(
    ROWS.filter(({ name }) => name.startsWith("noise-")),
    results,
  );
  const ofResults = [noise, medians(PUBLISHED, results), ...byTask];
  for (const picture of [...[...PICTURES, ...LEARNED].map((make) => make()), ...ofResults]) write(picture, drawn);
  if (out === OUT) writePages(all);
}

/** The time of a step, which is measured here and now: of a machine that does nothing else. */
export function writeTimes(all: Results): void {
  write(costs(), "evidence/pictures");
  writePages(all);
}
