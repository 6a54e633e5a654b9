/** The tasks of the paper of 1997: what is drawn, against their definitions. */

import { describe, expect, test } from "vitest";
import { errorOf, randomOf } from "../task.js";
import { drawAdding, drawMultiplication, isRight as isSumRight } from "../tasks/adding.js";
import { drawDistracted, drawLocal, drawRandomBetween } from "../tasks/longLag.js";
import { drawNoise, KINDS } from "../tasks/noise.js";
import { drawOrder, isRight as isOrderRight, SYMBOLS } from "../tasks/order.js";
import * as reber from "../tasks/reber.js";

/** Within four standard errors. */
const expectMean = (values: number[], mean: number) => {
  const measured = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - measured) ** 2, 0) / values.length;
  expect(Math.abs(measured - mean)).toBeLessThan(4 * Math.sqrt(variance / values.length));
};

describe("the embedded Reber grammar", () => {
  const random = randomOf(0, 7);
  const strings = Array.from({ length: 40_000 }, () => reber.drawReber(random));

  test("draws its strings, the shortest and the mean length as often as they ought to be", () => {
    // The inner grammar as a regular expression: from node 4, and the two ways from node 1.
    const four = "(?:XT*VP)*(?:S|XT*VV)";
    const inner = `B(?:TS*X${four}|PT*V(?:V|P${four}))E`;
    const grammar = new RegExp(`^B(?:T${inner}T|P${inner}P)E$`);
    expect(strings.filter((string) => !grammar.test(string))).toEqual([]);
    expect(Math.min(...strings.map(({ length }) => length))).toBe(9);
    for (const shortest of ["BTBTXSETE", "BTBPVVETE", "BPBTXSEPE", "BPBPVVEPE"])
      expectMean(
        strings.map((string) => Number(string === shortest)),
        1 / 16,
      );
    expectMean(
      strings.map(({ length }) => length),
      12,
    );
  });

  test("possible symbols are those that come after the same beginning", () => {
    const after = new Map<string, { symbols: Set<string>; count: number }>();
    for (const string of strings)
      for (let t = 1; t < string.length; t++) {
        const entry = after.get(string.slice(0, t)) ?? { symbols: new Set(), count: 0 };
        after.set(string.slice(0, t), { symbols: entry.symbols.add(string[t]!), count: entry.count + 1 });
      }
    for (const string of new Set(strings))
      reber.possible(string).forEach((symbols, t) => {
        const { symbols: seen, count } = after.get(string.slice(0, t + 1))!;
        // Of 40 that might be of two kinds, all being of one has a probability of 2e-12.
        if (count > 40) expect([...seen].sort()).toEqual([...symbols].sort());
      });
    for (const wrong of ["BTBTXSEPE", "BTBTXSET", "TBTXSETE", "BTBTXSETEE"]) expect(() => reber.possible(wrong)).toThrow(RangeError);
  });

  test("is one-hot, each target the symbol after; right if the possible symbols are the most active outputs", () => {
    const string = "BPBTXXVPSEPE";
    const { inputs, targets } = reber.encode(string);
    const read = (units: Float32Array) =>
      Array.from({ length: units.length / 7 }, (_, t) => reber.SYMBOLS[units.subarray(7 * t, 7 * t + 7).indexOf(1)]).join("");
    expect([read(inputs), read(targets)]).toEqual([string.slice(0, -1), string.slice(1)]);
    expect(inputs.reduce((a, b) => a + b) + targets.reduce((a, b) => a + b)).toBe(22);
    const ideal = Float32Array.from(
      reber.possible(string).flatMap((next) => Array.from(reber.SYMBOLS, (name) => (next.includes(name) ? 0.3 : 0.2))),
    );
    expect(reber.right(ideal, string)).toBe(true);
    expect(reber.right(targets, string)).toBe(false);
    // Every output by itself decides: a tie is wrong.
    for (const k of ideal.keys())
      expect(
        reber.right(
          Float32Array.from(ideal, (y, i) => (i === k ? 0.5 - y : y)),
          string,
        ),
      ).toBe(false);
    expect(reber.right(ideal.fill(0.2), string)).toBe(false);
  });

  test("sets have 256 strings, some 100 different ones to learn, none of which is in the test", () => {
    for (const trial of [0, 1, 2]) {
      const { training, test } = reber.drawSets(randomOf(trial, 0));
      expect([training.length, test.length]).toEqual([256, 256]);
      expect(new Set(training).size).toBeGreaterThan(80);
      expect(new Set(training).size).toBeLessThan(125);
      expect(test.some((string) => training.includes(string))).toBe(false);
    }
  });
});

