/** Recurrent cascade correlation: what candidates ascend, how many units a task takes, and quickprop. */

import { describe, expect, test } from "vitest";
import { Diverged, type Example } from "../learner.js";
import { covariance, type Sources } from "../learners/candidate.js";
import { type Cascade, CascadeCorrelation } from "../learners/cascade.js";
import { Quickprop } from "../learners/quickprop.js";
import { randomOf } from "../task.js";

const random = randomOf(0, 3);
const uniform = (length: number) => Float64Array.from({ length }, () => 2 * random.uniform() - 1);

/** S as it is defined, with both means. */
function S(w: Float64Array, set: Sources[], E: Float64Array, outputs: number): number {
  const J = w.length - 1;
  const V = set.flatMap(({ z, steps, first }) => {
    const values: number[] = [];
    for (let t = 0; t < steps; t++) {
      let net = w[J]! * (values[t - 1] ?? 0);
      for (let j = 0; j < J; j++) net += w[j]! * z[t * J + j]!;
      values.push(1 / (1 + Math.exp(-net)) - 0.5);
    }
    return values.slice(first);
  });
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  let total = 0;
  for (let o = 0; o < outputs; o++) {
    const errors = V.map((_, p) => E[p * outputs + o]!);
    const [meanV, meanE] = [mean(V), mean(errors)];
    total += Math.abs(V.reduce((sum, value, p) => sum + (value - meanV) * (errors[p]! - meanE), 0));
  }
  return total;
}

describe.each(["every", "last"])("targets at %s step", (output) => {
  const [J, outputs] = [4, 3];
  const set = [5, 1, 8, 3].map((steps) => ({ z: uniform(steps * J), steps, first: output === "last" ? steps - 1 : 0 }));
  const patterns = set.reduce((sum, { steps, first }) => sum + steps - first, 0);
  const E = uniform(patterns * outputs);
  const residuals = E.map((error, k) => {
    const all = E.filter((_, l) => l % outputs === k % outputs);
    return error - all.reduce((sum, each) => sum + each, 0) / patterns;
  });
  const w = uniform(J + 1).map((value) => 2 * value);

  test("S, and its gradient over sequences that begin anew each", () => {
    const { S: total, gradient } = covariance(w, set, residuals, outputs);
    expect(total).toBeCloseTo(S(w, set, E, outputs), 12);
    gradient.forEach((slope, j) => {
      const [above, below] = [1e-5, -1e-5].map((change) =>
        S(
          w.map((value, k) => value + (k === j ? change : 0)),
          set,
          E,
          outputs,
        ),
      ) as [number, number];
      expect(slope).toBeCloseTo((above - below) / 2e-5, 7);
    });
    expect(Math.abs(gradient[J]!)).toBeGreaterThan(1e-3);
  });
});

const task = { features: 1, outputs: 1, output: "last" } as const;

/** All strings of so many bits, 1 and -1. */
const strings = (bits: number, target: (inputs: Float32Array) => boolean): Example[] =>
  Array.from({ length: 2 ** bits }, (_, n) => {
    const inputs = Float32Array.from({ length: bits }, (_, t) => ((n >> t) & 1 ? 1 : -1));
    return { inputs, targets: Float32Array.of(Number(target(inputs))) };
  });
const odd = (inputs: Float32Array) => inputs.filter((input) => input > 0).length % 2 === 1;

function taught(examples: Example[], epochs: number, seed = 0, options: Cascade = {}) {
  const learner = new CascadeCorrelation({ ...task }, seed, { epoch: examples.length, ...options });
  const learn = (times: number) => {
    for (let n = 0; n < times; n++) for (const example of examples) learner.learn(example);
  };
  learn(epochs);
  const largest = () => Math.max(...learner.predict(examples).map((y, i) => Math.abs(y[0]! - examples[i]!.targets[0]!)));
  return { learner, learn, largest };
}

test.each([0, 1, 2, 3])("seed %d: the last bit takes no unit, the first one, parity of two bits two; and no more come", (seed) => {
  for (const [units, target] of [
    [0, (inputs: Float32Array) => inputs.at(-1)! > 0],
    [1, (inputs: Float32Array) => inputs[0]! > 0],
    [2, odd],
  ] as const) {
    const { learner, learn, largest } = taught(strings(2, target), 400, seed);
    expect(largest()).toBeLessThan(0.25);
    expect(learner.units).toBe(units);
    learn(400);
    expect(largest()).toBeLessThan(0.25);
    expect(learner.units).toBe(units);
  }
});

test("parity of three bits", () => {
  const { learner, largest } = taught(strings(3, odd), 2000);
  expect(largest()).toBeLessThan(0.25);
  expect(learner.units).toBeGreaterThan(2);
});

test("units are frozen, and weights counted", () => {
  const [F, O] = [3, 2];
  const learner = new CascadeCorrelation({ features: F, outputs: O, output: "every" }, 1, { epoch: 4 });
  const draw = (): Example => ({ inputs: Float32Array.from(uniform(6 * F)), targets: Float32Array.from(uniform(6 * O), Math.abs) });
  const counted: number[] = [];
  let first: Float64Array | undefined;
  while (learner.units < 4) {
    learner.learn(draw());
    first ??= learner.hidden[0]?.slice();
    const h = learner.units;
    counted[h] = learner.weights;
    expect(learner.weights).toBe(O * (F + 1 + h) + h * (F + 2) + (h * (h - 1)) / 2);
  }
  expect(counted).toHaveLength(5);
  expect(learner.hidden[0]).toEqual(first);
});

test("a seed gives a learner", () => {
  const answers = [3, 3, 4].map((seed) => {
    const { learner } = taught(strings(3, odd), 300, seed);
    return learner.predict(strings(3, odd)).map((y) => y[0]);
  });
  expect(answers[0]).toEqual(answers[1]);
  expect(answers[0]).not.toEqual(answers[2]);
});

test("the outputs are those before learning, and learning comes when the set is full", () => {
  const examples = strings(2, odd);
  const { learner } = taught(examples, 10);
  const before = learner.predict(examples);
  expect(examples.map((example) => learner.learn(example))).toEqual(before);
  expect(learner.predict(examples)).not.toEqual(before);
});

test("what is not finite has diverged", () => {
  const learner = new CascadeCorrelation({ ...task }, 0, { epoch: 1 });
  expect(() => learner.learn({ inputs: Float32Array.of(NaN), targets: Float32Array.of(1) })).toThrow(Diverged);
});

test.each([
  ["leaps to the lowest point of a parabola", 1, (first: number) => 3 - first],
  ["takes at most 1.75 times the step before", 0.01, (first: number) => 1.75 * first],
])("quickprop %s", (_, epsilon, expected) => {
  const [a, c] = [0.3, 2];
  const w = Float64Array.of(-1);
  const quickprop = new Quickprop(w);
  // E = a (w - c)^2
  const slope = () => 2 * a * (w[0]! - c);
  const step = () => {
    const [before, down] = [w[0]!, -epsilon * slope()];
    quickprop.descend(Float64Array.of(slope()), epsilon);
    return { whole: w[0]! - before, down };
  };
  const [first, second] = [step(), step()];
  expect(first.whole).toBeCloseTo(first.down, 12);
  expect(second.whole - second.down).toBeCloseTo(expected(first.whole), 12);
});
