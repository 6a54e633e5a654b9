/** The tasks of 1997 by networks and rules of today: what of its cost was the algorithm, and what the network. */

import { gru, lstm } from "../../src/index.js";
import { createModern } from "./learners/memcell.js";
import type { Row } from "./row.js";
import { ROWS_1997 } from "./rows1997.js";

/** Of each experiment some rows, one of them the longest lag. */
const TASKS = [
  "2c-50-50",
  "2c-100-100",
  "2c-1000-1000",
  "3a-100-3",
  "3b-100-3",
  "3c-100-3",
  "adding-100",
  "adding-500",
  "adding-1000",
  "multiplication",
  "6a",
  "6b",
];

/** As many units as the net of 1997 has cells. */
const rowsOf = (name: string): Row[] => {
  const { of, task, lag, limit, create } = ROWS_1997.find((row) => row.name === name) as Row;
  const { units } = create(0);
  const learners = { lstm: lstm({ units, forgetBias: 1 }), gru: gru({ units }) };
  return Object.entries(learners).map(([learner, layer]) => ({
    name: `${name}-${learner}`,
    learner: `${learner}, Adam`,
    task,
    lag,
    of,
    trials: 5,
    limit,
    create: (seed) => createModern(of, seed, { layer, units, learningRate: 0.005 }),
  }));
};

export const ROWS_TODAY: Row[] = TASKS.flatMap(rowsOf);
