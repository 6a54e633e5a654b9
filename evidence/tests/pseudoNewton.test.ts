/** The pseudo-Newton steps, against central differences of weights that are changed at one step of time alone. */

import { expect, test } from "vitest";
import { shapeOf } from "../learners/guessing.js";
import { Net } from "../learners/net.js";
import { createPseudoNewton } from "../learners/pseudoNewton.js";
import { randomOf } from "../task.js";

const random = randomOf(0, 3);
const uniform = (length: number) => Float32Array.from({ length }, () => 2 * random.uniform() - 1);
const SMALL = 1e-5;

test.each([
  { name: "along the gradient, where mu is so large that curvature is nothing beside it", hidden: 3, outputs: 2, output: "every", mu: 1e6 },
  // The diagonal is all there is of the curvature where one unit is the net and one target at the end: there is one path back in time.
  { name: "each step of time by its own curvature, where one unit is the whole net", hidden: 0, outputs: 1, output: "last", mu: 1e-3 },
] as const)("changes weights $name", ({ hidden, outputs, output, mu }) => {
  const [features, steps, seed] = [2, 4, 4];
  const eta = mu > 1 ? mu : 0.1;
  const task = { features, outputs, output } as const;
  const inputs = uniform(steps * features);
  const targets = uniform(output === "last" ? outputs : steps * outputs);
  const learner = createPseudoNewton(task, seed, { hidden, eta, mu });
  // The learner's own first weights.
  const net = new Net(shapeOf(task, { hidden }));
  net.draw(randomOf(seed, 0), 1);
  const weights = Float64Array.from(net.weights);
  /** The outputs that have targets, if weight k is changed at step `at` alone. */
  const outputsWith = (k: number, at: number, by: number) => {
    const result: number[] = [];
    net.begin();
    for (let t = 0; t < steps; t++) {
      net.weights[k] = weights[k]! + (t === at ? by : 0);
      net.step(inputs, t * features);
      result.push(...net.y.subarray((t + 1) * net.units + hidden, (t + 2) * net.units));
    }
    net.weights[k] = weights[k]!;
    return result.slice(-targets.length);
  };
  const before = Array.from(learner.learn({ inputs, targets }));
  expect(before).toEqual(outputsWith(0, 0, 0));
  const expected = weights.map((w, k) => {
    let moved = w;
    for (let t = 0; t < steps; t++) {
      const above = outputsWith(k, t, SMALL);
      const below = outputsWith(k, t, -SMALL);
      const slopes = above.map((y, i) => (y - below[i]!) / (2 * SMALL));
      const first = slopes.reduce((sum, slope, i) => sum + (before[i]! - targets[i]!) * slope, 0);
      const second = slopes.reduce((sum, slope) => sum + slope * slope, 0);
      moved -= (eta / (second + mu)) * first;
    }
    return moved;
  });
  const after = learner.predict([{ inputs }])[0]!;
  net.weights.set(expected);
  net.run(inputs, output).forEach((y, i) => expect(after[i]).toBeCloseTo(y, 5));
  expect(Math.hypot(...before.map((y, i) => y - after[i]!))).toBeGreaterThan(0.01);
});
