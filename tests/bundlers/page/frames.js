/** How long a page stands still while a model learns, in it or in a worker. */

import { adam, createModel, createTrainer, dense, lstm } from "memcell";
import { createTrainer as createWorker } from "memcell/worker";

const sequences = Array.from({ length: 256 }, (_, i) => {
  const saw = Float32Array.from({ length: 201 }, (_, t) => ((t * (3 + i)) % 17) / 17);
  return { inputs: saw.subarray(0, -1), targets: saw.subarray(1) };
});

/** Milliseconds between frames, for three seconds. */
async function gaps(create) {
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 96 }), dense({ units: 1 })], seed: 1 });
  const trainer = create(model, { loss: "mse", optimizer: adam(), batch: 32, window: 50, seed: 2 });
  const frames = [];
  const signal = AbortSignal.timeout(3000);
  const frame = (now) => {
    frames.push(now);
    if (!signal.aborted) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
  let reports = 0;
  try {
    for await (const _ of trainer.fit(sequences, { epochs: Infinity, every: 5, signal })) reports++;
  } catch (error) {
    if (error !== signal.reason) throw error;
  }
  trainer.close?.();
  return { reports, gaps: frames.slice(1).map((now, i) => now - frames[i]) };
}

globalThis.trained = (async () => ({
  nothing: await gaps(() => ({
    async *fit(_, { signal }) {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
  })),
  "in a worker": await gaps((model, options) => createWorker(model, { ...options, threads: 1 })),
  "in the page": await gaps(createTrainer),
}))();
