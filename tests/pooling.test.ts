/** Pooling in a model: what it is shorthand of, what it needs, and what it refuses. Its numbers are in gradients.test.ts. */

import { describe, expect, test } from "vitest";
import {
  adam,
  conv1d,
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  dropout,
  embedding,
  gru,
  type Layer,
  loadModel,
  lstm,
  type ModelConfig,
  pooling,
  resumeTrainer,
  rnn,
  sgd,
  trace,
} from "../src/index.js";
import { f32s, numbers } from "./helpers/cases.js";
import { refuses } from "./helpers/refusals.js";

const input = { features: 2 };
const KINDS = ["last", "mean", "max", "attention"] as const;
const next = numbers(5);
const sequences = (lengths: number[]) =>
  lengths.map((steps) => ({ inputs: Array.from({ length: steps }, () => f32s(2, next)), targets: f32s(3, next) }));
const model = (...layers: Layer[]) => createModel({ input, layers, seed: 3 });
const last = pooling({ kind: "last" });

test('output "last" is a pooling above the topmost layer that looks beyond the present step', () => {
  const parts = {
    lstm: lstm({ units: 5, bidirectional: "concat" }),
    dropout: dropout({ rate: 0.4 }),
    conv: conv1d({ units: 4, kernel: 2 }),
  };
  const head = [dense({ units: 4, activation: "tanh" }), parts.dropout, dense({ units: 3 })];
  const batch = sequences([3, 1, 5, 2, 4, 6, 2]);
  for (const [below, above] of [
    [[parts.lstm], head],
    [[dense({ units: 3 }), parts.dropout, parts.lstm, parts.conv], head],
    [[], head],
  ] as const) {
    const [short, long] = [
      createModel({ input, layers: [...below, ...above], output: "last", seed: 3 }),
      createModel({ input, layers: [...below, last, ...above], seed: 3 }),
    ];
    expect(long.config.output).toBe("last");
    const [a, b] = [short, long].map((each) => createTrainer(each, { loss: "mse", optimizer: adam() }));
    for (let i = 0; i < 3; i++) expect(a!.step(batch)).toBe(b!.step(batch));
    expect(long.parameters()).toEqual(short.parameters());
    expect(long.predict(batch)).toEqual(short.predict(batch));
  }
});

test("the configuration is saved as it was written, and read back", () => {
  const config: ModelConfig = { input, layers: [lstm({ units: 3 }), dense({ units: 2 })], output: "last" };
  for (const each of [createModel(config), ...KINDS.map((kind) => model(lstm({ units: 3 }), pooling({ kind }), dense({ units: 2 })))]) {
    const loaded = loadModel(each.save());
    expect(loaded.config).toEqual(each.config);
    expect(loaded.save()).toEqual(each.save());
  }
  expect(createModel(config).config.layers.map(({ type }) => type)).toEqual(["lstm", "dense"]);
});

test("last: windows carry the state to the end, and streams answer at every step", () => {
  const whole = model(gru({ units: 6 }), last, dense({ units: 3 }));
  const [long, short] = sequences([150, 3]);
  const y = whole.predict([long!, short!]);
  const stream = whole.stream();
  const every = createModel({ input, layers: [gru({ units: 6 }), dense({ units: 3 })] });
  every.setParameters(whole.parameters());
  const [steps] = every.predict([long!]);
  long!.inputs.forEach((x, t) => {
    const now = stream.step(x);
    now.forEach((value, k) => expect(value).toBeCloseTo(steps![3 * t + k]!, 6));
    if (t === 149) now.forEach((value, k) => expect(value).toBeCloseTo(y[0]![k]!, 6));
  });
  const streams = whole.streams({ capacity: 2 });
  expect(streams.step([streams.open()], [short!.inputs[0]!])).toHaveLength(3);
  expect(trace(whole, { inputs: long!.inputs })).toMatchObject({ steps: 150, outputs: { units: 3, data: { length: 3 } } });
  const learner = createOnlineLearner(whole, { loss: "mse", optimizer: sgd({ learningRate: 0.01 }) });
  expect(learner.step([0, 1], [1, 2, 3])).toHaveLength(3);
});

test.each(KINDS)("%s: a trainer learns, stops in an epoch and resumes to the bit; loss and metrics are over sequences", async (kind) => {
  const train = sequences([7, 3, 9, 1, 5, 8, 2, 6, 4]);
  const fresh = () =>
    createTrainer(model(lstm({ units: 6 }), pooling({ kind }), dense({ units: 3 })), {
      loss: "mse",
      optimizer: adam({ learningRate: 0.02 }),
      batch: 3,
    });
  const [straight, stopped] = [fresh(), fresh()];
  for await (const _ of straight.fit(train, { epochs: 40 }));
  for await (const { updates } of stopped.fit(train, { epochs: 40, every: 1 })) if (updates === 5) break;
  const resumed = resumeTrainer(stopped.save());
  for await (const _ of resumed.fit(train, { epochs: 39 }));
  expect(resumed.model.parameters()).toEqual(straight.model.parameters());
  const { loss, rmse } = straight.evaluate(train, { metrics: ["rmse"] });
  expect(loss).toBeLessThan(0.6 * fresh().evaluate(train).loss);
  const outputs = straight.model.predict(train);
  const errors = outputs.flatMap((y, i) => Array.from(y, (value, k) => (value - train[i]!.targets[k]!) ** 2));
  expect(errors).toHaveLength(27);
  expect(rmse).toBeCloseTo(Math.sqrt(errors.reduce((a, b) => a + b, 0) / 27), 5);
});

