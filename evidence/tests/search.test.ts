/** The searches: a minimum that is known, and what they return. */

import { describe, expect, test } from "vitest";
import type { Example } from "../learner.js";
import { createAnnealing } from "../learners/annealing.js";
import { createMultigrid } from "../learners/multigrid.js";
import { TARGET } from "../tasks/latch.js";

const task = { features: 3, outputs: 1, output: "last" } as const;
/** One step: the net of the latch answers tanh(h) of its class, and has no error where the h are +-1.0986. */
const examples: Example[] = [0, 1].map((k) => ({
  inputs: Float32Array.of(0, 1 - k, k),
  targets: Float32Array.of(k ? TARGET : -TARGET),
}));

describe.each([
  {
    name: "annealing",
    create: (seed: number) => createAnnealing(task, seed, { architecture: "latch", set: 2, adjustments: 1, cycles: 10, cooling: 0.7 }),
  },
  { name: "multigrid", create: (seed: number) => createMultigrid(task, seed, { architecture: "latch", set: 2, half: 3 }) },
])("$name", ({ create }) => {
  test.each([0, 1, 2])("finds the minimum, from seed %d", (seed) => {
    const learner = create(seed);
    expect(learner.weights).toBe(3);
    for (let n = 0; n < 10_000; n++) learner.learn(examples[n % 2]!);
    learner.predict(examples).forEach((outputs, k) => expect(outputs[0]).toBeCloseTo(examples[k]!.targets[0]!, 2));
  });

  test("answers with the best weights so far: the error never grows", () => {
    const learner = create(0);
    let least = Infinity;
    for (let n = 0; n < 2000; n++) {
      learner.learn(examples[n % 2]!);
      const error = learner.predict(examples).reduce((sum, y, k) => sum + (y[0]! - examples[k]!.targets[0]!) ** 2, 0);
      if (n > 0) {
        expect(error).toBeLessThanOrEqual(least);
        least = error;
      }
    }
  });

  test("the same seed searches in the same way", () => {
    const [one, other] = [create(5), create(5)];
    for (let n = 0; n < 300; n++) expect(one.learn(examples[n % 2]!)).toEqual(other.learn(examples[n % 2]!));
  });
});
