import { adam, binaryCrossEntropy, createModel, createTrainer, dense, lstm } from "memcell";

// Whether the sum of all steps so far is above 0.
const inputs = Float32Array.from({ length: 200 }, (_, t) => Math.sin(t * t));
let sum = 0;
const targets = inputs.map((value) => Number((sum += value) > 0));
const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 8 }), dense({ units: 1 })], seed: 1 });
const trainer = createTrainer(model, { loss: binaryCrossEntropy(), optimizer: adam({ learningRate: 0.02 }) });
for (let update = 0; update < 150; update++) trainer.step([{ inputs, targets }]);
console.log(model.evaluate([{ inputs, targets }], { loss: "binaryCrossEntropy", metrics: ["accuracy"] }));
