import { createModel, createTrainer, dense, lstm, plateau, sgd } from "memcell";

// Noise cannot be foretold: the loss stands still, and the rate falls.
const noise = Float32Array.from({ length: 100 }, (_, t) => Math.sin(t * t));
const sequences = [{ inputs: noise.subarray(0, -1), targets: noise.subarray(1) }];
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 2 }), dense({ units: 1 })], seed: 1 });
const schedule = plateau({ factor: 0.5, patience: 3, threshold: 0.01 });
const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), schedule });
for await (const { epoch, loss, learningRate } of trainer.fit(sequences, { epochs: 40 }))
  if (epoch % 5 === 0) console.log(epoch, loss.toFixed(4), learningRate);
