/** The rows of the paper: their networks, their gradient, the rules that stop them. */

import { describe, expect, test } from "vitest";
import type { Learner } from "../learner.js";
import type { Result, Row } from "../row.js";
import { ROWS, rowNamed, rowsNamed } from "../rows.js";
import { ROWS_1997 } from "../rows1997.js";
import { RECENT, stoppedByRecent, stoppedByStreak, stoppedByTest } from "../stop.js";
import { runTrial } from "../trial.js";

const finish = (row: Row, trial: number, limit: number): Result => {
  const steps = runTrial(row, trial, limit);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
};

describe("stop rules", () => {
  const draw = () => ({ inputs: new Float32Array(2), targets: Float32Array.of(0.5) });
  const about = { features: 2, outputs: 1, draw, isRight: ({ most }: { most: number }) => most < 0.04 };
  /** A learner that is wrong by this after so many sequences. */
  const erring = (error: (n: number) => number) => {
    let n = 0;
    const outputs = () => [0.5 + error(n)];
    const learn = () => {
      n++;
      return outputs();
    };
    return { learn, predict: (examples: unknown[]) => examples.map(outputs) } as unknown as Learner;
  };
  const passed = (of: Row["of"], error: (n: number) => number) => {
    const row = { ...ROWS_1997[0], of, create: () => erring(error) } as Row;
    return finish(row, 0, 15_000).marks;
  };

  const recent = stoppedByRecent({
    ...about,
    rules: { some: { wrong: 100 }, squared: { wrong: 1, average: 0.01, of: "squared" }, absolute: { wrong: 1, average: 0.01 } },
  });

  test.each([
    { errors: "none", error: () => 0, marks: { some: RECENT, squared: RECENT, absolute: RECENT } },
    {
      errors: "one at 100",
      error: (n: number) => (n === 100 ? 0.05 : 0),
      marks: { some: RECENT, squared: RECENT + 100, absolute: RECENT + 100 },
    },
    { errors: "small ones", error: () => 0.03, marks: { some: RECENT, squared: RECENT } },
    // 0.03 until 1,000, then nothing: the average of 2,000 is below 0.01 with 666 of them.
    {
      errors: "small ones at first",
      error: (n: number) => (n <= 1000 ? 0.03 : 0),
      marks: { some: RECENT, squared: RECENT, absolute: RECENT + 334 },
    },
    { errors: "every tenth", error: (n: number) => (n % 10 === 0 ? 0.05 : 0), marks: {} },
  ])("of the last 2,000: $errors", ({ error, marks }) => expect(passed(recent, error)).toEqual(marks));

  test("of a test set, after every 500", () => {
    const byTest = stoppedByTest({ ...about, rules: { ST1: { wrong: 1, average: Infinity }, learned: { wrong: 1, average: 0.01 } } });
    expect(passed(byTest, (n) => (n < 800 ? 0.05 : n < 1600 ? 0.02 : 0))).toEqual({ ST1: 1000, learned: 2000 });
  });

  test("of a streak, and of new sequences after it", () => {
    const byStreak = stoppedByStreak({ ...about, streak: 50, tested: 20 });
    expect(passed(byStreak, (n) => (n === 30 ? 0.05 : 0))).toEqual({ learned: 80 });
    // Right while it learns and wrong when it is tested: the test is the next sequence's error.
    expect(passed(byStreak, (n) => (n > 60 ? 0.05 : 0))).toEqual({ learned: 50 });
    expect(passed(byStreak, () => 0.05)).toEqual({});
  });
});

describe("rows", () => {
  test("are the 31 of the paper's tables, two of them marks of one", () => {
    const marks = ROWS_1997.flatMap(({ paper }) => Object.keys(paper!.sequences));
    expect([ROWS_1997.length, marks.length]).toEqual([30, 37]);
    expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
  });

  test.each(ROWS_1997)("$name has the paper's number of weights", ({ create, paper }) => {
    expect(create(3).weights).toBe(paper!.weights);
  });

  test("are found by name, or by what names begin with", () => {
    expect(rowsNamed("adding-100").map(({ name }) => name)).toEqual(["adding-100"]);
    expect(rowsNamed("2c-1000").length).toBeGreaterThan(5);
    expect(() => rowsNamed("adding-10")).toThrow(RangeError);
    expect(() => rowNamed("2c")).toThrow(RangeError);
  });

  test("temporal order is learned, to the same figures whenever it is run", () => {
    const first = finish(rowNamed("6a"), 6, 60_000);
    expect(first).toMatchObject({ row: "6a", trial: 6, solved: true, tested: 2560 });
    expect(first.wrong).toBeLessThan(10);
    const { seconds, ...second } = finish(rowNamed("6a"), 6, 60_000);
    expect(first).toMatchObject(second);
  });

  test("a trial is given up, or leaves the finite numbers", () => {
    expect(finish(rowNamed("6a"), 0, 50)).toMatchObject({ solved: false, sequences: 50, limit: 50 });
    const learn = () => {
      throw new Error("no longer");
    };
    expect(() => finish({ ...rowNamed("6a"), create: () => ({ learn }) as unknown as Learner }, 0, 1)).toThrow("no longer");
  });
});
