/** The library's own learners: the network of 1997 with its own rule, and those of today. */

import { gru, lstm, rnn } from "../../src/index.js";
import { createLstm97, createModern } from "../learners/memcell.js";
import type { Smoke } from "../smoke.js";
import { LONG, MIDDLE, SHORT } from "./bouts.js";

const units = 8;

export const LIBRARY: Smoke[] = [
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
];
