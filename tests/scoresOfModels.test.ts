/** Scores of models: their outputs, read by their loss, beside the targets that count, in the user's units. */

import {
  adam,
  binaryCrossEntropy,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  gaussianNLL,
  huber,
  type Loss,
  loadModel,
  lstm,
  type ModelConfig,
  mse,
  quantile,
  type Sequence,
} from "memcell";
import { classificationScores, forecastScores } from "memcell/scores";
import { describe, expect, test } from "vitest";
import { numbers } from "./helpers/cases.js";
import { any, refuses } from "./helpers/refusals.js";

const next = numbers(12);
const below = (n: number) => Math.floor(((next() + 1) / 2) * n);
const make = (outputs: number, loss: Loss, more: Partial<ModelConfig> = {}) => {
  const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: outputs })], seed: 3, ...more });
  createTrainer(model, { loss, optimizer: adam() });
  return model;
};
/** Ragged sequences with weights, some of them 0. */
const draw = (target: () => unknown, weighted = true) =>
  [7, 3, 12, 5, 1, 9].map((length, i) => ({
    inputs: Array.from({ length }, () => [3 * next(), 3 * next()]),
    targets: Array.from({ length }, target),
    ...(weighted && i % 2 === 0 && { weights: Array.from({ length }, () => below(3)) }),
  })) as Sequence[];
const flat = (list: Float32Array[]) => list.flatMap((row) => [...row]);
const weightsOf = (sequences: Sequence[]) =>
  sequences.flatMap(({ inputs, weights }) => [...((weights as number[] | undefined) ?? new Array((inputs as number[][]).length).fill(1))]);
const targetsOf = (sequences: Sequence[]) => sequences.flatMap(({ targets }) => targets as number[]);

describe("classes", () => {
  test.each(["every", "last"] as const)("of the output %s, with ignored targets", (output) => {
    const model = make(4, crossEntropy({ classWeights: [1, 1, 1, 1] }), { output, metadata: { labels: "a,b,c,d" } });
    const every = draw(() => (next() > 0.7 ? -100 : below(4)));
    const sequences = output === "every" ? every : every.map(({ inputs }) => ({ inputs, targets: [below(4)] }));
    const scores = classificationScores(model, sequences);
    const truths = targetsOf(sequences).map((target) => (target === -100 ? NaN : target));
    const p = flat(model.predict(sequences, { as: "probabilities" }));
    const weights = output === "every" ? weightsOf(sequences) : sequences.map(() => 1);
    expect(scores).toEqual(classificationScores(truths, p, { weights, labels: ["a", "b", "c", "d"] }));
    expect(scores.accuracy).toBeCloseTo(model.evaluate(sequences, { loss: "crossEntropy", metrics: ["accuracy"] }).accuracy, 6);
    // Of the loaded model the same; an iterable as well.
    expect(classificationScores(loadModel(model.save()), sequences[Symbol.iterator]())).toEqual(scores);
    expect(classificationScores(model, sequences, { labels: ["1", "2", "3", "4"] }).labels).toEqual(["1", "2", "3", "4"]);
  });

  test("yes or no", () => {
    const model = make(1, binaryCrossEntropy({ missing: "ignore" }));
    const sequences = draw(() => (next() > 0.7 ? NaN : Math.max(0, next())));
    const scores = classificationScores(model, sequences, { labels: ["no", "yes"] });
    const truths = targetsOf(sequences).map((target) => (Number.isNaN(target) ? NaN : Number(target >= 0.5)));
    const p = flat(model.predict(sequences, { as: "probabilities" }));
    expect(scores).toEqual(classificationScores(truths, p, { weights: weightsOf(sequences), labels: ["no", "yes"] }));
    const { accuracy } = model.evaluate(sequences, { loss: binaryCrossEntropy({ missing: "ignore" }), metrics: ["accuracy"] });
    expect(scores.accuracy).toBeCloseTo(accuracy, 6);
  });
});

