/** One trial: a model that forecasts the next value of a series. Knows no queue and no Redis. */

import { createHash } from "node:crypto";
import { adam, createModel, createTrainer, dense, lstm, resumeTrainer, scaler, windows } from "memcell";

/** Updates between two looks at the clock: short enough that little is lost, long enough to cost nothing. */
const EVERY = 5;
const LENGTH = 50;

/** The last fifth is for validation. */
function split(series) {
  const at = Math.floor(series.length * 0.8);
  const cut = (part) => [...windows(part, { length: LENGTH, stride: 10 })];
  return { train: cut(series.subarray(0, at)), validation: cut(series.subarray(at - LENGTH)) };
}

function begin({ units, learningRate, seed }, series) {
  const scale = scaler(series);
  const model = createModel({
    input: { features: 1 },
    layers: [lstm({ units }), dense({ units: 1 })],
    scaler: { inputs: scale, targets: scale },
    seed,
  });
  return createTrainer(model, { loss: "mse", optimizer: adam({ learningRate }), window: LENGTH, batch: 8, clipNorm: 1, seed });
}

/**
 * Trains up to `epochs`, counted from the very first, from a checkpoint if there is one.
 * @param checkpoint `{ epochs, updates, bytes }`: whole epochs done, updates done, and the trainer's file
 * @param keep takes a checkpoint; awaited, so that a store that is away stops the training and loses nothing
 * @param signal ends it before the next update, with a last checkpoint; it then throws the signal's reason
 * @param period milliseconds between checkpoints; the first comes at once, the last with the last epoch
 * @returns the validation loss (null: not a number), the model's bytes and their SHA-256: the same bits however often it was interrupted
 */
export async function train(parameters, series, { epochs, checkpoint, keep = () => {}, signal, period = 1000 }) {
  const { train, validation } = split(series);
  const trainer = checkpoint ? resumeTrainer(checkpoint.bytes) : begin(parameters, series);
  let at = { epochs: checkpoint?.epochs ?? 0, updates: checkpoint?.updates ?? 0 };
  let saved = -Infinity;
  const save = async () => {
    await keep({ ...at, bytes: trainer.save() });
    saved = performance.now();
  };
  try {
    // What is left of an interrupted epoch counts as one.
    for await (const { epoch, end, updates, loss } of trainer.fit(train, { epochs: epochs - at.epochs, every: EVERY, signal })) {
      at = { epochs: end ? epoch : epoch - 1, updates, loss };
      if (at.epochs === epochs || performance.now() - saved >= period) await save();
    }
  } catch (error) {
    if (signal?.aborted) await save();
    throw error;
  }
  const { loss } = trainer.evaluate(validation);
  const bytes = trainer.model.save();
  return { loss: Number.isFinite(loss) ? loss : null, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}
