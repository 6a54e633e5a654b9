import { adam, createModel, createOnlineLearner, dense, lstm } from "memcell";

// A stream that changes its habits after 2000 steps: the learner follows.
const value = (t) => Math.sin(t / (t < 2000 ? 5 : 9));
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 16 }), dense({ units: 1 })], seed: 1 });
const learner = createOnlineLearner(model, { loss: "mse", optimizer: adam({ learningRate: 0.003 }) });
let error = 0;
for (let t = 0; t < 4000; t++) {
  const [forecast] = learner.step([value(t)], value(t + 1));
  error += Math.abs(forecast - value(t + 1)) / 400;
  if (t % 400 === 399) {
    console.log("steps", t - 399, "to", t, "mean error", error.toFixed(4));
    error = 0;
  }
}
