/** Models with int8 weights: against the oracle with the weights that their integers stand for, their files, and what is refused. */

import { execFileSync } from "node:child_process";
import { describe, expect, test, vi } from "vitest";
import { createBatcher } from "../src/batcher.js";
import {
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  embedding,
  gradientFlow,
  type Layer,
  loadModel,
  lstm,
  type Sequence,
  trace,
} from "../src/index.js";
import { loadQuantized, type QuantizedModel, quantize } from "../src/int8.js";
import { Model } from "../src/model/model.js";
import { createTrainer as createParallel, createPredictor } from "../src/parallel/trainer.js";
import { forecastScores } from "../src/scores.js";
import { createTrainer as createRemote } from "../src/worker/trainer.js";
import { STEADY } from "./helpers/agreement.js";
import { asSequences, asTensors, CASES, examples, numbers, randomParameters, relativeError } from "./helpers/cases.js";
import { Oracle, type Parameters } from "./helpers/oracle.js";
import { any, features, type Refusal, refuses, tokens, trained } from "./helpers/refusals.js";

const random = (model: Model): Model => {
  model.setParameters(asTensors(randomParameters(model.parameters())));
  return model;
};

const asParameters = (model: Model): Parameters =>
  Object.fromEntries(Object.entries(model.parameters()).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data) }]));

test.each([
  ["int16", 5e-4],
  ["int8", 0.1],
] as const)(
  "every case agrees with the oracle to what activations of %s leave, and loads again with the same bits",
  (activations, most) => {
    for (const entry of STEADY) {
      const model = random(createModel(entry.model));
      const small = quantize(model, { activations });
      expect(small.activations).toBe(activations);
      const batch = examples(entry);
      const outputs = small.predict(asSequences(batch));
      const expected = new Oracle(entry.model, asParameters(small)).learn(batch, entry.loss).outputs;
      const error = Math.max(...outputs.map((y, row) => relativeError(y, (expected[row] ?? []).flat())));
      expect(error, entry.name).toBeLessThan(most);
      const again = loadQuantized(small.save(), { activations });
      expect(again.predict(asSequences(batch)), entry.name).toEqual(outputs);
      expect(again.save(), entry.name).toEqual(small.save());
      expect(again.config).toEqual(model.config);
    }
  },
);

test("matrices are integers times a scale of their row, the nearest; vectors keep their bits", () => {
  for (const { model: config } of CASES) {
    const model = random(createModel(config));
    const [before, after] = [model.parameters(), quantize(model).parameters()];
    for (const [name, { shape, data }] of Object.entries(before)) {
      const own = after[name]!.data;
      if (shape.length === 1) expect(own).toEqual(data);
      const columns = data.length / shape[0]!;
      for (let row = 0; shape.length > 1 && row < shape[0]!; row++) {
        const most = Math.max(...data.subarray(row * columns, (row + 1) * columns).map(Math.abs));
        for (let i = row * columns; i < (row + 1) * columns; i++)
          expect(Math.abs(own[i]! - data[i]!)).toBeLessThanOrEqual(1e-6 * most + most / 254);
      }
    }
  }
});

const wide = () => createModel({ input: { features: 5 }, layers: [lstm({ units: 36 }), dense({ units: 3 })], seed: 4 });

test.each(["int16", "int8"] as const)("a sequence has the same bits alone, beside others, and step by step (%s)", (activations) => {
  const small = quantize(wide(), { activations });
  const next = numbers(3);
  const sequences = Array.from({ length: 20 }, (_, i) => ({ inputs: Float32Array.from({ length: 5 * (1 + (i % 9)) }, next) }));
  const outputs = small.predict(sequences);
  const streams = small.streams({ capacity: 20 });
  const ids = sequences.map(() => streams.open());
  sequences.forEach(({ inputs }, i) => {
    expect(small.predict([{ inputs }])[0]).toEqual(outputs[i]);
    const stream = small.stream();
    for (let t = 0; t < inputs.length / 5; t++) {
      const [x, y] = [inputs.subarray(5 * t, 5 * t + 5), outputs[i]!.subarray(3 * t, 3 * t + 3)];
      expect(stream.step(x)).toEqual(y);
      expect(streams.step([ids[i]!], x)).toEqual(y);
    }
  });
});

test("a model with tokens generates", () => {
  const model = createModel({ input: { tokens: 7 }, layers: [embedding({ units: 5 }), lstm({ units: 9 }), dense({ units: 7 })] });
  const small = quantize(model);
  const drawn = [...small.generate([1, 2], { length: 50, seed: 3 })];
  expect(drawn.length).toBe(50);
  expect([...loadQuantized(small.save()).generate([1, 2], { length: 50, seed: 3 })]).toEqual(drawn);
});

