/**
 * A sensor learned where it is: an online learner in Deno, in one file, without permissions.
 *
 *     deno run main.js
 *
 * It forecasts the next value of a signal that changes its shape half-way, from what it has just seen and learned, step by step,
 * in memory that does not grow.
 */

import { adam, createModel, createOnlineLearner, dense, lstm } from "npm:memcell@^0.1.0";

const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 16, forgetBias: 1 }), dense({ units: 1 })], seed: 1 });
const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: 0.005 }), clipNorm: 1 });

const STEPS = 20_000;
const signal = (t) => (t < STEPS / 2 ? (t % 17) / 17 : Math.abs((t % 12) - 6) / 6);

let error = 0;
for (let t = 0; t < STEPS; t++) {
  const [forecast] = learner.step(signal(t), signal(t + 1));
  error += Math.abs(forecast - signal(t + 1));
  if ((t + 1) % 2_000 === 0) {
    console.log(`${t + 1} steps: mean error of the last 2,000 ${(error / 2_000).toFixed(3)}`);
    error = 0;
  }
}
