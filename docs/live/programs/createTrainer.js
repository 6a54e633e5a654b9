import { adam, createModel, createTrainer, dense, lstm } from "memcell";

const wave = Float32Array.from({ length: 200 }, (_, t) => Math.sin(t / 4));
const sequences = [{ inputs: wave.subarray(0, -1), targets: wave.subarray(1) }];
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 16 }), dense({ units: 1 })], seed: 1 });
const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, window: 50 });
for await (const { epoch, loss } of trainer.fit(sequences, { epochs: 50 })) if (epoch % 10 === 0) console.log(epoch, loss);
