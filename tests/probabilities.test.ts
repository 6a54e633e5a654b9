/** What outputs say: by the loss of the model's trainer, which is saved with it. */

import {
  adam,
  createModel,
  createOnlineLearner,
  createTrainer,
  crossEntropy,
  ctc,
  customLoss,
  dense,
  gaussianNLL,
  gru,
  type Loss,
  loadModel,
  lstm,
  mse,
  quantile,
  resumeTrainer,
  type Scale,
} from "memcell";
import { createTrainer as createParallel, createPredictor } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";
import { describe, expect, test } from "vitest";
import { exponential } from "../src/core/arithmetic.js";
import { readSafetensors, writeSafetensors } from "../src/core/safetensors.js";
import { numbers } from "./helpers/cases.js";
import { logSoftmax } from "./helpers/ctc.js";
import { any, refuses } from "./helpers/refusals.js";

test("e^x, of + - * / alone", () => {
  const next = numbers(3);
  for (let i = 0; i < 2000; i++) {
    const x = next() * (i % 2 ? 30 : 700);
    expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(i % 2 ? 4e-15 : 2e-13);
  }
  expect([0, -800, 800, -Infinity, Infinity, NaN].map(exponential)).toEqual([1, 0, Infinity, 0, Infinity, NaN]);
});

const O = 6;
const target: Scale = { mean: [1000], deviation: [20] };
const config = { input: { features: 2 }, layers: [lstm({ units: 5 }), dense({ units: O })], seed: 4 };
const next = numbers(6);
const sequences = [7, 1, 12, 3, 5, 9, 2].map((length) => ({ inputs: Array.from({ length }, () => [4 * next(), 4 * next()]) }));
const optimizer = adam();

/** What each step's outputs say, in double precision. */
type Says = (y: number[]) => number[];
const softmax: Says = (y) => logSoftmax(y).map(Math.exp);
const CASES: [string, Loss, Says, object?][] = [
  ["crossEntropy", crossEntropy({ labelSmoothing: 0.1 }), softmax],
  ["ctc", ctc(), softmax],
  ["binaryCrossEntropy", { type: "binaryCrossEntropy" }, (y) => y.map((logit) => 1 / (1 + Math.exp(-logit)))],
  ["quantile", quantile({ quantiles: [0.1, 0.5, 0.9] }), (y) => [y.slice(0, 3), y.slice(3)].flatMap((own) => own.sort((a, b) => a - b))],
  [
    "quantile in the user's units, from above",
    quantile({ quantiles: [0.9, 0.8, 0.6, 0.4, 0.3, 0.1] }),
    (y) => y.sort((a, b) => b - a),
    { targets: target, outputs: "quantile" },
  ],
  ["gaussianNLL", gaussianNLL(), (y) => y.map((value, k) => (k < 3 ? value : Math.exp(value / 2)))],
];

describe.each(CASES)("%s", (_, loss, says, scaler) => {
  const model = createModel({ ...config, ...(scaler && { scaler }) });
  const trainer = createTrainer(model, { loss, optimizer });
  const outputs = model.predict(sequences);
  const read = model.predict(sequences, { as: "probabilities" });

  test("in the places of the outputs", () => {
    read.forEach((p, i) => {
      expect(p.length).toBe(outputs[i]!.length);
      for (let at = 0; at < p.length; at += O) {
        const expected = says([...outputs[i]!.subarray(at, at + O)]);
        expected.forEach((value, k) => expect(Math.abs(p[at + k]! / value - 1)).toBeLessThan(2e-7));
      }
      expect(model.probabilities(outputs[i]!)).toEqual(p);
    });
    // The outputs given are left as they were.
    expect(model.predict(sequences)).toEqual(outputs);
    expect(model.predict(sequences, { as: "outputs" })).toEqual(outputs);
  });

  test("of the loaded model the same, to the bit; and of a loss that is given", () => {
    expect(model.loss).toEqual(trainer.options.loss);
    for (const file of [model.save(), trainer.save()]) {
      const loaded = loadModel(file);
      expect(loaded.loss).toEqual(model.loss);
      expect(loaded.predict(sequences, { as: "probabilities" })).toEqual(read);
      expect(loaded.save()).toEqual(model.save());
    }
    const fresh = createModel({ ...config, ...(scaler && { scaler }) });
    expect(fresh.loss).toBeNull();
    expect(fresh.predict(sequences, { as: "probabilities", loss })).toEqual(read);
  });

  test("with other threads", async () => {
    const predictor = createPredictor(model, { threads: 2 });
    const found = await predictor.predict(sequences, { as: "probabilities" });
    found.forEach((p, i) =>
      p.forEach((value, k) => expect(Math.abs(value - read[i]![k]!)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value)))),
    );
    predictor.close();
  });
});

