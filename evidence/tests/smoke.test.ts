/** Each learner solves a task within its power and fails one beyond it. */

import { describe, expect, test } from "vitest";
import { SMOKE } from "../smoke/all.js";
import { runBout } from "../smoke.js";

describe.each(SMOKE)("$learner", (smoke) => {
  test(`learns ${smoke.solves.name}`, () => {
    const { solved, wrong, tested } = runBout(smoke, smoke.solves);
    expect(solved).toBe(true);
    // The stop rule saw as many others, and none wrong.
    expect(wrong / tested).toBeLessThan(0.02);
  });

  test(`does not learn ${smoke.fails.name}`, () => {
    expect(runBout(smoke, smoke.fails).solved).toBe(false);
  });
});
