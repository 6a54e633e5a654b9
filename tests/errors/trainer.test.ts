/** `createTrainer` and `fit`: every wrong kind (TypeError) and value (RangeError) is refused, and its place named. */

import { describe } from "vitest";
import {
  adam,
  adamw,
  constant,
  cosine,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  exponential,
  gru,
  lstm,
  mse,
  plateau,
  quantile,
  sgd,
  stepDecay,
} from "../../src/index.js";
import { any, features, refuses, trained } from "../helpers/refusals.js";

describe("createTrainer", () => {
  const model = createModel(features);
  const trainer = (changes: object) => () => createTrainer(model, any({ ...trained, ...changes }));
  refuses([
    ["no model", TypeError, '"model" expected a model, got an object', () => createTrainer(any({}), trained)],
    ["no options", TypeError, '"options" expected an object with loss, optimizer', () => createTrainer(model, any(undefined))],
    [
      "an unknown option",
      RangeError,
      '"batchSize" is not an option; the options are loss, optimizer, schedule, clipNorm, clipValue, window, stride, gradient, batch, accumulate, average, freeze, shuffle, seed',
      trainer({ batchSize: 3 }),
    ],
    ["no loss", TypeError, '"loss" expected a loss such as "mse", got undefined', trainer({ loss: undefined })],
    [
      "a loss unknown",
      RangeError,
      '"loss" expected one of "mse", "mae", "huber", "binaryCrossEntropy", "quantile", "gaussianNLL", "crossEntropy", "ctc", "custom", got "l1"',
      trainer({ loss: "l1" }),
    ],
    [
      "an option that a loss does not have",
      RangeError,
      '"loss.ignoreIndex" is not an option; the options are type, reduction',
      trainer({ loss: { ...mse(), ignoreIndex: 1 } }),
    ],
    [
      "an ignored index of 0.5",
      RangeError,
      '"loss.ignoreIndex" expected an integer',
      trainer({ loss: crossEntropy({ ignoreIndex: 0.5 }) }),
    ],
    [
      "weights for another number of classes",
      RangeError,
      '"loss.classWeights" expected 2 numbers, got an array of 3',
      trainer({ loss: crossEntropy({ classWeights: [1, 2, 3] }) }),
    ],
    [
      "a class weight below 0",
      RangeError,
      '"loss.classWeights[1]" expected a number of at least 0, got -1',
      trainer({ loss: crossEntropy({ classWeights: [1, -1] }) }),
    ],
    [
      "label smoothing of 1",
      RangeError,
      '"loss.labelSmoothing" expected a number in [0, 1), got 1',
      trainer({ loss: crossEntropy({ labelSmoothing: 1 }) }),
    ],
    [
      "an ignored index beyond i32",
      RangeError,
      '"loss.ignoreIndex" expected an integer from -2147483648',
      trainer({ loss: crossEntropy({ ignoreIndex: 2 ** 40 }) }),
    ],
    [
      "quantiles that do not divide the outputs",
      RangeError,
      '"loss.quantiles" expected a number of quantiles that divides the model\'s 2 outputs, got an array of 3',
      trainer({ loss: quantile({ quantiles: [0.1, 0.5, 0.9] }) }),
    ],
    [
      "a reduction unknown",
      RangeError,
      '"loss.reduction" expected one of "mean", "sum", got "none"',
      trainer({ loss: mse(any({ reduction: "none" })) }),
    ],
    ["no quantiles", TypeError, '"loss.quantiles" expected an array of numbers in (0, 1), got undefined', trainer({ loss: "quantile" })],
    [
      "a quantile of 1",
      RangeError,
      '"loss.quantiles[1]" expected a number in (0, 1), got 1',
      trainer({ loss: quantile({ quantiles: [0.5, 1] }) }),
    ],
    [
      "means without variances",
      RangeError,
      '"loss" expected a model with two outputs for each target for gaussianNLL, got 3',
      () => createTrainer(createModel({ ...features, layers: [lstm({ units: 3 })] }), { loss: "gaussianNLL", optimizer: adam() }),
    ],
    ["no optimizer", TypeError, '"optimizer" expected an optimizer such as adam(), got undefined', trainer({ optimizer: undefined })],
    [
      "an optimizer unknown",
      RangeError,
      '"optimizer.type" expected one of "sgd", "rmsprop", "adagrad", "adam", "adamw", got "lion"',
      trainer({ optimizer: { type: "lion" } }),
    ],
    [
      "a learning rate of 0",
      RangeError,
      '"optimizer.learningRate" expected a positive number up to 1000000, got 0',
      trainer({ optimizer: adam({ learningRate: 0 }) }),
    ],
    [
      "a learning rate infinite",
      RangeError,
      '"optimizer.learningRate" expected a positive number up to 1000000, got Infinity',
      trainer({ optimizer: sgd({ learningRate: Infinity }) }),
    ],
    [
      "no learning rate",
      TypeError,
      '"optimizer.learningRate" expected a positive number up to 1000000, got undefined',
      trainer({ optimizer: sgd(any({})) }),
    ],
    [
      "a momentum of 1",
      RangeError,
      '"optimizer.momentum" expected a number in [0, 1), got 1',
      trainer({ optimizer: sgd({ learningRate: 1, momentum: 1 }) }),
    ],
    ["a beta of 1", RangeError, '"optimizer.beta2" expected a number in [0, 1), got 1', trainer({ optimizer: adam({ beta2: 1 }) })],
    [
      "an epsilon null",
      TypeError,
      '"optimizer.epsilon" expected a number in (0, 1], got null',
      trainer({ optimizer: adam(any({ epsilon: null })) }),
    ],
    [
      "an option that an optimizer does not have",
      RangeError,
      '"optimizer.momentum" is not an option; the options are type, learningRate, beta1, beta2, epsilon, weightDecay',
      trainer({ optimizer: adam(any({ momentum: 1 })) }),
    ],
    [
      "weight decay of 2",
      RangeError,
      '"optimizer.weightDecay" expected a number in [0, 1], got 2',
      trainer({ optimizer: adamw({ weightDecay: 2 }) }),
    ],
    [
      "weight decay below 0",
      RangeError,
      '"optimizer.weightDecay" expected a number in [0, 1], got -1',
      trainer({ optimizer: sgd({ learningRate: 1, weightDecay: -1 }) }),
    ],
    [
      "classes for one output",
      RangeError,
      '"loss" expected a model with at least two outputs for crossEntropy, one for each class, got 1',
      () => createTrainer(createModel({ ...features, layers: [lstm({ units: 1 })] }), { loss: "crossEntropy", optimizer: adam() }),
    ],
    [
      "an epsilon that is 0 in f32",
      RangeError,
      '"optimizer.epsilon" expected a number in (0, 1], got 1e-50',
      trainer({ optimizer: adam({ epsilon: 1e-50 }) }),
    ],
    [
      "a beta that is 1 in f32",
      RangeError,
      '"optimizer.beta1" expected a number in [0, 1), got 0.999999999',
      trainer({ optimizer: adam({ beta1: 0.999999999 }) }),
    ],
    [
      "a learning rate beyond use",
      RangeError,
      '"optimizer.learningRate" expected a positive number up to 1000000, got 1e+38',
      trainer({ optimizer: sgd({ learningRate: 1e38 }) }),
    ],
    ["a gradient unknown", RangeError, '"gradient" expected one of "full", "truncated-1997", got "half"', trainer({ gradient: "half" })],
    [
      "the gradient of 1997 without cells",
      RangeError,
      '"gradient" expected "full", as the model has a recurrent layer without cells',
      () =>
        createTrainer(createModel({ ...features, layers: [lstm({ units: 2 }), gru({ units: 2 })] }), {
          ...trained,
          gradient: "truncated-1997",
        }),
    ],
    ["a window of 0", RangeError, '"window" expected a positive integer, got 0', trainer({ window: 0 })],
    ["a window of 1.5", RangeError, '"window" expected a positive integer, got 1.5', trainer({ window: 1.5 })],
    ["a batch of -1", RangeError, '"batch" expected an integer from 1 to 65536, got -1', trainer({ batch: -1 })],
    ["a schedule as text", TypeError, '"schedule" expected a schedule such as cosine(', trainer({ schedule: "cosine" })],
    [
      "a schedule unknown",
      RangeError,
      '"schedule.type" expected one of "constant", "stepDecay", "exponential", "cosine", "plateau", got "linear"',
      trainer({ schedule: { type: "linear" } }),
    ],
    [
      "an option that a schedule does not have",
      RangeError,
      '"schedule.every" is not an option; the options are type, updates, minimum, warmup',
      trainer({ schedule: cosine(any({ updates: 3, every: 2 })) }),
    ],
    [
      "a cosine without updates",
      TypeError,
      '"schedule.updates" expected a positive integer, got undefined',
      trainer({ schedule: cosine(any({})) }),
    ],
    ["a decay of 0", RangeError, '"schedule.decay" expected a number in (0, 1], got 0', trainer({ schedule: exponential({ decay: 0 }) })],
    ["steps of 0", RangeError, '"schedule.every" expected a positive integer, got 0', trainer({ schedule: stepDecay({ every: 0 }) })],
    ["a minimum of 2", RangeError, '"schedule.minimum" expected a number in [0, 1], got 2', trainer({ schedule: plateau({ minimum: 2 }) })],
    [
      "a patience of -1",
      RangeError,
      '"schedule.patience" expected an integer of at least 0',
      trainer({ schedule: plateau({ patience: -1 }) }),
    ],
    [
      "a warmup of 0.5",
      RangeError,
      '"schedule.warmup" expected an integer of at least 0',
      trainer({ schedule: constant({ warmup: 0.5 }) }),
    ],
    ["an average of 1", RangeError, '"average" expected a number in [0, 1), got 1', trainer({ average: 1 })],
    ["a stride of 0", RangeError, '"stride" expected an integer from 1 to 64, got 0', trainer({ stride: 0 })],
    ["a stride longer than the window", RangeError, '"stride" expected an integer from 1 to 8, got 9', trainer({ window: 8, stride: 9 })],
    [
      "a stride in both directions",
      RangeError,
      '"stride" expected Infinity, the window, as the model has a bidirectional layer, got 8',
      () =>
        createTrainer(createModel({ ...features, layers: [lstm({ units: 2, bidirectional: "sum" }), dense({ units: 2 })] }), {
          ...trained,
          stride: 8,
        }),
    ],
    [
      "a stride where only the last step has a target",
      RangeError,
      '"stride" expected Infinity, the window, as the model\'s output is "last", got 8',
      () => createTrainer(createModel({ ...features, output: "last" }), { ...trained, stride: 8 }),
    ],
    ["an accumulation of 0", RangeError, '"accumulate" expected an integer from 1 to 65536, got 0', trainer({ accumulate: 0 })],
    ["a clip norm of 0", RangeError, '"clipNorm" expected a positive number, got 0', trainer({ clipNorm: 0 })],
    ["a clip value below 0", RangeError, '"clipValue" expected a positive number, got -1', trainer({ clipValue: -1 })],
    [
      "nesterov 1",
      TypeError,
      '"optimizer.nesterov" expected true or false, got 1',
      trainer({ optimizer: sgd(any({ learningRate: 1, nesterov: 1 })) }),
    ],
    ["a clip norm NaN", RangeError, '"clipNorm" expected a positive number, got NaN', trainer({ clipNorm: NaN })],
    ["shuffle 1", TypeError, '"shuffle" expected true or false, got 1', trainer({ shuffle: 1 })],
    ["a seed as text", TypeError, '"seed" expected an integer of at least 0, got "x"', trainer({ seed: "x" })],
  ]);
});

