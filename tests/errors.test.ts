/** Every public entry refuses every wrong kind (TypeError) and value (RangeError), names the place, and changes nothing. */

import { describe, expect, test } from "vitest";
import { createBatcher } from "../src/batcher.js";
import {
  adam,
  adamw,
  constant,
  cosine,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  dropout,
  embedding,
  exponential,
  gru,
  lanes,
  lstm,
  mse,
  plateau,
  quantile,
  readSafetensors,
  resumeTrainer,
  scaler,
  sgd,
  stepDecay,
  windows,
  writeSafetensors,
} from "../src/index.js";
import { checkInitializer } from "../src/layers/initializers.js";

const features = { input: { features: 2 }, layers: [lstm({ units: 3 }), dense({ units: 2 })] };
const tokens = { input: { tokens: 5 }, layers: [embedding({ units: 3 }), lstm({ units: 4 }), dense({ units: 5 })] };
const trained = { loss: "mse", optimizer: adam() } as const;
type Refusal = [wrong: string, kind: typeof TypeError | typeof RangeError, message: string, attempt: () => unknown];
// The wrong values are wrong for the compiler, too.
const any = <T>(value: unknown) => value as T & never;

const refuses = (cases: Refusal[]) =>
  test.each(cases)("%s", (_, kind, message, attempt) => {
    expect(attempt).toThrow(message);
    expect(attempt).toThrow(kind);
  });

