/**
 * The rivals: over lags that grow until each fails, on the 2-sequence problem and on experiments 2a, 2c and 4; and where the paper
 * reports them. Settings were chosen on the shortest lag of 2a, 2c and the 2-sequence problem, a seed or two each.
 *
 * RTRL's gradient is BPTT's, to 1e-12 in the tests, at many times the arithmetic: its rows would be those of BPTT.
 *
 * On 2c and 4 every learner has the same arithmetic to spend, 3 * 10^8 multiplications, on 2a 3 * 10^9 (as they are counted there, of which
 * most are by zero), and no more than 100,000 sequences. 2c counts
 * as learned after 1,000 right sequences in a row (10,000 in the paper), 4 when the average error of the last 2,000 is below 0.05:
 * constant answers have 0.167, those that know one of the two numbers 0.125. The rows "strict-adding" have the paper's own rule for
 * the learners that meet the loose one (who does not meet that does not meet this).
 */

import type { Create, Learner } from "./learner.js";
import { createAnnealing } from "./learners/annealing.js";
import { createBptt, createElman } from "./learners/bptt.js";
import { createCascade } from "./learners/cascade.js";
import { createChunker } from "./learners/chunker.js";
import { createConstructed } from "./learners/construction.js";
import { createDiscrete } from "./learners/discrete.js";
import { createGamma, createTdnn } from "./learners/gamma.js";
import { createGuessing } from "./learners/guessing.js";
import { createHierarchy } from "./learners/hierarchy.js";
import { createIohmm } from "./learners/iohmm.js";
import { createKalman } from "./learners/kalman.js";
import { createLstm97 } from "./learners/memcell.js";
import { createMozer } from "./learners/mozer.js";
import { createMultigrid } from "./learners/multigrid.js";
import { createNarx } from "./learners/narx.js";
import { createPseudoNewton } from "./learners/pseudoNewton.js";
import { createSecondOrder } from "./learners/secondOrder.js";
import type { Row } from "./row.js";
import { SETTINGS_1997 } from "./rows1997.js";
import { DESCENT } from "./smoke/descent.js";
import { LIBRARY } from "./smoke/library.js";
import type { Task } from "./task.js";
import { adding } from "./tasks/adding.js";
import { distracted, noiseFree } from "./tasks/longLag.js";
import { reber } from "./tasks/reber.js";
import { twoSequences } from "./tasks/twoSequences.js";

export interface Rival {
  name: string;
  create: (task: Task, seed: number) => Learner;
}

const rival = <O>(name: string, create: Create<O>, options: O): Rival => ({ name, create: (task, seed) => create(task, seed, options) });

const TIME_CONSTANTS = rival("time-constants", createMozer, { rate: 1 });

const RIVALS: Rival[] = [
  rival("bptt", createBptt, { hidden: 6, rate: 1, range: 1 }),
  rival("elman", createElman, { hidden: 6, rate: 0.5, range: 1 }),
  rival("cascade-correlation", createCascade, {}),
  rival("time-delays", createTdnn, { taps: 10, hidden: 6, rate: 1 }),
  rival("gamma-memory", createGamma, { taps: 10, hidden: 6, rate: 1 }),
  rival("narx", createNarx, { hidden: 6, rate: 1, range: 1 }),
  TIME_CONSTANTS,
  { name: "second-order-net", create: (task, seed) => createSecondOrder(task, seed, { units: 4 + task.outputs, rate: 1 }) },
  rival("kalman-filter", createKalman, { hidden: 4, range: 1 }),
  rival("pseudo-newton", createPseudoNewton, {}),
  rival("discrete-propagation", createDiscrete, { hidden: 6 }),
  {
    name: "iohmm",
    create: (task, seed) =>
      createIohmm(task, seed, {
        states: 4,
        ...(task.tokens ? { transitions: "table" as const } : { transitions: "softmax" as const, range: 5 }),
      }),
  },
  rival("annealing", createAnnealing, { hidden: 2, set: 30, adjustments: 5 }),
  rival("multigrid", createMultigrid, { hidden: 2, set: 100 }),
  rival("guessing", createGuessing, { architecture: "A1", hidden: 2, within: 0.2 }),
  rival("transition-hierarchy", createHierarchy, { most: 500 }),
  rival("chunker", createChunker, {}),
];

export const OURS_2A: Rival = rival("lstm97", createConstructed, {
  ...SETTINGS_1997.find(({ name }) => name === "2a")!.options,
  update: "sequence",
});
const OURS = { blocks: 2, cellsPerBlock: 2, inputGateBias: [-3, -6], init: 0.1, outputBias: true, rate: 0.5 };
const OURS_2C = rival("lstm97", createLstm97, OURS);
const OURS_4 = rival("lstm97", createLstm97, { ...OURS, outputs: "identity" });

/** A step takes milliseconds where there are ten outputs and more. */
const SLOW_WITH_OUTPUTS = ["second-order-net", "kalman-filter"];

/** Every learner that teaches itself a short one (smoke/library.ts, smoke/descent.ts), as it is set there. */
const ON_TWO_SEQUENCES: Rival[] = [
  ...[...LIBRARY, ...DESCENT]
    .filter(({ learner }) => learner !== "second-order net")
    .map(({ learner, create }) => ({
      name: learner.toLowerCase().replace(/,? /g, "-"),
      create,
    })),
  rival("second-order-net", createSecondOrder, { rate: 1 }),
  rival("guessing", createGuessing, { architecture: "A1", hidden: 1, within: 0.25 }),
];

