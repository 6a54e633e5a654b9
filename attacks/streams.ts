/** Online learners with every cell that has traces, on many streams: no step is refused, and the mean is never a better forecast. */

import { Random } from "../src/core/random.js";
import { adam, createModel, createOnlineLearner, dense, gru, type Layer, lstm, lstm97, rnn } from "../src/index.js";
import { type Attack, PURPOSE } from "./attack.js";

const CELLS: [string, Layer][] = [
  ["rnn", rnn({ units: 8 })],
  ["rnn, relu", rnn({ units: 8, activation: "relu" })],
  ["gru", gru({ units: 8 })],
  ["lstm", lstm({ units: 8 })],
  ["lstm97", lstm97({ blocks: 4, cellsPerBlock: 2 })],
];
const RATES = [0.001, 0.003, 0.01];

/** The value at step t; variances are of the order of 1. */
type Stream = (uniform: () => number) => (t: number) => number;
const STREAMS: [string, Stream][] = [
  ["noisy", (uniform) => (t) => Math.sin(t / 7) + 0.6 * (uniform() + uniform() + uniform() - 1.5)],
  [
    "changing",
    (uniform) => {
      let [level, amplitude, frequency] = [0, 1, 1];
      return (t) => {
        if (t % 2000 === 0) [level, amplitude, frequency] = [4 * uniform() - 2, 0.2 + 2 * uniform(), 0.05 + uniform()];
        return level + amplitude * Math.sin(frequency * t) + 0.1 * (uniform() - 0.5);
      };
    },
  ],
  [
    "constant",
    (uniform) =>
      (
        (value) => () =>
          value
      )(2 * uniform() - 1),
  ],
];

const COMBINATIONS = CELLS.length * RATES.length * STREAMS.length;
/** Steps of a stream: first all combinations run briefly, then all at length. */
const [BRIEF, LONG] = [3_000, 1_000_000];

/** Slack on mean squared errors over the last tenth: the mean of a constant is that constant, to the last bit. */
const TOLERANCE = 1e-4;

export const streams: Attack = {
  name: "streams",
  promise: "an online learner never stops and never loses to the mean",
  short: COMBINATIONS,
  full: 2 * COMBINATIONS,
  open(seed) {
    let [worst, of] = [0, ""];
    return {
      attempt(n) {
        const steps = n < COMBINATIONS ? BRIEF : LONG;
        const [cell, layer] = CELLS[n % CELLS.length] as [string, Layer];
        const rate = RATES[Math.floor(n / CELLS.length) % RATES.length] as number;
        const [kind, stream] = STREAMS[Math.floor(n / CELLS.length / RATES.length) % STREAMS.length] as [string, Stream];
        const what = `${cell}, ${kind}, ${rate}`;
        const random = new Random(seed, PURPOSE.streams, n);
        const at = stream(() => random.uniform());
        const model = createModel({ input: { features: 1 }, layers: [layer, dense({ units: 1 })], seed: random.bits() });
        const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: rate }) });
        const out = new Float32Array(1);
        let [mean, ours, means] = [0, 0, 0];
        for (let t = 0, now = at(0); t < steps; t++) {
          const next = at(t + 1);
          try {
            learner.step(now, next, out);
          } catch (error) {
            throw new Error(`${what}: step ${t}: ${(error as Error).message}`);
          }
          mean += (now - mean) / (t + 1);
          if (t >= 0.9 * steps) {
            ours += ((out[0] as number) - next) ** 2 / (0.1 * steps);
            means += (mean - next) ** 2 / (0.1 * steps);
          }
          now = next;
        }
        if (!(ours <= means + TOLERANCE)) throw new Error(`${what}: squared error ${ours}, that of the mean ${means}`);
        if (kind !== "constant" && ours / means > worst) [worst, of] = [ours / means, what];
      },
      note: () => `at most ${worst.toFixed(2)} of the mean's squared error (${of})`,
    };
  },
};
