/** What has been run, as Markdown: a line for each row, beside what was published; and as curves over the lag. */

import { markdown } from "../scripts/markdown.js";
import type { Picture } from "./claims.js";
import type { Result, Row } from "./row.js";
import { APART, budget, deviation, mean, median, mostlyRight, trialsOf, until, verdict, wilson } from "./statistics.js";

export const whole = (value: number) => Math.round(value).toLocaleString("en");
/** Three digits, without an exponent. */
export const short = (value: number) => (value >= 100 ? whole(value) : String(Number(value.toPrecision(3))));

/** The interval of a share, in percent. */
export const interval = (hits: number, n: number) =>
  `${wilson(hits, n)
    .map((share) => Math.round(100 * share))
    .join("–")} %`;

/** The share of new sequences that were wrong when trials ended, in percent. */
export const wrongOf = (trials: readonly Result[]) => `${short(mean(trials.map(({ wrong, tested }) => (100 * wrong) / tested)))} %`;

/** The median number of sequences until a mark; where more than half of the trials were given up, after how many the first was. */
export function medianOf(trials: readonly Result[], mark: string): string {
  const value = median(trials, mark);
  return Number.isFinite(value) ? whole(value) : `> ${whole(budget(trials))}`;
}

/** Numbers, those that follow each other as one: "3-7, 9". */
function ranges(numbers: readonly number[]): string {
  const parts: [from: number, to: number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && number === last[1] + 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(", ");
}

type Lines = ReadonlyMap<Result, number>;

function marksOf(row: Row, trials: Result[], lines: Lines): string[][] {
  const { paper } = row;
  return row.of.marks.map((mark, i) => {
    const ours = until(trials, mark);
    const theirs = paper?.sequences[mark];
    const failed = trials.filter(({ marks }) => marks[mark] === undefined);
    const at = trials.flatMap(({ published }) => published ?? []);
    const tested = trials.filter(({ solved }) => solved);
    const last = i === row.of.marks.length - 1;
    return [
      i === 0 ? row.task : "",
      i === 0 ? row.name : "",
      i === 0 ? row.learner : "",
      mark,
      `${ours.length} of ${trials.length}`,
      interval(ours.length, trials.length),
      i === 0 ? whole(budget(trials)) : "",
      medianOf(trials, mark),
      ours.length > 0 ? `${whole(mean(ours))} ± ${whole(deviation(ours))}` : "",
      paper?.trials ? `${Math.round(paper.solved * paper.trials)} of ${paper.trials}` : "",
      theirs ? whole(theirs) : "",
      theirs && Number.isFinite(median(trials, mark)) ? short(median(trials, mark) / theirs) : "",
      theirs ? verdict(row, trials, mark) : "",
      last && tested.length > 0 ? short(mean(tested.map(({ wrong }) => wrong))) : "",
      last && paper?.wrong !== undefined ? short(paper.wrong) : "",
      failed.length > 0 && at.length > 0 ? short(mean(at.map(({ error }) => error))) : "",
      i === 0 ? ranges(trials.flatMap((trial) => lines.get(trial) ?? [])) : "",
    ];
  });
}

const HEAD = [
  "task",
  "row",
  "learner",
  "mark",
  "learned",
  "95 %",
  "budget",
  "median",
  "mean",
  "learned, paper",
  "mean, paper",
  "median / paper",
  "verdict",
  "wrong",
  "wrong, paper",
  "error at the paper's figure",
  "lines",
];

/**
 * A table of all rows with trials. The median has trials that were given up as longer than their budget; "±" is the standard deviation
 * over the trials that learned; "lines" are those of the results file that have the trials. statistics.ts says what the verdicts mean.
 */
export function table(rows: readonly Row[], results: readonly Result[], lines: Lines): string {
  const body = rows.flatMap((row) => {
    const trials = trialsOf(row, results);
    return trials.length > 0 ? marksOf(row, trials, lines) : [];
  });
  return markdown(HEAD, body);
}

/** Rows that have trials, by learner and by their lag or what else they stand at. */
function grid(rows: readonly Row[], results: readonly Result[]) {
  const run = rows.map((row) => ({ learner: row.learner, x: row.x ?? row.lag, trials: trialsOf(row, results) }));
  const known = run.filter(({ trials }) => trials.length > 0);
  return {
    values: [...new Set(known.map(({ x }) => x))].sort((a, b) => a - b),
    names: [...new Set(known.map(({ learner }) => learner))],
    /** The trials of each row that stands there. */
    at: (name: string, value: number) => known.filter(({ learner, x }) => learner === name && x === value).map(({ trials }) => trials),
  };
}

/** How many trials of each learner learned, by lag. */
export function matrix(rows: readonly Row[], results: readonly Result[]): string {
  const { values, names, at } = grid(rows, results);
  const body = names.map((name) => [
    name,
    ...values.map((lag) => {
      const trials = at(name, lag).flat();
      return trials.length > 0 ? `${trials.filter(({ solved }) => solved).length} of ${trials.length}` : "";
    }),
  ]);
  return markdown(["learner", ...values.map((lag) => `lag ${lag}`)], body);
}

/** A curve for each learner. */
function curvesOf(rows: readonly Row[], results: readonly Result[], value: (trials: Result[]) => number) {
  const { values, names, at } = grid(rows, results);
  const curves = names.map((name) => ({
    name,
    y: values.map((x) => {
      const all = at(name, x);
      return all.length > 0 ? mean(all.map(value)) : Number.NaN;
    }),
  }));
  return { values, curves };
}

const learnedShare = (trials: Result[]) => trials.filter(({ solved }) => solved).length / trials.length;

/** Success, and the number of sequences, by lag, of all learners on the rows of a task. */
export function pictures(task: string, rows: readonly Row[], results: readonly Result[]): Picture[] {
  const share = curvesOf(rows, results, learnedShare);
  const sequences = curvesOf(rows, results, (trials) => mean(until(trials, "learned")));
  const x = { name: "lag, steps", log: true };
  return [
    {
      name: `success-${task}`,
      claims: ["C3", "C9", "C14"],
      title: `${task}: share of trials that learn, by lag`,
      x: { ...x, values: share.values },
      y: { name: "share of trials", log: false },
      curves: share.curves,
    },
    {
      name: `sequences-${task}`,
      claims: ["C9"],
      title: `${task}: sequences until it is learned, by lag`,
      x: { ...x, values: sequences.values },
      y: { name: "sequences", log: true },
      curves: sequences.curves,
    },
  ];
}

/** C13: right in 95 % of new sequences when the trial ended, for which one wrong in a hundred is no failure. */
export function noisePicture(rows: readonly Row[], results: readonly Result[]): Picture {
  const share = (trials: Result[]) => trials.filter((trial) => mostlyRight(trial)).length / trials.length;
  const { values, curves } = curvesOf(rows, results, share);
  return {
    name: "chunker-noise",
    claims: ["C13"],
    title: "2a, p = 20: share of trials that are right in 95 %, by noise",
    x: { name: "share of random symbols between", values },
    y: { name: "share of trials", log: false },
    curves,
  };
}

/** Of each published mean the median here, where half of the trials came to one. */
export function medians(groups: readonly (readonly [heading: string, rows: readonly Row[]])[], results: readonly Result[]): Picture {
  const points = groups.flatMap(([heading, rows]) =>
    rows.flatMap((row) =>
      Object.entries(row.paper?.sequences ?? {}).map(([mark, theirs]) => ({
        heading,
        theirs,
        ours: median(trialsOf(row, results), mark),
      })),
    ),
  );
  const known = points.filter(({ ours }) => Number.isFinite(ours)).sort((a, b) => a.theirs - b.theirs);
  return {
    name: "medians",
    claims: ["C9"],
    title: "Sequences until learned: the median here, by the published mean",
    x: { name: "mean, 1997", log: true, values: known.map(({ theirs }) => theirs) },
    y: { name: "median here", log: true },
    points: true,
    curves: [
      ...groups.map(([heading]) => ({
        name: heading.toLowerCase(),
        y: known.map((point) => (point.heading === heading ? point.ours : Number.NaN)),
      })),
      { name: "the same", line: true, y: known.map(({ theirs }) => theirs) },
      { name: "twice", line: true, y: known.map(({ theirs }) => APART * theirs) },
      { name: "half", line: true, y: known.map(({ theirs }) => theirs / APART) },
    ],
  };
}