test("the loss is that of the last trainer, of any kind", async () => {
  const model = createModel({ ...config, layers: [gru({ units: 4 }), dense({ units: O })] });
  createTrainer(model, { loss: "mse", optimizer });
  expect(model.loss?.type).toBe("mse");
  createOnlineLearner(model, { loss: "crossEntropy", optimizer });
  expect(model.loss?.type).toBe("crossEntropy");
  const parallel = createParallel(model, { loss: "gaussianNLL", optimizer, threads: 2 });
  expect(model.loss?.type).toBe("gaussianNLL");
  parallel.close();
  const worker = createWorker(model, { loss: "binaryCrossEntropy", optimizer });
  expect(model.loss?.type).toBe("binaryCrossEntropy");
  expect(await worker.predict(sequences, { as: "probabilities" })).toEqual(model.predict(sequences, { as: "probabilities" }));
  worker.close();
  const own = createTrainer(model, { loss: customLoss((y) => ({ loss: 0, gradient: y })), optimizer });
  expect(model.loss).toBeNull();
  expect(loadModel(own.save()).loss).toBeNull();
  expect(() => model.predict(sequences, { as: "probabilities" })).toThrow('"loss" expected one of crossEntropy, ctc');
  resumeTrainer(createTrainer(model, { loss: mse(), optimizer }).save());
  expect(model.loss?.type).toBe("mse");
});

test("a stream's outputs", () => {
  const model = createModel(config);
  createTrainer(model, { loss: "crossEntropy", optimizer });
  const [p] = model.predict(sequences, { as: "probabilities" });
  const stream = model.stream();
  const steps = sequences[0]!.inputs.map((input) => model.probabilities(stream.step(input)));
  steps.forEach((step, t) => step.forEach((value, k) => expect(Math.abs(value - p![t * O + k]!)).toBeLessThan(1e-6)));
});

describe("refused", () => {
  const model = createModel(config);
  const trained = createModel(config);
  createTrainer(trained, { loss: "mse", optimizer });
  const damaged = (loss: unknown) => {
    const file = readSafetensors(trained.save());
    const memcell = JSON.stringify({ ...JSON.parse(file.metadata.memcell!), loss });
    return () => loadModel(writeSafetensors({ tensors: file.tensors, metadata: { memcell } }));
  };
  refuses([
    [
      "a model without a loss",
      TypeError,
      '"loss" expected the loss by which the model was learned',
      () => model.predict([], { as: "probabilities" }),
    ],
    [
      "a loss of numbers",
      RangeError,
      '"loss" expected one of crossEntropy, ctc, binaryCrossEntropy, quantile, gaussianNLL, whose outputs say probabilities, got "mse"',
      () => trained.predict([], { as: "probabilities" }),
    ],
    [
      "another way",
      RangeError,
      '"as" expected one of "outputs", "probabilities", got "logits"',
      () => model.predict([], { as: any("logits") }),
    ],
    [
      "a loss for outputs",
      RangeError,
      '"loss" expected no loss without as: "probabilities"',
      () => model.predict([], { loss: "crossEntropy" }),
    ],
    ["an unknown option", RangeError, '"loss2" is not an option', () => model.predict([], any({ loss2: 1 }))],
    [
      "outputs of another model",
      RangeError,
      '"outputs" expected a Float32Array of 6 numbers for each step, got Float32Array of 5',
      () => model.probabilities(new Float32Array(5), { loss: "crossEntropy" }),
    ],
    [
      "an array",
      TypeError,
      '"outputs" expected a Float32Array',
      () => model.probabilities(any([1, 2, 3, 4, 5, 6]), { loss: "crossEntropy" }),
    ],
    ["a file's loss that is none", RangeError, '"metadata.memcell.loss.type" expected one of', damaged({ type: "no loss" })],
    [
      "a file's loss of other outputs",
      RangeError,
      '"metadata.memcell.loss.quantiles" expected a number of quantiles that divides',
      damaged({ type: "quantile", quantiles: [0.1, 0.2, 0.3, 0.4] }),
    ],
    ["a file's loss of the user's own", TypeError, '"metadata.memcell.loss.compute" expected a function', damaged({ type: "custom" })],
  ]);
});
