/** Models with several named heads: against PyTorch, against models of one output, and through every door. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createBatcher } from "../src/batcher.js";
import { toC } from "../src/c.js";
import {
  type AnySequence,
  adam,
  type CheckedLosses,
  createModel,
  createOnlineLearner,
  createTrainer,
  crossEntropy,
  customLoss,
  dense,
  gradientFlow,
  gru,
  type Losses,
  loadModel,
  lstm,
  type Model,
  type ModelConfig,
  mse,
  numeric,
  quantile,
  resumeOnlineLearner,
  resumeTrainer,
  scaler,
  sgd,
  trace,
} from "../src/index.js";
import { classificationScores, forecastScores } from "../src/scores.js";
import { asTensors, relativeError } from "./helpers/cases.js";
import type { Parameters } from "./helpers/oracle.js";
import { refuses } from "./helpers/refusals.js";

type Both = Record<"price" | "trend", Float32Array>;

interface VectorCase extends Pick<ModelConfig, "layers"> {
  name: string;
  heads: NonNullable<ModelConfig["heads"]>;
  output: "every" | "last";
  loss: Record<string, never>;
  lossWeights: Record<string, number>;
  parameters: Parameters;
  sequences: (AnySequence & { targets: Record<string, number[] | null> })[];
  outputs: Record<string, number[]>[];
  gradients: Record<string, number[]>;
  curve: number[];
}

/** Made by vectors/heads.py. */
const vectors: VectorCase[] = JSON.parse(readFileSync(new URL("vectors/heads.json", import.meta.url), "utf8"));

describe.each(vectors.map((vector) => [vector.name, vector] as const))("PyTorch: %s", (_, vector) => {
  const { layers, heads, output, loss, lossWeights, parameters, sequences } = vector;
  const model = createModel({ input: { features: 3 }, layers, heads, output });
  const trainer = () => {
    model.setParameters(asTensors(parameters));
    return createTrainer(model, { loss, lossWeights, optimizer: adam({ learningRate: 0.02 }) });
  };

  test("outputs within 1e-5", () => {
    model.setParameters(asTensors(parameters));
    model.predict(sequences).forEach((outputs, i) => {
      expect(Object.keys(outputs)).toEqual(Object.keys(heads));
      for (const [name, y] of Object.entries(outputs)) {
        expect(y.length).toBe(vector.outputs[i]![name]!.length);
        y.forEach((value, k) => expect(Math.abs(value - vector.outputs[i]![name]![k]!)).toBeLessThan(1e-5));
      }
    });
  });

  test("every gradient within 1e-4 relative, and the loss", () => {
    const { gradients, loss: value } = trainer().gradients(sequences);
    expect(relativeError([value], [vector.curve[0]!])).toBeLessThan(1e-5);
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(vector.gradients).sort());
    for (const [name, { data }] of Object.entries(gradients)) expect(relativeError(data, vector.gradients[name]!), name).toBeLessThan(1e-4);
  });

  test("the loss of ten steps within 1e-4", () => {
    const run = trainer();
    vector.curve.forEach((value, i) => expect(Math.abs(run.step(sequences) - value), `step ${i}`).toBeLessThan(1e-4));
  });

  test("evaluate gives the same loss, and each head's", () => {
    const run = trainer();
    const { loss: total, heads: each } = run.evaluate(sequences);
    expect(relativeError([total], [vector.curve[0]!])).toBeLessThan(1e-5);
    const sum = Object.entries(each!).reduce((sum, [name, { loss }]) => sum + (lossWeights[name] ?? 1) * loss, 0);
    expect(sum).toBeCloseTo(total, 6);
  });
});

