/**
 * The tasks of 1997 by rules and networks of today: what of its cost was the learning, and what the network. "lstm97, Adam" is the
 * paper's net, initial values and all, learned by Adam on the full gradient; the others have as many units as it has cells. A trial
 * is given up at the number of sequences that the paper took.
 */

import { gru, type Layer, lstm } from "../src/index.js";
import { createLstm97Today, createModern } from "./learners/memcell.js";
import type { Row } from "./row.js";
import { rowOf, SETTINGS_1997 } from "./rows1997.js";

/** Of each experiment some rows, one of them the longest lag. */
export const TASKS = [
  "reber-3x2-0.5",
  "2a",
  "2b",
  "2c-50-50",
  "2c-100-100",
  "2c-1000-1000",
  "3a-100-3",
  "3a-1000-3",
  "3b-100-3",
  "3c-100-3",
  "adding-100",
  "adding-500",
  "adding-1000",
  "multiplication",
  "6a",
  "6b",
];

const learningRate = 0.005;

const rowsOf = (name: string): Row[] => {
  const setting = SETTINGS_1997.find((setting) => setting.name === name)!;
  const { paper: _, ...row } = rowOf(setting);
  const { of, lag, sequences, options } = setting;
  const { rate: __, update: ___, gradient: ____, ...net } = options;
  const units = net.blocks * (net.cellsPerBlock ?? 1);
  const layers: Record<string, Layer> = {
    lstm: lstm({ units, forgetBias: 1 }),
    "lstm chrono": lstm({ units, chrono: 2 * lag }),
    gru: gru({ units }),
  };
  const learners: [string, Row["create"]][] = [
    ["lstm97", (seed) => createLstm97Today(of, seed, { net, learningRate })],
    ...Object.entries(layers).map(([learner, layer]): [string, Row["create"]] => {
      return [learner, (seed) => createModern(of, seed, { layer, units, learningRate })];
    }),
  ];
  return learners.map(([learner, create]) => ({
    ...row,
    name: `${name}-${learner.replace(" ", "-")}-adam`,
    learner: `${learner}, Adam`,
    trials: lag < 500 ? 5 : 3,
    limit: sequences.learned!,
    create,
  }));
};

export const ROWS_TODAY: Row[] = TASKS.flatMap(rowsOf);
