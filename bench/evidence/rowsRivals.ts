/** The rivals on tasks of the paper, over lags that grow until each fails. */

import type { Create, Learner } from "./learner.js";
import { createBptt, createElman } from "./learners/bptt.js";
import { createGamma, createTdnn } from "./learners/gamma.js";
import { createGuessing } from "./learners/guessing.js";
import { createLstm97 } from "./learners/memcell.js";
import { createRtrl } from "./learners/rtrl.js";
import { createSecondOrder } from "./learners/secondOrder.js";
import type { Row } from "./row.js";
import { DESCENT } from "./smoke/descent.js";
import type { Task } from "./task.js";
import { adding } from "./tasks/adding.js";
import { distracted, noiseFree } from "./tasks/longLag.js";
import { twoSequences } from "./tasks/twoSequences.js";

interface Rival {
  name: string;
  /** Sequences until it is given up, if not those of the others: a step of RTRL takes twenty times as long as one of BPTT. */
  limit?: number;
  create: (task: Task, seed: number) => Learner;
}

const rival = <O>(name: string, create: Create<O>, options: O): Rival => ({ name, create: (task, seed) => create(task, seed, options) });

/** Of experiment 2a the paper gives BPTT's and RTRL's net; elsewhere each has about as many weights as LSTM has. */
const RIVALS_2A = [
  rival("bptt", createBptt, { hidden: 1, connections: "1997", rate: 1 }),
  rival("rtrl", createRtrl, { hidden: 1, connections: "1997", rate: 1 }),
];

const RIVALS = [
  rival("bptt", createBptt, { hidden: 6, rate: 0.5, range: 1 }),
  { ...rival("rtrl", createRtrl, { hidden: 6, rate: 0.5, range: 1 }), limit: 10_000 },
  rival("elman", createElman, { hidden: 6, rate: 0.5, range: 1 }),
  rival("tdnn", createTdnn, { taps: 10, hidden: 6, rate: 0.5 }),
  rival("gamma", createGamma, { taps: 10, hidden: 6, rate: 0.5 }),
  { ...rival("second-order", createSecondOrder, { rate: 0.5 }), limit: 10_000 },
  rival("guessing", createGuessing, { architecture: "A1", hidden: 2, within: 0.2 }),
];

/** The nets of 1997 on the same short lags. */
const OURS_2C = rival("lstm97", createLstm97, { blocks: 2, bias: "none", init: 0.2, outputBias: false, rate: 0.1 });
const OURS_4 = rival("lstm97", createLstm97, {
  blocks: 2,
  cellsPerBlock: 2,
  bias: "all",
  inputGateBias: [-3, -6],
  init: 0.1,
  outputBias: true,
  outputs: "identity",
  rate: 0.5,
});

/** Every learner that teaches itself a short one (smoke/descent.ts), as it is set there. */
const ON_TWO_SEQUENCES: Rival[] = [
  ...DESCENT.filter(({ learner }) => learner !== "second-order net").map(({ learner, create }) => ({
    name: learner.toLowerCase().replace(/,? /g, "-"),
    create,
  })),
  rival("second-order-net", createSecondOrder, { rate: 1 }),
  rival("guessing", createGuessing, { architecture: "A1", hidden: 1, within: 0.25 }),
];

const rows = (prefix: string, task: string, of: Task, lag: number, rivals: Rival[], limit: number): Row[] =>
  rivals.map(({ name, create, limit: own }) => ({
    name: `${prefix}-${name}`,
    learner: name,
    task,
    lag,
    of,
    trials: 5,
    limit: own ?? limit,
    create: (seed) => create(of, seed),
  }));

export const ROWS_RIVALS: Row[] = [
  ...[5, 10, 20, 50, 100, 200].flatMap((T) => {
    const of = twoSequences({ shortest: T, longest: Math.round(1.1 * T), N: 3 });
    return rows(`two-sequences-${T}`, "2-sequence", of, T, ON_TWO_SEQUENCES, 20_000);
  }),
  ...[4, 10, 20].flatMap((p) => rows(`rivals-2a-${p}`, "2a, noise-free", noiseFree(p), p, RIVALS_2A, 1_000_000)),
  ...[2, 5, 10, 20, 50].flatMap((q) => rows(`rivals-2c-${q}`, "2c, short", distracted(q, 5), q + 1, [OURS_2C, ...RIVALS], 100_000)),
  ...[10, 20, 50, 100].flatMap((T) => rows(`rivals-adding-${T}`, "4, short", adding(T), T / 2, [OURS_4, ...RIVALS], 100_000)),
];
