/** `createModel` and initializers: every wrong kind (TypeError) and value (RangeError) is refused, and its place named. */

import { describe, expect, test } from "vitest";
import { createModel, createTrainer, dense, dropout, embedding, lstm } from "../../src/index.js";
import { checkInitializer } from "../../src/layers/initializers.js";
import { any, features, refuses, tokens, trained } from "../helpers/refusals.js";

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
      '"config" expected an object with input, layers, heads, output, initial, seed, scaler, metadata, got undefined',
      () => createModel(any(undefined)),
    ],
    [
      "an unknown option",
      RangeError,
      '"layer" is not an option; the options are input, layers, heads, output, initial, seed, scaler, metadata',
      config({ layer: [] }),
    ],
    ["no input", TypeError, '"input" expected an object with features, tokens, columns, got undefined', config({ input: undefined })],
    [
      "features and tokens",
      RangeError,
      '"input" expected either features, tokens or columns',
      config({ input: { features: 1, tokens: 2 } }),
    ],
    ["neither", RangeError, '"input" expected either features, tokens or columns', config({ input: {} })],
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
      '"layers[0].peephole" is not an option; the options are type, units, bidirectional, direction, initial, residual, recurrentDropout, zoneout, inputActivation, gateActivation, alpha, peepholes',
      layers({ type: "lstm", units: 2, peephole: true }),
    ],
    [
      "an lstm's option on a gru",
      RangeError,
      '"layers[0].peepholes" is not an option; the options are type, units, bidirectional, direction, initial, residual, recurrentDropout, zoneout',
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
      "both directions, and one",
      RangeError,
      '"layers[0].direction" does not go with bidirectional',
      layers({ type: "rnn", units: 2, bidirectional: "sum", direction: "reverse" }),
    ],
    [
      "a slope of logistic gates",
      RangeError,
      '"layers[0].alpha" needs gateActivation: "hardSigmoid"',
      layers({ type: "gru", units: 2, alpha: 0.2 }),
    ],
    [
      "a slope of 0",
      RangeError,
      '"layers[0].alpha" expected a number in (0, 1000000], got 0',
      layers({ type: "lstm", units: 2, gateActivation: "hardSigmoid", alpha: 0 }),
    ],
    [
      "an activation that is not there",
      RangeError,
      '"layers[0].inputActivation" expected one of "identity", "logistic", "tanh", "relu", "[-1,1]", "[-2,2]", got "swish"',
      layers({ type: "gru", units: 2, inputActivation: "swish" }),
    ],
    ["a slope of tanh", RangeError, '"layers[0].alpha" needs kind: "hardSigmoid"', layers({ type: "activation", kind: "tanh", alpha: 1 })],
    [
      "nine layers in a row without parameters",
      RangeError,
      '"layers[9]" is the 9th layer without parameters in a row; at most 8 may be',
      layers({ type: "rnn", units: 2 }, ...Array.from({ length: 9 }, () => ({ type: "activation", kind: "tanh" }))),
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
      '"layers[0].type" expected one of "rnn", "gru", "lstm", "lstm97", "conv1d", "activation", "dense", "embedding", "dropout", "normalization", "pooling", got "mlp"',
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
      '"scaler.inputs" is for models with features or numeric columns as input',
      config({ ...tokens, scaler: { inputs: { mean: [1], deviation: [1] } } }),
    ],
    ["a model larger than WebAssembly's memory", RangeError, "4 GiB at most", layers(lstm({ units: 30_000 }))],
  ]);
});

test("what was checked cannot be changed afterwards", () => {
  const model = createModel(features);
  const trainer = createTrainer(model, trained);
  expect(() => ((model.config as { output: string }).output = "last")).toThrow(TypeError);
  expect(() => ((model.config.layers[0] as { units: number }).units = 5)).toThrow(TypeError);
  expect(() => ((trainer.options.optimizer as { learningRate: number }).learningRate = NaN)).toThrow(TypeError);
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
