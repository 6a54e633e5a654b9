/** Scores of classes and of forecasts: scikit-learn's numbers, the definitions, and the edges. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { classificationScores, forecastScores } from "../src/scores.js";
import { any, refuses } from "./helpers/refusals.js";

interface Vectors {
  classes: {
    name: string;
    targets: number[];
    probabilities: number[];
    weights: number[];
    accuracy: number;
    confusion: number[][];
    precision: number[];
    recall: number[];
    f1: number[];
    weight: number[];
    auc: number[];
    macro: number[];
  }[];
  forecasts: {
    name: string;
    targets: number[];
    quantiles: number[];
    forecast: number[];
    weights: number[];
    mae: number;
    rmse: number;
    pinball: number[];
  }[];
}
/** Made by vectors/scores.py. */
const vectors: Vectors = JSON.parse(readFileSync(new URL("vectors/scores.json", import.meta.url), "utf8"));

const close = (found: readonly number[], expected: readonly number[]) => {
  expect(found.length).toBe(expected.length);
  found.forEach((value, i) => expect(value, `${i}`).toBeCloseTo(expected[i]!, 9));
};
const KINDS = ["precision", "recall", "f1", "auc"] as const;

describe("classes", () => {
  test.each(vectors.classes.map((one) => [one.name, one] as const))("scikit-learn: %s", (_, one) => {
    const scores = classificationScores(one.targets, one.probabilities, { weights: one.weights });
    expect(scores.count).toBe(one.weights.filter((weight) => weight > 0).length);
    close([scores.accuracy], [one.accuracy]);
    close(scores.confusion.flat(), one.confusion.flat());
    for (const kind of [...KINDS, "weight"] as const)
      close(
        scores.classes.map((row) => row[kind]),
        one[kind],
      );
    close(
      KINDS.map((kind) => scores.macro[kind]),
      one.macro,
    );
  });

  test("two classes by the probability of the second are two columns", () => {
    const { targets, probabilities } = { targets: [0, 1, 1, 0, 1, NaN], probabilities: [0.2, 0.7, 0.5, 0.6, 0.1, 0.9] };
    const scores = classificationScores(targets, probabilities, { labels: ["no", "yes"] });
    expect(scores.confusion).toEqual([
      [1, 1],
      [1, 2],
    ]);
    expect(scores).toMatchObject({ count: 5, accuracy: 0.6, labels: ["no", "yes"] });
    expect(scores.classes.map(({ label, weight }) => [label, weight])).toEqual([
      ["no", 2],
      ["yes", 3],
    ]);
    const both = classificationScores(
      targets,
      probabilities.flatMap((p) => [1 - p, p - 1e-9 * Number(p !== 0.5)]),
      { labels: ["no", "yes"] },
    );
    close(
      both.classes.map(({ auc }) => auc),
      scores.classes.map(({ auc }) => auc),
    );
    expect(scores.classes[1]!.auc).toBeCloseTo(3 / 6, 12);
  });

  test("what is not there is not scored: a class without truths, and truths of weight 0", () => {
    const scores = classificationScores([0, 0, 1, 99], [0.5, 0.4, 0.1, 0.6, 0.3, 0.1, 0.7, 0.2, 0.1, 1, 1, 1], { weights: [1, 1, 1, 0] });
    expect(scores.classes[2]).toEqual({ label: "2", weight: 0, precision: NaN, recall: NaN, f1: NaN, auc: NaN });
    expect(scores.classes[1]).toMatchObject({ precision: 0, recall: 0, f1: 0, auc: 0 });
    expect(scores.macro).toMatchObject({ precision: 1 / 3, recall: 0.5, f1: 0.4 });
    expect(classificationScores([], []).accuracy).toBeNaN();
  });

  refuses([
    [
      "a class that is not there",
      RangeError,
      '"targets[1]" expected an integer from 0 to 2, got 3',
      () => classificationScores([0, 3], [1, 2, 3, 4, 5, 6]),
    ],
    [
      "numbers left over",
      RangeError,
      '"probabilities" expected 2 numbers, or a multiple of that, got an array of 3',
      () => classificationScores([0, 1], [1, 2, 3]),
    ],
    [
      "a weight below 0",
      RangeError,
      '"weights[0]" expected a number of at least 0, got -1',
      () => classificationScores([0], [1, 2], { weights: [-1] }),
    ],
    [
      "labels of other classes",
      RangeError,
      '"labels" expected 2 strings, one for each class, got an array of 3',
      () => classificationScores([0], [1, 2], { labels: ["a", "b", "c"] }),
    ],
    ["an unknown option", RangeError, '"label" is not an option', () => classificationScores([0], [1, 2], any({ label: [] }))],
    ["text", TypeError, '"targets[0]" expected a number, got "0"', () => classificationScores(any(["0"]), [1, 2])],
  ]);
});

