/** What trials say: intervals, medians of trials that were given up, and what counts as reproduced. */

import type { Result, Row } from "./row.js";

export const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
export const deviation = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)));

/** The trials of a row that count: of each the run that learned, or else the longest. */
export function trialsOf({ name }: Pick<Row, "name">, results: readonly Result[]): Result[] {
  const best = new Map<number, Result>();
  for (const result of results) {
    const other = best.get(result.trial);
    if (result.row === name && (!other || result.solved || (!other.solved && result.sequences > other.sequences)))
      best.set(result.trial, result);
  }
  return [...best.values()];
}

/** Sequences until a mark, of the trials that passed it. */
export const until = (trials: readonly Result[], mark: string) => trials.flatMap(({ marks }) => marks[mark] ?? []);

/** The 95 % interval of a share of which `hits` of `n` are known: Wilson 1927, Journal of the American Statistical Association 22. */
export function wilson(hits: number, n: number): [low: number, high: number] {
  const z = 1.959964;
  const middle = hits + (z * z) / 2;
  const half = z * Math.sqrt((hits * (n - hits)) / n + (z * z) / 4);
  return [Math.max(0, (middle - half) / (n + z * z)), Math.min(1, (middle + half) / (n + z * z))];
}

/**
 * The median number of sequences until a mark. A trial that was given up counts as one that takes longer than it was allowed to (the
 * estimator of Kaplan & Meier 1958), one that left the finite numbers as one that never passes it. Of an even number it is the lower of
 * the two in the middle. Infinity where so few trials passed it that the estimate comes to none.
 */
export function median(trials: readonly Result[], mark: string): number {
  const times = until(trials, mark).sort((a, b) => a - b);
  const ends = trials.map(({ marks, sequences, diverged }) => marks[mark] ?? (diverged ? Infinity : sequences));
  let survive = 1;
  for (const [i, time] of times.entries()) {
    // Of trials that end at the same time those before this one are no longer there.
    const left = ends.filter((end) => end >= time).length - (i - times.indexOf(time));
    survive *= 1 - 1 / left;
    if (survive <= 0.5 + 1e-9) return time;
  }
  return Infinity;
}

/** The fewest sequences after which a trial was given up; where none was, the fewest that one might have taken. */
export function budget(trials: readonly Result[]): number {
  const failed = trials.filter(({ solved, diverged }) => !solved && !diverged);
  return Math.min(...(failed.length > 0 ? failed : trials).map(({ limit }) => limit));
}

/** Whether, when a trial ended, so great a share of new sequences was right. */
export const mostlyRight = ({ wrong, tested }: Result, share = 0.95) => tested > 0 && wrong <= (1 - share) * tested;

/** Trials that a verdict needs, how much longer than published each may take, and how far medians may lie apart. */
export const [TRIALS, LONGER, APART] = [10, 2, 2];

export type Verdict = "reproduced" | "not reproduced" | "faster" | "slower" | "open";

/**
 * A mark of a row is reproduced if there are ten trials or more, none was given up before twice the published mean, the interval of the
 * share that learned reaches the published share, and the median lies within a factor of two of the published mean. It is "faster" or
 * "slower" where the median alone does not; "open" where trials or budget do not suffice to say.
 */
export function verdict(row: Row, trials: readonly Result[], mark: string): Verdict {
  const theirs = row.paper?.sequences[mark];
  if (!theirs || trials.length === 0 || budget(trials) < LONGER * theirs) return "open";
  const [, high] = wilson(until(trials, mark).length, trials.length);
  // The upper end is 1 where all learned, but for rounding.
  if (high < (row.paper as { solved: number }).solved - 1e-9) return "not reproduced";
  if (trials.length < TRIALS) return "open";
  const ratio = median(trials, mark) / theirs;
  return ratio < 1 / APART ? "faster" : ratio > APART ? "slower" : "reproduced";
}