const input = { features: 2 };
const layers = [lstm({ units: 6 }), gru({ units: 5 })];
const heads = { price: dense({ units: 2 }), trend: dense({ units: 3 }) };
const losses = { price: "mse", trend: "crossEntropy" } as const;
const both = (more: Partial<ModelConfig> = {}): Model<Both> => createModel({ input, layers, seed: 3, ...more, heads });
const wave = (n: number) => Array.from({ length: n }, (_, t) => [Math.sin(t), Math.cos(2 * t)]);
const targetsOf = (n: number, of: number) => ({
  price: wave(n).map(([a, b]) => [10 * a! + of, 5 + b!]),
  trend: Array.from({ length: n }, (_, t) => (t + of) % 3),
});
const data = [7, 4, 9].map((n, i) => ({ inputs: wave(n), targets: targetsOf(n, i) }));
const options = { loss: losses, lossWeights: { trend: 0.5 }, optimizer: adam({ learningRate: 0.01 }), batch: 2 };
const trained = async (model = both()) => {
  const trainer = createTrainer(model, options);
  await trainer.fit(data, { epochs: 3 });
  return trainer;
};
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe("one head", () => {
  const nameless = createModel({ input, layers: [...layers, dense({ units: 2 })], seed: 3 });
  const named = createModel({ input, layers, heads: { y: dense({ units: 2 }) }, seed: 3 });
  const sequences = data.map(({ inputs, targets }) => ({ inputs, targets: targets.price }));
  const ofY = sequences.map(({ inputs, targets }) => ({ inputs, targets: { y: targets } }));

  test("is the last layer of a model without heads, to the bit, trained, streamed and online", async () => {
    const { loss: _, lossWeights: __, ...rest } = options;
    const [a, b] = [createTrainer(nameless, { ...rest, loss: "mse" }), createTrainer(named, { ...rest, loss: { y: "mse" } })];
    const [first] = [await a.fit(sequences, { epochs: 2 })];
    expect(await b.fit(ofY, { epochs: 2 })).toEqual(first);
    expect(named.predict(ofY).map(({ y }) => y)).toEqual(nameless.predict(sequences));
    expect(named.stream().step([1, 2]).y).toEqual(nameless.stream().step([1, 2]));
    expect(Object.values(named.parameters())).toEqual(Object.values(nameless.parameters()));
    const online = { optimizer: sgd({ learningRate: 0.01 }), scaler: "running" } as const;
    const [one, other] = [
      createOnlineLearner(nameless, { ...online, loss: "mse" }),
      createOnlineLearner(named, { ...online, loss: { y: "mse" } }),
    ];
    for (let t = 0; t < 20; t++) expect(other.step([t, 1], { y: [t, 2 * t] }).y).toEqual(one.step([t, 1], [t, 2 * t]));
    expect(Object.values(named.parameters())).toEqual(Object.values(nameless.parameters()));
  });
});

test("the gradient of the layers below is the sum of the heads', by their weights", () => {
  const alone = (name: "price" | "trend", units: number) => {
    const model = createModel({ input, layers, heads: { [name]: dense({ units }) }, seed: 3 });
    const own = Object.entries(both().parameters()).filter(([key]) => !key.startsWith("heads") || key.startsWith(`heads.${name}`));
    model.setParameters(Object.fromEntries(own));
    const one = data.map(({ inputs, targets }) => ({ inputs, targets: { [name]: targets[name] } }));
    return createTrainer(model, { loss: { [name]: losses[name] }, optimizer: sgd({ learningRate: 1 }) }).gradients(one);
  };
  const { loss, gradients } = createTrainer(both(), { ...options, batch: 32 }).gradients(data);
  const [price, trend] = [alone("price", 2), alone("trend", 3)];
  expect(loss).toBeCloseTo(price.loss + 0.5 * trend.loss, 6);
  for (const [name, { data }] of Object.entries(gradients)) {
    const sum = data.map((_, i) => (price.gradients[name]?.data[i] ?? 0) + 0.5 * (trend.gradients[name]?.data[i] ?? 0));
    expect(relativeError(data, sum), name).toBeLessThan(1e-6);
  }
});

test("an async iterable of sequences with heads trains to the bits of an array in order", async () => {
  async function* stream() {
    yield* data;
  }
  const [a, b] = [createTrainer(both(), options), createTrainer(both(), { ...options, shuffle: false })];
  await a.fit(stream(), { epochs: 1 });
  await b.fit(data, { epochs: 1 });
  expect(a.model.parameters()).toEqual(b.model.parameters());
});

