/** The tasks of the rivals: what is drawn, against their definitions. */

import { describe, expect, test } from "vitest";
import { randomOf } from "../task.js";
import { twoClasses } from "../tasks/classes.js";
import { drawLatch, latch } from "../tasks/latch.js";
import { drawParity, parity } from "../tasks/parity.js";
import { drawTwoSequences, twoSequences } from "../tasks/twoSequences.js";

const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
/** Within four standard errors. */
const expectMean = (values: number[], expected: number) => {
  const measured = mean(values);
  const variance = mean(values.map((value) => (value - measured) ** 2));
  expect(Math.abs(measured - expected)).toBeLessThanOrEqual(4 * Math.sqrt(variance / values.length));
};

const lengths = { shortest: 20, longest: 23 };
const random = randomOf(0, 7);
const drawn = <T>(draw: () => T) => Array.from({ length: 20_000 }, draw);

describe.each([
  { name: "parity", features: 1, targets: [0, 1], task: parity(lengths), examples: drawn(() => drawParity(random, lengths)) },
  {
    name: "2-sequence",
    features: 1,
    targets: [0, 1],
    task: twoSequences({ ...lengths, N: 3 }),
    examples: drawn(() => drawTwoSequences(random, { ...lengths, N: 3 })),
  },
  {
    name: "latch",
    features: 5,
    targets: [Math.fround(-0.8), Math.fround(0.8)],
    task: latch({ ...lengths, L: 2 }),
    examples: drawn(() => drawLatch(random, { ...lengths, L: 2 })),
  },
])("$name", ({ features, targets, task, examples }) => {
  test("lengths are uniform in their range, the classes as probable as each other", () => {
    const found = examples.map(({ inputs }) => inputs.length / features);
    expect([...new Set(found)].sort()).toEqual([20, 21, 22, 23]);
    for (const length of new Set(found))
      expectMean(
        found.map((n) => Number(n === length)),
        1 / 4,
      );
    expect([...new Set(examples.map((example) => example.targets[0]!))].sort((a, b) => a - b)).toEqual(targets);
    expectMean(
      examples.map((example) => example.targets[0]!),
      mean(targets),
    );
  });

  test("is drawn by its task, which has its features", () => {
    expect(task).toMatchObject({ features, outputs: 1, output: "last" });
    const { inputs, targets: end } = task.begin(3).next();
    expect(inputs.length % features).toBe(0);
    expect(targets).toContain(end[0]);
    expect(task.begin(3).next()).toEqual({ inputs, targets: end });
  });
});

describe("what the sequences hold", () => {
  const noise = (values: number[]) => {
    expectMean(values, 0);
    expectMean(
      values.map((value) => value ** 2),
      0.2,
    );
    // The share of a normal distribution within one standard deviation.
    expectMean(
      values.map((value) => Number(value ** 2 < 0.2)),
      0.682689,
    );
  };

  test("parity: 1 and -1, the target is whether the ones are odd in number", () => {
    const examples = Array.from({ length: 2000 }, () => drawParity(random, lengths));
    for (const { inputs, targets } of examples) {
      expect(inputs.every((input) => Math.abs(input) === 1)).toBe(true);
      // The product of the elements is -1 where an odd number of them are -1.
      const negative = inputs.reduce((a, b) => a * b) < 0 ? 1 : 0;
      expect(targets[0]).toBe((inputs.length + negative) % 2);
    }
    expectMean(
      examples.flatMap(({ inputs }) => Array.from(inputs)),
      0,
    );
  });

  test("2-sequence: the first N elements are the class, the others noise", () => {
    const examples = Array.from({ length: 2000 }, () => drawTwoSequences(random, { ...lengths, N: 3 }));
    for (const { inputs, targets } of examples) expect([...inputs.subarray(0, 3)]).toEqual(Array(3).fill(targets[0] ? 1 : -1));
    noise(examples.flatMap(({ inputs }) => Array.from(inputs.subarray(3))));
    expect([...drawTwoSequences(random, lengths).inputs.subarray(0, 2)].map(Math.abs)).not.toEqual([1, 1]);
  });

  test("latch: a feature of its own for each class in each of the first L steps, then noise", () => {
    const examples = Array.from({ length: 2000 }, () => drawLatch(random, { ...lengths, L: 2 }));
    for (const { inputs, targets } of examples) {
      const k = Number(targets[0]! > 0);
      expect([...inputs.subarray(0, 10)]).toEqual([0, 1 - k, k, 0, 0, 0, 0, 0, 1 - k, k]);
      for (let t = 2; t < inputs.length / 5; t++) expect([...inputs.subarray(5 * t + 1, 5 * t + 5)]).toEqual([0, 0, 0, 0]);
    }
    noise(examples.flatMap(({ inputs }) => Array.from(inputs.subarray(10)).filter((_, i) => i % 5 === 0)));
  });
});

test("has learned when 100 were right in a row, and 1,000 others are", () => {
  const draw = () => ({ inputs: new Float32Array(1), targets: Float32Array.of(1) });
  const answer = (y: number) => ({ predict: (examples: unknown[]) => examples.map(() => [y]) }) as never;
  const learnedAfter = (outputs: (n: number) => number, y: number) => {
    const run = twoClasses(1, draw).begin(0);
    for (let n = 1; n <= 1000; n++) if (run.holds(draw(), [outputs(n)], answer(y)).includes("learned")) return n;
    return Infinity;
  };
  expect(learnedAfter(() => 0.76, 0.76)).toBe(100);
  expect(learnedAfter((n) => (n === 50 ? 0.74 : 1), 1)).toBe(150);
  expect(learnedAfter(() => 0.74, 1)).toBe(Infinity);
  expect(learnedAfter(() => 1, 0.74)).toBe(Infinity);
  const run = twoClasses(1, draw, 0.1).begin(0);
  expect(run.test(answer(0.95))).toMatchObject({ wrong: 0, tested: 1000 });
  expect(run.test(answer(0.85))).toMatchObject({ wrong: 1000, tested: 1000 });
});