describe.each([
  { name: "adding", draw: drawAdding, least: -1, answer: (values: number[]) => 0.5 + values.reduce((sum, value) => sum + value, 0) / 4 },
  {
    name: "multiplication",
    draw: drawMultiplication,
    least: 0,
    answer: (values: number[]) => values.reduce((all, value) => all * value, 1),
  },
])("$name", ({ draw, least, answer }) => {
  const T = 100;
  const random = randomOf(1, 7);
  const drawn = Array.from({ length: 20_000 }, () => {
    const { inputs, targets } = draw(random, T);
    const pairs = Array.from({ length: inputs.length / 2 }, (_, t) => [inputs[2 * t]!, inputs[2 * t + 1]!] as const);
    return { pairs, target: targets[0]!, marked: [...pairs.keys()].filter((t) => pairs[t]![1] === 1) };
  });

  test("lengths, values, markers and targets are what they are said to be", () => {
    for (const { pairs, target, marked } of drawn) {
      const markers = pairs.every(([, marker], t) => marker === (marked.includes(t) ? 1 : t % (pairs.length - 1) ? 0 : -1));
      expect(markers && pairs.every(([value]) => value >= least && value <= 1)).toBe(true);
      expect(target).toBeCloseTo(answer(marked.map((t) => pairs[t]![0])), 6);
    }
    expectMean(
      drawn.map(({ pairs }) => pairs[50]![0]),
      (least + 1) / 2,
    );
    const lengths = drawn.map(({ pairs }) => pairs.length);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([T, T + T / 10]);
    expectMean(lengths, 105);
    expect(drawn.filter(({ marked }) => marked.length === 2).every(({ marked }) => marked[0]! < 10)).toBe(true);
    const last = drawn.map(({ marked }) => marked.at(-1)!);
    expect([Math.min(...last), Math.max(...last)]).toEqual([1, T / 2 - 1]);
  });

  test("one in ten, and one in 49 of the others, has the first pair marked", () => {
    expectMean(
      drawn.map(({ marked }) => 2 - marked.length),
      0.1 + 0.9 / 49,
    );
  });

  if (least < 0)
    test("always answering 0.5 has a squared error of 1/24 on two values, and is right in 15.4 %", () => {
      const errors = drawn.filter(({ marked }) => marked.length === 2).map(({ target }) => errorOf([0.5], Float32Array.of(target)));
      expectMean(
        errors.map(({ square }) => square),
        1 / 24,
      );
      expectMean(
        errors.map((error) => Number(isSumRight(error))),
        0.16 - 0.16 ** 2 / 4,
      );
    });
});

const text = (tokens: Int32Array, symbols: string) => Array.from(tokens, (token) => symbols[token]).join("");
const range = (values: number[]) => [Math.min(...values), Math.max(...values)];

describe.each([
  { kind: "6a", shape: /^E[a-d]{8,18}[XY][a-d]{29,49}[XY][a-d]{39,59}B$/, places: [10, 50] },
  { kind: "6b", shape: /^E[a-d]{8,18}[XY][a-d]{12,32}[XY][a-d]{22,42}[XY][a-d]{23,43}B$/, places: [10, 33, 66] },
] as const)("temporal order $kind", ({ kind, shape, places }) => {
  const random = randomOf(2, 7);
  const drawn = Array.from({ length: 20_000 }, () => {
    const { tokens, targets } = drawOrder(random, kind);
    return { text: text(tokens, SYMBOLS), targets };
  });
  const found = drawn.map(({ text }) => [...text.matchAll(/[XY]/g)]);

  test("from E to B, X and Y at their places, the class one-hot", () => {
    for (const [i, { text, targets }] of drawn.entries()) {
      expect(text).toMatch(shape);
      const index = found[i]!.reduce((all, [symbol]) => 2 * all + Number(symbol === "Y"), 0);
      expect([...targets]).toEqual(Array.from({ length: 2 ** places.length }, (_, k) => Number(k === index)));
    }
    expect(range(drawn.map(({ text }) => text.length))).toEqual([100, 110]);
    places.forEach((earliest, i) => expect(range(found.map((all) => all[i]!.index + 1))).toEqual([earliest, earliest + 10]));
  });

  test("every class is as frequent", () => {
    for (let k = 0; k < 2 ** places.length; k++)
      expectMean(
        drawn.map(({ targets }) => targets[k]!),
        1 / 2 ** places.length,
      );
  });

  test("right if every output is", () => {
    const targets = new Float32Array(4);
    expect(isOrderRight(errorOf([0.29, 0.1, 0.2, 0.29], targets))).toBe(true);
    expect(isOrderRight(errorOf([0, 0, 0, 0.31], targets))).toBe(false);
  });
});

