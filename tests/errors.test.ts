/** Every public entry refuses every wrong kind (TypeError) and value (RangeError), names the place, and changes nothing. */

import { describe, expect, test } from "vitest";
import {
  adam,
  adamw,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  dropout,
  embedding,
  gru,
  lstm,
  mse,
  readSafetensors,
  resumeTrainer,
  sgd,
  writeSafetensors,
} from "../src/index.js";
import { checkInitializer } from "../src/initializers.js";

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
      '"config" expected an object with input, layers, output, seed, got undefined',
      () => createModel(any(undefined)),
    ],
    ["an unknown option", RangeError, '"layer" is not an option; the options are input, layers, output, seed', config({ layer: [] })],
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
      "a layer unknown",
      RangeError,
      '"layers[0].type" expected one of "rnn", "gru", "lstm", "dense", "embedding", "dropout", got "mlp"',
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
      '"layers[0]" is an embedding, which must be the first layer of a model with tokens',
      layers(embedding({ units: 2 })),
    ],
    [
      "an embedding in the middle",
      RangeError,
      '"layers[1]" is an embedding, which must be the first',
      config({ ...tokens, layers: [lstm({ units: 2 }), embedding({ units: 2 })] }),
    ],
    [
      "tokens into a dense layer",
      RangeError,
      '"layers[0]" expected an embedding or a recurrent layer, which take tokens, got dense',
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
      "an unknown environment",
      RangeError,
      '"environment.wasm" is not an option; the options are module',
      () => createModel(features, any({ wasm: 1 })),
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
      '"batchSize" is not an option; the options are loss, optimizer, clipNorm, clipValue, window, gradient, batch, shuffle, seed',
      trainer({ batchSize: 3 }),
    ],
    ["no loss", TypeError, '"loss" expected a loss such as "mse", got undefined', trainer({ loss: undefined })],
    [
      "a loss unknown",
      RangeError,
      '"loss" expected one of "mse", "mae", "binaryCrossEntropy", "huber", "crossEntropy", got "l1"',
      trainer({ loss: "l1" }),
    ],
    [
      "an option that a loss does not have",
      RangeError,
      '"loss.ignoreIndex" is not an option; the options are type',
      trainer({ loss: { ...mse(), ignoreIndex: 1 } }),
    ],
    [
      "an ignored index of 0.5",
      RangeError,
      '"loss.ignoreIndex" expected an integer',
      trainer({ loss: crossEntropy({ ignoreIndex: 0.5 }) }),
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
      "weight decay for adam",
      RangeError,
      '"optimizer.weightDecay" is not an option',
      trainer({ optimizer: adam(any({ weightDecay: 1 })) }),
    ],
    [
      "weight decay of 2",
      RangeError,
      '"optimizer.weightDecay" expected a number in [0, 1], got 2',
      trainer({ optimizer: adamw({ weightDecay: 2 }) }),
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
    ["a sequence that is none", TypeError, '"sequences[1]" expected a sequence { inputs, targets }, got null', [good, null]],
    ["an array for a sequence", TypeError, '"sequences[0]" expected a sequence { inputs, targets }, got an array of 2', [[1, 2]]],
    ["an unknown key", RangeError, '"sequences[0].target" is not known; a sequence has inputs and targets', [{ ...good, target: 1 }]],
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
      "a target NaN",
      RangeError,
      '"sequences[0].targets, step 0, output 1" expected a finite number, got NaN',
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
    const forPredict = !(message.includes("targets") && !message.includes("{")) && !message.includes("at least one sequence");
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
      "too many targets for the last step",
      RangeError,
      '"sequences[0].targets" expected 1 numbers (1 step of 1), got an array of 2',
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

describe("fit", () => {
  const trainer = createTrainer(createModel(features), trained);
  const data = [{ inputs: [1, 2], targets: [3, 4] }];
  const fit = (settings: unknown) => () => trainer.fit(data, any(settings));
  refuses([
    ["an unknown setting", RangeError, '"epoch" is not an option; the options are epochs, validation, signal, every', fit({ epoch: 1 })],
    ["epochs of -1", RangeError, '"epochs" expected an integer of at least 0, got -1', fit({ epochs: -1 })],
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
    ["another number of sequences", (_, { progress }) => (progress.sequences = 4), "are not those of the epoch that was interrupted"],
    ["more rows than the batch", (_, { progress }) => progress.rows.push(null), "expected at most 2 rows"],
    ["updates beyond counting", (_, counters) => (counters.updates = 2 ** 53 - 1), '"counters.updates" expected an integer from 0 to'],
    ["no state", ({ tensors }) => delete tensors["trainer.h_l0"], '"state.h_l0" expected 6 numbers, got undefined'],
    ["a state NaN", ({ tensors }) => tensors["trainer.c_l0"]!.data.fill(NaN), '"state.c_l0[0]" expected a finite number, got NaN'],
    ["a moment missing", ({ tensors }) => delete tensors["optimizer.exp_avg.weight_ih_l0"], "optimizer.exp_avg.weight_ih_l0"],
    [
      "a negative square",
      ({ tensors }) => tensors["optimizer.exp_avg_sq.bias_ih_l0"]!.data.fill(-1),
      "expected squares, got a negative number",
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

  test("an update that would leave f32", () => {
    const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
    const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e6 }) });
    const before = model.parameters();
    expect(() => trainer.step([{ inputs: [1e18], targets: [1e18] }])).toThrow("no longer finite");
    expect(model.parameters()).toEqual(before);
  });

  test("a stream whose numbers overflowed can be reset", () => {
    const model = createModel({ input: { features: 2 }, layers: [dense({ units: 1 }), lstm({ units: 1 })] });
    model.setParameters({ "dense.weight": { shape: [1, 2], data: Float32Array.of(3e38, -3e38) } });
    const [a, b] = [model.stream(), model.stream()];
    expect(a.step([10, 10])[0]).toBeNaN();
    b.step([0, 0]);
    expect(a.reset().step([0, 0])).toEqual(model.stream().step([0, 0]));
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
