/** A row of the evidence: a learner on a task, how often, how long, and what was published. */

import type { Chosen } from "./chosen.js";
import type { Learner } from "./learner.js";
import type { Task } from "./task.js";

export interface Row {
  /** As on the command line: "adding-100", "adding-100-adam". */
  name: string;
  /** The learner's name in tables. */
  learner: string;
  /** The task's name in tables and the lag, in steps, that it asks for. */
  task: string;
  lag: number;
  /** Where it stands in pictures, if not at its lag. */
  x?: number;
  create: (seed: number) => Learner;
  /** What was tuned, where something was: it is written beside each trial. */
  setting?: () => Chosen;
  of: Task;
  trials: number;
  /** A trial is given up after so many sequences. */
  limit: number;
  paper?: Published;
}

export interface Published {
  source: string;
  weights?: number;
  /** Where it says how many. */
  trials?: number;
  /** The share of trials that learned. */
  solved: number;
  /** The mean number of sequences until each mark. */
  sequences: Record<string, number>;
  /** Wrong of so many tested. */
  wrong?: number;
  tested?: number;
}

/** Of the tasks, learners and stop rules: what a trial of another version gave is not this version's. */
export const VERSION = 1;

/** What is written for a trial, a line each. */
export interface Result {
  /** VERSION; absent: 1. */
  version?: number;
  row: string;
  trial: number;
  /** The most sequences it might have taken. */
  limit: number;
  solved: boolean;
  /** Whether it left the finite numbers. */
  diverged?: boolean;
  /** After how many sequences each mark was passed. */
  marks: Record<string, number>;
  /** Learned in all. */
  sequences: number;
  steps: number;
  units: number;
  weights: number;
  setting?: Chosen;
  /** At the figure that was published, over about the last thousand sequences: the mean absolute error, and the mean of each one's largest. */
  published?: { sequences: number; error: number; most: number };
  /** Of new sequences. */
  wrong: number;
  tested: number;
  error: number;
  seconds: number;
  /** Its processor, and the version of Node; absent in lines from before it was kept. */
  machine?: string;
}
