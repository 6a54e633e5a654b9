/** The learners of Bengio et al. that do not search. */

import { createDiscrete } from "../learners/discrete.js";
import { createPseudoNewton } from "../learners/pseudoNewton.js";
import type { Smoke } from "../smoke.js";
import { adding } from "../tasks/adding.js";
import { twoSequences } from "../tasks/twoSequences.js";

const twoSequencesOf = (shortest: number, longest: number, budget: number) => ({
  name: `2-sequence, ${shortest}-${longest} steps`,
  task: twoSequences({ shortest, longest, N: 3 }),
  budget,
});

export const BENGIO: Smoke[] = [
  {
    learner: "time-weighted pseudo-Newton",
    create: (task, seed) => createPseudoNewton(task, seed, {}),
    solves: twoSequencesOf(5, 10, 20_000),
    fails: twoSequencesOf(20, 30, 20_000),
  },
  {
    learner: "discrete error propagation",
    create: (task, seed) => createDiscrete(task, seed, {}),
    solves: twoSequencesOf(50, 100, 10_000),
    fails: { name: "adding, T = 50", task: adding(50), budget: 10_000 },
  },
];
