/** The learners of Bengio et al. that do not search. */

import { createPseudoNewton } from "../learners/pseudoNewton.js";
import type { Smoke } from "../smoke.js";
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
];
