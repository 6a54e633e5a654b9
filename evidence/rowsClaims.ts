/** Rows that are there for a claim of their own: the squashing functions (C6), streams without end (C7, C8), chunkers and noise (C13). */

import { createChunker } from "./learners/chunker.js";
import { createContinual } from "./learners/continual.js";
import { createLstm97 } from "./learners/memcell.js";
import type { Row } from "./row.js";
import { SETTINGS_1997, type Setting } from "./rows1997.js";
import { AT_END } from "./rowsPostHoc.js";
import { OURS_2A } from "./rowsRivals.js";
import { continualReber } from "./tasks/continual.js";
import { noRegularity } from "./tasks/longLag.js";

/** g and h of the paper; others: narrower ones, and what neither has: no bound, and values above zero only. */
const SQUASHING = {
  paper: { g: "[-2,2]", h: "[-1,1]" },
  tanh: { g: "tanh", h: "tanh" },
  narrow: { g: "[-1,1]", h: "[-1,1]" },
  identity: { g: "identity", h: "identity" },
  logistic: { g: "logistic", h: "logistic" },
} as const;

const squashed = ({ name, task, lag, of, options, sequences }: Setting): Row[] =>
  Object.entries(SQUASHING).map(([squashing, { g, h }]) => ({
    name: `squash-${name}-${squashing}`,
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

/** Controls of the chunkers: the reading of LSTM that learns 2a, and the one that learns 2b, whose error is that of the end alone. */
const controls = (share: number): Row[] => {
  const [p, learner] = [20, "lstm97"];
  const row = { task: `2a, p = ${p}, random symbols`, lag: p, x: share, trials: 10, limit: 20_000 };
  const [every, end] = [noRegularity(p, share), noRegularity(p, share, "last")];
  return [
    { ...row, name: `noise-${share}-lstm97`, learner, of: every, create: (seed) => OURS_2A.create(every, seed) },
    {
      ...row,
      name: `noise-${share}-lstm97-end`,
      learner: `${learner}, error at the end alone`,
      of: end,
      create: (seed) => createLstm97(end, seed, AT_END),
    },
  ];
};

/** C7, C8: the learners of Gers et al. 2000, table 2, at a fixed rate; of 100 nets each, in percent, and with the streams they took. */
const CONTINUAL = [
  { name: "reset", learner: "lstm97, reset from outside", options: { forget: false, reset: true }, solved: 0.74, learned: 7441 },
  { name: "lstm97", learner: "lstm97", options: { forget: false }, solved: 0 },
  { name: "lstm", learner: "lstm, truncated gradient", options: { forget: true }, solved: 0.18, learned: 18_889 },
];

const continual: Row[] = CONTINUAL.map(({ name, learner, options, solved, learned }) => ({
  name: `continual-${name}`,
  learner,
  task: "continual embedded Reber grammar",
  lag: 9,
  of: continualReber,
  trials: 10,
  limit: 30_000,
  create: (seed) => createContinual(continualReber, seed, options),
  paper: { source: "Gers et al. 2000", trials: 100, solved, sequences: learned === undefined ? {} : { learned } },
}));

export const ROWS_CLAIMS: Row[] = [
  ...continual,
  ...SETTINGS_1997.filter(({ name }) => name === "6a" || name === "3a-100-3").flatMap(squashed),
  ...[0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1].flatMap((share) => [...chunkers(share), ...controls(share)]),
];
