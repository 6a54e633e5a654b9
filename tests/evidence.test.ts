/** The library's learners solve what is within their power and fail what is beyond it; all learners: `npm run test:evidence`. */

import { describe, expect, test } from "vitest";
import { LIBRARY } from "../evidence/smoke/library.js";
import { runBout } from "../evidence/smoke.js";

describe.each(LIBRARY)("$learner", (smoke) => {
  test(`learns ${smoke.solves.name}, and not ${smoke.fails.name}`, () => {
    const { solved, wrong, tested } = runBout(smoke, smoke.solves);
    expect(solved).toBe(true);
    // The stop rule saw as many others, and none wrong.
    expect(wrong / tested).toBeLessThan(0.02);
    expect(runBout(smoke, smoke.fails).solved).toBe(false);
  });
});
