/** The learners that remember by their own construction: hierarchies of transitions, and chunkers. */

import { createHierarchy } from "../learners/hierarchy.js";
import type { Smoke } from "../smoke.js";
import { noiseFree, noRegularity } from "../tasks/longLag.js";

export const MEMORY: Smoke[] = [
  {
    learner: "transition hierarchy",
    create: (task, seed) => createHierarchy(task, seed, { most: 500 }),
    solves: { name: "2a, p = 100", task: noiseFree(100), budget: 1500 },
    fails: { name: "2b, p = 10", task: noRegularity(10), budget: 3000 },
  },
];
