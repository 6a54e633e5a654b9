/** The claims that are about what has been learned: nets that are trained here, in seconds, and looked at. */

import { lstm, trace } from "../src/index.js";
import type { Picture } from "./claims.js";
import type { Learner } from "./learner.js";
import { createHierarchy } from "./learners/hierarchy.js";
import { createLstm97, createModern } from "./learners/memcell.js";
import { errorOf, randomOf } from "./task.js";
import { GAP, gap } from "./tasks/gap.js";
import { distracted, drawDistracted } from "./tasks/longLag.js";

const range = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

/** Learns gaps, each of one of these lags. */
function taught<L extends Learner>(learner: L, lags: readonly number[], sequences: number): L {
  const random = randomOf(lags[0]!, 3);
  for (let n = 0; n < sequences; n++) learner.learn(gap(lags[random.below(lags.length)]!, random.below(2) === 1));
  return learner;
}

/** Of the two sequences of a lag, the share that is answered to within 0.3. */
const right = (learner: Learner, lag: number) =>
  [true, false].filter((isX) => errorOf(learner.predict([gap(lag, isX)])[0]!, gap(lag, isX).targets).most < 0.3).length / 2;

const hierarchy = (lags: readonly number[]) => taught(createHierarchy(GAP, 0, { eta: Math.min(0.05, 0.5 / (lags[0]! + 1)) }), lags, 3000);

/** C11: the units that Ring's net makes; NaN if it has not learned. */
export const units = (): Picture => {
  const lags = [1, 2, 5, 10, 20, 50, 100, 200];
  return {
    name: "units-by-lag",
    claims: ["C11"],
    title: "Higher units that a transition hierarchy makes, by the lag that it learns",
    x: { name: "lag, steps", values: lags },
    y: { name: "units", log: false },
    curves: [
      {
        name: "transition hierarchy",
        y: lags.map((lag) => {
          const learner = hierarchy([lag]);
          return right(learner, lag) === 1 ? learner.units : Number.NaN;
        }),
      },
    ],
  };
};

/** C11: what nets that were taught lags of 5, 10 and 15 answer at others. */
export const unseenLags = (): Picture => {
  const TAUGHT = [5, 10, 15];
  const lags = range(30);
  const of = { units: 4, learningRate: 0.01 };
  const learners = {
    "transition hierarchy": hierarchy(TAUGHT),
    lstm97: taught(createLstm97(GAP, 0, { blocks: 2, init: 0.1, outputBias: true, rate: 1 }), TAUGHT, 3000),
    "lstm, Adam": taught(createModern(GAP, 0, { ...of, layer: lstm({ units: 4, forgetBias: 1 }) }), TAUGHT, 3000),
  };
  return {
    name: "unseen-lags",
    claims: ["C11"],
    title: "Lags of 5, 10 and 15 taught: share of right answers, by lag",
    x: { name: "lag, steps", values: lags },
    y: { name: "share that is right", log: false },
    curves: Object.entries(learners).map(([name, learner]) => ({ name, y: lags.map((lag) => right(learner, lag)) })),
  };
};

/** C8: forget gates before and after learning experiment 2c with so many distractors, on a sequence that was not learned. */
export const forgetGates = (): Picture => {
  const [q, p, most] = [10, 5, 20_000];
  const task = distracted(q, p);
  const UNITS = 4;
  const learner = createModern(task, 0, { layer: lstm({ units: UNITS, forgetBias: 1 }), units: UNITS, learningRate: 0.01 });
  const random = randomOf(0, 5);
  const example = drawDistracted(random, q, p);
  const steps = q + 3;
  const gates = () => trace(learner.model, { inputs: example.tokens.subarray(0, steps) }).layers[0]!.f!.data;
  const before = gates();
  for (let n = 0, error = 0.5; n < most && error > 0.02; n++) {
    const next = drawDistracted(random, q, p);
    error += 0.005 * (errorOf(learner.learn(next), next.targets).mean - error);
  }
  const after = gates();
  const of = (data: Float32Array, unit: number) => range(steps).map((step) => data[(step - 1) * UNITS + unit]!);
  const units = range(UNITS).map((unit) => unit - 1);
  return {
    name: "forget-gates",
    claims: ["C8"],
    title: `Forget gates over a sequence of experiment 2c, q = ${q}, before and after learning`,
    x: { name: "step; the second has the symbol to remember", values: range(steps) },
    y: { name: "activation", log: false },
    curves: [
      ...units.map((unit) => ({ name: `before, unit ${unit + 1}`, y: of(before, unit) })),
      ...units.map((unit) => ({ name: `learned, unit ${unit + 1}`, y: of(after, unit) })),
    ],
  };
};

export const LEARNED = [units, unseenLags, forgetGates];