test("the sum that heads add up to is over targets that are there", () => {
  const trainer = createTrainer(both(), options);
  const [first] = data as [(typeof data)[number]];
  const only = { inputs: first.inputs, targets: { price: null, trend: first.targets.trend } };
  const weighed = { ...first, weights: { price: first.inputs.map(() => 0) } };
  expect(trainer.gradients([only])).toEqual(trainer.gradients([weighed]));
  const { heads: each, loss } = trainer.evaluate([only]);
  expect(each!.price).toEqual({ loss: NaN });
  expect(loss).toBeCloseTo(0.5 * each!.trend!.loss, 6);
  expect(trainer.gradients([only]).gradients["heads.price.weight"]!.data.every((value) => value === 0)).toBe(true);
});

test("stream, streams, batcher and predict give the same outputs by name", async () => {
  const { model } = await trained();
  const [{ inputs }] = data as [(typeof data)[number]];
  const [whole] = model.predict([{ inputs }]) as [Both];
  const [stream, streams] = [model.stream(), model.streams({ capacity: 3 })];
  const [a, b] = [streams.open(), streams.open()];
  const batcher = createBatcher(streams);
  const out = { price: new Float32Array(2), trend: new Float32Array(3) };
  for (const [t, row] of inputs.entries()) {
    const expected = { price: whole.price.slice(2 * t, 2 * t + 2), trend: whole.trend.slice(3 * t, 3 * t + 3) };
    expect(stream.step(row, out)).toEqual(out);
    expect(stream.state()).toHaveProperty("h_l1");
    for (const [name, y] of Object.entries(out)) expect(relativeError(y, expected[name as "price"])).toBeLessThan(1e-5);
    const two = t % 2 ? streams.step([a, b], [row, row]) : undefined;
    if (two) expect(two.price.length + two.trend.length).toBe(10);
    if (two) expect(two.trend.slice(0, 3)).toEqual(two.trend.slice(3));
    const one = two
      ? { price: two.price.slice(0, 2), trend: two.trend.slice(0, 3) }
      : (await Promise.all([a, b].map((id) => batcher.step(id, row))))[0]!;
    for (const [name, y] of Object.entries(one)) expect(relativeError(y, expected[name as "price"])).toBeLessThan(1e-5);
  }
});

test("saved and loaded, resumed, averaged: to the bit; the losses are saved by name", async () => {
  const make = () => createTrainer(both(), { ...options, average: 0.9, accumulate: 2 });
  const [whole, half] = [make(), make()];
  await whole.fit(data, { epochs: 4 });
  await half.fit(data, { epochs: 2 });
  const again = resumeTrainer<Both>(half.save());
  expect(again.options).toEqual(half.options);
  await again.fit(data, { epochs: 2 });
  expect(again.model.parameters()).toEqual(whole.model.parameters());
  const model = loadModel<Both>(again.save());
  expect(model.config).toEqual(again.model.config);
  expect(model.loss).toEqual({
    price: mse({ reduction: "mean", missing: "refuse" }),
    trend: (whole.options.loss as Record<string, CheckedLosses>).trend,
  });
  expect(model.predict(data)).toEqual(whole.model.predict(data));
  const [{ trend, price }] = model.predict(data, { as: "probabilities" }) as [Both];
  expect(price).toEqual(model.predict(data)[0]!.price);
  expect(trend.slice(0, 3).reduce((sum, p) => sum + p)).toBeCloseTo(1, 6);
  expect(model.probabilities(model.predict(data)[0]!)).toEqual({ price, trend });
});

test("fit reports each head's loss and metrics; patience watches their sum", async () => {
  const trainer = createTrainer(both(), options);
  const settings = { epochs: 3, validation: data, metrics: { price: ["rmse"], trend: ["accuracy"] }, patience: 2 } as const;
  const report = await trainer.fit(data, settings);
  const { loss, heads: each } = trainer.evaluate(data, { metrics: settings.metrics });
  expect(Object.keys(each!.price!)).toEqual(["loss", "rmse"]);
  expect(report.heads).toEqual(each);
  expect(report.validationLoss).toBe(loss);
  expect(each!.price!.rmse! ** 2).toBeCloseTo(each!.price!.loss, 4);
});

