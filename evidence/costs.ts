/** C10: how long a step of learning takes, by the number of weights: a second-order net with RTRL, and LSTM of 1997. */

import type { Picture } from "./claims.js";
import type { Interface, Learner } from "./learner.js";
import { createLstm97 } from "./learners/memcell.js";
import { createSecondOrder } from "./learners/secondOrder.js";
import { Random } from "./random.js";

const TASK: Interface = { features: 4, outputs: 1, output: "last" };
const STEPS = 50;
/** Of the shortest of so many, each so long. */
const [ROUNDS, MILLISECONDS] = [20, 10];

/** Milliseconds that this process had of a processor: those in which others had it do not count. */
function time(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function nanosecondsAStep(learner: Learner): number {
  const random = new Random(0, 6);
  const example = { inputs: Float32Array.from({ length: STEPS * TASK.features }, () => random.normal()), targets: Float32Array.of(0.5) };
  let least = Infinity;
  // The first round warms up.
  for (let round = -1; round < ROUNDS; round++) {
    const began = time();
    let sequences = 0;
    do {
      learner.learn(example);
      sequences++;
    } while (time() - began < MILLISECONDS);
    if (round >= 0) least = Math.min(least, (1e6 * (time() - began)) / sequences / STEPS);
  }
  return least;
}

export function costs(): Picture {
  const nets = {
    "second-order net, RTRL": [2, 3, 4, 6, 8, 12, 16].map((units) => createSecondOrder(TASK, 1, { units, rate: 0 })),
    "lstm97, truncated gradient": [1, 2, 4, 8, 16, 32].map((blocks) =>
      createLstm97(TASK, 1, { blocks, init: 0.1, outputBias: true, rate: 1e-9 }),
    ),
  };
  const values = [...new Set(Object.values(nets).flatMap((learners) => learners.map(({ weights }) => weights)))].sort((a, b) => a - b);
  return {
    name: "step-time",
    claims: ["C10"],
    title: "Time of a step of learning, by the number of weights",
    x: { name: "weights", log: true, values },
    y: { name: "nanoseconds a step", log: true },
    curves: Object.entries(nets).map(([name, learners]) => {
      const times = new Map(learners.map((learner) => [learner.weights, nanosecondsAStep(learner)]));
      return { name, y: values.map((weights) => times.get(weights) ?? Number.NaN) };
    }),
  };
}
