/** The learners that remember by their own construction: hierarchies of transitions, and chunkers. */

import type { Interface } from "../learner.js";
import { createChunker } from "../learners/chunker.js";
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
  ...[2, 3].map((levels) => ({
    learner: levels === 2 ? "chunker, two nets" : "chunker, a hierarchy of three",
    create: (task: Interface, seed: number) => createChunker(task, seed, { levels }),
    solves: { name: "2a, p = 20", task: noiseFree(20), budget: 6000 },
    // Nothing between can be predicted, so that the chunker has to see all of it.
    fails: { name: "2b, p = 10", task: noRegularity(10), budget: 3000 },
  })),
];
