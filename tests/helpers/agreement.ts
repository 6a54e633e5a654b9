/** How far a model is from the oracle: what the tests of variants ask, and the bench before it times anything. */

import { createModel, createTrainer, type Environment, sgd } from "../../src/index.js";
import { asSequences, asTensors, CASES, type Case, examples, randomParameters, relativeError } from "./cases.js";
import { Oracle } from "./oracle.js";

/** The cases in which nothing is drawn at random: what the kernels draw, gradients.test.ts knows. */
export const STEADY: Case[] = CASES.filter(({ model }) =>
  model.layers.every((layer) => layer.type !== "dropout" && !["zoneout", "cellZoneout", "recurrentDropout"].some((name) => name in layer)),
);

/** The largest relative error of loss, outputs and gradients. */
export function errorOf(entry: Case, environment: Environment = {}): number {
  const model = createModel(entry.model, environment);
  const parameters = randomParameters(model.parameters());
  model.setParameters(asTensors(parameters));
  const batch = examples(entry);
  const oracle = new Oracle(entry.model, parameters);
  const expected = oracle.learn(batch, entry.loss);
  const { loss, gradients } = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }) }).gradients(asSequences(batch));
  return Math.max(
    relativeError([loss], [expected.loss]),
    ...model.predict(asSequences(batch)).map((y, row) => relativeError(y, (expected.outputs[row] ?? []).flat())),
    ...Object.entries(gradients).map(([name, { data }]) => relativeError(data, oracle.gradients[name]?.data ?? [])),
  );
}
