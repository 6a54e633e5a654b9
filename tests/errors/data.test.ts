/** Scalers, windows and lanes: every wrong kind (TypeError) and value (RangeError) is refused, and its place named. */

import { describe, expect, test } from "vitest";
import { createModel, createTrainer, dense, lanes, scaler, windows } from "../../src/index.js";
import { any, features, refuses, trained } from "../helpers/refusals.js";

describe("a scaler", () => {
  const scale = { mean: [0, 0], deviation: [1e-30, 1] };
  const model = createModel({ ...features, scaler: { inputs: scale, targets: scale } });
  const losses = '"loss" expected one of mse, mae, huber, custom, as the model\'s scaler.outputs is "values", got';
  const data = [{ inputs: [1e20, 2], targets: [3, 4] }];
  refuses([
    ["of targets without a unit", RangeError, `${losses} "crossEntropy"`, () => createTrainer(model, { ...trained, loss: "crossEntropy" })],
    [
      "of values, for quantiles",
      RangeError,
      `${losses} "quantile"`,
      () => createTrainer(model, { ...trained, loss: { type: "quantile", quantiles: [0.5] } }),
    ],
    [
      "of quantiles, for another number of them",
      RangeError,
      '"loss" expected a loss of 1 targets, as scaler.targets has them, got 2',
      () => {
        const one = createModel({ ...features, scaler: { targets: { mean: [0], deviation: [1] }, outputs: "quantile" } });
        createTrainer(one, { ...trained, loss: { type: "quantile", quantiles: [0.5] } });
      },
    ],
    [
      "of distributions, with a mean for each output",
      RangeError,
      '"scaler.targets.mean" expected 1 numbers, got an array of 2',
      () => createModel({ ...features, scaler: { targets: scale, outputs: "gaussianNLL" } }),
    ],
    [
      "of flat targets that may be steps or numbers of one",
      RangeError,
      '"sequences[0].targets" expected a row for each step, or one number for each of 2, or the option features, got an array of 6',
      () => scaler([{ inputs: [[1], [2]], targets: [1, 2, 3, 4, 5, 6] }], { of: "targets" }),
    ],
    [
      "of numbers that are all missing",
      RangeError,
      '"data" expected a number of feature 1',
      () => scaler([[1, NaN]], { missing: "ignore" }),
    ],
    ["to evaluate them", RangeError, `${losses} "binaryCrossEntropy"`, () => model.evaluate(data, { loss: "binaryCrossEntropy" })],
    [
      "whose numbers leave f32",
      RangeError,
      '"sequences[0].inputs, step 0, feature 0" expected a number between -3.4e38 and 3.4e38, got 9.99',
      () => model.predict(data),
    ],
    [
      "whose numbers leave f32 in a stream",
      RangeError,
      '"input[0]" expected a number between -3.4e38 and 3.4e38, got 9.99',
      () => model.stream().step([1e20, 2]),
    ],
    ["of text in a stream", TypeError, '"input[1]" expected a finite number, got "2"', () => model.stream().step(any([1, "2"]))],
    ["of nothing", TypeError, '"series" expected an array or a typed array, got undefined', () => scaler(any(undefined))],
    ["of an empty list", RangeError, '"data" expected at least one step, got an array of 0', () => scaler([])],
    ["of a number infinite", RangeError, '"series, step 1" expected a finite number, got Infinity', () => scaler([1, Infinity])],
    ["of rows of other lengths", RangeError, '"series, step 1" expected 2 numbers, got an array of 1', () => scaler([[1, 2], [3]])],
    ["of other features", RangeError, '"series, step 0" expected 3 numbers, got an array of 2', () => scaler([[1, 2]], { features: 3 })],
    [
      "of a part unknown",
      RangeError,
      '"of" expected one of "inputs", "targets", got "outputs"',
      () => scaler(data, any({ of: "outputs" })),
    ],
    ["of a part of a series", RangeError, '"of" is not an option; the options are features, missing', () => scaler([1], { of: "inputs" })],
    [
      "of sequences without targets",
      TypeError,
      '"sequences[0].targets" expected an array or a typed array, got undefined',
      () => scaler([{ inputs: [1] }], { of: "targets" }),
    ],
  ]);
});

describe("windows and lanes", () => {
  const log = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const cut = (changes: object, series: unknown = log) => {
    return () => windows(any(series), any({ length: 2, ...changes }));
  };
  refuses([
    ["no series", TypeError, '"series" expected an array or a typed array, got undefined', () => windows(any(undefined), { length: 1 })],
    ["no options", TypeError, '"options" expected an object with length, horizon', () => windows(log, any(undefined))],
    ["an unknown option", RangeError, '"step" is not an option; the options are length, horizon, stride, output', cut({ step: 2 })],
    ["no length", TypeError, '"length" expected a positive integer, got undefined', cut({ length: undefined })],
    ["a horizon of 0", RangeError, '"horizon" expected a positive integer, got 0', cut({ horizon: 0 })],
    ["a stride of half a step", RangeError, '"stride" expected a positive integer, got 0.5', cut({ stride: 0.5 })],
    ["an output that is none", RangeError, '"output" expected one of "every", "last", got "all"', cut({ output: "all" })],
    ["features that rows do not have", RangeError, '"series, step 0" expected 3 numbers, got an array of 2', cut({ features: 3 })],
    [
      "a flat series that does not divide",
      RangeError,
      '"series" expected a multiple of 2 numbers (2 for each step), got Float32Array of 7',
      cut({ features: 2 }, new Float32Array(7)),
    ],
    ["too short a series", RangeError, '"series" expected at least 4 steps (length + horizon), got an array of 3', cut({ horizon: 2 })],
    [
      "a target that is no feature",
      RangeError,
      '"targetFeatures[1]" expected an integer from 0 to 1, got 2',
      cut({ targetFeatures: [0, 2] }),
    ],
    ["a bare target", TypeError, '"targetFeatures" expected indices of features, got 0', cut({ targetFeatures: 0 })],
    ["a count of 0", RangeError, '"count" expected a positive integer, got 0', () => lanes(log, 0)],
    ["more lanes than steps", RangeError, '"series" expected at least 4 steps (count + 1), got an array of 3', () => lanes(log, 3)],
    [
      "an unknown option of lanes",
      RangeError,
      '"length" is not an option; the options are features',
      () => lanes(log, 1, any({ length: 1 })),
    ],
  ]);

  test("what lies in a series is checked by whoever takes the sequences", () => {
    const model = createModel({ ...features, layers: [dense({ units: 1 })] });
    const evaluate = (series: unknown) => () => model.evaluate(windows(any(series), { length: 1, targetFeatures: [1] }), { loss: "mse" });
    expect(evaluate([[1, 2], undefined])).toThrow('"sequences[0].targets, step 0" expected a number, got undefined');
    expect(
      evaluate([
        [1, 2],
        [3, NaN],
      ]),
    ).toThrow('"sequences[0].targets, step 0" expected a finite number, got NaN');
    expect(
      evaluate([
        [1, "2"],
        [3, 4],
      ]),
    ).toThrow('"sequences[0].inputs, step 0, feature 1" expected a number, got "2"');
  });
});
