/** The learners of Bengio et al. that do not search. */

import { createDiscrete } from "../learners/discrete.js";
import { createIohmm } from "../learners/iohmm.js";
import { createPseudoNewton } from "../learners/pseudoNewton.js";
import type { Smoke } from "../smoke.js";
import { adding } from "../tasks/adding.js";
import { order } from "../tasks/order.js";
import { parity } from "../tasks/parity.js";
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
  {
    learner: "EM on an input-output HMM, tables",
    create: (task, seed) => createIohmm(task, seed, { states: 2, transitions: "table" }),
    solves: { name: "parity, 25-50 steps", task: parity({ shortest: 25, longest: 50 }), budget: 20_000 },
    // Four classes, two states.
    fails: { name: "temporal order", task: order("6a"), budget: 2000 },
  },
  {
    learner: "EM on an input-output HMM, softmax",
    create: (task, seed) => createIohmm(task, seed, { states: 4, range: 5 }),
    solves: twoSequencesOf(5, 10, 10_000),
    fails: { name: "adding, T = 50", task: adding(50), budget: 2000 },
  },
];
