/** The learners by gradient descent: the library's, and the rivals. */

import { gru, lstm, rnn } from "../../../src/index.js";
import { createBptt, createElman } from "../learners/bptt.js";
import { createCascade } from "../learners/cascade.js";
import { createGamma, createTdnn } from "../learners/gamma.js";
import { createKalman } from "../learners/kalman.js";
import { createLstm97, createModern } from "../learners/memcell.js";
import { createMozer } from "../learners/mozer.js";
import { createNarx } from "../learners/narx.js";
import { createRtrl } from "../learners/rtrl.js";
import { createSecondOrder } from "../learners/secondOrder.js";
import type { Bout, Smoke } from "../smoke.js";
import { distracted } from "../tasks/longLag.js";
import { tomita } from "../tasks/tomita.js";
import { twoSequences } from "../tasks/twoSequences.js";

const twoSequencesOf = (shortest: number, longest: number, budget: number): Bout => ({
  name: `2-sequence, ${shortest}-${longest} steps`,
  task: twoSequences({ shortest, longest, N: 3 }),
  budget,
});
const distractedBy = (q: number, budget: number): Bout => ({ name: `2c, q = ${q}, p = 2`, task: distracted(q, 2), budget });

const SHORT = twoSequencesOf(5, 8, 10_000);
const MIDDLE = twoSequencesOf(20, 30, 4000);
const LONG = twoSequencesOf(100, 120, 3000);
const units = 8;

export const DESCENT: Smoke[] = [
  {
    learner: "lstm97",
    create: (task, seed) =>
      createLstm97(task, seed, { blocks: 2, cellsPerBlock: 2, inputGateBias: [-1, -2], init: 0.1, outputBias: true, rate: 1 }),
    solves: MIDDLE,
    fails: LONG,
  },
  {
    learner: "lstm, Adam",
    create: (task, seed) => createModern(task, seed, { layer: lstm({ units, forgetBias: 1 }), units, learningRate: 0.01 }),
    solves: MIDDLE,
    fails: LONG,
  },
  {
    learner: "gru, Adam",
    create: (task, seed) => createModern(task, seed, { layer: gru({ units }), units, learningRate: 0.01 }),
    solves: MIDDLE,
    fails: LONG,
  },
  {
    learner: "rnn tanh, Adam",
    create: (task, seed) => createModern(task, seed, { layer: rnn({ units }), units, learningRate: 0.01 }),
    solves: SHORT,
    fails: MIDDLE,
  },
  {
    learner: "rnn relu, Adam",
    create: (task, seed) => createModern(task, seed, { layer: rnn({ units, activation: "relu" }), units, learningRate: 0.01 }),
    solves: SHORT,
    fails: MIDDLE,
  },
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
