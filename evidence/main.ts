/** The evidence: the experiments of 1997 run again, the rivals beside them. */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { integer } from "../src/core/check.js";
import { runAll } from "./all.js";
import { readChosen, writeChosen } from "./chosen.js";
import { counted } from "./manifest.js";
import { runJobs } from "./pool.js";
import { Results } from "./results.js";
import { ROWS, rowsNamed } from "./rows.js";
import { SMOKE } from "./smoke/all.js";
import { runBout } from "./smoke.js";
import { trialsOf } from "./statistics.js";
import { choose } from "./tune.js";
import { OUT, writeTables, writeTimes } from "./write.js";

const USAGE = `npm run evidence                                    the names of the rows
npm run evidence -- <name>... [--trials N] [--seed S] [--budget SEQUENCES]
npm run evidence -- all [--budget-hours N]          what is missing of manifest.json, then the tables
npm run evidence -- tables                          what has been run, as Markdown and pictures
npm run evidence -- show <name>...                  the trials of rows, their lines in the results, and whether tables count them
npm run evidence -- choose                          rates and sizes, from the trials that tried them: chosen.json
npm run evidence -- times                           the time of a step, measured now: of a machine that does nothing else
npm run evidence -- smoke                           each learner on a task within its power and one beyond it

  --out FILE    where trials are kept; ${OUT}
  --threads N   trials side by side; as many as the machine has

A name stands for all rows that begin with it. Trials that end are lines of JSON in a file; what is in it is not run again, so
that after Ctrl-C the same command goes on (trials under way begin anew).`;

const parse = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h" },
      out: { type: "string", default: OUT },
      trials: { type: "string" },
      seed: { type: "string", default: "0" },
      budget: { type: "string" },
      "budget-hours": { type: "string" },
      threads: { type: "string", default: String(availableParallelism()) },
    },
  });
type Flags = ReturnType<typeof parse>["values"];

/** An option that counts something; what is not a positive integer is refused with the option's name. */
const count = (flags: Flags, name: "trials" | "budget" | "threads", otherwise = 1) =>
  integer(`--${name}`, Number(flags[name] ?? otherwise));

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

function show(results: Results, names: string[]): void {
  const rows = new Set(names.flatMap(rowsNamed).map(({ name }) => name));
  const trials = results.all.filter(({ row }) => rows.has(row));
  const all = counted(results.all);
  const counts = new Set([...rows].flatMap((name) => trialsOf({ name }, all)));
  console.table(
    trials.map((result) => {
      const { row, trial, limit, marks, sequences, steps, wrong, tested, error, seconds } = result;
      const line = results.lines.get(result);
      const of = { row, seed: trial, line, counts: counts.has(result) ? "yes" : "no" };
      return { ...of, budget: limit, ...marks, sequences, steps, wrong, tested, error, seconds };
    }),
  );
}

async function all(flags: Flags, results: Results): Promise<number> {
  const hours = Number(flags["budget-hours"] ?? Infinity);
  if (!(hours > 0)) throw new RangeError(`"--budget-hours" expected a number above 0, got ${flags["budget-hours"]}`);
  const { finished, stopped } = await runAll(results, count(flags, "threads"), hours);
  if (finished) writeTables(results, flags.out);
  return stopped ? 130 : 0;
}

async function run(flags: Flags, results: Results, names: string[]): Promise<number> {
  const seed = integer("--seed", Number(flags.seed), 0);
  const jobs = names.flatMap(rowsNamed).flatMap(({ name, trials, limit }) =>
    Array.from({ length: count(flags, "trials", trials) }, (_, i) => ({
      row: name,
      trial: seed + i,
      limit: count(flags, "budget", limit),
    })),
  );
  const open = jobs.filter(({ row, trial, limit }) => !results.of(row, trial, limit));
  const stopped = await runJobs(open, jobs.length, count(flags, "threads"), (result) => results.add(result));
  if (stopped) console.log("Stopped. The same command goes on from here.");
  return stopped ? 130 : 0;
}

async function main(): Promise<number> {
  const { values: flags, positionals: names } = parse();
  const [first, ...others] = names;
  if (flags.help) console.log(USAGE);
  else if (first === undefined) {
    for (const { name, learner, task, trials } of ROWS) console.log(`${name.padEnd(24)} ${learner.padEnd(16)} ${task}, ${trials} trials`);
    console.log("\nA name stands for all rows that begin with it. --help says what else there is.");
  } else if (first === "smoke") return smoke();
  else {
    const results = new Results(flags.out);
    for (const line of results.broken) console.warn(`${flags.out}: line ${line} is broken; it is kept, and what it held is run again`);
    if (first === "all") return all(flags, results);
    if (first === "tables") writeTables(results, flags.out);
    else if (first === "show") show(results, others);
    else if (first === "choose") writeChosen(choose(counted(results.all), readChosen()));
    else if (first === "times") writeTimes(results);
    else return run(flags, results, names);
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
