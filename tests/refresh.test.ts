/** What need not be transposed after every update is there when it is needed. */

import {
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  gradientFlow,
  gru,
  type Layer,
  lstm,
  lstm97,
  type Model,
  sgd,
  type TrainerOptions,
} from "memcell";
import { createTrainer as createParallel } from "memcell/parallel";
import { expect, test } from "vitest";

const layers: Record<string, Layer> = {
  lstm: lstm({ units: 5 }),
  "lstm, recurrent dropout": lstm({ units: 5, recurrentDropout: 0.2 }),
  lstm97: lstm97({ blocks: 5 }),
  gru: gru({ units: 5 }),
};
const sequence = { inputs: [0.3, -0.2, 0.5, 0.1], targets: [0.1, 0.4, -0.3, 0.2] };
const options: TrainerOptions = { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), seed: 3 };
const make = (layer: Layer) => createModel({ input: { features: 1 }, layers: [layer, dense({ units: 1 })], seed: 1 });

/** Learns without errors that flow back through the recurrent weights, and returns a model of these parameters that never did. */
function learnedAhead(model: Model, layer: Layer): Model {
  if (layer.type === "gru") createOnlineLearner(model, options).step([0.5], [1]);
  else createTrainer(model, { ...options, gradient: "truncated-1997" }).step([sequence]);
  const fresh = make(layer);
  fresh.setParameters(model.parameters());
  return fresh;
}

test.each(Object.entries(layers))("%s: a trainer of the full gradient, and insight", (_, layer) => {
  const model = make(layer);
  const fresh = learnedAhead(model, layer);
  expect(gradientFlow(model, sequence, { loss: "mse" })).toEqual(gradientFlow(fresh, sequence, { loss: "mse" }));
  const again = learnedAhead(model, layer);
  for (const each of [model, again]) createTrainer(each, options).step([sequence]);
  expect(model.parameters()).toEqual(again.parameters());
});

test("a trainer on two threads", async () => {
  const layer = lstm({ units: 5 });
  const model = make(layer);
  const fresh = learnedAhead(model, layer);
  for (const each of [model, fresh]) {
    const trainer = createParallel(each, { ...options, threads: 2 });
    await trainer.step([sequence, sequence]);
    trainer.close();
  }
  expect(model.parameters()).toEqual(fresh.parameters());
});