test("attention finds the step that counts", async () => {
  // The answer is the second number at the step whose first number is 1.
  const marked = (steps: number) => {
    const at = Math.floor(((next() + 1) / 2) * steps);
    const inputs = Array.from({ length: steps }, (_, t) => [Number(t === at), Math.fround(next())]);
    return { inputs, targets: [inputs[at]![1]!] };
  };
  const data = Array.from({ length: 200 }, (_, i) => marked(5 + (i % 20)));
  const errors: number[] = [];
  for (const kind of ["attention", "mean"] as const) {
    const trainer = createTrainer(model(pooling({ kind, ...(kind === "attention" && { units: 4 }) }), dense({ units: 1 })), {
      loss: "mse",
      optimizer: adam({ learningRate: 0.05 }),
    });
    for await (const _ of trainer.fit(data, { epochs: 60 }));
    errors.push(trainer.evaluate(data).loss);
  }
  expect(errors[0]).toBeLessThan(0.02);
  expect(errors[1]).toBeGreaterThan(0.2);
});

describe("refused", () => {
  const mean = pooling({ kind: "mean" });
  const whole = model(lstm({ units: 2 }), mean);
  const said = 'pooling of kind "mean"';
  refuses([
    [
      "an unknown kind",
      RangeError,
      '"layers[0].kind" expected one of "last", "mean", "max", "attention", got "sum"',
      () => model(pooling({ kind: "sum" as "max" })),
    ],
    ["no kind", TypeError, '"layers[0].kind" expected one of', () => model({ type: "pooling" } as never)],
    ["units of another kind", RangeError, '"layers[0].units" is for kind: "attention"', () => model(pooling({ kind: "max", units: 3 }))],
    ...(
      [
        ["rnn", rnn({ units: 2 })],
        ["conv1d", conv1d({ units: 2, kernel: 1 })],
        ["pooling", last],
      ] as const
    ).map(([type, above]): Parameters<typeof refuses>[0][number] => [
      `${type} above`,
      RangeError,
      `"layers[2]" is ${type}, which needs steps: layers[0] (pooling) leaves one vector of a sequence`,
      () => model(mean, dense({ units: 2 }), above),
    ]),
    [
      'output "every"',
      RangeError,
      '"output" expected "last", as layers[1] makes one vector out of a sequence, got "every"',
      () => createModel({ input, layers: [lstm({ units: 2 }), last], output: "every" }),
    ],
    [
      "tokens below",
      RangeError,
      '"layers[0]" expected one of rnn, gru, lstm, lstm97, embedding, which take tokens, got "pooling"',
      () => createModel({ input: { tokens: 3 }, layers: [mean] }),
    ],
    ["a stream", RangeError, `a model with ${said} has no streams: it needs whole sequences`, () => whole.stream()],
    ["streams", RangeError, `a model with ${said} has no streams`, () => whole.streams({ capacity: 2 })],
    ["a look inside", RangeError, `"model" expected a model without ${said}`, () => trace(whole, { inputs: [[1, 2]] })],
    [
      "a window",
      RangeError,
      `"window" expected Infinity, as the model has ${said}, which needs whole sequences, got 8`,
      () => createTrainer(whole, { loss: "mse", optimizer: adam(), window: 8 }),
    ],
    [
      "a stride",
      RangeError,
      `"stride" expected Infinity, the window, as the model has ${said}, got 8`,
      () => createTrainer(whole, { loss: "mse", optimizer: adam(), stride: 8 }),
    ],
    [
      "carried state",
      RangeError,
      `"options.carry" expected false, as the model has ${said}, got true`,
      () => createTrainer(whole, { loss: "mse", optimizer: adam() }).step([{ inputs: [[1, 2]], targets: [1, 2] }], { carry: true }),
    ],
    ["online", RangeError, "an online learner needs", () => createOnlineLearner(whole, { loss: "mse", optimizer: adam() })],
    [
      "a target for each step",
      RangeError,
      '"sequences[0].targets" expected 2 numbers (1 step of 2), got an array of 2',
      () =>
        createTrainer(whole, { loss: "mse", optimizer: adam() }).step([
          {
            inputs: [
              [1, 2],
              [3, 4],
            ],
            targets: [
              [1, 2],
              [3, 4],
            ],
          },
        ]),
    ],
  ]);

  test("an embedding below is fine", () => {
    const tokens = createModel({ input: { tokens: 3 }, layers: [embedding({ units: 2 }), mean] });
    const [a, b, both] = tokens.predict([[0], [1], [0, 1]].map((inputs) => ({ inputs })));
    both!.forEach((value, k) => expect(value).toBeCloseTo((a![k]! + b![k]!) / 2, 6));
  });
});
