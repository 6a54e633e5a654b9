/** No kernel leaves its buffers: found by the attack of the same name. */

import { expect, onTestFinished, test } from "vitest";
import { Guard } from "../attacks/guard.js";
import { createModel, createTrainer, dense, lstm, sgd } from "../src/index.js";
import { errorOf } from "./helpers/agreement.js";

/** Until the test ends, what is allocated has a kilobyte of bands on both sides. */
function guard(): Guard {
  const guard = new Guard(() => 16);
  onTestFinished(() => guard.remove());
  return guard;
}

// Products of more rows than the gates have need more scratch in training than any other of their layer.
test.each([
  { units: 32, projection: 256, batch: 1, window: 4 },
  { units: 16, projection: 128, batch: 8, window: 4 },
  { units: 32, projection: 256, batch: 8, window: 4 },
  { units: 1, projection: 512, batch: 8, window: Infinity },
  { units: 3, projection: 61, batch: 17, window: 5, bidirectional: "concat" as const },
  { units: 1, projection: 33, batch: 1, window: Infinity, layerNorm: true, residual: "concat" as const },
])("an LSTM's projection wider than all its gates trains in its own scratch: %o", async ({ batch, window: given, ...options }) => {
  const bands = guard();
  const window = "bidirectional" in options ? Infinity : given;
  const model = createModel({ input: { features: 2 }, layers: [lstm(options), dense({ units: 1 })], seed: 1 });
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 0.01 }), window, batch });
  const sequences = Array.from({ length: batch }, (_, i) => ({
    inputs: Float32Array.from({ length: 20 }, (_, k) => Math.sin(k + i)),
    targets: Float32Array.from({ length: 10 }, (_, t) => Math.cos(t + i)),
  }));
  for await (const { loss } of trainer.fit(sequences, { epochs: 5 })) expect(loss).toBeLessThan(10);
  bands.check();
});

test.each([1, 8, 20])("and its gradients are those of the oracle, in a batch of %d", (batch) => {
  const layers = [lstm({ units: 2, projection: 48 }), dense({ units: 2 })];
  const model = { input: { features: 3 }, layers, output: "every" as const };
  const lengths = Array.from({ length: batch }, (_, i) => 1 + (i % 4));
  expect(errorOf({ name: "wide", model, loss: "mse", lengths })).toBeLessThan(1e-5);
});
