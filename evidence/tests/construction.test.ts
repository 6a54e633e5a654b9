/** Sequential construction: the cell comes when what needs none has been learned. */

import { expect, test } from "vitest";
import { createConstructed } from "../learners/construction.js";
import { createLstm97 } from "../learners/memcell.js";
import { ROWS_READINGS, SETTINGS_1997 } from "../rows1997.js";
import { errorOf } from "../task.js";
import { noiseFree } from "../tasks/longLag.js";

const p = 20;
const task = noiseFree(p);
const { options } = SETTINGS_1997.find(({ name }) => name === "2a")!;

/** Sequences until it has learned, of at most so many, and after how many of them the cell was there. */
function sequencesOf(learner: ReturnType<typeof createConstructed>, most: number) {
  const run = task.begin(0);
  let added = 0;
  for (let n = 1; n <= most; n++) {
    const example = run.next();
    const outputs = learner.learn(example);
    if (learner.units === 1) added ||= n;
    if (run.holds(example, outputs, learner).includes("learned")) return { added, learned: n };
  }
  return { added, learned: Infinity };
}

test.each(["step", "sequence"] as const)("2a, updates after each %s: what is local first, and then the rest", (update) => {
  const { added, learned } = sequencesOf(createConstructed(task, 0, { ...options, update }), 4000);
  expect(added).toBeGreaterThan(200);
  expect(added).toBeLessThan(1000);
  expect(learned).toBeGreaterThan(added);
  expect(learned).toBeLessThanOrEqual(4000);
});

test("with the cell there from the start it takes longer", () => {
  expect(sequencesOf(createLstm97(task, 0, options), 4000)).toEqual({ added: 1, learned: Infinity });
});

test("inputs and outputs alone know all but the first symbol, and hand on what they know", () => {
  const learner = createConstructed(task, 0, options);
  const run = task.begin(0);
  const example = run.next();
  const before = () => learner.predict([example])[0]!;
  let outputs = before();
  while (learner.units === 0) {
    outputs = before();
    learner.learn(run.next());
  }
  const steps = (from: number, end: number, outputs: ArrayLike<number>) =>
    errorOf(Array.from(outputs).slice(from * (p + 1), end * (p + 1)), example.targets.subarray(from * (p + 1), end * (p + 1))).most;
  expect(steps(0, p - 1, outputs)).toBeLessThan(0.25);
  expect(steps(p - 1, p, outputs)).toBeGreaterThan(0.4);
  // At the first step there is little in the cell yet.
  expect(steps(0, 1, before())).toBeLessThan(0.25);
  expect(learner.weights).toBe((p + 1) * (p + 4));
});

test("the paper's net has its 10,504 weights once it is built", () => {
  const row = ROWS_READINGS.find(({ name }) => name === "2a-constructed")!;
  expect(row.create(0).weights).toBe(101 * 101);
  expect(row.paper?.weights).toBe(10_504);
});