describe("forecasts", () => {
  const scale = { mean: [1000, -5], deviation: [30, 0.5] };
  const row = () => [1000 + 30 * next(), -5 + 0.5 * next()];

  test.each([mse({ missing: "ignore" }), huber({ missing: "ignore" })])("$type, two targets in the user's units, some missing", (loss) => {
    const model = make(2, loss, { scaler: { targets: scale } });
    const sequences = draw(() => row().map((value) => (next() > 0.8 ? NaN : value)));
    const scores = forecastScores(model, sequences, { season: 2 });
    const { mae, rmse } = model.evaluate(sequences, { loss, metrics: ["mae", "rmse"] });
    expect(scores.mae / mae).toBeCloseTo(1, 5);
    expect(scores.rmse / rmse).toBeCloseTo(1, 5);
    // Each target by itself, and MASE the mean of both.
    const outputs = model.predict(sequences);
    const own = [0, 1].map((k) => {
      const truths = sequences.map(({ targets }) => (targets as number[][]).map((numbers) => numbers[k]!));
      const weights = sequences.map(({ weights }, i) => [...((weights as number[]) ?? truths[i]!.map(() => 1))]);
      const naive = truths.flatMap((list, i) =>
        list.flatMap((value, t) =>
          t >= 2 && weights[i]![t]! * weights[i]![t - 2]! > 0 && !Number.isNaN(value - list[t - 2]!)
            ? [Math.abs(value - list[t - 2]!)]
            : [],
        ),
      );
      const scale = naive.reduce((sum, error) => sum + error) / naive.length;
      let [sum, all] = [0, 0];
      truths.forEach((list, i) =>
        list.forEach((value, t) => {
          if (Number.isNaN(value)) return;
          sum += (weights[i]![t]! * Math.abs(value - outputs[i]![2 * t + k]!)) / scale;
          all += weights[i]![t]!;
        }),
      );
      return [sum, all];
    });
    expect(scores.mase).toBeCloseTo((own[0]![0]! + own[1]![0]!) / (own[0]![1]! + own[1]![1]!), 4);
    const histories = [
      [1, 2, 4],
      [10, 20, 50],
    ];
    const one = forecastScores(model, sequences, { history: histories[0]! }).mase;
    expect(one).toBeCloseTo(scores.mae / 1.5, 6);
    expect(forecastScores(model, sequences, { history: histories }).mase).toBeLessThan(one);
  });

  test("quantiles: their mean pinball loss is the loss, in the user's units", () => {
    const quantiles = [0.9, 0.1, 0.5];
    const plain = make(6, quantile({ quantiles }));
    const sequences = draw(() => [next(), next()], false);
    const scores = forecastScores(plain, sequences);
    expect(scores.quantiles!.map((one) => one.quantile)).toEqual([0.1, 0.5, 0.9]);
    // Quantiles that cross are put in order, which the loss does not do.
    expect(scores.pinball! / plain.evaluate(sequences, { loss: quantile({ quantiles }) }).loss).toBeLessThan(1 + 1e-5);
    const scaled = make(3, quantile({ quantiles }), { scaler: { targets: { mean: [1000], deviation: [30] }, outputs: "quantile" } });
    const far = draw(() => 1000 + 30 * next(), false);
    const said = flat(scaled.predict(far, { as: "probabilities" }));
    const expected = forecastScores(targetsOf(far), said, { quantiles, season: 3, history: [1, 5, 2, 9] });
    const found = forecastScores(scaled, far, { season: 3, history: [1, 5, 2, 9] });
    expect(found.count).toBe(expected.count);
    for (const name of ["mae", "rmse", "smape", "mase", "pinball"] as const) expect(found[name]! / expected[name]!).toBeCloseTo(1, 5);
    expect(found.intervals![0]!.coverage).toBeCloseTo(expected.intervals![0]!.coverage, 12);
  });

  test("normal distributions", () => {
    const model = make(4, gaussianNLL(), { scaler: { targets: scale, outputs: "gaussianNLL" } });
    const sequences = draw(row, false);
    const found = forecastScores(model, sequences);
    const read = model
      .predict(sequences, { as: "probabilities" })
      .flatMap((y) => Array.from({ length: y.length / 4 }, (_, t) => [...y.subarray(4 * t, 4 * t + 4)]));
    const expected = forecastScores(
      targetsOf(sequences).flat(),
      read.flatMap(([a, b]) => [a!, b!]),
      { deviation: read.flatMap(([, , a, b]) => [a!, b!]) },
    );
    expect(found.mae / expected.mae).toBeCloseTo(1, 5);
    found.intervals!.forEach(({ level, coverage, width }, i) => {
      expect([level, coverage]).toEqual([expected.intervals![i]!.level, expected.intervals![i]!.coverage]);
      expect(width / expected.intervals![i]!.width).toBeCloseTo(1, 6);
    });
  });
});

describe("refused", () => {
  const sequences = draw(() => [1, 2], false);
  const numbered = make(2, mse());
  refuses([
    [
      "classes of numbers",
      RangeError,
      '"loss" expected one of crossEntropy, binaryCrossEntropy, whose outputs can be scored like this, got "mse"',
      () => classificationScores(numbered, sequences),
    ],
    [
      "forecasts of classes",
      RangeError,
      '"loss" expected one of mse, mae, huber, quantile, gaussianNLL',
      () => forecastScores(make(3, crossEntropy()), sequences),
    ],
    [
      "a model without a loss",
      TypeError,
      '"loss" expected the loss by which the model was learned',
      () => forecastScores(createModel({ input: { features: 2 }, layers: [dense({ units: 2 })] }), sequences),
    ],
    [
      "several questions at once",
      RangeError,
      '"model" expected one output of binaryCrossEntropy',
      () =>
        classificationScores(
          make(2, binaryCrossEntropy()),
          draw(() => [0, 1]),
        ),
    ],
    [
      "labels of other classes",
      RangeError,
      '"labels" expected 3 strings, one for each class, got an array of 1',
      () =>
        classificationScores(
          make(3, crossEntropy()),
          draw(() => 1),
          { labels: ["a"] },
        ),
    ],
    [
      "histories of other targets",
      RangeError,
      '"history" expected one series, or 2, got an array of 3',
      () => forecastScores(numbered, sequences, { history: [[1], [2], [3]] }),
    ],
    [
      "wrong targets",
      RangeError,
      '"sequences[0].targets',
      () =>
        forecastScores(
          numbered,
          draw(() => 1),
        ),
    ],
    ["an unknown option", RangeError, '"weights" is not an option', () => forecastScores(numbered, sequences, any({ weights: [] }))],
  ]);
});
