/** Nothing wrong is ever timed: before timing, every case of the tests' list must agree with the oracle. */

import { createModel, createTrainer, sgd } from "../src/index.js";
import { asSequences, asTensors, CASES, examples, randomParameters, relativeError } from "../tests/cases.js";
import { Oracle } from "../tests/oracle.js";

/** @returns how many cases were checked @throws Error at the first loss, output or gradient that is off */
export function checkAgainstOracle(): number {
  // What is drawn at random differs; the tests know how.
  const random = ["zoneout", "cellZoneout", "recurrentDropout"];
  const cases = CASES.filter(({ model }) =>
    model.layers.every((layer) => layer.type !== "dropout" && !random.some((option) => option in layer)),
  );
  for (const entry of cases) {
    const model = createModel(entry.model);
    const parameters = randomParameters(model.parameters());
    model.setParameters(asTensors(parameters));
    const batch = examples(entry);
    const oracle = new Oracle(entry.model, parameters);
    const expected = oracle.learn(batch, entry.loss);
    const { loss, gradients } = createTrainer(model, { loss: entry.loss, optimizer: sgd({ learningRate: 1 }) }).gradients(
      asSequences(batch),
    );
    const errors = [
      relativeError([loss], [expected.loss]),
      ...model.predict(asSequences(batch)).map((y, row) => relativeError(y, (expected.outputs[row] ?? []).flat())),
      ...Object.entries(gradients).map(([name, { data }]) => relativeError(data, oracle.gradients[name]?.data ?? [])),
    ];
    const worst = Math.max(...errors);
    if (!(worst < 1e-5)) throw new Error(`"${entry.name}" is off by ${worst} from the oracle: not timed`);
  }
  return cases.length;
}