describe("fit", () => {
  const trainer = createTrainer(createModel(features), trained);
  const data = [{ inputs: [1, 2], targets: [3, 4] }];
  const fit = (settings: unknown) => () => trainer.fit(data, any(settings));
  refuses([
    [
      "an unknown setting",
      RangeError,
      '"epoch" is not an option; the options are epochs, validation, metrics, patience, signal, every',
      fit({ epoch: 1 }),
    ],
    [
      "metrics of nothing",
      RangeError,
      '"validation" expected sequences to measure the metrics on, got undefined',
      fit({ metrics: ["mae"] }),
    ],
    ["a metric alone", TypeError, '"metrics" expected an array of metrics, got "mae"', fit({ validation: data, metrics: "mae" })],
    [
      "a metric unknown",
      RangeError,
      '"metrics[1]" expected one of "accuracy", "perplexity", "bitsPerCharacter", "mae", "rmse", got "f1"',
      fit({ validation: data, metrics: ["mae", "f1"] }),
    ],
    [
      "a metric of another loss",
      RangeError,
      '"loss" expected one of crossEntropy, binaryCrossEntropy for accuracy, got "mse"',
      () => trainer.evaluate(data, { metrics: ["accuracy"] }),
    ],
    [
      "a metric of no loss of this kind",
      RangeError,
      '"loss" expected one of mse, mae, huber for rmse, got "gaussianNLL"',
      () => trainer.model.evaluate([{ inputs: [1, 2], targets: [3] }], { loss: "gaussianNLL", metrics: ["rmse"] }),
    ],
    [
      "an unknown option of evaluate",
      RangeError,
      '"metric" is not an option; the options are metrics',
      () => trainer.evaluate(data, any({ metric: 1 })),
    ],
    ["epochs of -1", RangeError, '"epochs" expected an integer of at least 0, got -1', fit({ epochs: -1 })],
    ["patience of 0", RangeError, '"patience" expected a positive integer, got 0', fit({ patience: 0, validation: data })],
    [
      "patience for nothing",
      TypeError,
      '"validation" expected sequences, whose loss patience watches, got undefined',
      fit({ patience: 3 }),
    ],
    ["every of 0", RangeError, '"every" expected a positive integer, got 0', fit({ every: 0 })],
    ["a signal that is none", TypeError, '"signal" expected an AbortSignal, got an object', fit({ signal: {} })],
    [
      "validation that is none",
      TypeError,
      '"validation" expected sequences: an array or an iterable of { inputs, targets }, got 5',
      fit({ validation: 5 }),
    ],
  ]);
});
