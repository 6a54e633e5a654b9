/** Weight guessing: what its source says of the number of guesses. */

import { expect, test } from "vitest";
import { createGuessing, type Guessing, shapeOf } from "../learners/guessing.js";
import { Net } from "../learners/net.js";
import type { Task } from "../task.js";
import { latch } from "../tasks/latch.js";
import { parity } from "../tasks/parity.js";

/** Guesses until one is right on the whole set. */
function guessesOn(task: Task, seed: number, options: Guessing): number {
  const learner = createGuessing(task, seed, options) as ReturnType<typeof createGuessing> & { guesses: number };
  const run = task.begin(seed);
  let [last, kept] = [0, 0];
  while (kept < 100) {
    learner.learn(run.next());
    kept = learner.guesses === last ? kept + 1 : 0;
    last = learner.guesses;
  }
  return last;
}

const long = { shortest: 500, longest: 600 };
const mean = (trials: number, task: Task, options: Guessing) =>
  Array.from({ length: trials }, (_, seed) => guessesOn(task, seed, options)).reduce((a, b) => a + b) / trials;

test("latch: one in eight guesses is right, by the signs of its three weights", () => {
  // The number of guesses has a geometric distribution, of standard deviation sqrt(56); four standard errors of the mean of 60.
  expect(Math.abs(mean(60, latch(long), { architecture: "latch", within: 0.25 }) - 8)).toBeLessThan(3.9);
});

test("parity with A2 without self-connections: the source has 250 guesses on average", () => {
  const guesses = mean(6, parity(long), { architecture: "A2", selves: false });
  expect(guesses).toBeGreaterThan(250 / 3);
  expect(guesses).toBeLessThan(250 * 3);
});

test("the architectures have the source's numbers of weights", () => {
  const task = { features: 1, outputs: 1, output: "last" } as const;
  const weights = (options: Guessing, features = 1) => new Net(shapeOf({ ...task, features }, options)).weights.length;
  expect(weights({})).toBe(2 * 4);
  expect(weights({ architecture: "A2" })).toBe(10 * 4 + 13);
  expect(weights({ architecture: "A2", selves: false })).toBe(10 * 3 + 13);
  expect(weights({ architecture: "latch" }, 3)).toBe(3);
});