test("each head has a scale of its own, and metrics in its units", async () => {
  const scale = scaler(data, { of: "targets", head: "price" });
  const model = both({ scaler: { targets: { price: scale } } });
  const trainer = createTrainer(model, options);
  await trainer.fit(data, { epochs: 200 });
  const { heads: each } = trainer.evaluate(data, { metrics: { price: ["mae"] } });
  const errors = data.flatMap(({ targets }, i) => [...model.predict(data)[i]!.price].map((y, k) => Math.abs(y - targets.price.flat()[k]!)));
  expect(each!.price!.mae).toBeCloseTo(errors.reduce((sum, error) => sum + error) / errors.length, 4);
  expect(each!.price!.mae).toBeLessThan(3);
  expect(loadModel<Both>(model.save()).predict(data)).toEqual(model.predict(data));
  const wide = createModel({
    input,
    layers,
    heads: { q: dense({ units: 6 }), n: dense({ units: 1 }) },
    scaler: { targets: { q: { mean: [100, 200], deviation: [10, 20] } }, outputs: { q: "quantile" } },
  });
  const run = createTrainer(wide, {
    loss: { q: quantile({ quantiles: [0.1, 0.5, 0.9] }), n: "mae" },
    optimizer: adam({ learningRate: 0.01 }),
  });
  expect(run.step([{ inputs: wave(3), targets: { q: wave(3).map(() => [100, 210]), n: [1, 2, 3] } }])).toBeLessThan(3);
  expect(wide.predict([{ inputs: wave(1) }])[0]!.q[4]).toBeGreaterThan(150);
});

test("scores of one head", async () => {
  const { model } = await trained();
  expect(
    classificationScores(model, data, { head: "trend" })
      .confusion.flat()
      .reduce((sum, n) => sum + n),
  ).toBe(20);
  const weighed = [...data, { inputs: wave(3), targets: { price: null, trend: [0, 1, 2] } }];
  const expected = createTrainer(model, options).evaluate(data, { metrics: { price: ["rmse"] } }).heads!.price!.rmse!;
  expect(forecastScores(model, weighed, { head: "price" }).rmse).toBeCloseTo(expected, 4);
});

test("online: targets by name, a running scale by head, saved in the middle", () => {
  const make = () =>
    createOnlineLearner(both(), { loss: losses, lossWeights: { trend: 0.1 }, optimizer: adam({ learningRate: 0.01 }), scaler: "running" });
  const [whole, half] = [make(), make()];
  const at = (t: number) => ({ price: [1000 + t, 5], trend: t % 3 === 0 ? null : t % 3 });
  for (let t = 0; t < 30; t++) {
    whole.step([t, 1], at(t));
    if (t < 15) half.step([t, 1], at(t));
  }
  const again = resumeOnlineLearner<Both>(half.save());
  for (let t = 15; t < 30; t++) {
    again.step([t, 1]);
    again.learn(at(t));
  }
  expect(again.save()).toEqual(whole.save());
  expect(whole.model.config.scaler.targets).toEqual({ price: { mean: [1014.5, 5], deviation: [expect.closeTo(8.655, 3), 1] } });
  expect(whole.step([30, 1]).price[0]).toBeGreaterThan(900);
});

test("the gradient of the online learner is that of 1997, of the sum of the heads", () => {
  const config = { input, layers: [lstm({ units: 5 })], heads, seed: 1 };
  const model = createModel(config);
  const still = sgd({ learningRate: 1e-30 });
  const learner = createOnlineLearner(model, { loss: losses, lossWeights: { trend: 0.3 }, optimizer: still });
  const [{ inputs, targets }] = data as [(typeof data)[number]];
  inputs.forEach((row, t) => learner.step(row, t === 6 ? { price: targets.price[t]!, trend: targets.trend[t]! } : undefined));
  const trainer = createTrainer(createModel(config), {
    loss: losses,
    lossWeights: { trend: 0.3 },
    optimizer: still,
    gradient: "truncated-1997",
  });
  const only = inputs.map((_, t) => Number(t === 6));
  const { gradients } = trainer.gradients([{ inputs, targets, weights: { price: only, trend: only } }]);
  for (const [name, { data }] of Object.entries(learner.gradients()))
    expect(relativeError(data, gradients[name]!.data), name).toBeLessThan(1e-5);
});

test("freezing the layers below leaves the heads to learn; freezing a head the others", () => {
  const before = both().parameters();
  for (const [freeze, kept] of [
    [["l0", "l1"], /_l[01]/],
    [["heads.price"], /price/],
  ] as const) {
    const model = both();
    createTrainer(model, { ...options, freeze: [...freeze] }).step(data);
    for (const [name, { data }] of Object.entries(model.parameters())) {
      if (kept.test(name)) expect(data, name).toEqual(before[name]!.data);
      else expect(data, name).not.toEqual(before[name]!.data);
    }
  }
});

