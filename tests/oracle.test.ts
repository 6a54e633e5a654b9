import { describe, expect, test } from "vitest";
import { createModel } from "../src/index.js";
import { CASES, examples, numbers, randomParameters } from "./helpers/cases.js";
import { type Draws, Oracle, type Parameters } from "./helpers/oracle.js";

/** Any factors do: the oracle does not care where a mask comes from. */
const mask = (layer: number, row: number, t: number, unit: number) => ((layer + 3 * row + 5 * t + 7 * unit) % 4 === 0 ? 0 : 1.25);

const draws: Draws = {
  zone: (layer, direction, kind, row, t, unit) => Number((layer + direction + 2 * kind + 3 * row + 5 * t + 7 * unit) % 3 === 0),
  recurrent: (layer, direction, row, unit) => ((layer + direction + 3 * row + 7 * unit) % 4 === 0 ? 0 : 1.25),
};

describe("the oracle's gradients are those of finite differences", () => {
  test.each(CASES.map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
    const parameters = randomParameters(createModel(entry.model).parameters());
    const batch = examples(entry)
      .slice(0, 2)
      .map(({ inputs, targets, weights }) => ({
        inputs: inputs.slice(0, 5),
        targets: targets.slice(0, 5),
        ...(weights && { weights: weights.slice(0, 5) }),
      }));
    const loss = (changed: Parameters) => new Oracle(entry.model, changed, true, draws).learn(batch, entry.loss, undefined, mask).objective;
    const oracle = new Oracle(entry.model, parameters, true, draws);
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

test("with the recurrent inputs held constant, the gradient is that of finite differences which hold them", () => {
  const model = { input: { features: 2 }, layers: [{ type: "lstm", units: 3 }], output: "every" as const };
  const next = numbers(5);
  const tensor = (...shape: number[]) => ({ shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next()) });
  const parameters: Parameters = {
    weight_ih_l0: tensor(12, 2),
    weight_hh_l0: tensor(12, 3),
    bias_ih_l0: tensor(12),
    bias_hh_l0: tensor(12),
  };
  const inputs = Array.from({ length: 7 }, () => [next(), next()]);
  const targets = Array.from({ length: 7 }, () => [next(), next(), next()]);
  const oracle = new Oracle(model, parameters, false);
  const { outputs } = oracle.learn([{ inputs, targets }], "mse");
  const before = [[0, 0, 0], ...outputs[0]!.slice(0, -1)];
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

  /** The loss with h(t-1) at the gates and cell inputs as it was, whatever the parameters are now. */
  function loss(p: Parameters): number {
    let c = [0, 0, 0];
    let total = 0;
    inputs.forEach((x, t) => {
      const net = (r: number) =>
        p.bias_ih_l0!.data[r]! +
        p.bias_hh_l0!.data[r]! +
        x.reduce((sum, value, j) => sum + p.weight_ih_l0!.data[2 * r + j]! * value, 0) +
        before[t]!.reduce((sum, value, j) => sum + p.weight_hh_l0!.data[3 * r + j]! * value, 0);
      c = c.map((value, u) => sigmoid(net(3 + u)) * value + sigmoid(net(u)) * Math.tanh(net(6 + u)));
      c.forEach((value, u) => (total += (sigmoid(net(9 + u)) * Math.tanh(value) - targets[t]![u]!) ** 2 / 21));
    });
    return total;
  }
  for (const [name, { shape, data }] of Object.entries(parameters)) {
    data.forEach((_, i) => {
      const at = (e: number) => loss({ ...parameters, [name]: { shape, data: data.map((w, j) => (j === i ? w + e : w)) } });
      const numeric = (8 * (at(1e-4) - at(-1e-4)) - (at(2e-4) - at(-2e-4))) / 1.2e-3;
      expect(Math.abs(numeric - oracle.gradients[name]!.data[i]!)).toBeLessThan(1e-9);
    });
  }
});
