/**
 * The evidence: the experiments of 1997 run again, the rivals beside them.
 *
 *     npm run evidence                                    the names
 *     npm run evidence -- <name>... [--trials N] [--seed S] [--budget SEQUENCES] [--out FILE] [--threads N]
 *     npm run evidence -- all [--budget-hours N]          what is missing of manifest.json, then the tables
 *     npm run evidence -- tables                          what has been run, as Markdown and pictures
 *     npm run evidence -- smoke                           each learner on a task within its power and one beyond it
 *
 * Trials run side by side, and each that ends is a line of JSON in a file; what is in it is not run again, so that after Ctrl-C
 * the same command goes on (trials under way begin anew).
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { integer } from "../src/core/check.js";
import { runAll } from "./all.js";
import { PICTURES } from "./claims.js";
import { costs } from "./costs.js";
import { draw } from "./draw.js";
import { LEARNED } from "./learned.js";
import { runJobs } from "./pool.js";
import { writeReadme } from "./report.js";
import { Results } from "./results.js";
import type { Result } from "./row.js";
import { GROUPS, ROWS, rowsNamed } from "./rows.js";
import { SMOKE } from "./smoke/all.js";
import { runBout } from "./smoke.js";
import { matrix, noisePicture, pictures, table } from "./tables.js";

const OUT = "evidence/results.jsonl";

const { values: flags, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: "string", default: OUT },
    trials: { type: "string" },
    seed: { type: "string", default: "0" },
    budget: { type: "string" },
    "budget-hours": { type: "string" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});

/** An option that counts something; what is not a positive integer is refused with the option's name. */
const count = (name: "trials" | "budget" | "threads", otherwise: number) => integer(`--${name}`, Number(flags[name] ?? otherwise));

/** The rows of each picture over lags; of 2c those with as many distractors as steps. */
const BY_LAG = {
  "two-sequences": /^two-sequences/,
  "2c": /^2c-(none-)?(\d+)-\2/,
  adding: /^adding/,
  "rivals-2a": /^rivals-2a/,
  "rivals-2c": /^rivals-2c/,
  "rivals-adding": /^rivals-adding/,
};

/** Markdown, pictures and what they were drawn from, beside the results; of the results here README.md too. */
function writeTables(all: Results): void {
  const results: readonly Result[] = all.all;
  const folder = dirname(flags.out);
  const drawn = join(folder, "pictures");
  mkdirSync(drawn, { recursive: true });
  const ofTask = Object.entries(BY_LAG).map(([task, name]) => ({ task, rows: ROWS.filter((row) => name.test(row.name)) }));
  const byLag = ofTask
    .filter(({ task }) => task.startsWith("rivals") || task === "two-sequences")
    .map(({ task, rows }) => `## ${task}, by lag\n\n${matrix(rows, results)}\n`);
  const byTask = ofTask.flatMap(({ task, rows }) => pictures(task, rows, results));
  const tables = Object.entries(GROUPS).map(([heading, rows]) => `## ${heading}\n\n${table(rows, results)}\n`);
  writeFileSync(
    join(folder, "tables.md"),
    `# What has been run\n\n\`npm run evidence -- tables\` makes this page.\n\n${[...byLag, ...tables].join("\n")}`,
  );
  const noise = noisePicture(
    ROWS.filter(({ name }) => name.startsWith("noise-")),
    results,
  );
  for (const picture of [...[...PICTURES, ...LEARNED].map((make) => make()), costs(), noise, ...byTask]) {
    if (!picture.curves.some(({ y }) => y.some(Number.isFinite))) continue;
    writeFileSync(join(drawn, `${picture.name}.svg`), draw(picture));
    writeFileSync(
      join(drawn, `${picture.name}.json`),
      `${JSON.stringify(picture, (_, value) => (typeof value === "number" ? Number(value.toPrecision(6)) : value))}\n`,
    );
    console.log(`${picture.claims.join(", ")}: ${join(drawn, picture.name)}.svg`);
  }
  if (flags.out === OUT) writeReadme(all);
}

/** @returns 1 if a learner did not do as its row says */
function smoke(): number {
  const rows = SMOKE.flatMap((row) => {
    return [row.solves, row.fails].map((bout) => {
      const { solved, sequences, seconds } = runBout(row, bout);
      const expected = solved === (bout === row.solves);
      console.log(`${row.learner}: ${bout.name}: ${solved ? "learned" : "not learned"}${expected ? "" : " (not as expected)"}`);
      return { learner: row.learner, task: bout.name, learned: solved, sequences, seconds, expected };
    });
  });
  console.table(rows);
  return rows.every(({ expected }) => expected) ? 0 : 1;
}

async function main(): Promise<number> {
  if (names.length === 0) {
    for (const { name, learner, task, trials } of ROWS) console.log(`${name.padEnd(24)} ${learner.padEnd(16)} ${task}, ${trials} trials`);
    console.log("\nA name stands for all rows that begin with it. Also: all, tables, smoke.");
    return 0;
  }
  if (names[0] === "smoke") return smoke();
  const results = new Results(flags.out);
  if (names[0] === "tables") {
    writeTables(results);
    return 0;
  }
  for (const line of results.broken) console.warn(`${flags.out}: line ${line} is broken; it is kept, and what it held is run again`);
  if (names[0] === "all") {
    const hours = Number(flags["budget-hours"] ?? Infinity);
    if (!(hours > 0)) throw new RangeError(`"--budget-hours" expected a number above 0, got ${flags["budget-hours"]}`);
    const { finished, stopped } = await runAll(results, count("threads", 1), hours);
    if (finished) writeTables(results);
    return stopped ? 130 : 0;
  }
  const seed = Number(flags.seed);
  if (!Number.isInteger(seed) || seed < 0) throw new RangeError(`"--seed" expected an integer of 0 or more, got ${flags.seed}`);
  const jobs = names
    .flatMap(rowsNamed)
    .flatMap(({ name, trials, limit: most }) =>
      Array.from({ length: count("trials", trials) }, (_, i) => ({ row: name, trial: seed + i, limit: count("budget", most) })),
    );
  const open = jobs.filter(({ row, trial, limit }) => !results.of(row, trial, limit));
  const stopped = await runJobs(open, jobs.length, count("threads", 1), (result) => results.add(result));
  if (stopped) console.log("Stopped. The same command goes on from here.");
  return stopped ? 130 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
