/** What shows of each learner in seconds that it learns: a task within its power, and one beyond it. */

import type { Interface, Learner } from "./learner.js";
import type { Result } from "./row.js";
import type { Task } from "./task.js";
import { runTrial } from "./trial.js";

/** A task, and the sequences after which it is given up. */
export interface Bout {
  /** As in tables. */
  name: string;
  task: Task;
  budget: number;
}

export interface Smoke {
  learner: string;
  create: (task: Interface, seed: number) => Learner;
  solves: Bout;
  fails: Bout;
}

export function runBout({ learner, create }: Smoke, { name, task, budget }: Bout, seed = 0): Result {
  const steps = runTrial(
    { name, learner, task: name, lag: 0, create: (trial) => create(task, trial), of: task, trials: 1, limit: budget },
    seed,
  );
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