test("states, a batcher, a trace and scores are those of its own products", async () => {
  const small = quantize(wide());
  const inputs = Float32Array.from({ length: 60 }, numbers(7));
  const [whole, first] = [inputs, inputs.subarray(0, 25)].map((x) => small.predict([{ inputs: x }], { states: true })[0]!);
  const [rest] = small.predict([{ inputs: inputs.subarray(25), state: first!.state }], { states: true });
  expect([...first!.outputs, ...rest!.outputs]).toEqual([...whole!.outputs]);
  expect(rest!.state).toEqual(whole!.state);
  const stream = small.stream();
  stream.restore(first!.state);
  expect(stream.step(inputs.subarray(25, 30))).toEqual(whole!.outputs.subarray(15, 18));
  const streams = small.streams({ capacity: 2 });
  expect(await createBatcher(streams).step(streams.open(), inputs.subarray(0, 5))).toEqual(whole!.outputs.subarray(0, 3));
  expect(trace(small, { inputs }).outputs.data).toEqual(whole!.outputs);
  expect(forecastScores(small, [{ inputs, targets: whole!.outputs }], { loss: "mse" }).mae).toBe(0);
});

test("the report is that of the outputs and losses on the calibration data", () => {
  const model = wide();
  const next = numbers(5);
  const calibrate = Array.from({ length: 4 }, () => ({
    inputs: Array.from({ length: 30 }, next),
    targets: Array.from({ length: 18 }, next),
  }));
  expect(quantize(model).report).toBeNull();
  expect(quantize(model, { calibrate }).report!.loss).toBeUndefined();
  createTrainer(model, trained).step(calibrate);
  const small = quantize(model, { calibrate: calibrate.values() });
  const [before, after] = [model, small].map((each) => each.predict(calibrate).flatMap((y) => [...y]));
  const apart = before!.map((y, i) => Math.abs(y - after![i]!));
  const { largest, mean, loss } = small.report!;
  expect(largest).toBe(Math.max(...apart));
  expect(mean).toBeCloseTo(apart.reduce((sum, one) => sum + one) / apart.length, 12);
  expect(largest).toBeGreaterThan(0);
  expect(largest).toBeLessThan(0.01);
  expect(loss).toEqual({ before: model.evaluate(calibrate, { loss: "mse" }).loss, after: small.evaluate(calibrate, { loss: "mse" }).loss });
  expect(small.loss).toEqual(model.loss);
  expect(loadQuantized(small.save()).loss).toEqual(model.loss);
  expect(quantize(model, { calibrate: calibrate.map(({ inputs }) => ({ inputs })) }).report!.loss).toBeUndefined();
});

test("activations are no part of a file: one is loaded with either kind", () => {
  const [model, sequences] = [wide(), [{ inputs: Float32Array.from({ length: 30 }, numbers(9)) }]];
  const [small, rounded] = [quantize(model), quantize(model, { activations: "int8", calibrate: sequences })];
  expect([small.activations, rounded.activations]).toEqual(["int16", "int8"]);
  expect(rounded.save()).toEqual(small.save());
  expect(loadQuantized(small.save(), { activations: "int8" }).predict(sequences)).toEqual(rounded.predict(sequences));
  const plain = loadQuantized(rounded.save());
  expect(plain.activations).toBe("int16");
  expect(plain.predict(sequences)).toEqual(small.predict(sequences));
  expect(rounded.predict(sequences)).not.toEqual(small.predict(sequences));
  expect(rounded.report!.largest).toBeLessThan(0.05);
});

test("without relaxed SIMD activations of one byte are refused, and those of two run", async () => {
  vi.resetModules();
  const [own, { loadQuantized, quantize }] = await Promise.all([import("../src/index.js"), import("../src/int8.js")]);
  const model = own.createModel(features);
  const message = '"activations" expected "int16", as this engine has no relaxed SIMD, which "int8" needs';
  const validate = vi.spyOn(WebAssembly, "validate").mockReturnValue(false);
  expect(() => quantize(model, { activations: "int8" })).toThrow(message);
  const file = quantize(model).save();
  expect(() => loadQuantized(file, { activations: "int8" })).toThrow(message);
  validate.mockRestore();
  expect(quantize(model, { activations: "int8" }).activations).toBe("int8");
});

