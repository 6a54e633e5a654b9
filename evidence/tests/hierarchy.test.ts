/** Transition hierarchies: the gradient, and how many units a lag takes. */

import { describe, expect, test } from "vitest";
import type { Example } from "../learner.js";
import { TransitionHierarchy } from "../learners/hierarchy.js";
import { halfSquares } from "../learners/net.js";
import { randomOf } from "../task.js";
import { gap } from "../tasks/gap.js";

describe.each(["every", "last"] as const)("targets at %s step", (output) => {
  test("weights move along the gradient", () => {
    const [features, outputs, steps] = [3, 2, 6];
    const random = randomOf(0, 3);
    const uniform = (length: number) => Float32Array.from({ length }, () => 2 * random.uniform() - 1);
    const task = { features, outputs, output };
    const options = { eta: 0.05, eps: 0.01, most: 12 };
    const learner = new TransitionHierarchy(task, options);
    const draw = (): Example => ({ inputs: uniform(steps * features), targets: uniform(output === "last" ? outputs : steps * outputs) });
    while (learner.units < options.most) learner.learn(draw());
    expect(Math.max(...learner.all.map(({ tau }) => tau))).toBeGreaterThan(1);
    for (const { w } of learner.all) w.set(uniform(features));
    const example = draw();
    const cost = () => halfSquares(learner.predict([example])[0]!, example.targets);
    const gradients = learner.all.map(({ w }) =>
      Float64Array.from(w, (kept, j) => {
        const [above, below] = [1e-5, -1e-5].map((change) => {
          w[j] = kept + change;
          return cost();
        }) as [number, number];
        w[j] = kept;
        return (above - below) / 2e-5;
      }),
    );
    const before = learner.all.map(({ w }) => w.slice());
    // So small a rate that what is changed at one step does not show at the next.
    options.eta = 1e-7;
    learner.learn(example);
    learner.all.forEach(({ w }, i) =>
      w.forEach((value, j) => expect((before[i]![j]! - value) / options.eta).toBeCloseTo(gradients[i]![j]!, 5)),
    );
    expect(Math.hypot(...gradients.at(-1)!)).toBeGreaterThan(0);
  });
});

test("the gap: x or y, then lag - 1 steps of the third symbol; the target at the end is 1 for x, 0 for y", () => {
  const { inputs, targets } = gap(4, true);
  expect([...inputs, ...targets]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 1]);
  expect([...gap(1, false).inputs, ...gap(1, false).targets]).toEqual([0, 1, 0, 0]);
});

test.each([1, 2, 5, 12])("a lag of %d takes a unit for each step but the first, and no other lag is learned with it", (lag) => {
  const learner = new TransitionHierarchy({ features: 3, outputs: 1, output: "last" }, { eta: 0.05 });
  const random = randomOf(lag, 3);
  for (let n = 0; n < 1000; n++) learner.learn(gap(lag, random.below(2) === 1));
  expect(learner.units).toBe(lag - 1);
  const answers = (length: number) => learner.predict([gap(length, true), gap(length, false)]).map((outputs) => outputs[0]!);
  expect(answers(lag)[0]).toBeGreaterThan(0.9);
  expect(answers(lag)[1]).toBeLessThan(0.1);
  const [x, y] = answers(lag + 1);
  expect(x! - y!).toBe(0);
});

test("no conflict, no unit", () => {
  const learner = new TransitionHierarchy({ features: 3, outputs: 1, output: "last" }, { eta: 0.05 });
  for (let n = 0; n < 1000; n++) learner.learn(gap(5, true));
  expect(learner.units).toBe(0);
  expect(learner.predict([gap(5, true)])[0]![0]).toBeCloseTo(1, 6);
});
