/** The model that the server serves: it forecasts the next value of a saw of any slope. In your server, a file that you bring. */

import { adam, createModel, createTrainer, dense, lstm } from "memcell";

/** @returns the model as bytes, after a few seconds of training */
export async function train() {
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 32 }), dense({ units: 1 })], seed: 1 });
  const sequences = Array.from({ length: 64 }, (_, i) => {
    const saw = Float32Array.from({ length: 101 }, (_, t) => ((t * (1 + (i % 5))) % 17) / 17);
    return { inputs: saw.subarray(0, -1), targets: saw.subarray(1) };
  });
  const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }), batch: 16, clipNorm: 1, seed: 2 });
  for await (const { epoch, loss } of trainer.fit(sequences, { epochs: 100 }))
    if (epoch % 20 === 0) console.log(`epoch ${epoch}: ${loss.toFixed(4)}`);
  return model.save();
}