test.runIf(process.version.startsWith("v20."))("Node 20 without its flag is such an engine", () => {
  const code = `import { createModel, lstm } from "memcell";
import { quantize } from "memcell/int8";
try { quantize(createModel({ input: { features: 1 }, layers: [lstm({ units: 2 })] }), { activations: "int8" }); } catch (error) { console.log(error.name); }`;
  expect(execFileSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" })).toBe("RangeError\n");
});

test("a file is a quarter of the size", () => {
  const layers: Layer[] = [lstm({ units: 128 }), lstm({ units: 128 }), dense({ units: 10 })];
  const model = createModel({ input: { features: 64 }, layers });
  expect(quantize(model).save().length / model.save().length).toBeLessThan(0.27);
});

test("a stream's memory, integers for files included, is less than three tenths", () => {
  const model = createModel({ input: { features: 128 }, layers: [lstm({ units: 256 }), dense({ units: 1 })] });
  const bytes = (model: Model) => {
    model.stream().step(new Float32Array(128));
    return Model.engine("model", model).kernels.memory.buffer.byteLength;
  };
  const small = quantize(model);
  const weights = Object.values(small.parameters()).reduce((sum, { data }) => sum + data.length, 0);
  expect((bytes(small) + weights) / bytes(model)).toBeLessThan(0.3);
  expect(bytes(small) / bytes(model)).toBeLessThan(0.15);
});

test("the other model stays as it is, and so does its memory", () => {
  const model = wide();
  const [bytes, used] = [model.save(), Model.engine("model", model).memory.used];
  quantize(model);
  expect(model.save()).toEqual(bytes);
  expect(Model.engine("model", model).memory.used).toBe(used);
});

const infinite = () => {
  const model = wide();
  const { memory, params, layout } = Model.engine("model", model);
  const [weight] = layout.parameters;
  memory.f32[params / 4 + weight!.at(2, 1)] = Infinity;
  return model;
};
const small = () => quantize(createModel(features));
const sequence: Sequence = { inputs: [1, 2], targets: [1, 2] };
const options = { loss: "mse", optimizer: trained.optimizer } as const;
const message = /^"model" expected a model that can be trained, got an int8 model/;

describe("refused", () => {
  test.each<[string, () => unknown]>([
    ["a trainer", () => createTrainer(small(), options)],
    ["a trainer with threads", () => createParallel(small(), { ...options, threads: 2 })],
    ["a trainer in a worker", () => createRemote(small(), { ...options })],
    ["an online learner", () => createOnlineLearner(small(), options)],
    ["quantising again", () => quantize(small())],
    ["gradients", () => gradientFlow(small(), sequence, { loss: "mse" })],
  ])("%s", (_, attempt) => {
    expect(attempt).toThrow(TypeError);
    expect(attempt).toThrow(message);
  });

  const calibrated = (calibrate: unknown, model: Model = createModel(features)) => quantize(model, any({ calibrate }));
  refuses([
    ["threads", TypeError, "an int8 model runs on one thread", () => createPredictor(small(), { threads: 2 })],
    ["new parameters", TypeError, "the parameters of an int8 model cannot be set", () => small().setParameters(small().parameters())],
    ["no model", TypeError, '"model" expected a model, got 3', () => quantize(any(3))],
    ["an unknown option", RangeError, '"weights" is not an option', () => quantize(createModel(features), any({ weights: "int4" }))],
    [
      "other activations",
      RangeError,
      '"activations" expected one of "int16", "int8", got "int4"',
      () => quantize(createModel(features), any({ activations: "int4" })),
    ],
    [
      "an unknown option of a file",
      RangeError,
      '"weights" is not an option',
      () => loadQuantized(small().save(), any({ weights: "int8" })),
    ],
    ["an infinite weight", RangeError, '"model.weight_ih_l0" expected finite weights in row 2, got Infinity', () => quantize(infinite())],
    ["calibration data of other features", RangeError, '"calibrate[0].inputs"', () => calibrated([{ inputs: [1, 2, 3] }])],
    ["tokens for features", TypeError, '"calibrate[0].inputs"', () => calibrated([{ inputs: "ab" }])],
    ["features for tokens", RangeError, '"calibrate[0].inputs', () => calibrated([{ inputs: [0.5] }], createModel(tokens))],
    ["no calibration data", RangeError, '"calibrate"', () => calibrated([])],
    ["calibration data that is none", TypeError, '"calibrate"', () => calibrated(3)],
    [
      "targets that the loss does not know",
      RangeError,
      '"calibrate[0].targets',
      () => quantize(createModel(features), { calibrate: [{ ...sequence, targets: [7] }], loss: "crossEntropy" }),
    ],
    [
      "a loss without targets",
      TypeError,
      '"calibrate[0].targets"',
      () => quantize(createModel(features), { calibrate: [{ inputs: [1, 2] }], loss: "mse" }),
    ],
    [
      "a file of single precision",
      RangeError,
      '"bytes" is not a model with int8 weights',
      () => loadQuantized(createModel(features).save()),
    ],
    ["its file for loadModel", RangeError, '"bytes" is an int8 model: loadQuantized of memcell/int8', () => loadModel(small().save())],
    [
      "its file with a configuration",
      RangeError,
      '"parameters.weight_ih_l0_scale" is no parameter of this model',
      () => loadModel(small().save(), { config: features }),
    ],
  ] satisfies Refusal[]);
});

test("where WebAssembly may not be compiled, it says so", async () => {
  vi.resetModules();
  const [own, { quantize }] = await Promise.all([import("../src/index.js"), import("../src/int8.js")]);
  const model = own.createModel(features);
  const { Module } = WebAssembly;
  const construct = () => {
    throw new WebAssembly.CompileError("forbidden");
  };
  WebAssembly.Module = new Proxy(Module, { construct });
  try {
    expect(() => quantize(model)).toThrow("memcell/int8 compiles WebAssembly at run time, which is forbidden here");
  } finally {
    WebAssembly.Module = Module;
  }
  expect(quantize(model).report).toBeNull();
});

/** The file of a small model with a tensor's bytes, or its header, changed. */
function changed(
  change: (header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>, data: DataView) => void,
): Uint8Array {
  const bytes = small().save();
  const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size)));
  const data = bytes.slice(8 + size);
  change(header, new DataView(data.buffer));
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