const MOST = 100_000;
/** Fewer sequences than these would show nothing. */
const LEAST = 500;

/** Rows whose learners can afford them. */
function affordable(prefix: string, task: string, of: Task, lag: number, steps: number, rivals: Rival[], arithmetic = 3e8): Row[] {
  return rivals.flatMap(({ name, create }) => {
    const limit = Math.min(MOST, Math.floor(arithmetic / (create(of, 0).cost * steps)));
    return limit < LEAST ? [] : rows(prefix, task, of, lag, [{ name, create }], limit);
  });
}

const rows = (prefix: string, task: string, of: Task, lag: number, rivals: Rival[], limit: number): Row[] =>
  rivals.map(({ name, create }) => ({
    name: `${prefix}-${name}`,
    learner: name,
    task,
    lag,
    of,
    trials: 5,
    limit,
    create: (seed) => create(of, seed),
  }));

/**
 * The rivals' rows of the paper's tables 1 and 2, of which it ran those of 2a itself. RTRL's gradient is BPTT's, which is what is run.
 * A trial is given up after as many sequences as the row has twice, or after 1,000,000 if it has none.
 */
const published = (
  name: string,
  task: string,
  of: Task,
  { name: learner, create }: Rival,
  paper: { source: string; trials?: number; solved: number; learned?: number },
): Row => ({
  name: `paper-${name}`,
  learner,
  task,
  lag: 0,
  of,
  trials: 5,
  limit: Math.max(400_000, 2 * (paper.learned ?? 500_000)),
  create: (seed) => create(of, seed),
  paper: { ...paper, sequences: paper.learned === undefined ? {} : { learned: paper.learned } },
});

const single = (rate: number) => rival("rtrl", createBptt, { hidden: 1, connections: "1997", rate });
const ON_2A = "2a, noise-free, by rivals";
const ON_REBER = "1, embedded Reber grammar, by rivals";

const ROWS_PUBLISHED: Row[] = [
  ...(
    [
      [1, 14, 1_043_000],
      [4, 10, 892_000],
      [10, 4, 254_000],
    ] as const
  ).map(([rate, solved, learned]) =>
    published(`2a-4-rtrl-${rate}`, ON_2A, noiseFree(4), single(rate), { source: "P97", trials: 18, solved: solved / 18, learned }),
  ),
  published("2a-10-rtrl", ON_2A, noiseFree(10), single(1), { source: "P97", trials: 18, solved: 0 }),
  published("2a-100-chunker", ON_2A, noiseFree(100), rival("chunker", createChunker, { hidden: 1, imitates: "hidden" }), {
    source: "P97",
    trials: 18,
    solved: 6 / 18,
    learned: 32_400,
  }),
  published("reber-rtrl-3", ON_REBER, reber, rival("rtrl", createBptt, { hidden: 3, rate: 0.05, range: 1 }), {
    source: "Smith & Zipser 1989",
    solved: 0,
    learned: 173_000,
  }),
  published("reber-rtrl-12", ON_REBER, reber, rival("rtrl", createBptt, { hidden: 12, rate: 0.1, range: 1 }), {
    source: "Smith & Zipser 1989",
    solved: 0,
    learned: 25_000,
  }),
  published("reber-cascade", ON_REBER, reber, rival("cascade-correlation", createCascade, {}), {
    source: "Fahlman 1991",
    solved: 0.5,
    learned: 182_000,
  }),
  published("reber-elman", ON_REBER, reber, rival("elman", createElman, { hidden: 15, rate: 0.1, range: 0.5 }), {
    source: "Cleeremans et al. 1989",
    solved: 0,
    learned: 200_000,
  }),
];

export const ROWS_RIVALS: Row[] = [
  ...[5, 10, 20, 50, 100, 200].flatMap((T) => {
    const of = twoSequences({ shortest: T, longest: Math.round(1.1 * T), N: 3 });
    return rows(`two-sequences-${T}`, "2-sequence", of, T, ON_TWO_SEQUENCES, 20_000);
  }),
  ...[4, 10, 20, 50].flatMap((p) => {
    const rivals = p > 4 ? RIVALS.filter(({ name }) => !SLOW_WITH_OUTPUTS.includes(name)) : RIVALS;
    return affordable(`rivals-2a-${p}`, "2a, by rivals", noiseFree(p), p, p, [OURS_2A, ...rivals], 3e9);
  }),
  ...[2, 5, 10, 20, 50].flatMap((q) =>
    affordable(`rivals-2c-${q}`, "2c, p = 5, by rivals", distracted(q, 5, 1000), q + 1, q + 14, [OURS_2C, ...RIVALS]),
  ),
  ...[20, 40, 100].flatMap((T) => {
    const of = adding(T, { learned: { wrong: Infinity, average: 0.05 } });
    return affordable(`rivals-adding-${T}`, "4, by rivals", of, T / 2, 1.05 * T, [OURS_4, ...RIVALS]);
  }),
  ...[20, 40].flatMap((T) => {
    const loose = { loose: { wrong: Infinity, average: 0.05 }, learned: { wrong: 1, average: 0.01 } };
    return affordable(
      `strict-adding-${T}`,
      "4, by rivals, the paper's rule",
      adding(T, loose),
      T / 2,
      1.05 * T,
      T === 20 ? [OURS_4, TIME_CONSTANTS] : [OURS_4],
    );
  }),
  ...ROWS_PUBLISHED,
];
