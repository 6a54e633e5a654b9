/** Discrete error propagation: its step where it is known, and what thresholds are known to learn. */

import { expect, test } from "vitest";
import { createDiscrete } from "../learners/discrete.js";
import { shapeOf } from "../learners/guessing.js";
import { Net } from "../learners/net.js";
import { randomOf } from "../task.js";

const task = { features: 2, outputs: 1, output: "last" } as const;

test.each([0, 1, 2, 3])("one step with eta = 1 puts a unit that is wrong on the other side by the margin, seed %d", (seed) => {
  const margin = 0.37;
  const learner = createDiscrete(task, seed, { hidden: 0, eta: 1, margin });
  const inputs = Float32Array.of(0.5, -1);
  const net = new Net({ ...shapeOf(task, { hidden: 0 }), squash: "sign" });
  net.draw(randomOf(seed, 0), 1);
  net.run(inputs, "last");
  const before = net.net[1]!;
  const wrong = Number(before < 0);
  expect(learner.learn({ inputs, targets: Float32Array.of(1 - wrong) })[0]).toBe(1 - wrong);
  expect(learner.learn({ inputs, targets: Float32Array.of(wrong) })[0]).toBe(1 - wrong);
  expect(learner.predict([{ inputs }])[0]![0]).toBe(wrong);
  // By so much and no more, along the inputs and the bias.
  const shift = (margin * (wrong ? 1 : -1) - before) / (0.25 + 1 + 1);
  net.weights.forEach((w, k) => {
    net.weights[k] = w + shift * [0.5, -1, 0, 1][k]!;
  });
  net.run(inputs, "last");
  expect(net.net[1]).toBeCloseTo(margin * (wrong ? 1 : -1), 12);
  for (const other of [
    [0.4, -1],
    [0.5, -0.9],
    [0.1, 0.1],
    [-1, -1],
    [1, 0.3],
  ])
    expect(learner.predict([{ inputs: Float32Array.from(other) }])[0]![0]).toBe(Number(net.run(other, "last")[0]! > 0));
});

test.each([0, 1, 2])("thresholds learn what is separable and nothing of what is not, seed %d", (seed) => {
  const cases = [
    [-1, -1],
    [-1, 1],
    [1, -1],
    [1, 1],
  ].map((pair) => Float32Array.from(pair));
  const wrongAfter = (truth: (a: number, b: number) => boolean) => {
    const learner = createDiscrete(task, seed, { hidden: 0 });
    const examples = cases.map((inputs) => ({ inputs, targets: Float32Array.of(Number(truth(inputs[0]!, inputs[1]!))) }));
    for (let n = 0; n < 2000; n++) learner.learn(examples[n % 4]!);
    return learner.predict(examples).filter((y, i) => y[0] !== examples[i]!.targets[0]).length;
  };
  expect(wrongAfter((a, b) => a > 0 && b > 0)).toBe(0);
  expect(wrongAfter((a, b) => a > 0 || b < 0)).toBe(0);
  expect(wrongAfter((a, b) => a !== b)).toBeGreaterThan(0);
});
