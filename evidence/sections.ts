/** Tables of README.md and REPORT.md, each from the results. */

import { markdown } from "../scripts/markdown.js";
import type { Result, Row } from "./row.js";
import { GROUPS, ROWS, rowNamed } from "./rows.js";
import { LEARNERS, TASKS, tunedName, untunedName } from "./rowsToday.js";
import { budget, mean, median, mostlyRight, trialsOf, until, type Verdict, verdict } from "./statistics.js";
import { interval, medianOf, short, whole, wrongOf } from "./tables.js";

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Three digits, as a power of ten where it is very small or large. */
export function small(value: number): string {
  if (value === 0 || (value >= 1e-3 && value < 1e6)) return short(value);
  const [digits, exponent] = value.toExponential(1).split("e") as [string, string];
  return `${digits} x 10^${Number(exponent)}`;
}

const HEAD = ["row", "experiment", "learned", "95 %", "budget", "median", "mean", "1997", "mean, 1997", "median / 1997", ""];

/** The rows that have trials: what came out, what was published, the verdict. */
function verdictLines(results: readonly Result[], rows: readonly Row[]): string[][] {
  return rows.flatMap((row) => {
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
}

export const verdicts = (results: readonly Result[], rows: readonly Row[]) => markdown(HEAD, verdictLines(results, rows));

/** The same of each row's last mark alone, without what can be told from the rest. */
export function summary(results: readonly Result[], rows: readonly Row[]): string {
  const columns = (cells: string[]) =>
    ["row", "learned", "95 %", "median", "mean, 1997", ""].map((name) => cells[HEAD.indexOf(name)] as string);
  const body = rows.flatMap((row) => verdictLines(results, [row]).slice(-1));
  return markdown(columns(HEAD), body.map(columns));
}

/** Of each published figure of rows that have trials. */
export const verdictsOf = (results: readonly Result[], rows: readonly Row[]): Verdict[] =>
  rows.flatMap((row) => {
    const trials = trialsOf(row, results);
    const marks = Object.entries(row.paper?.sequences ?? {}).flatMap(([mark, figure]) => (figure ? mark : []));
    return trials.length > 0 ? marks.map((mark) => verdict(row, trials, mark)) : [];
  });

/** How many published figures have which verdict, by group. */
export function tally(results: readonly Result[], groups: [heading: string, rows: readonly Row[]][]): string {
  const names: Verdict[] = ["reproduced", "faster", "slower", "not reproduced", "open"];
  const body = groups.map(([heading, rows]) => {
    const of = verdictsOf(results, rows);
    return [heading, ...names.map((name) => String(of.filter((verdict) => verdict === name).length))];
  });
  return markdown(["", ...names], body);
}

/** The claims of a page: which simply hold, and the verdicts of the others. */
export function claims(page: string): string {
  const lines = page.split("\n").filter((line) => /^\| C\d+: /.test(line));
  const all = lines
    .map((line) => line.slice(2, -2).split(" | "))
    .map((cells) => ({ claim: cells[0] as string, verdict: cells.at(-1) as string }));
  const holding = all.filter(({ verdict }) => verdict === "holds").map(({ claim }) => claim.split(":")[0]);
  const others = all.filter(({ verdict }) => verdict !== "holds");
  const table = markdown(
    ["claim", "verdict"],
    others.map(({ claim, verdict }) => [claim, verdict]),
  );
  return `${holding.slice(0, -1).join(", ")} and ${holding.at(-1)} hold; the others:\n\n${table}`;
}

/** Trials of an Adam row: the median, or how many learned, or both. */
function outcome(trials: readonly Result[]): string {
  const learned = until(trials, "learned").length;
  const count = `${learned} of ${trials.length}`;
  if (learned === 0) return count;
  return learned < trials.length ? `${medianOf(trials, "learned")} (${count})` : medianOf(trials, "learned");
}

/** The paper's tasks by the learning of today, before and after tuning. */
export function today(results: readonly Result[], tasks: readonly string[] = TASKS): string {
  const body = tasks.map((task) => {
    const row = rowNamed(task);
    const cells = LEARNERS.map((learner) => {
      const before = trialsOf({ name: untunedName(task, learner) }, results);
      const after = trialsOf({ name: tunedName(task, learner) }, results);
      const setting = after[0]?.setting;
      const untuned = before.length > 0 ? outcome(before) : "";
      return setting ? `${untuned} → ${outcome(after)}, ${setting.rate} x${setting.size}` : untuned;
    });
    return [task, whole(row.paper?.sequences.learned as number), outcome(trialsOf(row, results)), ...cells];
  });
  return markdown(
    ["row", "mean, 1997", "lstm97, as printed", ...LEARNERS.map((learner) => (learner === "lstm" ? "lstm, forget bias 1" : learner))],
    body,
  );
}

/** C13, by the share of symbols that are random: how many trials learned, how many had 95 % right when they ended, and how much was wrong. */
export function noise(results: readonly Result[]): string {
  const rows = ROWS.filter(({ name }) => name.startsWith("noise-"));
  const shares = [...new Set(rows.map(({ x }) => x as number))];
  const body = [...new Set(rows.map(({ learner }) => learner))].map((learner) => [
    learner,
    ...shares.map((share) => {
      const trials = rows.filter((row) => row.learner === learner && row.x === share).flatMap((row) => trialsOf(row, results));
      if (trials.length === 0) return "";
      return `${until(trials, "learned").length}, ${trials.filter((trial) => mostlyRight(trial)).length} of ${trials.length}; ${wrongOf(trials)}`;
    }),
  ]);
  return markdown(["learner", ...shares.map((share) => `${100 * share} %`)], body);
}

/** How many trials, how many steps, how long, and how fast, by group. */
export function work(results: readonly Result[]): string {
  const line = (heading: string, of: readonly Result[]) => {
    const [steps, seconds] = [sum(of.map(({ steps }) => steps)), sum(of.map(({ seconds }) => seconds))];
    return [heading, whole(of.length), small(steps), short(seconds / 3600), whole(steps / seconds)];
  };
  const body = Object.entries(GROUPS).flatMap(([heading, rows]) => {
    const names = new Set(rows.map(({ name }) => name));
    const of = results.filter(({ row }) => names.has(row));
    return of.length > 0 ? [line(heading, of)] : [];
  });
  return markdown(["rows", "trials", "steps", "core-hours", "steps a second"], [...body, line("all", results)]);
}
