/** The model that the fleet serves: it forecasts the next value of a wave. In your fleet, bytes that you put into the store. */

import { adam, createModel, createTrainer, dense, lstm } from "memcell";

/** A value of the wave of a session. */
export const wave = (seed, t) => Math.fround(((t * (1 + (seed % 5)) + seed) % 17) / 17);

/** @returns the model as bytes, after a second of training: the same ones on every server */
export async function makeModel() {
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 64 }), dense({ units: 1 })], seed: 1 });
  const trainer = createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }), batch: 16, clipNorm: 1, seed: 2 });
  const values = (seed) => Float32Array.from({ length: 101 }, (_, t) => wave(seed, t));
  const sequences = Array.from({ length: 32 }, (_, seed) => ({ inputs: values(seed).subarray(0, -1), targets: values(seed).subarray(1) }));
  await trainer.fit(sequences, { epochs: 20 });
  return model.save();
}
