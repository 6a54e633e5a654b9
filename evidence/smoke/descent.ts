/** The rivals that learn by gradient descent, and those near to it. */

import { createBptt, createElman } from "../learners/bptt.js";
import { createCascade } from "../learners/cascade.js";
import { createGamma, createTdnn } from "../learners/gamma.js";
import { createKalman } from "../learners/kalman.js";
import { createMozer } from "../learners/mozer.js";
import { createNarx } from "../learners/narx.js";
import { createRtrl } from "../learners/rtrl.js";
import { createSecondOrder } from "../learners/secondOrder.js";
import type { Smoke } from "../smoke.js";
import { tomita } from "../tasks/tomita.js";
import { distractedBy, LONG, MIDDLE, SHORT, twoSequencesOf } from "./bouts.js";

export const DESCENT: Smoke[] = [
  {
    learner: "BPTT",
    create: (task, seed) => createBptt(task, seed, { hidden: 4, rate: 1, range: 1 }),
    solves: SHORT,
    fails: LONG,
  },
  {
    learner: "RTRL",
    create: (task, seed) => createRtrl(task, seed, { hidden: 4, rate: 1, range: 1 }),
    solves: SHORT,
    fails: LONG,
  },
  {
    learner: "Elman",
    create: (task, seed) => createElman(task, seed, { hidden: 4, rate: 1, range: 1 }),
    solves: SHORT,
    fails: MIDDLE,
  },
  {
    learner: "time delays",
    create: (task, seed) => createTdnn(task, seed, { taps: 10, rate: 1 }),
    solves: SHORT,
    fails: MIDDLE,
  },
  {
    learner: "gamma memory",
    create: (task, seed) => createGamma(task, seed, { taps: 5, mu: 0.3, rate: 1 }),
    solves: SHORT,
    fails: LONG,
  },
  {
    learner: "NARX",
    create: (task, seed) => createNarx(task, seed, { rate: 1, range: 1 }),
    solves: distractedBy(1, 20_000),
    fails: distractedBy(20, 3000),
  },
  {
    learner: "time constants",
    create: (task, seed) => createMozer(task, seed, { rate: 1 }),
    solves: MIDDLE,
    fails: LONG,
  },
  {
    learner: "second-order net",
    create: (task, seed) => createSecondOrder(task, seed, { units: 4, rate: 1, range: 2 }),
    solves: distractedBy(1, 15_000),
    fails: distractedBy(20, 3000),
  },
  {
    learner: "Kalman filter",
    create: (task, seed) => createKalman(task, seed, { hidden: 4, range: 1 }),
    solves: { name: "Tomita 4, up to 10 symbols", task: tomita({ grammar: 4 }), budget: 10_000 },
    fails: MIDDLE,
  },
  {
    learner: "cascade correlation",
    create: (task, seed) => createCascade(task, seed, {}),
    solves: twoSequencesOf(5, 8, 30_000),
    // In a run of ones each unit comes to a period of one or two, and this takes three (Giles et al. 1995, IEEE TNN 6(4):829-836).
    fails: { name: "Tomita 6, up to 10 symbols", task: tomita({ grammar: 6 }), budget: 50_000 },
  },
];