test("a customLoss for one head is asked for when training resumes", () => {
  const custom = customLoss((y, targets, weights) => ({
    loss: y.reduce((sum, value, i) => sum + weights[i]! * (value - targets[i]!) ** 2, 0),
    gradient: y.map((value, i) => 2 * weights[i]! * (value - targets[i]!)),
  }));
  const loss: Losses = { price: custom, trend: crossEntropy() };
  const trainer = createTrainer(both(), { ...options, loss });
  trainer.step(data);
  expect(trainer.model.loss).toBe(null);
  expect(() => resumeTrainer(trainer.save())).toThrow('"loss.price" expected the customLoss(f)');
  const again = resumeTrainer(trainer.save(), { loss: { price: custom } });
  expect(again.step(data)).toBe(trainer.step(data));
});

test("insight: outputs by name, the flow of the errors of all heads", () => {
  const model = both();
  const [sequence] = data as [(typeof data)[number]];
  const { outputs } = trace(model, sequence);
  expect(outputs.trend).toEqual({ units: 3, data: model.predict([sequence])[0]!.trend });
  const flow = gradientFlow(model, sequence, { loss: losses, lossWeights: { trend: 0.5 } });
  expect(flow.loss).toBeCloseTo(createTrainer(model, options).gradients([sequence]).loss, 6);
  expect(flow.layers[1]!.h.every((norm) => norm > 0)).toBe(true);
});

test("the summary has a row for each head, and the parameters their names", () => {
  expect(both().summary()).toContain("heads.trend");
  expect(Object.keys(both().parameters()).slice(-4)).toEqual([
    "heads.price.weight",
    "heads.price.bias",
    "heads.trend.weight",
    "heads.trend.bias",
  ]);
  const columns = createModel({ input: { columns: { a: numeric(), b: numeric() } }, layers, heads, output: "last" });
  expect(columns.predict([{ inputs: { a: [1, 2], b: [3, 4] } }])[0]!.trend).toHaveLength(3);
});

