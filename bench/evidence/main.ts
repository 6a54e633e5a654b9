/**
 * The experiments of the paper of 1997, run again and printed beside its figures. Each trial that ends is a line of JSON in a
 * file; what is in it is not run again, so that after Ctrl-C the same command goes on (the trial under way begins anew).
 *
 *     npm run experiments [-- --out FILE] [-- --only reber,adding-100] [-- --trials N] [-- --limit SEQUENCES]
 */

import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { SETTINGS, type Setting } from "./settings.js";
import { type Result, runTrial } from "./trial.js";

const { values: flags } = parseArgs({
  options: {
    out: { type: "string", default: "build/experiments.jsonl" },
    only: { type: "string", default: "" },
    trials: { type: "string" },
    limit: { type: "string" },
  },
});
const count = (name: "trials" | "limit", otherwise: number) => {
  const value = Number(flags[name] ?? otherwise);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`"--${name}" expected a positive integer, got ${flags[name]}`);
  return value;
};
const settings = SETTINGS.filter(({ name }) => flags.only.split(",").some((part) => part === "" || `${name}-`.startsWith(`${part}-`)));
if (settings.length === 0) {
  throw new RangeError(
    `"--only" expected names, or what they begin with, of ${SETTINGS.map(({ name }) => name).join(", ")}, got ${flags.only}`,
  );
}
const limitOf = ({ limit }: Setting) => count("limit", limit);

function readResults(): Result[] {
  if (!existsSync(flags.out)) return [];
  const lines = readFileSync(flags.out, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line));
}

const results = readResults();
/** A trial that was given up earlier than this run would is not done. */
const resultOf = (setting: Setting, trial: number) =>
  results.find((result) => {
    const same = result.setting === setting.name && result.trial === trial;
    return same && (result.solved ? result.sequences <= limitOf(setting) : result.limit >= limitOf(setting));
  });
const trials = settings.flatMap((setting) => Array.from({ length: count("trials", setting.trials) }, (_, trial) => ({ setting, trial })));
const open = trials.filter(({ setting, trial }) => !resultOf(setting, trial));

let stopped = false;
process.once("SIGINT", () => {
  stopped = true;
});
/** The event loop runs at least every so many milliseconds: for Ctrl-C and the bar. */
const BREATH = 50;

async function runAll(): Promise<void> {
  const bar = new SingleBar({
    format: "{bar} {value}/{total} trials | {setting} trial {trial}: {sequences} sequences, {speed} a second",
    noTTYOutput: true,
    notTTYSchedule: 10_000,
    stopOnComplete: false,
  });
  bar.start(trials.length, trials.length - open.length, { setting: "-", trial: "-", sequences: 0, speed: "-" });
  for (const { setting, trial } of open) {
    const run = runTrial(setting, trial, limitOf(setting));
    const began = performance.now();
    let breathed = began;
    let step = run.next();
    while (!step.done) {
      const now = performance.now();
      if (now - breathed > BREATH) {
        const speed = Math.round((1000 * step.value) / (now - began));
        bar.update({ setting: setting.name, trial, sequences: step.value.toLocaleString("en"), speed: speed.toLocaleString("en") });
        await setImmediate();
        if (stopped) break;
        breathed = performance.now();
      }
      step = run.next();
    }
    if (!step.done) break;
    results.push(step.value);
    appendFileSync(flags.out, `${JSON.stringify(step.value)}\n`);
    bar.increment();
    await setImmediate();
    if (stopped) break;
  }
  bar.stop();
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const median = (values: number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  return mean([sorted[Math.floor((sorted.length - 1) / 2)] as number, sorted[Math.ceil((sorted.length - 1) / 2)] as number]);
};
const whole = (value: number) => Math.round(value).toLocaleString("en");
const percent = (share: number) => `${Math.round(100 * share)} %`;

function printTable(): void {
  console.log(
    "\nSequences until learned: of the trials that learned. Wrong: sequences of 2,560 new ones; the paper tests the grammar on its sets alone.",
  );
  const rows = settings.flatMap((setting) => {
    const ours = trials.flatMap((entry) => (entry.setting === setting ? (resultOf(setting, entry.trial) ?? []) : []));
    if (ours.length === 0) return [];
    const { paper, name } = setting;
    const solved = ours.filter((result) => result.solved);
    const sequences = solved.map((result) => result.sequences);
    const learned = solved.length > 0;
    return [
      {
        setting: name,
        trials: ours.length,
        learned: percent(solved.length / ours.length),
        "learned 1997": percent(paper.solved),
        mean: learned ? whole(mean(sequences)) : "-",
        "mean 1997": whole(paper.sequences),
        median: learned ? whole(median(sequences)) : "-",
        range: learned ? `${whole(Math.min(...sequences))}-${whole(Math.max(...sequences))}` : "-",
        wrong: learned && paper.wrong !== undefined ? mean(solved.map((result) => result.wrong as number)).toFixed(1) : "-",
        "wrong 1997": paper.wrong ?? "-",
        weights: paper.weights,
      },
    ];
  });
  console.table(rows);
}

mkdirSync(dirname(flags.out), { recursive: true });
await runAll();
printTable();
if (stopped) {
  console.log(`Stopped. The same command goes on from ${flags.out}.`);
  process.exitCode = 130;
}
