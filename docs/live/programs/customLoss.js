import { adam, createModel, createTrainer, customLoss, dense, lstm } from "memcell";

// Squared errors, those of forecasts that are too low four times.
const asymmetric = customLoss((outputs, targets, weights) => {
  const factor = outputs.map((y, i) => weights[i] * (y < targets[i] ? 4 : 1));
  const loss = outputs.reduce((sum, y, i) => sum + factor[i] * (y - targets[i]) ** 2, 0);
  return { loss, gradient: outputs.map((y, i) => 2 * factor[i] * (y - targets[i])) };
});
const noise = Float32Array.from({ length: 300 }, (_, t) => Math.sin(t * t));
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 4 }), dense({ units: 1 })], seed: 1 });
const trainer = createTrainer(model, { loss: asymmetric, optimizer: adam({ learningRate: 0.01 }) });
const sequence = { inputs: noise.subarray(0, -1), targets: noise.subarray(1) };
for (let update = 0; update < 200; update++) trainer.step([sequence]);
const [outputs] = model.predict([sequence]);
console.log("mean of the targets", noise.reduce((a, b) => a + b) / 300, "of the forecasts", outputs.reduce((a, b) => a + b) / 299);
