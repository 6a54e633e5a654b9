/**
 * README.md and REPORT.md from their templates: every figure that trials or pictures give is a value with a name, in double braces,
 * so that none is typed by hand.
 *
 *     {{learned 6a}}   {{median multiplication n140}}   {{at gradient-norm "lstm, forget bias 2: dc" 100}}   {{verdicts The paper's rows}}
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import type { Picture } from "./claims.js";
import { counted, jobsOf, left, openJobs, readManifest } from "./manifest.js";
import type { Results } from "./results.js";
import type { Result, Row } from "./row.js";
import { GROUPS, ROWS, rowNamed } from "./rows.js";
import { claims, noise, small, sum, summary, tally, today, verdicts, verdictsOf, work } from "./sections.js";
import { budget, mean, median, mostlyRight, trialsOf, until } from "./statistics.js";
import { interval, matrix, medianOf, short, whole, wrongOf } from "./tables.js";

export const PAGES = ["README", "REPORT"] as const;
type Page = (typeof PAGES)[number];

const file = (name: string) => new URL(name, import.meta.url);

/** The trials of a row and its last mark, or the one that is asked for. */
function found(results: readonly Result[], name: string, asked?: string): { row: Row; trials: Result[]; mark: string; ours: number[] } {
  const row = rowNamed(name);
  const trials = trialsOf(row, results);
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
  const path = file(`pictures/${name}.json`);
  if (!existsSync(path)) throw new RangeError(`no picture is named ${name}`);
  return JSON.parse(readFileSync(path, "utf8"));
}

function curve(name: string, curve: string): { x: number[]; y: number[] } {
  const { x, curves } = picture(name);
  const one = curves.find((one) => one.name === curve);
  if (!one) throw new RangeError(`${name} has no curve ${curve}`);
  return { x: x.values, y: one.y };
}

/** @throws RangeError if the template names what there is not */
export function render(template: string, all: Results): string {
  const results = counted(all.all);
  /** A row that has no trials yet has no figures. */
  const from =
    (value: (trials: ReturnType<typeof found>) => string) =>
    (name = "", mark?: string) => {
      const all = found(results, name, mark);
      return all.trials.length > 0 ? value(all) : "(not run)";
    };
  const most = (values: number[]) => Math.max(...values.filter(Number.isFinite));
  const inGroup = (heading: string) => {
    const rows = GROUPS[heading];
    if (!rows) throw new RangeError(`no group is named ${heading}`);
    return rows;
  };
  const seconds = () => sum(all.all.map(({ seconds }) => seconds));
  const begins = (name: string) => ROWS.filter((row) => row.name.startsWith(`${name}-`));
  const values: Record<string, (...args: string[]) => string> = {
    learned: from(({ ours, trials }) => `${ours.length} of ${trials.length}`),
    interval: from(({ ours, trials }) => interval(ours.length, trials.length)),
    /** The interval where so many of so many trials learned. */
    wilson: (hits, n) => interval(Number(hits), Number(n)),
    median: from(({ trials, mark }) => medianOf(trials, mark)),
    mean: from(({ ours }) => whole(mean(ours))),
    largest: from(({ ours }) => whole(most(ours))),
    "mean without the largest": from(({ ours }) => whole((sum(ours) - most(ours)) / (ours.length - 1))),
    budget: from(({ trials }) => whole(budget(trials))),
    published: (name = "", mark) => whole(published(name, mark)),
    ratio: from(({ row, trials, mark }) => short(median(trials, mark) / published(row.name, mark))),
    /** Of the difference between our mean and the published one, the part that the 10,000 right sequences at the end are. */
    "streak's part": from(({ row, ours }) => `${Math.round((100 * 10_000) / (mean(ours) - published(row.name)))} %`),
    /** The mean absolute error at the published number. */
    error: from(({ trials }) => short(mean(trials.flatMap(({ published }) => published?.error ?? [])))),
    wrong: from(({ trials }) => wrongOf(trials)),
    /** How many trials had 95 % of new sequences right when they ended. */
    mostly: from(({ trials }) => `${trials.filter((trial) => mostlyRight(trial)).length} of ${trials.length}`),
    at: (name = "", of = "", where = "") => {
      const { x, y } = curve(name, of);
      const i = x.indexOf(Number(where));
      if (i < 0) throw new RangeError(`${name} has no ${where}`);
      return small(y[i] as number);
    },
    most: (name = "", of = "") => small(most(curve(name, of).y)),
    last: (name = "", of = "") => small(curve(name, of).y.filter(Number.isFinite).at(-1) as number),
    /** Whose numbers left the finite ones. */
    diverged: from(({ trials }) => `${trials.filter(({ diverged }) => diverged).length} of ${trials.length}`),
    verdicts: (...group) => verdicts(results, inGroup(group.join(" "))),
    /** The same of rows by name, in fewer columns. */
    summary: (...names) => summary(results, names.map(rowNamed)),
    /** How many marks of a group have a verdict. */
    count: (...args) => {
      const [group, asked] = args.join(" ").split(": ") as [string, string];
      return String(verdictsOf(results, inGroup(group)).filter((verdict) => verdict === asked).length);
    },
    tally: () => tally(results, Object.entries(GROUPS).slice(0, 3)),
    today: (...tasks) => today(results, tasks.length > 0 ? tasks : undefined),
    noise: () => noise(results),
    matrix: (name = "") => matrix(begins(name), results),
    work: () => work(all.all),
    trials: () => whole(all.all.length),
    steps: () => small(sum(all.all.map(({ steps }) => steps))),
    hours: () => short(seconds() / 3600),
    speed: () => small(sum(all.all.map(({ steps }) => steps)) / seconds()),
    /** Trials from before lines had a version: there when the verdicts were defined. */
    "of old": () => whole(all.all.filter(({ version }) => version === undefined).length),
    /** Where trials ran, as far as their lines say so. */
    machines: () => {
      const counts = new Map<string, number>();
      for (const { machine } of all.all) if (machine) counts.set(machine, (counts.get(machine) ?? 0) + 1);
      return [...counts].map(([machine, count]) => `${machine} (${whole(count)} trials)`).join("; ");
    },
    left: () => {
      const jobs = jobsOf(readManifest());
      return left(openJobs(jobs, all), jobs.length);
    },
  };
  // The claims of README.md have figures of their own.
  const withClaims = template.replace("{{claims}}", () => claims(readFileSync(file("README.template.md"), "utf8")));
  return withClaims.replace(/\{\{(.*?)\}\}/g, (_, text: string) => {
    const name = Object.keys(values)
      .filter((name) => text === name || text.startsWith(`${name} `))
      .sort((a, b) => b.length - a.length)[0];
    if (name === undefined) throw new RangeError(`no value is named ${text}`);
    const args = text.slice(name.length).match(/"[^"]*"|\S+/g) ?? [];
    return (values[name] as (...args: string[]) => string)(...args.map((arg) => arg.replaceAll('"', "")));
  });
}

export const readPage = (name: Page) => readFileSync(file(`${name}.md`), "utf8");
export const renderPage = (name: Page, results: Results) => render(readFileSync(file(`${name}.template.md`), "utf8"), results);

export function writePages(results: Results): void {
  for (const name of PAGES) writeFileSync(file(`${name}.md`), renderPage(name, results));
}
