/** One trial of a row: sequences drawn and learned until every mark is passed, or the limit is reached. */

import { cpus } from "node:os";
import { Diverged } from "./learner.js";
import { type Result, type Row, VERSION } from "./row.js";
import { type Errors, errorOf } from "./task.js";

const MACHINE = `${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;

/** Where a trial is. */
export interface Progress {
  sequences: number;
  steps: number;
  /** The mean absolute error of late, before learning. */
  error: number;
}

/** How fast the mean of errors forgets: about the last thousand sequences. */
const FORGETS = 1e-3;

/** Yields after each sequence. The object that it yields is the same every time. */
export function* runTrial(row: Row, trial: number, limit = row.limit): Generator<Progress, Result, void> {
  const began = performance.now();
  const learner = row.create(trial);
  const run = row.of.begin(trial);
  const { features, marks } = row.of;
  const at: Progress = { sequences: 0, steps: 0, error: 0 };
  const passed: Record<string, number> = {};
  const figure = row.paper?.sequences.learned ?? 0;
  const recent: Errors = { most: 0, mean: 0, square: 0 };
  let published: Result["published"];
  let diverged = false;
  try {
    while (at.sequences < limit && marks.some((mark) => passed[mark] === undefined)) {
      const example = run.next();
      const outputs = learner.learn(example);
      at.sequences++;
      at.steps += example.steps ?? example.tokens?.length ?? example.inputs.length / features;
      const error = errorOf(outputs, example.targets);
      const share = Math.max(FORGETS, 1 / at.sequences);
      recent.mean += share * (error.mean - recent.mean);
      recent.most += share * (error.most - recent.most);
      at.error = recent.mean;
      if (at.sequences === figure) published = { sequences: figure, error: recent.mean, most: recent.most };
      for (const mark of run.holds(example, outputs, learner)) passed[mark] ??= at.sequences;
      yield at;
    }
  } catch (error) {
    if (!(error instanceof Diverged)) throw error;
    diverged = true;
  }
  const solved = marks.every((mark) => passed[mark] !== undefined);
  const tested = diverged ? { wrong: NaN, tested: 0, error: NaN } : run.test(learner);
  const { units, weights } = learner;
  return {
    version: VERSION,
    row: row.name,
    trial,
    limit,
    solved,
    ...(diverged && { diverged }),
    marks: passed,
    sequences: at.sequences,
    steps: at.steps,
    units,
    weights,
    ...(row.setting && { setting: row.setting() }),
    ...(published && { published }),
    ...tested,
    seconds: Math.round(performance.now() - began) / 1000,
    machine: MACHINE,
  };
}