describe("createModel", () => {
  const layers =
    (...list: unknown[]) =>
    () =>
      createModel({ input: { features: 2 }, layers: any(list) });
  const config = (changes: object) => () => createModel(any({ ...features, ...changes }));
  refuses([
    [
      "no configuration",
      TypeError,
      '"config" expected an object with input, layers, output, initial, seed, scaler, metadata, got undefined',
      () => createModel(any(undefined)),
    ],
    [
      "an unknown option",
      RangeError,
      '"layer" is not an option; the options are input, layers, output, initial, seed, scaler, metadata',
      config({ layer: [] }),
    ],
    ["no input", TypeError, '"input" expected an object with features, tokens, got undefined', config({ input: undefined })],
    ["features and tokens", RangeError, '"input" expected either features or tokens', config({ input: { features: 1, tokens: 2 } })],
    ["neither", RangeError, '"input" expected either features or tokens', config({ input: {} })],
    ["features of 0", RangeError, '"input.features" expected an integer from 1 to 1048576, got 0', config({ input: { features: 0 } })],
    [
      "features as text",
      TypeError,
      '"input.features" expected an integer from 1 to 1048576, got "3"',
      config({ input: { features: "3" } }),
    ],
    ["tokens of 2.5", RangeError, '"input.tokens" expected an integer from 1 to 1048576, got 2.5', config({ input: { tokens: 2.5 } })],
    ["no layers", TypeError, '"layers" expected an array of layers, got undefined', config({ layers: undefined })],
    ["an empty list", RangeError, '"layers" expected at least one layer, got an array of 0', layers()],
    ["a layer that is none", TypeError, '"layers[1]" expected a layer such as lstm({ units: 64 }), got 5', layers(lstm({ units: 2 }), 5)],
    [
      "an option that an lstm does not have",
      RangeError,
      '"layers[0].peephole" is not an option; the options are type, units, bidirectional, initial, residual, recurrentDropout, zoneout, peepholes, coupled, inputGate',
      layers({ type: "lstm", units: 2, peephole: true }),
    ],
    [
      "an lstm's option on a gru",
      RangeError,
      '"layers[0].peepholes" is not an option; the options are type, units, bidirectional, initial, residual, recurrentDropout, zoneout',
      layers({ type: "gru", units: 2, peepholes: true }),
    ],
    ["peepholes of 1", TypeError, '"layers[0].peepholes" expected true or false, got 1', layers({ type: "lstm", units: 2, peepholes: 1 })],
    [
      "a direction unknown",
      RangeError,
      '"layers[0].bidirectional" expected one of "concat", "sum", got "mul"',
      layers({ type: "rnn", units: 2, bidirectional: "mul" }),
    ],
    [
      "tied to no embedding",
      RangeError,
      '"layers[1].tied" needs an embedding of 3 tokens and 2 units, got none',
      layers({ type: "rnn", units: 2 }, { type: "dense", units: 3, tied: true }),
    ],
    [
      "tied to an embedding of other units",
      RangeError,
      '"layers[2].tied" needs an embedding of 5 tokens and 4 units, got one of 5 tokens and 3 units',
      () => createModel({ ...tokens, layers: [...tokens.layers.slice(0, 2), dense({ units: 5, tied: true })] }),
    ],
    [
      "recurrent dropout where nothing recurs",
      RangeError,
      '"layers[0].recurrentDropout" needs a recurrence',
      layers({ type: "lstm97", blocks: 2, recurrence: "none", recurrentDropout: 0.1 }),
    ],
    ["zoneout of 1", RangeError, '"layers[0].zoneout" expected a number in [0, 1), got 1', layers({ type: "gru", units: 2, zoneout: 1 })],
    [
      "a residual layer of another width",
      RangeError,
      '"layers[2].residual" expected 3 inputs, as many as outputs, got 2',
      layers({ type: "rnn", units: 4 }, { type: "dense", units: 2 }, { type: "gru", units: 3, residual: "sum" }),
    ],
    [
      "coupled without forget gate",
      RangeError,
      '"layers[0].coupled" needs a forget gate, and is itself the input gate',
      layers({ type: "lstm", units: 3, coupled: true, forgetGate: false }),
    ],
    [
      "full gate recurrence without output gate",
      RangeError,
      '"layers[0].fullGateRecurrence" needs all three gates',
      layers({ type: "lstm", units: 3, fullGateRecurrence: true, outputGate: false }),
    ],
    [
      "full gate recurrence with layer normalisation",
      RangeError,
      '"layers[0].fullGateRecurrence" does not go with layerNorm',
      layers({ type: "lstm", units: 3, fullGateRecurrence: true, layerNorm: true }),
    ],
    [
      "a forget bias without gate",
      RangeError,
      '"layers[0].forgetBias" needs a forget gate',
      layers({ type: "lstm", units: 3, forgetGate: false, forgetBias: 1 }),
    ],
    [
      "a cell clip of 0",
      RangeError,
      '"layers[0].cellClip" expected a positive number, got 0',
      layers({ type: "lstm", units: 3, cellClip: 0 }),
    ],
    ["no blocks", TypeError, '"layers[0].blocks" expected an integer from 1 to 1048576, got undefined', layers({ type: "lstm97" })],
    [
      "biases for other blocks",
      RangeError,
      '"layers[0].inputGateBias" expected 3 numbers, one for each block, got 2',
      layers({ type: "lstm97", blocks: 3, inputGateBias: [-1, -2] }),
    ],
    [
      "biases where there are none",
      RangeError,
      '"layers[0].inputGateBias" needs biases, which bias: "none" leaves out',
      layers({ type: "lstm97", blocks: 3, bias: "none", inputGateBias: -1 }),
    ],
    [
      "an output gate's bias without gate",
      RangeError,
      '"layers[0].outputGateBias" needs an output gate',
      layers({ type: "lstm97", blocks: 3, outputGate: false, outputGateBias: -1 }),
    ],
    [
      "a function unknown",
      RangeError,
      '"layers[0].g" expected one of "identity", "logistic", "tanh", "relu", "[-1,1]", "[-2,2]", got "sine"',
      layers({ type: "lstm97", blocks: 3, g: "sine" }),
    ],
    [
      "a layer unknown",
      RangeError,
      '"layers[0].type" expected one of "rnn", "gru", "lstm", "lstm97", "conv1d", "dense", "embedding", "dropout", "normalization", got "mlp"',
      layers({ type: "mlp", units: 3 }),
    ],
    ["a layer whose type is an inherited name", RangeError, '"layers[0].type" expected one of', layers({ type: "constructor" })],
    [
      "units of -3",
      RangeError,
      '"layers[2].units" expected an integer from 1 to 1048576, got -3',
      layers(dense({ units: 1 }), lstm({ units: 2 }), lstm({ units: -3 })),
    ],
    ["units NaN", RangeError, '"layers[0].units" expected an integer from 1 to 1048576, got NaN', layers(lstm({ units: NaN }))],
    ["units missing", TypeError, '"layers[0].units" expected an integer from 1 to 1048576, got undefined', layers(lstm(any({})))],
    ["units of a billion", RangeError, '"layers[0].units" expected an integer from 1 to 1048576', layers(lstm({ units: 1e9 }))],
    [
      "an option that a layer does not have",
      RangeError,
      '"layers[0].unit" is not an option; the options are type, units',
      layers(lstm(any({ unit: 3 }))),
    ],
    ["a rate of 1", RangeError, '"layers[0].rate" expected a number in [0, 1), got 1', layers(dropout({ rate: 1 }), dense({ units: 1 }))],
    [
      "a rate below 0",
      RangeError,
      '"layers[0].rate" expected a number in [0, 1), got -0.1',
      layers(dropout({ rate: -0.1 }), dense({ units: 1 })),
    ],
    [
      "dropout at the end",
      RangeError,
      '"layers[1]" is the last layer, which must not be dropout',
      layers(dense({ units: 1 }), dropout({ rate: 0.5 })),
    ],
    [
      "an embedding of features",
      RangeError,
      '"layers[0]" takes tokens (embedding): it must be the first layer of a model with tokens as input',
      layers(embedding({ units: 2 })),
    ],
    [
      "an embedding in the middle",
      RangeError,
      '"layers[1]" takes tokens (embedding): it must be the first',
      config({ ...tokens, layers: [lstm({ units: 2 }), embedding({ units: 2 })] }),
    ],
    [
      "tokens into a dense layer",
      RangeError,
      '"layers[0]" expected one of rnn, gru, lstm, lstm97, embedding, which take tokens, got "dense"',
      config({ ...tokens, layers: [dense({ units: 2 })] }),
    ],
    ["an output that is none", RangeError, '"output" expected one of "every", "last", got "all"', config({ output: "all" })],
    ["an output of the wrong kind", TypeError, '"output" expected one of "every", "last", got true', config({ output: true })],
    ["a seed below 0", RangeError, '"seed" expected an integer of at least 0, got -1', config({ seed: -1 })],
    ["a seed null", TypeError, '"seed" expected an integer of at least 0, got null', config({ seed: null })],
    [
      "a module that is none",
      TypeError,
      '"module" expected a WebAssembly.Module, got Uint8Array of 3',
      () => createModel(features, any({ module: new Uint8Array(3) })),
    ],
    [
      "another program's module",
      RangeError,
      '"module" is not the memcell.wasm of this version',
      () => createModel(features, { module: new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)) }),
    ],
    [
      "a module that imports a memory",
      RangeError,
      '"module" is not the memcell.wasm of this version',
      () =>
        createModel(features, {
          module: new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 2, 8, 1, 1, 0x65, 1, 0x6d, 2, 0, 1)),
        }),
    ],
    [
      "an unknown environment",
      RangeError,
      '"environment.wasm" is not an option; the options are module',
      () => createModel(features, any({ wasm: 1 })),
    ],
    [
      "a scale alone",
      RangeError,
      '"scaler.mean" is not an option; the options are inputs, targets, outputs',
      config({ scaler: { mean: [1] } }),
    ],
    ["a scale null", TypeError, '"scaler.inputs" expected an object with mean, deviation, got null', config({ scaler: { inputs: null } })],
    [
      "a mean for two features",
      RangeError,
      '"scaler.inputs.mean" expected 2 numbers, got an array of 1',
      config({ scaler: { inputs: { mean: [1], deviation: [1] } } }),
    ],
    [
      "a mean NaN",
      RangeError,
      '"scaler.targets.mean[1]" expected a finite number, got NaN',
      config({ scaler: { targets: { mean: [1, NaN], deviation: [1, 1] } } }),
    ],
    [
      "a deviation of 0",
      RangeError,
      '"scaler.targets.deviation[1]" expected a positive number, got 0',
      config({ scaler: { targets: { mean: [1, 1], deviation: [1, 0] } } }),
    ],
    [
      "a scale of three for two outputs",
      RangeError,
      '"scaler.targets.mean" expected 2 numbers, got an array of 3',
      config({ scaler: { targets: { mean: [1, 2, 3], deviation: [1, 2, 3] } } }),
    ],
    [
      "a scale of tokens",
      RangeError,
      '"scaler.inputs" is for models with features as input',
      config({ ...tokens, scaler: { inputs: { mean: [1], deviation: [1] } } }),
    ],
    ["a model larger than WebAssembly's memory", RangeError, "4 GiB at most", layers(lstm({ units: 30_000 }))],
  ]);
});

