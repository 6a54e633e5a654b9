/** Chooses, from the trials that tried them, a rate and a size for each experiment and learner. */

import type { Chosen } from "./chosen.js";
import type { Result, Row } from "./row.js";
import { EXPERIMENTS, LEARNERS, tunedName, tuningRows } from "./rowsToday.js";
import { mean, trialsOf } from "./statistics.js";

/** How well a setting did: trials that learned; sequences in all, those given up included; the error in the end. */
function merit(trials: readonly Result[]): [learned: number, sequences: number, error: number] {
  const error = mean(trials.map(({ diverged, error }) => (diverged ? Infinity : error)));
  return [trials.filter(({ solved }) => solved).length, trials.reduce((sum, { sequences }) => sum + sequences, 0), error];
}

/** Whether one did better: more trials learned, or as many in fewer sequences, or, where that is the same, with less error. */
function isBetter(a: ReturnType<typeof merit>, b: ReturnType<typeof merit>): boolean {
  if (a[0] !== b[0]) return a[0] > b[0];
  return a[0] > 0 && a[1] !== b[1] ? a[1] < b[1] : a[2] < b[2];
}

/** The best of rows all of which have their trials; undefined if one has not. */
function best(rows: readonly Row[], results: readonly Result[]): Chosen | undefined {
  let [found, most]: [Chosen | undefined, ReturnType<typeof merit> | undefined] = [undefined, undefined];
  for (const row of rows) {
    const trials = trialsOf(row, results);
    if (trials.length < row.trials) return undefined;
    const of = merit(trials);
    if (!most || isBetter(of, most)) [found, most] = [row.setting?.(), of];
  }
  return found;
}

/** Of every experiment and learner whose tuning has been run; of others what had been chosen. */
export function choose(results: readonly Result[], before: Record<string, Chosen> = {}): Record<string, Chosen> {
  const chosen = { ...before };
  for (const name of EXPERIMENTS) {
    for (const learner of LEARNERS) {
      const setting = best(tuningRows(name, learner), results);
      if (setting) chosen[tunedName(name, learner)] = setting;
    }
  }
  return chosen;
}
