/** The bits that are the same everywhere: here on Node; tests/runtimes/ asks every other runtime for them. */

import { createTrainer as createParallel } from "memcell/parallel";
import { expect, test } from "vitest";
import { EXPECTED } from "./helpers/bits.expected.js";
import { bits, options, train, twoLayers } from "./helpers/bits.js";

test("training, initial weights, generated tokens and the online learner", async () => {
  const { "2 threads": _, ...alone } = EXPECTED;
  expect(await bits()).toEqual(alone);
});

test("training on two threads", async () => {
  const trainer = createParallel(twoLayers(), { ...options, threads: 2 });
  expect(await train(trainer)).toBe(EXPECTED["2 threads"]);
  trainer.close();
});
