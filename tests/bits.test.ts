/** The bits that are the same everywhere: here on Node; tests/runtimes/ asks every other runtime for them. */

import { createTrainer as createParallel } from "memcell/parallel";
import { expect, test } from "vitest";
import { EXPECTED, INT8_ACTIVATIONS } from "./helpers/bits.expected.js";
import { bits, options, train, twoLayers } from "./helpers/bits.js";
import { int8Bits } from "./helpers/int8Bits.js";

test("training, initial weights, generated tokens and the online learner", async () => {
  const { "2 threads": _, int8: __, [INT8_ACTIVATIONS]: ___, ...alone } = EXPECTED;
  expect(await bits()).toEqual(alone);
});

test("an int8 model, with activations of both kinds", async () => {
  expect(await int8Bits()).toBe(EXPECTED.int8);
  expect(await int8Bits("int8")).toBe(EXPECTED[INT8_ACTIVATIONS]);
});

test("training on two threads", async () => {
  const trainer = createParallel(twoLayers(), { ...options, threads: 2 });
  expect(await train(trainer)).toBe(EXPECTED["2 threads"]);
  trainer.close();
});
