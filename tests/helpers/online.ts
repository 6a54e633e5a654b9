/** Streams that an online learner learns from, and the gradients of their steps. */

import { Random } from "../../src/core/random.js";
import { createModel, createOnlineLearner, type OnlineOptions, sgd } from "../../src/index.js";
import { asTensors, type Case } from "./cases.js";
import type { Example, Parameters } from "./oracle.js";

/** So small a rate that no step changes anything. */
export const still = { optimizer: sgd({ learningRate: 1e-30 }) };

/** Numbers from -1 to 1. */
export function numbers(seed: number): () => number {
  const random = new Random(seed, 66, 0);
  return () => 2 * random.uniform() - 1;
}

/** The mean over all targets of the gradients of a stream's steps. */
export function streamed(entry: Case, parameters: Parameters, example: Example, options: Partial<OnlineOptions> = {}) {
  const model = createModel(entry.model);
  model.setParameters(asTensors(parameters));
  const learner = createOnlineLearner(model, { loss: entry.loss, ...still, ...options });
  const sums = Object.fromEntries(Object.entries(parameters).map(([name, { data }]) => [name, new Float64Array(data.length)]));
  const outputs: number[][] = [];
  let targets = 0;
  example.inputs.forEach((x, t) => {
    const target = example.targets[t];
    const marked = target !== -100;
    outputs.push([...learner.step(x, marked ? target : undefined)]);
    if (!marked) return;
    targets++;
    for (const [name, { data }] of Object.entries(learner.gradients())) data.forEach((d, i) => (sums[name]![i]! += d));
  });
  for (const sum of Object.values(sums)) sum.forEach((value, i) => (sum[i] = value / targets));
  return { outputs, gradients: sums, learner };
}
