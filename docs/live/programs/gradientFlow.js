import { createModel, dense, gradientFlow, gru, lstm, rnn } from "memcell";

// How much of the last step's error arrives at the first of 50, in three kinds of cell.
const inputs = Float32Array.from({ length: 50 }, (_, t) => Math.sin(t));
const weights = inputs.map((_, t) => Number(t === 49));
for (const cell of [rnn({ units: 16 }), gru({ units: 16 }), lstm({ units: 16, forgetBias: 2 })]) {
  const model = createModel({ input: { features: 1 }, layers: [cell, dense({ units: 1 })], seed: 1 });
  const [{ h, c = h }] = gradientFlow(model, { inputs, targets: weights, weights }, { loss: "mse" }).layers;
  console.log(cell.type, c[0] / c[49]);
}
