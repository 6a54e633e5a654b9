/** What every page here does, and Node beside it: 100 updates in each of the ways that there are, and a prediction. */

import { adam, createModel, createTrainer, dense, dropout, lstm } from "memcell";
import { createDetector } from "memcell/anomaly";
import { createForecaster } from "memcell/forecast";
import { createTrainer as createParallel } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";

const config = { input: { features: 1 }, layers: [lstm({ units: 16 }), dropout({ rate: 0.1 }), dense({ units: 1 })], seed: 1 };
const options = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, batch: 16, window: 20, seed: 2 };
// Saws, whose bits are the same everywhere; those of Math.sin are not.
const saws = Array.from({ length: 32 }, (_, i) => Float32Array.from({ length: 41 }, (_, t) => ((t * (3 + i)) % 17) / 17));
const sequences = saws.map((saw) => ({ inputs: saw.subarray(0, -1), targets: saw.subarray(1) }));

async function sha256(parts) {
  const bytes = new Uint8Array(await new Blob(parts).arrayBuffer());
  return Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `worker` and `thread` make workers from files of the page's own; without them the package's files are taken. */
export async function train({ worker, thread } = {}) {
  const ways = {
    "one thread": (model) => createTrainer(model, options),
    "two threads": (model) => createParallel(model, { ...options, threads: 2, worker: thread }),
    "a worker": (model) => createWorker(model, { ...options, threads: 1, worker }),
    "a worker's two threads": (model) => createWorker(model, { ...options, threads: 2, worker }),
  };
  const results = {};
  for (const [way, create] of Object.entries(ways)) {
    const trainer = create(createModel(config));
    await trainer.fit(sequences, { epochs: 25 });
    const { model, updates } = trainer;
    results[way] = { updates, hash: await sha256([model.save(), ...model.predict(sequences)]) };
    trainer.close?.();
  }
  const [y] = saws.map((saw) => [...saw, ...saw, ...saw]);
  const forecaster = createForecaster({ target: "y", horizon: 3, season: 17, units: 4, ensemble: 1, epochs: 2 });
  await forecaster.fit({ y });
  const detector = createDetector({ columns: ["y"], season: 17, units: 4 }).fit({ y });
  results["a forecaster and a detector"] = { updates: 100, hash: await sha256([forecaster.save(), detector.save()]) };
  return results;
}
