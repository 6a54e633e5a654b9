/**
 * README.md from README.template.md: every figure that trials or pictures give is a value with a name, in double braces, so that none
 * is typed by hand.
 *
 *     {{learned 6a}}   {{median multiplication n140}}   {{at gradient-norm "lstm, forget bias 2: dc" 100}}   {{verdicts The paper's rows}}
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Picture } from "./claims.js";
import { jobsOf, left, openJobs, readManifest } from "./manifest.js";
import type { Results } from "./results.js";
import type { Result, Row } from "./row.js";
import { GROUPS, ROWS, rowNamed } from "./rows.js";
import { TASKS } from "./rowsToday.js";
import { budget, mean, median, trialsOf, until, verdict } from "./statistics.js";
import { interval, markdown, matrix, medianOf, short, whole } from "./tables.js";

const TEMPLATE = new URL("README.template.md", import.meta.url);
const README = new URL("README.md", import.meta.url);

/** Three digits, as a power of ten where it is very small or large. */
function small(value: number): string {
  if (value === 0 || (value >= 1e-3 && value < 1e6)) return short(value);
  const [digits, exponent] = value.toExponential(1).split("e") as [string, string];
  return `${digits} x 10^${Number(exponent)}`;
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** The trials of a row and its last mark, or the one that is asked for. */
function found(results: readonly Result[], name: string, asked?: string): { row: Row; trials: Result[]; mark: string; ours: number[] } {
  const row = rowNamed(name);
  const trials = trialsOf(row, results);
  if (trials.length === 0) throw new RangeError(`${name} has no trials`);
  const mark = asked ?? (row.of.marks.at(-1) as string);
  if (!row.of.marks.includes(mark)) throw new RangeError(`${name} has no mark ${mark}`);
  return { row, trials, mark, ours: until(trials, mark) };
}

function published(name: string, asked?: string): number {
  const row = rowNamed(name);
  const value = row.paper?.sequences[asked ?? (row.of.marks.at(-1) as string)];
  if (value === undefined) throw new RangeError(`of ${name} nothing was published`);
  return value;
}

function picture(name: string): Picture {
  const path = new URL(`pictures/${name}.json`, import.meta.url);
  if (!existsSync(path)) throw new RangeError(`no picture is named ${name}`);
  return JSON.parse(readFileSync(path, "utf8"));
}

function curve(name: string, curve: string): { x: number[]; y: number[] } {
  const { x, curves } = picture(name);
  const one = curves.find((one) => one.name === curve);
  if (!one) throw new RangeError(`${name} has no curve ${curve}`);
  return { x: x.values, y: one.y };
}

/** The rows of a group that have trials: what came out, what was published, the verdict. */
function verdicts(results: readonly Result[], group: string): string {
  const rows = GROUPS[group];
  if (!rows) throw new RangeError(`no group is named ${group}`);
  const body = rows.flatMap((row) => {
    const trials = trialsOf(row, results);
    if (trials.length === 0) return [];
    const { paper } = row;
    return row.of.marks
      .filter((mark, i) => i === row.of.marks.length - 1 || paper?.sequences[mark])
      .map((mark) => {
        const ours = until(trials, mark);
        const theirs = paper?.sequences[mark];
        const value = median(trials, mark);
        return [
          row.of.marks.length > 1 && mark !== "learned" ? `${row.name}, ${mark}` : row.name,
          row.task,
          `${ours.length} of ${trials.length}`,
          interval(ours.length, trials.length),
          whole(budget(trials)),
          medianOf(trials, mark),
          ours.length > 0 ? whole(mean(ours)) : "",
          paper?.trials && theirs ? `${Math.round(paper.solved * paper.trials)} of ${paper.trials}` : "",
          theirs ? whole(theirs) : "",
          theirs && Number.isFinite(value) ? short(value / theirs) : "",
          theirs ? verdict(row, trials, mark) : "",
        ];
      });
  });
  const head = ["row", "experiment", "learned", "95 %", "budget", "median", "mean", "1997", "mean, 1997", "median / 1997", ""];
  return markdown(head, body);
}

/** The paper's tasks by the learning of today: medians, and how many learned where not all did. */
function today(results: readonly Result[]): string {
  const learners = ["lstm97", "lstm-chrono", "gru", "lstm"];
  const body = TASKS.map((task) => [
    task,
    whole(published(task)),
    ...learners.map((learner) => {
      const { trials, mark, ours } = found(results, `${task}-${learner}-adam`);
      const count = `${ours.length} of ${trials.length}`;
      return ours.length === 0 ? count : ours.length < trials.length ? `${medianOf(trials, mark)} (${count})` : medianOf(trials, mark);
    }),
  ]);
  return markdown(["row", "mean, 1997", "lstm97, Adam", "lstm chrono, Adam", "gru, Adam", "lstm, forget bias 1, Adam"], body);
}

/** @throws RangeError if the template names what there is not */
export function render(template: string, all: Results): string {
  const results = all.all;
  const of = (name: string, mark?: string) => found(results, name, mark);
  const inGroups = (names: string[]) => {
    const rows = new Set(names.flatMap((name) => (GROUPS[name] ?? []).map((row) => row.name)));
    return results.filter(({ row }) => rows.has(row));
  };
  const most = (values: number[]) => Math.max(...values.filter(Number.isFinite));
  const PAPER = ["The paper's rows", "The paper's rows in other readings"];
  const values: Record<string, (...args: string[]) => string> = {
    learned: (name = "", mark) => {
      const { ours, trials } = of(name, mark);
      return `${ours.length} of ${trials.length}`;
    },
    interval: (name = "", mark) => {
      const { ours, trials } = of(name, mark);
      return interval(ours.length, trials.length);
    },
    median: (name = "", asked) => {
      const { trials, mark } = of(name, asked);
      return medianOf(trials, mark);
    },
    mean: (name = "", mark) => whole(mean(of(name, mark).ours)),
    largest: (name = "") => whole(most(of(name).ours)),
    "mean without the largest": (name = "") => {
      const { ours } = of(name);
      return whole((sum(ours) - most(ours)) / (ours.length - 1));
    },
    budget: (name = "") => whole(budget(of(name).trials)),
    published: (name = "", mark) => whole(published(name, mark)),
    ratio: (name = "", asked) => {
      const { trials, mark } = of(name, asked);
      return short(median(trials, mark) / published(name, asked));
    },
    /** Of the difference between our mean and the published one, the part that the 10,000 right sequences at the end are. */
    "streak's part": (name = "") => `${Math.round((100 * 10_000) / (mean(of(name).ours) - published(name)))} %`,
    /** The mean absolute error at the published number. */
    error: (name = "") => short(mean(of(name).trials.flatMap(({ published }) => published?.error ?? []))),
    wrong: (name = "") => {
      const { trials } = of(name);
      return `${short(mean(trials.map(({ wrong, tested }) => (100 * wrong) / tested)))} %`;
    },
    at: (name = "", of = "", where = "") => {
      const { x, y } = curve(name, of);
      const i = x.indexOf(Number(where));
      if (i < 0) throw new RangeError(`${name} has no ${where}`);
      return small(y[i] as number);
    },
    most: (name = "", of = "") => small(most(curve(name, of).y)),
    last: (name = "", of = "") => small(curve(name, of).y.filter(Number.isFinite).at(-1) as number),
    verdicts: (...group) => verdicts(results, group.join(" ")),
    /** How many marks of a group have a verdict. */
    count: (...args) => {
      const [group, verdict] = args.join(" ").split(": ") as [string, string];
      return String(
        verdicts(results, group)
          .split("\n")
          .slice(2)
          .filter((line) => line.endsWith(`| ${verdict} |`)).length,
      );
    },
    today: () => today(results),
    matrix: (name = "") =>
      matrix(
        ROWS.filter((row) => row.name.startsWith(`${name}-`)),
        results,
      ),
    trials: () => whole(inGroups(PAPER).length),
    steps: () => small(sum(inGroups(PAPER).map(({ steps }) => steps))),
    hours: () => short(sum(inGroups(PAPER).map(({ seconds }) => seconds)) / 3600),
    left: () => {
      const jobs = jobsOf(readManifest());
      return left(openJobs(jobs, all), jobs.length);
    },
  };
  return template.replace(/\{\{(.*?)\}\}/g, (_, text: string) => {
    const name = Object.keys(values)
      .filter((name) => text === name || text.startsWith(`${name} `))
      .sort((a, b) => b.length - a.length)[0];
    if (name === undefined) throw new RangeError(`no value is named ${text}`);
    const args = text.slice(name.length).match(/"[^"]*"|\S+/g) ?? [];
    return (values[name] as (...args: string[]) => string)(...args.map((arg) => arg.replaceAll('"', "")));
  });
}

export const readReadme = () => readFileSync(README, "utf8");
export const renderReadme = (results: Results) => render(readFileSync(TEMPLATE, "utf8"), results);
export const writeReadme = (results: Results) => writeFileSync(README, renderReadme(results));
