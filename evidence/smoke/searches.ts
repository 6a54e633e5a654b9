/** The learners that search: by drawing weights, without a gradient. */

import { createAnnealing } from "../learners/annealing.js";
import { createGuessing } from "../learners/guessing.js";
import { createMultigrid } from "../learners/multigrid.js";
import type { Smoke } from "../smoke.js";
import { adding } from "../tasks/adding.js";
import { latch } from "../tasks/latch.js";
import { parity } from "../tasks/parity.js";
import { twoSequences } from "../tasks/twoSequences.js";

const long = { shortest: 500, longest: 600 };

export const SEARCHES: Smoke[] = [
  {
    learner: "weight guessing, A2",
    create: (task, seed) => createGuessing(task, seed, { architecture: "A2", selves: false }),
    solves: { name: "parity, 500-600 steps", task: parity(long), budget: 2000 },
    fails: { name: "adding, T = 50", task: adding(50), budget: 3000 },
  },
  {
    learner: "weight guessing, the latch's net",
    create: (task, seed) => createGuessing(task, seed, { architecture: "latch", within: 0.25 }),
    solves: { name: "latch, 500-600 steps", task: latch(long), budget: 300 },
    fails: { name: "parity, 500-600 steps", task: parity(long), budget: 1000 },
  },
  {
    learner: "simulated annealing",
    create: (task, seed) => createAnnealing(task, seed, { hidden: 2, set: 30, adjustments: 5 }),
    solves: { name: "parity, 25-50 steps", task: parity({ shortest: 25, longest: 50 }), budget: 30_000 },
    fails: { name: "adding, T = 50", task: adding(50), budget: 3000 },
  },
  {
    learner: "multigrid random search",
    create: (task, seed) => createMultigrid(task, seed, { hidden: 2, set: 100 }),
    solves: { name: "2-sequence, 20-30 steps", task: twoSequences({ shortest: 20, longest: 30, N: 3 }), budget: 10_000 },
    fails: { name: "parity, 25-50 steps", task: parity({ shortest: 25, longest: 50 }), budget: 3000 },
  },
];