describe("long lags", () => {
  const p = 12;
  const random = randomOf(3, 7);
  /** The next symbol at each step, as the targets say it. */
  const next = (targets: Float32Array, count: number) =>
    Array.from({ length: targets.length / count }, (_, t) => targets.subarray(t * count, (t + 1) * count).indexOf(1));

  test.each([
    { name: "2a", draw: drawLocal, local: true },
    { name: "2b", draw: drawRandomBetween, local: false },
  ])("$name: the first symbol is x or y and comes again at the end", ({ draw, local }) => {
    const drawn = Array.from({ length: 10_000 }, () => draw(random, p));
    for (const { tokens, targets } of drawn) {
      expect(tokens.length).toBe(p);
      expect(tokens[0] === p - 1 || tokens[0] === p).toBe(true);
      expect(next(targets, p + 1)).toEqual([...tokens.subarray(1), tokens[0]]);
      expect(targets.reduce((sum, one) => sum + one)).toBe(p);
      if (local) expect([...tokens.subarray(1)]).toEqual(Array.from({ length: p - 1 }, (_, t) => t));
      else expect(range([...tokens.subarray(1)])[1]).toBeLessThan(p - 1);
    }
    expectMean(
      drawn.map(({ tokens }) => tokens[0]! - p + 1),
      0.5,
    );
    if (!local)
      expectMean(
        drawn.map(({ tokens }) => tokens[5]!),
        (p - 2) / 2,
      );
  });

  test("2c: b, x or y, distractors, e; q + 13 inputs on average, the class as the target", () => {
    const [q, p] = [20, 5];
    const drawn = Array.from({ length: 20_000 }, () => drawDistracted(random, q, p));
    for (const { tokens, targets } of drawn) {
      expect(text(tokens, "01234ebxy")).toMatch(/^b[xy][0-4]{20,}e$/);
      expect([...targets]).toEqual(tokens[1] === p + 2 ? [1, 0] : [0, 1]);
    }
    expect(range(drawn.map(({ tokens }) => tokens.length))[0]).toBe(q + 3);
    // The length of the paper, q + 14 on average with nine in ten, counts the target as well: q + 4 at least, and nine more.
    expectMean(
      drawn.map(({ tokens }) => tokens.length + 1),
      q + 13,
    );
  });
});

describe("noise and signal", () => {
  const random = randomOf(4, 7);
  const [T, N] = [100, 3];
  const variance = (values: number[]) => values.reduce((sum, value) => sum + value * value, 0) / values.length;

  test.each(Object.entries(KINDS))("%s: the first elements say the class, the rest is noise", (_, kind) => {
    const drawn = Array.from({ length: 5000 }, () => drawNoise(random, T, N, kind, false));
    const classes = drawn.map(({ inputs }) => Number(inputs[0]! + inputs[1]! + inputs[2]! < 0));
    expectMean(classes, 0.5);
    expect(range(drawn.map(({ inputs }) => inputs.length))).toEqual([T, T + T / 10]);
    expect(variance(drawn.flatMap(({ inputs }) => [...inputs.subarray(N)]))).toBeCloseTo(0.2, 2);
    const signal = drawn.flatMap(({ inputs }, i) => [...inputs.subarray(0, N)].map((value) => value - 1 + 2 * classes[i]!));
    expect(variance(signal)).toBeCloseTo(kind.noisySignal ? 0.2 : 0, 1);
    const targets = drawn.map((example, i) => example.targets[0]! - kind.targets[classes[i]!]!);
    expect(variance(targets)).toBeCloseTo(kind.noisyTargets ? 0.1 : 0, 1);
    const [clean] = drawNoise(random, T, N, kind, true).targets;
    expect(Array.from(kind.targets, Math.fround)).toContain(clean);
  });

  test("of 3b with one element 1.27 % cannot be known", () => {
    const drawn = Array.from({ length: 40_000 }, () => drawNoise(random, 10, 1, KINDS["3b"], false));
    expectMean(
      drawn.map(({ inputs, targets }) => Number(inputs[0]! > 0 !== targets[0]! > 0.5)),
      0.01267,
    );
  });
});
