/** Rows that are there for a claim of their own: the squashing functions (C6), chunkers and noise (C13). */

import { createChunker } from "./learners/chunker.js";
import { createLstm97 } from "./learners/memcell.js";
import type { Row } from "./row.js";
import { SETTINGS_1997, type Setting } from "./rows1997.js";
import { noRegularity } from "./tasks/longLag.js";

/** g and h of the paper, tanh, and what neither has: no bound, and values above zero only. */
const SQUASHING = [
  ["[-2,2]", "[-1,1]"],
  ["tanh", "tanh"],
  ["[-1,1]", "[-1,1]"],
  ["identity", "identity"],
  ["logistic", "logistic"],
] as const;

const squashed = ({ name, task, lag, of, options, sequences }: Setting): Row[] =>
  SQUASHING.map(([g, h]) => ({
    name: `squash-${name}-${g}-${h}`,
    learner: `lstm97, g ${g}, h ${h}`,
    task,
    lag,
    of,
    trials: 10,
    limit: 10 * sequences.learned!,
    create: (seed) => createLstm97(of, seed, { ...options, g, h }),
  }));

/** Of 2a's symbols between so many are random; two nets, and three. */
const chunkers = (share: number): Row[] => {
  const p = 20;
  const of = noRegularity(p, share);
  return [2, 3].map((levels) => ({
    name: `noise-${share}-chunker-${levels}`,
    learner: `chunker of ${levels} nets`,
    task: `2a, p = ${p}, random symbols`,
    lag: p,
    x: share,
    of,
    trials: 10,
    limit: 20_000,
    create: (seed) => createChunker(of, seed, { levels }),
  }));
};

export const ROWS_CLAIMS: Row[] = [
  ...SETTINGS_1997.filter(({ name }) => name === "6a" || name === "3a-100-3").flatMap(squashed),
  ...[0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].flatMap(chunkers),
];