describe("a file with", () => {
  const scale = (value: number) => changed((header, data) => data.setFloat32(header.weight_hh_l0_scale!.data_offsets[0] + 4, value, true));
  const bad = '"tensors.weight_hh_l0_scale.data[1]" expected a';
  refuses([
    ["a scale of zero", RangeError, bad, () => loadQuantized(scale(0))],
    ["a scale that is NaN", RangeError, bad, () => loadQuantized(scale(NaN))],
    ["an infinite scale", RangeError, bad, () => loadQuantized(scale(Infinity))],
    ["a negative scale", RangeError, bad, () => loadQuantized(scale(-1))],
    ["a scale that overflows", RangeError, bad, () => loadQuantized(scale(1e38))],
    [
      "-128",
      RangeError,
      '"tensors.weight_hh_l0.data[3]" expected an integer from -127 to 127, got -128',
      () => loadQuantized(changed((header, data) => data.setInt8(header.weight_hh_l0!.data_offsets[0] + 3, -128))),
    ],
    [
      "scales of another shape",
      RangeError,
      '"tensors.weight_hh_l0_scale.shape" expected [12], got [3,4]',
      () => loadQuantized(changed((header) => (header.weight_hh_l0_scale!.shape = [3, 4]))),
    ],
    [
      "weights of another shape",
      RangeError,
      '"tensors.weight_hh_l0.shape" expected [12,3], got [3,12]',
      () => loadQuantized(changed((header) => (header.weight_hh_l0!.shape = [3, 12]))),
    ],
    [
      "a tensor that is not whole",
      RangeError,
      '"bytes" is not a safetensors file',
      () => loadQuantized(changed((header) => (header.weight_hh_l0!.shape = [12, 4]))),
    ],
    [
      "no scales",
      TypeError,
      '"tensors.weight_hh_l0_scale" expected a tensor of shape [12]',
      () =>
        loadQuantized(
          changed((header) => {
            header.other = header.weight_hh_l0_scale!;
            delete header.weight_hh_l0_scale;
          }),
        ),
    ],
    [
      "one tensor more",
      RangeError,
      '"tensors.other" is no tensor of this model',
      () => loadQuantized(changed((header) => (header.other = { dtype: "F32", shape: [0], data_offsets: [0, 0] }))),
    ],
  ] satisfies Refusal[]);

  test("other integers than memcell's loads, as they are", () => {
    const bytes = changed((header, data) => {
      const [at] = header.weight_hh_l0!.data_offsets;
      for (let i = 0; i < 36; i++) data.setInt8(at + i, i);
    });
    const loaded: QuantizedModel = loadQuantized(bytes);
    expect(loaded.save().slice(-36)).toEqual(bytes.slice(-36));
  });
});