describe("createTrainer", () => {
  const model = createModel(features);
  const trainer = (changes: object) => () => createTrainer(model, any({ ...trained, ...changes }));
  refuses([
    ["no model", TypeError, '"model" expected a model, got an object', () => createTrainer(any({}), trained)],
    ["no options", TypeError, '"options" expected an object with loss, optimizer', () => createTrainer(model, any(undefined))],
    [
      "an unknown option",
      RangeError,
      '"batchSize" is not an option; the options are loss, optimizer, schedule, clipNorm, clipValue, window, stride, gradient, batch, accumulate, average, shuffle, seed',
      trainer({ batchSize: 3 }),
    ],
    ["no loss", TypeError, '"loss" expected a loss such as "mse", got undefined', trainer({ loss: undefined })],
    [
      "a loss unknown",
      RangeError,
      '"loss" expected one of "mse", "mae", "huber", "binaryCrossEntropy", "quantile", "gaussianNLL", "crossEntropy", got "l1"',
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

describe("sequences", () => {
  const model = createModel(features);
  const trainer = createTrainer(model, { ...trained, optimizer: sgd({ learningRate: 0.1 }) });
  const good = {
    inputs: [
      [1, 2],
      [3, 4],
    ],
    targets: [
      [5, 6],
      [7, 8],
    ],
  };
  const bad: [string, typeof TypeError | typeof RangeError, string, unknown][] = [
    ["nothing", TypeError, '"sequences" expected sequences: an array or an iterable of { inputs, targets }, got undefined', undefined],
    ["a typed array", TypeError, '"sequences" expected sequences', new Float32Array(3)],
    ["no sequence", RangeError, '"sequences" expected at least one sequence, got an array of 0', []],
    ["a sequence that is none", TypeError, '"sequences[1]" expected an object with inputs, targets, weights, got null', [good, null]],
    ["an array for a sequence", TypeError, '"sequences[0]" expected an object with inputs, targets, weights, got an array of 2', [[1, 2]]],
    [
      "an unknown key",
      RangeError,
      '"sequences[0].target" is not an option; the options are inputs, targets, weights',
      [{ ...good, target: 1 }],
    ],
    ["no inputs", TypeError, '"sequences[0].inputs" expected an array or a typed array, got undefined', [{ targets: good.targets }]],
    ["no targets", TypeError, '"sequences[0].targets" expected an array or a typed array, got undefined', [{ inputs: good.inputs }]],
    ["an empty sequence", RangeError, '"sequences[0].inputs" expected at least one step, got an array of 0', [{ inputs: [], targets: [] }]],
    [
      "NaN in the inputs",
      RangeError,
      '"sequences[1].inputs, step 1, feature 0" expected a finite number, got NaN',
      [
        good,
        {
          ...good,
          inputs: [
            [1, 2],
            [NaN, 4],
          ],
        },
      ],
    ],
    [
      "NaN in flat inputs",
      RangeError,
      '"sequences[0].inputs, step 1, feature 1" expected a finite number, got NaN',
      [{ ...good, inputs: Float32Array.of(1, 2, 3, NaN) }],
    ],
    [
      "infinity, once it is f32",
      RangeError,
      '"sequences[0].inputs, step 0, feature 1" expected a finite number, got 1e+39',
      [{ ...good, inputs: [1, 1e39, 3, 4] }],
    ],
    [
      "text in the inputs",
      TypeError,
      '"sequences[0].inputs, step 0, feature 1" expected a number, got "2"',
      [
        {
          ...good,
          inputs: [
            [1, "2"],
            [3, 4],
          ],
        },
      ],
    ],
    [
      "a hole in the inputs",
      TypeError,
      '"sequences[0].inputs, step 1" expected 2 numbers, got undefined',
      [{ ...good, inputs: [[1, 2], undefined] }],
    ],
    [
      "big integers",
      TypeError,
      '"sequences[0].inputs, step 0, feature 0" expected a number, got 1n',
      [{ ...good, inputs: BigInt64Array.of(1n, 2n) }],
    ],
    [
      "three features for two",
      RangeError,
      '"sequences[0].inputs, step 1" expected 2 numbers, got an array of 3',
      [
        {
          ...good,
          inputs: [
            [1, 2],
            [3, 4, 5],
          ],
        },
      ],
    ],
    [
      "flat inputs that do not divide",
      RangeError,
      '"sequences[0].inputs" expected a multiple of 2 numbers (2 for each step), got an array of 3',
      [{ ...good, inputs: [1, 2, 3] }],
    ],
    [
      "targets for another length",
      RangeError,
      '"sequences[0].targets" expected 4 numbers (2 steps of 2), got an array of 1',
      [{ ...good, targets: [[1, 2]] }],
    ],
    [
      "weights for another length",
      RangeError,
      '"sequences[0].weights" expected 2 numbers (2 steps of 1), got 1',
      [{ ...good, weights: 1 }],
    ],
    [
      "a weight below 0",
      RangeError,
      '"sequences[0].weights, step 1" expected a number of at least 0, got -1',
      [{ ...good, weights: [0, -1] }],
    ],
    [
      "a weight infinite",
      RangeError,
      '"sequences[0].weights, step 0" expected a finite number, got Infinity',
      [{ ...good, weights: [Infinity, 1] }],
    ],
    ["a weight as text", TypeError, '"sequences[0].weights, step 1" expected a number, got "1"', [{ ...good, weights: [1, "1"] }]],
    [
      "a target NaN at a step that counts",
      RangeError,
      '"sequences[0].targets, step 0, number 1" expected a finite number, got NaN',
      [{ ...good, targets: [1, NaN, 2, 3], weights: [1, 0] }],
    ],
    [
      "text at a step of weight 0",
      TypeError,
      '"sequences[0].targets, step 1, number 0" expected a number, got "2"',
      [{ ...good, targets: [1, 2, "2", 3], weights: [1, 0] }],
    ],
    [
      "a weight of a number below 0",
      RangeError,
      '"sequences[0].weights, step 1, number 1" expected a number of at least 0, got -1',
      [{ ...good, weights: [1, 1, 1, -1] }],
    ],
    [
      "weights of rows of another length",
      RangeError,
      '"sequences[0].weights, step 0" expected 2 numbers, got an array of 1',
      [{ ...good, weights: [[1], [1]] }],
    ],
    [
      "a target NaN",
      RangeError,
      '"sequences[0].targets, step 0, number 1" expected a finite number, got NaN',
      [
        {
          ...good,
          targets: [
            [1, NaN],
            [1, 2],
          ],
        },
      ],
    ],
  ];
  test.each(bad)("%s", async (_, kind, message, sequences) => {
    const before = trainer.save();
    const forPredict = !(/targets|weight/.test(message) && !message.includes("{")) && !message.includes("at least one sequence");
    for (const attempt of [
      () => trainer.step(any(sequences)),
      () => trainer.gradients(any(sequences)),
      () => trainer.fit(any(sequences)),
      () => trainer.fit([good], { validation: any(sequences ?? null) }),
      () => trainer.evaluate(any(sequences)),
      ...(forPredict ? [() => model.predict(any(sequences))] : []),
    ]) {
      expect(attempt).toThrow(kind);
    }
    expect(() => trainer.step(any(sequences))).toThrow(message);
    expect(trainer.save()).toEqual(before);
  });

  const words = createTrainer(createModel(tokens), { loss: crossEntropy({ ignoreIndex: 99 }), optimizer: adam() });
  const classify = createTrainer(createModel({ ...features, output: "last" }), { loss: "crossEntropy", optimizer: adam() });
  refuses([
    [
      "a token too large",
      RangeError,
      '"sequences[0].inputs, step 2" expected an integer from 0 to 4, got 5',
      () => words.step([{ inputs: [0, 4, 5], targets: [0, 0, 0] }]),
    ],
    [
      "a token below 0",
      RangeError,
      '"sequences[0].inputs, step 0" expected an integer from 0 to 4, got -1',
      () => words.step([{ inputs: Int8Array.of(-1), targets: [0] }]),
    ],
    [
      "half a token",
      RangeError,
      '"sequences[0].inputs, step 0" expected an integer from 0 to 4, got 0.5',
      () => words.step([{ inputs: [0.5], targets: [0] }]),
    ],
    [
      "a class too large",
      RangeError,
      '"sequences[0].targets, step 0" expected an integer from 0 to 4 (or 99), got 5',
      () => words.step([{ inputs: [1], targets: [5] }]),
    ],
    [
      "classes for too few steps",
      RangeError,
      '"sequences[0].targets" expected 2 class indices from 0 to 4, got an array of 1',
      () => words.step([{ inputs: [1, 2], targets: [5] }]),
    ],
    [
      "one-hot rows, a step each",
      RangeError,
      '"sequences[0].targets, step 0" expected a class index from 0 to 4 (of a one-hot row the index of its 1), got an array of 5',
      () => words.step([{ inputs: [1], targets: [[0, 0, 1, 0, 0]] }]),
    ],
    [
      "one-hot rows, flat",
      RangeError,
      '"sequences[0].targets" expected 2 class indices from 0 to 4 (of a one-hot row the index of its 1), got Uint8Array of 10',
      () => words.step([{ inputs: [1, 2], targets: Uint8Array.of(0, 0, 1, 0, 0, 1, 0, 0, 0, 0) }]),
    ],
    [
      "probabilities, a step each",
      RangeError,
      '"sequences[0].targets, step 0" expected a class index from 0 to 4, got an array of 5',
      () => words.step([{ inputs: [1], targets: [[0.1, 0.2, 0.3, 0.2, 0.2]] }]),
    ],
    [
      "too many targets for the last step",
      RangeError,
      '"sequences[0].targets" expected 1 class index from 0 to 1 (of a one-hot row the index of its 1), got an array of 2',
      () =>
        classify.step([
          {
            inputs: [
              [1, 2],
              [3, 4],
            ],
            targets: [1, 0],
          },
        ]),
    ],
    [
      "carry without a step before",
      RangeError,
      '"sequences" expected a step before, whose state to carry, got 1 rows',
      () => words.gradients([{ inputs: [1], targets: [1] }], { carry: true }),
    ],
    [
      "carry of another kind",
      TypeError,
      '"options.carry" expected true or false, got 1',
      () => words.step([{ inputs: [1], targets: [1] }], { carry: any(1) }),
    ],
    [
      "carry of another kind for a row",
      TypeError,
      '"options.carry[0]" expected true or false, got "yes"',
      () => words.step([{ inputs: [1], targets: [1] }], { carry: any(["yes"]) }),
    ],
    [
      "carry for other rows",
      RangeError,
      '"options.carry" expected 1 of true or false, one a row, got an array of 2',
      () => words.gradients([{ inputs: [1], targets: [1] }], { carry: [true, false] }),
    ],
    [
      "carry of one row without a step before",
      RangeError,
      '"sequences" expected a step before, whose state to carry, got 2 rows',
      () => words.step(new Array(2).fill({ inputs: [1], targets: [1] }), { carry: [false, true] }),
    ],
  ]);

  test("in an iterable: what came before has been learned, the parameters are whole", async () => {
    const model = createModel(features);
    const run = createTrainer(model, { ...trained, batch: 1 });
    const reports = run.fit({
      *[Symbol.iterator]() {
        yield good;
        yield { ...good, inputs: [1, 2, 3, Infinity] };
      },
    });
    await expect(reports.next()).rejects.toThrow('"sequences[1].inputs, step 1, feature 1" expected a finite number, got Infinity');
    expect(run.updates).toBe(1);
    expect(Object.values(model.parameters()).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});

describe("a scaler", () => {
  const scale = { mean: [0, 0], deviation: [1e-30, 1] };
  const model = createModel({ ...features, scaler: { inputs: scale, targets: scale } });
  const losses = '"loss" expected one of mse, mae, huber, as the model\'s scaler.outputs is "values", got';
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
      '"sequences[0].inputs, step 0, feature 0" expected a finite number, got 9.99',
      () => model.predict(data),
    ],
    [
      "whose numbers leave f32 in a stream",
      RangeError,
      '"input[0]" expected a finite number, got 9.99',
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

describe("streams and generation", () => {
  const stream = createModel(features).stream();
  const model = createModel(tokens);
  const talk = model.stream();
  const state = stream.state();
  refuses([
    ["a step too short", RangeError, '"input" expected 2 numbers, got an array of 1', () => stream.step([1])],
    ["a bare number for two features", RangeError, '"input" expected 2 numbers, got an array of 1', () => stream.step(1)],
    ["NaN", RangeError, '"input[1]" expected a finite number, got NaN', () => stream.step([1, NaN])],
    ["text", TypeError, '"input" expected 2 numbers, got "12"', () => stream.step(any("12"))],
    ["nothing", TypeError, '"input" expected 2 numbers, got undefined', () => stream.step(any(undefined))],
    [
      "an out too short",
      RangeError,
      '"out" expected a Float32Array of 2, got Float32Array of 1',
      () => stream.step([1, 2], new Float32Array(1)),
    ],
    [
      "an out of doubles",
      TypeError,
      '"out" expected a Float32Array of 2, got Float64Array of 2',
      () => stream.step([1, 2], any(new Float64Array(2))),
    ],
    ["a token too large", RangeError, '"input" expected an integer from 0 to 4, got 5', () => talk.step(5)],
    ["an array for a token", TypeError, '"input" expected an integer from 0 to 4, got an array of 1', () => talk.step([1])],
    ["no state", TypeError, '"state" expected what state() returned, got undefined', () => stream.restore(any(undefined))],
    ["a state without c", TypeError, '"state.c_l0" expected 3 numbers, got undefined', () => stream.restore({ h_l0: state.h_l0! })],
    [
      "a state too long",
      RangeError,
      '"state.h_l0" expected 3 numbers, got Float32Array of 4',
      () => stream.restore({ ...state, h_l0: new Float32Array(4) }),
    ],
    [
      "a state NaN",
      RangeError,
      '"state.c_l0[2]" expected a finite number, got NaN',
      () => stream.restore({ ...state, c_l0: Float32Array.of(1, 2, NaN) }),
    ],
    [
      "a state of another model",
      RangeError,
      '"state.h_l1" is not a state of this model',
      () => stream.restore({ ...state, h_l1: new Float32Array(3) }),
    ],
    ["generate from features", RangeError, "generate needs a model with tokens as input", () => createModel(features).generate([1])],
    ["an empty prompt", RangeError, '"prompt" expected at least one token', () => model.generate([])],
    ["a prompt's token too large", RangeError, '"prompt[1]" expected an integer from 0 to 4, got 7', () => model.generate([1, 7])],
    ["an unknown option", RangeError, '"temp" is not an option', () => model.generate([1], any({ temp: 1 }))],
    [
      "a temperature below 0",
      RangeError,
      '"temperature" expected a number in [0, 1000000], got -1',
      () => model.generate([1], { temperature: -1 }),
    ],
    ["topK of 0", RangeError, '"topK" expected a positive integer, got 0', () => model.generate([1], { topK: 0 })],
    ["topP of 0", RangeError, '"topP" expected a number in (0, 1], got 0', () => model.generate([1], { topP: 0 })],
    ["a length of -1", RangeError, '"length" expected an integer of at least 0, got -1', () => model.generate([1], { length: -1 })],
    ["a stop token too large", RangeError, '"stop[1]" expected an integer from 0 to 4, got 9', () => model.generate([1], { stop: [1, 9] })],
    [
      "logits of another length",
      RangeError,
      '"logits" expected 5 numbers, got Float32Array of 4',
      () => talk.generate(new Float32Array(4)),
    ],
  ]);

  test("a refused step leaves the state as it was", () => {
    stream.step([1, 2]);
    const before = stream.state();
    expect(() => stream.step([1, Infinity])).toThrow(RangeError);
    expect(() => stream.restore({ ...before, c_l0: new Float32Array(1) })).toThrow(RangeError);
    expect(stream.state()).toEqual(before);
  });
});

test("what was checked cannot be changed afterwards", () => {
  const model = createModel(features);
  const trainer = createTrainer(model, trained);
  expect(() => ((model.config as { output: string }).output = "last")).toThrow(TypeError);
  expect(() => ((model.config.layers[0] as { units: number }).units = 5)).toThrow(TypeError);
  expect(() => ((trainer.options.optimizer as { learningRate: number }).learningRate = NaN)).toThrow(TypeError);
});

describe("many streams", () => {
  const model = createModel(features);
  const streams = model.streams({ capacity: 3 });
  const [a, b, closed] = [streams.open(), streams.open(), streams.open()];
  streams.close(closed);
  const wide = createModel({ input: { features: 4 }, layers: [lstm({ units: 2 })] }).streams({ capacity: 2 });
  const ofWide = [wide.open(), wide.open()];
  const talk = createModel(tokens).streams({ capacity: 1 });
  const said = talk.open();
  const state = streams.state(a);
  const full = createModel(features).streams({ capacity: 1 });
  full.open();
  refuses([
    ["no options", TypeError, '"options" expected an object with capacity, got undefined', () => model.streams(any(undefined))],
    ["no capacity", TypeError, '"capacity" expected an integer from 1 to 1048576, got undefined', () => model.streams(any({}))],
    ["a capacity of 0", RangeError, '"capacity" expected an integer from 1 to 1048576, got 0', () => model.streams({ capacity: 0 })],
    [
      "an unknown option",
      RangeError,
      '"size" is not an option; the options are capacity',
      () => model.streams(any({ capacity: 1, size: 1 })),
    ],
    [
      "a bidirectional layer",
      RangeError,
      "a model with a bidirectional layer has no streams",
      () => createModel({ ...features, layers: [lstm({ units: 2, bidirectional: "sum" })] }).streams({ capacity: 1 }),
    ],
    ["more streams than there is room for", RangeError, "all 1 streams are open", () => full.open()],
    [
      "a closed stream's step",
      RangeError,
      '"ids[1]" expected the id of an open stream, got 2',
      () => streams.step([a, closed], [1, 2, 3, 4]),
    ],
    ["a closed stream's state", RangeError, '"id" expected the id of an open stream, got 2', () => streams.state(closed)],
    ["closing twice", RangeError, '"id" expected the id of an open stream, got 2', () => streams.close(closed)],
    ["resetting a stream that never was", RangeError, '"id" expected the id of an open stream, got 7', () => streams.reset(7)],
    ["an id that is text", TypeError, '"ids[0]" expected the id of an open stream, got "0"', () => streams.step(any(["0"]), [1, 2])],
    ["an id NaN", RangeError, '"ids[0]" expected the id of an open stream, got NaN', () => streams.step([NaN], [1, 2])],
    ["one id for ids", TypeError, '"ids" expected an array of ids, got 0', () => streams.step(any(a), [1, 2])],
    [
      "the same stream twice",
      RangeError,
      '"ids[2]" expected another stream than ids[0], got 0',
      () => streams.step([a, b, a], [1, 2, 3, 4, 5, 6]),
    ],
    ["too few inputs", RangeError, '"inputs" expected 4 numbers (2 steps of 2), got an array of 2', () => streams.step([a, b], [1, 2])],
    ["an odd number of them", RangeError, '"inputs" expected a multiple of 2 numbers', () => streams.step([a, b], [1, 2, 3])],
    ["no inputs", TypeError, '"inputs" expected an array or a typed array, got undefined', () => streams.step([a], any(undefined))],
    [
      "an input that is too short",
      RangeError,
      '"inputs, step 1" expected 2 numbers, got an array of 1',
      () => streams.step([a, b], [[1, 2], [3]]),
    ],
    ["NaN", RangeError, '"inputs, step 1, feature 0" expected a finite number, got NaN', () => streams.step([a, b], [1, 2, NaN, 4])],
    [
      "infinity, the last among many",
      RangeError,
      '"inputs, step 1, feature 3" expected a finite number, got Infinity',
      () => wide.step(ofWide, Float32Array.of(1, 2, 3, 4, 5, 6, 7, Infinity)),
    ],
    [
      "too many inputs of the fastest kind",
      RangeError,
      '"inputs" expected 4 numbers (1 step of 4), got Float32Array of 8',
      () => wide.step([ofWide[0]!], new Float32Array(8)),
    ],
    ["a token too large", RangeError, '"inputs, step 0" expected an integer from 0 to 4, got 5', () => talk.step([said], [5])],
    [
      "an out too short",
      RangeError,
      '"out" expected a Float32Array of 4, got Float32Array of 2',
      () => streams.step([a, b], [1, 2, 3, 4], new Float32Array(2)),
    ],
    ["a state that is none", TypeError, '"state" expected what state() returned, got 5', () => streams.open(any(5))],
    ["a state without c", TypeError, '"state.c_l0" expected 3 numbers, got undefined', () => streams.restore(a, { h_l0: state.h_l0! })],
    [
      "the state of eight",
      RangeError,
      '"state.h_l0" expected 3 numbers, got Float32Array of 24',
      () => streams.open({ ...state, h_l0: new Float32Array(24) }),
    ],
    ["a state NaN", RangeError, '"state.h_l0[0]" expected a finite number, got NaN', () => streams.open({ ...state, h_l0: [NaN, 0, 0] })],
  ]);

  const batcher = createBatcher(streams, { queue: 1 });
  const wait = (options: unknown) => () => createBatcher(streams, any(options));
  refuses([
    [
      "a batcher of no streams",
      TypeError,
      '"streams" expected what model.streams() returned, got a Model',
      () => createBatcher(any(model)),
    ],
    ["of nothing", TypeError, '"streams" expected what model.streams() returned, got null', () => createBatcher(any(null))],
    ["a deadline below 0", RangeError, '"deadline" expected a number in [0, 1000], got -1', wait({ deadline: -1 })],
    ["a deadline without end", RangeError, '"deadline" expected a number in [0, 1000], got Infinity', wait({ deadline: Infinity })],
    ["batches of 0", RangeError, '"batch" expected a positive integer, got 0', wait({ batch: 0 })],
    ["a queue as text", TypeError, '"queue" expected a positive integer, got "9"', wait({ queue: "9" })],
    ["an option that a batcher does not have", RangeError, '"size" is not an option', wait({ size: 1 })],
  ]);
  test.each<Refusal>([
    ["a closed stream", RangeError, '"id" expected the id of an open stream, got 2', () => batcher.step(closed, [1, 2])],
    ["an id that is text", TypeError, '"id" expected the id of an open stream, got "0"', () => batcher.step(any("0"), [1, 2])],
    ["an input too short", RangeError, '"input, step 0" expected 2 numbers, got an array of 1', () => batcher.step(a, [1])],
    ["an array in an array", RangeError, '"input, step 0" expected 2 numbers, got an array of 1', () => batcher.step(a, any([[1, 2]]))],
    ["text", TypeError, '"input" expected numbers, got "12"', () => batcher.step(a, any("12"))],
    ["NaN", RangeError, '"input, step 0, feature 1" expected a finite number, got NaN', () => batcher.step(a, [1, NaN])],
    ["a setting unknown", RangeError, '"settings.abort" is not an option', () => batcher.step(a, [1, 2], any({ abort: 1 }))],
    ["a signal that is none", TypeError, '"settings.signal" expected an AbortSignal', () => batcher.step(a, [1, 2], any({ signal: 1 }))],
  ])("batcher.step: %s", async (_, kind, message, attempt) => {
    const refusal = attempt() as Promise<unknown>;
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toThrow(kind);
    expect(batcher.waiting).toBe(0);
  });

  test("a refused step leaves all states as they were", () => {
    streams.step([b, a], [1, 2, 3, 4]);
    const states = () => [a, b].map((id) => streams.state(id));
    const before = states();
    expect(() => streams.step([a, b], [1, 2, 3, NaN])).toThrow(RangeError);
    expect(() => streams.step([a, b, closed], [1, 2, 3, 4, 5, 6])).toThrow(RangeError);
    expect(() => streams.step([a, b], [1, 2, 3, 4], new Float32Array(3))).toThrow(RangeError);
    expect(() => streams.restore(a, { ...state, c_l0: [1, 2, Infinity] })).toThrow(RangeError);
    expect(() => streams.open({})).toThrow(TypeError);
    expect(states()).toEqual(before);
    expect(streams.size).toBe(2);
  });
});

describe("checkpoints", () => {
  const trainer = createTrainer(createModel(features), trained);
  const parse = () => {
    const bytes = trainer.save();
    const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    return JSON.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size))).__metadata__.memcell);
  };
  const changed = (change: (memcell: ReturnType<typeof parse>) => void) => () => {
    const memcell = parse();
    change(memcell);
    return resumeTrainer(writeSafetensors({ tensors: {}, metadata: { memcell: JSON.stringify(memcell) } }));
  };
  refuses([
    ["nothing", TypeError, '"bytes" expected a Uint8Array or an ArrayBuffer, got undefined', () => resumeTrainer(any(undefined))],
    [
      "metadata that are not JSON",
      RangeError,
      '"bytes" has damaged memcell metadata',
      () => resumeTrainer(writeSafetensors({ tensors: {}, metadata: { memcell: "{" } })),
    ],
    [
      "metadata that are null",
      RangeError,
      '"bytes" has damaged memcell metadata',
      () => resumeTrainer(writeSafetensors({ tensors: {}, metadata: { memcell: "null" } })),
    ],
    ["no parameters", RangeError, '"bytes" has no tensor "weight_ih_l0"', changed(() => {})],
    [
      "a model of 3.9 GB in a small file",
      RangeError,
      '"bytes" has no tensor "weight_ih_l0"',
      changed((m) => (m.model.layers[0].units = 11_000)),
    ],
    [
      "a damaged model",
      RangeError,
      '"layers[0].units" expected an integer from 1 to 1048576, got 0',
      changed((m) => (m.model.layers[0].units = 0)),
    ],
  ]);

  /** A checkpoint from the middle of an epoch, two rows under way. */
  async function interrupted() {
    const run = createTrainer(createModel(features), { ...trained, batch: 2, window: 2, shuffle: false });
    const data = [8, 6, 4].map((length) => ({ inputs: new Float32Array(2 * length).fill(length), targets: new Float32Array(2 * length) }));
    for await (const report of run.fit(data, { every: 1 })) if (report.updates === 2) break;
    return { data, file: readSafetensors(run.save()) };
  }
  type File = Awaited<ReturnType<typeof interrupted>>["file"];
  const tampers: [string, (file: File, counters: ReturnType<typeof JSON.parse>) => void, string][] = [
    ["nothing: it goes on", () => {}, ""],
    ["a row twice", (_, { progress }) => (progress.rows[1].ordinal = 0), "has a sequence twice"],
    [
      "a row that was never taken",
      (_, { progress }) => (progress.rows[1].ordinal = 7),
      '"counters.progress.taken" expected an integer of at least 8',
    ],
    ["more taken than there are", (_, { progress }) => (progress.taken = 9), "are not those of the interrupted epoch: number 3 is missing"],
    ["a row beyond its end", (_, { progress }) => (progress.rows[0].from = 8), "number 0 is shorter"],
    [
      "a row before its beginning",
      (_, { progress }) => (progress.rows[0].from = 0),
      '"counters.progress.rows[0].from" expected a positive integer',
    ],
    ["more repeated than the stride leaves", (_, { progress }) => (progress.rows[0].repeated = 1), "expected an integer from 0 to 0"],
    ["another number of sequences", (_, { progress }) => (progress.sequences = 4), "are not those of the epoch that was interrupted"],
    [
      "more rows than the batch",
      (_, { progress }) => progress.rows.push(null),
      "expected 1 to 2 rows, the trainer's batch, got an array of 3",
    ],
    [
      "no rows",
      (_, { progress }) => (progress.rows = []),
      '"counters.progress.rows" expected 1 to 2 rows, the trainer\'s batch, got an array of 0',
    ],
    ["updates beyond counting", (_, counters) => (counters.updates = 2 ** 53 - 1), '"counters.updates" expected an integer from 0 to'],
    [
      "more windows than accumulate",
      (_, { pending }) => (pending.windows = 1),
      '"counters.pending.windows" expected an integer from 0 to 0',
    ],
    ["a factor of 2", (_, { seen }) => (seen.factor = 2), '"counters.seen.factor" expected a number in [0, 1], got 2'],
    ["a best epoch without parameters", (_, counters) => (counters.best = { loss: 1, epochs: 0 }), '"best.weight_ih_l0" expected a tensor'],
    ["targets below 0", (_, { progress }) => (progress.targets = -1), '"counters.progress.targets" expected a number in [0, Infinity]'],
    ["no state", ({ tensors }) => delete tensors["trainer.h_l0"], '"trainer.h_l0.shape" expected [2,3], got undefined'],
    ["a state NaN", ({ tensors }) => tensors["trainer.c_l0"]!.data.fill(NaN), '"state.c_l0[0]" expected a finite number, got NaN'],
    ["a moment missing", ({ tensors }) => delete tensors["optimizer.exp_avg.weight_ih_l0"], "optimizer.exp_avg.weight_ih_l0"],
    [
      "a negative square",
      ({ tensors }) => tensors["optimizer.exp_avg_sq.bias_ih_l0"]!.data.fill(-1),
      `"optimizer.exp_avg_sq.bias_ih_l0[0]" expected a number in [0, ${2 ** 126}], got -1`,
    ],
  ];
  test.each(tampers)("tampered with: %s", async (_, tamper, message) => {
    const { data, file } = await interrupted();
    const memcell = JSON.parse(file.metadata.memcell!);
    tamper(file, memcell.counters);
    const bytes = writeSafetensors({ tensors: file.tensors, metadata: { memcell: JSON.stringify(memcell) } });
    const resume = async () => {
      for await (const report of resumeTrainer(bytes).fit(data)) expect(report.steps).toBe(18);
    };
    if (message === "") await resume();
    else await expect(resume()).rejects.toThrow(message);
  });
});

describe("a refusal in the middle of work changes nothing", () => {
  const data = [{ inputs: [0.1, 0.2, 0.3, 0.4], targets: [1, 2, 3, 4] }];
  const make = () => {
    const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 16 }), dense({ units: 2 })], seed: 3 });
    return { model, trainer: createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }) }) };
  };

  test("memory that is not to be had", () => {
    const runs = [false, true].map((refused) => {
      const { model, trainer } = make();
      trainer.step(data);
      if (refused) {
        const long = { inputs: new Float32Array(2e7), targets: new Float32Array(2e7) };
        expect(() => trainer.step([long])).toThrow("4 GiB at most");
      }
      const other = createTrainer(model, trained);
      const stream = model.stream();
      return [1, 2, 3].map(() => [trainer.step(data), other.step(data), ...stream.step([1, 2])]);
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("a loss that is not finite, in the middle of carried state", () => {
    const runs = [false, true].map((refused) => {
      const { trainer } = make();
      trainer.step(data);
      if (refused) expect(() => trainer.step([{ inputs: [1, 2], targets: [3e38, 1] }], { carry: true })).toThrow("no longer finite");
      return [trainer.step(data, { carry: true }), trainer.step(data, { carry: true })];
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("a gradient that is not finite, among those that make an update", () => {
    const runs = [false, true].map((refused) => {
      const { model } = make();
      const trainer = createTrainer(model, { loss: "mse", optimizer: adam(), accumulate: 3 });
      const losses = [data, data, data, data].map((batch) => {
        if (refused) expect(() => trainer.step([{ inputs: [1e30, 1e30], targets: [3e38, 1] }])).toThrow("no longer finite in update");
        return trainer.step(batch);
      });
      return [losses, trainer.save()];
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("an update that would leave f32", () => {
    const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
    const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e6 }) });
    const before = model.parameters();
    expect(() => trainer.step([{ inputs: [1e18], targets: [1e18] }])).toThrow("no longer finite");
    expect(model.parameters()).toEqual(before);
    // Nor by its decay.
    model.setParameters({ "dense.weight": { shape: [1, 1], data: Float32Array.of(1e30) } });
    const decaying = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1, weightDecay: 1 }) });
    expect(() => decaying.step([{ inputs: [0], targets: [0] }])).toThrow("the norm of the parameters is no longer finite");
    expect(model.parameters()["dense.weight"]!.data[0]).toBe(Math.fround(1e30));
  });
});

describe("an initializer", () => {
  const given = (value: unknown) => () => checkInitializer("kernel", value);
  refuses([
    ["none", TypeError, '"kernel" expected an initializer such as "orthogonal", got undefined', given(undefined)],
    ["an unknown name", RangeError, '"kernel" expected one of "uniform", "normal", ', given("xavier")],
    ["a name that needs an option", TypeError, '"kernel.bound" expected a number in [0, 1000000], got undefined', given("uniform")],
    ["a type that is no name", TypeError, '"kernel.type" expected one of "uniform", ', given({ type: 3 })],
    ["an unknown option", RangeError, '"kernel.gian" is not an option; the options are type, gain', given({ type: "orthogonal", gian: 2 })],
    ["an option of another", RangeError, '"kernel.gain" is not an option; the options are type', given({ type: "heNormal", gain: 2 })],
    ["a gain below 0", RangeError, '"kernel.gain" expected a number in [0, 1000000], got -1', given({ type: "xavierNormal", gain: -1 })],
    ["a gain of null", TypeError, '"kernel.gain" expected a number in [0, 1000000], got null', given({ type: "orthogonal", gain: null })],
    [
      "a value of NaN",
      RangeError,
      '"kernel.value" expected a number in [-1000000, 1000000], got NaN',
      given({ type: "constant", value: NaN }),
    ],
  ]);
});
