import { describe, expect, test } from "vitest";
import { createModel } from "../src/index.js";
import { CASES, examples, numbers, randomParameters } from "./cases.js";
import { Oracle, type Parameters } from "./oracle.js";

/** Any factors do: the oracle does not care where a mask comes from. */
const mask = (layer: number, row: number, t: number, unit: number) => ((layer + 3 * row + 5 * t + 7 * unit) % 4 === 0 ? 0 : 1.25);

describe("the oracle's gradients are those of finite differences", () => {
  test.each(CASES.map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
    const parameters = randomParameters(createModel(entry.model).parameters());
    const batch = examples(entry)
      .slice(0, 3)
      .map(({ inputs, targets }) => ({ inputs: inputs.slice(0, 6), targets: targets.slice(0, 6) }));
    const loss = (changed: Parameters) => new Oracle(entry.model, changed).learn(batch, entry.loss, undefined, mask).loss;
    const oracle = new Oracle(entry.model, parameters);
    oracle.learn(batch, entry.loss, undefined, mask);
    // Along random directions: every number of every parameter takes part.
    const next = numbers(11);
    for (const [name, { shape, data }] of Object.entries(parameters)) {
      const direction = data.map(() => next());
      const along = (epsilon: number) => loss({ ...parameters, [name]: { shape, data: data.map((w, i) => w + epsilon * direction[i]!) } });
      // Fourth order in the step, which is small enough to stay on one side of ReLU's corner.
      const e = 2e-5;
      const numeric = (8 * (along(e) - along(-e)) - (along(2 * e) - along(-2 * e))) / (12 * e);
      const analytic = oracle.gradients[name]!.data.reduce((sum, d, i) => sum + d * direction[i]!, 0);
      expect(Math.abs(numeric - analytic), name).toBeLessThan(1e-7 * Math.max(Math.abs(analytic), 1e-2));
      expect(analytic, name).not.toBe(0);
    }
  });
});
