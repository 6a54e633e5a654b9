/** The chunker: its truncated gradient against differences, what passes to the upper net, its number of weights. */

import { describe, expect, test } from "vitest";
import { type Chunker, createChunker, DEFAULTS, Level } from "../learners/chunker.js";
import { randomOf } from "../task.js";

const options = (o: Chunker): Required<Chunker> => ({ ...DEFAULTS, ...o });

describe.each(["hidden", "all"] as const)("imitating %s", (imitates) => {
  test.each([1, 3, Infinity])("errors go back %d steps along the gradient", (back) => {
    const [parts, steps] = [3, 6];
    const random = randomOf(0, 3);
    const given = options({ back, imitates, range: 1 });
    const above = new Level(parts + 1, parts, given, undefined, random);
    const level = new Level(parts, parts, given, above, random);
    const uniform = () => Float64Array.from({ length: parts + 1 }, () => random.uniform());
    const elements = Array.from({ length: steps }, uniform);
    const next = uniform();
    above.begin();
    for (const element of [uniform(), uniform()]) above.net.step(element, 0);
    // Inputs that are not parts of the prediction are left out of the error.
    const which = { from: 1, end: 3 };
    const { net } = level;
    const seen = Array.from(above.net.y.subarray(2 * above.net.units, 2 * above.net.units + above.state));
    /** E at the last step if the weight is changed for the last `back` steps alone. */
    const cost = (k: number, change: number) => {
      const kept = net.weights[k]!;
      net.begin();
      elements.forEach((element, t) => {
        net.weights[k] = kept + (t >= steps - back ? change : 0);
        net.step(element, 0);
      });
      net.weights[k] = kept;
      const outputs = net.y.subarray(steps * net.units + given.hidden, (steps + 1) * net.units);
      let sum = 0;
      for (let part = which.from; part < which.end; part++) sum += (next[part]! - outputs[part]!) ** 2;
      seen.forEach((y, s) => (sum += (y - outputs[parts + s]!) ** 2));
      return sum / 2;
    };
    cost(0, 0);
    level.differentiate(next, which);
    for (const k of net.weights.keys()) expect(level.gradient[k]).toBeCloseTo((cost(k, 1e-5) - cost(k, -1e-5)) / 2e-5, 8);
    expect(Math.hypot(...level.gradient)).toBeGreaterThan(0.01);
  });
});

test("at first all elements pass to the upper net, after learning those alone that could not be known", () => {
  const count = 6;
  const random = randomOf(1, 0);
  const upper = new Level(count + 1, count, options({}), undefined, random);
  const lower = new Level(count, count, options({}), upper, random);
  const seenAbove = (...symbols: number[]) => {
    lower.begin();
    for (const [t, symbol] of symbols.entries()) {
      const element = new Float64Array(count + 1);
      element[symbol] = 1;
      element[count] = t / 100;
      lower.take(element, { from: 0, end: count });
    }
    return upper.net.steps;
  };
  // The first is one of two, the others follow from the one before.
  expect(seenAbove(0, 2, 3, 4, 5)).toBe(5);
  for (let n = 0; n < 2000; n++) seenAbove(random.below(2), 2, 3, 4, 5);
  expect([seenAbove(0, 2, 3, 4, 5), seenAbove(1, 2, 3, 4, 5)]).toEqual([1, 1]);
  expect(seenAbove(0, 2, 5)).toBe(2);
});

test("the automatizer of experiment 2a has 10,506 weights, as the paper counts them", () => {
  const given = options({ hidden: 1, imitates: "hidden" });
  const random = randomOf(0, 0);
  const above = new Level(102, 101, given, undefined, random);
  expect(new Level(101, 101, given, above, random).net.weights.length).toBe(10_506);
  const learner = createChunker({ features: 101, outputs: 101, output: "every" }, 0, { hidden: 1, imitates: "hidden" });
  expect(learner.weights).toBe(10_506 + above.net.weights.length);
});

test("a target at the end is an element of its own: without a lag it is learned by the automatizer", () => {
  const learner = createChunker({ features: 2, outputs: 1, output: "last" }, 0, {});
  const examples = [0, 1].map((k) => ({ inputs: Float32Array.of(1, 1, 1 - k, k), targets: Float32Array.of(k) }));
  for (let n = 0; n < 2000; n++) learner.learn(examples[n % 2]!);
  learner.predict(examples).forEach((outputs, k) => {
    expect(outputs.length).toBe(1);
    expect(Math.abs(outputs[0]! - k)).toBeLessThan(0.1);
  });
});

test("targets at every step have to be the next inputs", () => {
  expect(() => createChunker({ features: 2, outputs: 1, output: "every" }, 0, {})).toThrow("2 inputs and 1 outputs");
});
