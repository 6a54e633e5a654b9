/** The learners that search: by drawing weights, without a gradient. */

import { createGuessing } from "../learners/guessing.js";
import type { Smoke } from "../smoke.js";
import { adding } from "../tasks/adding.js";
import { latch } from "../tasks/latch.js";
import { parity } from "../tasks/parity.js";

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
];