describe("forecasts", () => {
  test.each(vectors.forecasts.map((one) => [one.name, one] as const))("scikit-learn: %s", (_, one) => {
    const { targets, forecast, quantiles, weights } = one;
    const scores = forecastScores(targets, forecast, { quantiles, weights });
    close([scores.mae, scores.rmse], [one.mae, one.rmse]);
    close(
      scores.quantiles!.map(({ pinball }) => pinball),
      one.pinball,
    );
    expect(scores.pinball).toBeCloseTo(one.pinball.reduce((sum, value) => sum + value) / 3, 9);
    const share = (inside: (y: number, i: number) => boolean) =>
      targets.reduce((sum, y, i) => sum + Number(inside(y, i)) * weights[i]!, 0) / weights.reduce((sum, weight) => sum + weight);
    const [interval] = scores.intervals!;
    expect(scores.intervals!.length).toBe(1);
    expect(interval!.level).toBeCloseTo(0.8, 12);
    expect(interval!.coverage).toBeCloseTo(
      share((y, i) => forecast[3 * i]! <= y && y <= forecast[3 * i + 2]!),
      12,
    );
    close(
      scores.quantiles!.map(({ below }) => below),
      [0, 1, 2].map((q) => share((y, i) => y <= forecast[3 * i + q]!)),
    );
    // Quantiles in any order, and crossed, come to the same.
    const turned = [...forecast].reverse().map((_, n) => forecast[n - (n % 3) + (2 - (n % 3))]!);
    expect(forecastScores(targets, turned, { quantiles: [0.9, 0.5, 0.1], weights })).toEqual(scores);
  });

  test("by hand: sMAPE, MASE with a season, with a history, with gaps", () => {
    const [targets, forecast] = [
      [10, 20, 12, 22, 0],
      [12, 18, 12, 20, 0],
    ];
    const scores = forecastScores(targets, forecast);
    expect(scores.mae).toBeCloseTo(6 / 5, 12);
    expect(scores.rmse).toBeCloseTo(Math.sqrt(12 / 5), 12);
    expect(scores.smape).toBeCloseTo((4 / 22 + 4 / 38 + 0 + 4 / 42 + 0) / 5, 12);
    // |20 - 10|, |12 - 20|, |22 - 12|, |0 - 22|
    expect(scores.mase).toBeCloseTo(6 / 5 / (50 / 4), 12);
    expect(forecastScores(targets, forecast, { season: 2 }).mase).toBeCloseTo(6 / 5 / ((2 + 2 + 12) / 3), 12);
    expect(forecastScores(targets, forecast, { history: [1, 2, 4] }).mase).toBeCloseTo(6 / 5 / 1.5, 12);
    const gap = forecastScores([10, NaN, 12, 22, 0], forecast);
    expect(gap).toMatchObject({ count: 4, mae: 1 });
    expect(gap.mase).toBeCloseTo(1 / ((10 + 22) / 2), 12);
    expect(forecastScores([1], [1]).mase).toBeNaN();
    expect(scores).not.toHaveProperty("pinball");
  });

  test("intervals of normal distributions", () => {
    // A uniform grid of a normal distribution's quantiles: each level holds its share.
    const n = 4001;
    const grid = Array.from({ length: n }, (_, i) => (i - (n - 1) / 2) / 500);
    const weights = grid.map((z) => Math.exp((-z * z) / 2));
    const { intervals } = forecastScores(
      grid.map((z) => 5 + 3 * z),
      grid.map(() => 5),
      { deviation: grid.map(() => 3), weights },
    );
    expect(intervals!.map(({ level }) => level)).toEqual([0.5, 0.8, 0.9, 0.95]);
    for (const { level, coverage } of intervals!) expect(Math.abs(coverage - level)).toBeLessThan(2e-3);
    expect(intervals![3]!.width).toBeCloseTo(6 * 1.959964, 4);
  });

  refuses([
    [
      "too few numbers",
      RangeError,
      '"forecast" expected 6 numbers, got an array of 4',
      () => forecastScores([1, 2], [1, 2, 3, 4], { quantiles: [0.1, 0.5, 0.9] }),
    ],
    [
      "several numbers for a truth",
      RangeError,
      '"forecast" expected 2 numbers, got an array of 4',
      () => forecastScores([1, 2], [1, 2, 3, 4]),
    ],
    [
      "a quantile of 1",
      RangeError,
      '"quantiles[0]" expected a number in (0, 1), got 1',
      () => forecastScores([1], [1], { quantiles: [1] }),
    ],
    ["no deviation", RangeError, '"deviation[0]" expected a positive number, got 0', () => forecastScores([1], [1], { deviation: [0] })],
    [
      "both",
      RangeError,
      '"deviation" is for a forecast without quantiles',
      () => forecastScores([1], [1], { deviation: [1], quantiles: [0.5] }),
    ],
    ["a truth without end", RangeError, '"targets[0]" expected a finite number, got Infinity', () => forecastScores([Infinity], [1])],
    ["no season", RangeError, '"season" expected a positive integer, got 0', () => forecastScores([1], [1], { season: 0 })],
  ]);
});