const make = (more: object) => () => createModel({ input, layers, heads, ...more } as never);
const train = (more: object) => () => createTrainer(both(), { ...options, ...more } as never);
const step = (sequence: object) => () => createTrainer(both(), options).step([{ ...data[0], ...sequence }] as never);
refuses([
  ["no heads", TypeError, '"heads" expected layers by name, such as { price: dense({ units: 1 }) }, got an object', make({ heads: {} })],
  ["heads in an array", TypeError, '"heads" expected layers by name', make({ heads: [dense({ units: 1 })] })],
  [
    "a head of another kind",
    RangeError,
    '"heads.a" expected a dense layer (others belong into layers), got "lstm"',
    make({ heads: { a: lstm({ units: 1 }) } }),
  ],
  ["a head's own option", RangeError, '"heads.a.unit" is not an option', make({ heads: { a: { type: "dense", unit: 1 } } })],
  [
    "a name with a dot",
    RangeError,
    '"heads" expected names of 1 to 100 characters without dots, got "a.b"',
    make({ heads: { "a.b": dense({ units: 1 }) } }),
  ],
  [
    "a scale of another head",
    RangeError,
    '"scaler.targets.other" is not an option; the options are price, trend',
    make({ scaler: { targets: { other: { mean: [0], deviation: [1] } } } }),
  ],
  [
    "a scale of another length",
    RangeError,
    '"scaler.targets.price.mean" expected 2 numbers',
    make({ scaler: { targets: { price: { mean: [0], deviation: [1] } } } }),
  ],
  ["one loss for several heads", TypeError, '"loss" expected an object with price, trend, got "mse"', train({ loss: "mse" })],
  ["a head without a loss", TypeError, '"loss.trend" expected a loss such as "mse", got undefined', train({ loss: { price: "mse" } })],
  [
    "a loss of no head",
    RangeError,
    '"loss.other" is not an option; the options are price, trend',
    train({ loss: { ...losses, other: "mse" } }),
  ],
  [
    "a loss that does not fit its head",
    RangeError,
    '"loss.price.quantiles" expected a number of quantiles that divides the model\'s 2 outputs',
    train({ loss: { ...losses, price: quantile({ quantiles: [0.1, 0.5, 0.9] }) } }),
  ],
  [
    "sums and means together",
    RangeError,
    '"loss.trend.reduction" expected "mean", as the first head has it',
    train({ loss: { price: "mse", trend: crossEntropy({ reduction: "sum" }) } }),
  ],
  ["a weight below 0", RangeError, '"lossWeights.trend" expected a number in [0, 1000000], got -1', train({ lossWeights: { trend: -1 } })],
  [
    "weights without heads",
    RangeError,
    '"lossWeights" is not an option',
    () => createTrainer(createModel({ input, layers }), { ...options, loss: "mse" }),
  ],
  [
    "targets of no head",
    RangeError,
    '"sequences[0].targets.other" is not an option; the options are price, trend',
    step({ targets: { ...data[0]!.targets, other: [1] } }),
  ],
  [
    "targets of one head missing",
    TypeError,
    '"sequences[0].targets.trend" expected an array or a typed array, got undefined',
    step({ targets: { price: data[0]!.targets.price } }),
  ],
  ["targets without names", TypeError, '"sequences[0].targets" expected an object with price, trend', step({ targets: [1, 2] })],
  [
    "a class too large",
    RangeError,
    '"sequences[0].targets.trend, step 0" expected an integer from 0 to 2 (or -100), got 7',
    step({ targets: { ...data[0]!.targets, trend: [7, 0, 0, 0, 0, 0, 0] } }),
  ],
  ["weights of another length", RangeError, '"sequences[0].weights.trend" expected 7 numbers', step({ weights: { trend: [1] } })],
  [
    "metrics without names",
    TypeError,
    '"metrics" expected an object with price, trend',
    () => createTrainer(both(), options).evaluate(data, { metrics: ["rmse"] }),
  ],
  [
    "a metric of the other head",
    RangeError,
    '"loss.trend" expected one of mse, mae, huber for rmse',
    () => createTrainer(both(), options).evaluate(data, { metrics: { trend: ["rmse"] } }),
  ],
  [
    "a head to freeze that is not there",
    RangeError,
    '"freeze[0]" expected one of the model\'s layers and parameters',
    train({ freeze: ["heads.other"] }),
  ],
  [
    "generating",
    RangeError,
    "without heads",
    () => createModel({ input: { tokens: 3 }, layers, heads: { trend: dense({ units: 3 }) } }).generate([1]),
  ],
  ["scores without a head", TypeError, '"head" expected one of "price", "trend"', () => classificationScores(both(), data)],
  [
    "a head of a model without",
    RangeError,
    '"head" expected none, as the model has no heads',
    () => classificationScores(createModel({ input, layers }), [], { head: "trend" }),
  ],
  [
    "names that are one in C",
    RangeError,
    '"heads" expected names that differ in letters, digits and _, for C',
    () => toC(createModel({ input, layers, heads: { "a b": dense({ units: 1 }), a_b: dense({ units: 1 }) } })),
  ],
  [
    "out of the wrong shape",
    RangeError,
    '"out.trend" expected a Float32Array of 3',
    () =>
      both()
        .stream()
        .step([1, 2], { price: new Float32Array(2), trend: new Float32Array(2) }),
  ],
]);

test("a file's heads are bounded by its tensors", () => {
  const bytes = both().save();
  const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const text = new TextDecoder().decode(bytes.subarray(8, 8 + header));
  const meta = JSON.parse(text);
  const memcell = JSON.parse(meta.__metadata__.memcell);
  memcell.model.heads = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`h${i}`, { type: "dense", units: 1e6 }]));
  meta.__metadata__.memcell = JSON.stringify(memcell);
  const json = new TextEncoder().encode(JSON.stringify(meta));
  const file = new Uint8Array(8 + json.length + bytes.length - 8 - header);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(bytes.subarray(8 + header), 8 + json.length);
  expect(() => loadModel(file)).toThrow(/"heads" expected at most \d+, as the file has \d+ tensors/);
  expect(plain(both().config.heads)).toEqual(plain({ price: both().config.heads!.price, trend: both().config.heads!.trend }));
});
