/** Freezing: what is frozen keeps its bits, the rest learns as if it were computed whole, and nothing is computed below. */

import { describe, expect, test } from "vitest";
import {
  adagrad,
  adam,
  adamw,
  categorical,
  conv1d,
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  type ModelConfig,
  normalization,
  numeric,
  pooling,
  resumeTrainer,
  rmsprop,
  rnn,
  sgd,
  type TrainerOptions,
} from "../src/index.js";
import { f32s, numbers } from "./helpers/cases.js";
import { refuses } from "./helpers/refusals.js";

const next = numbers(11);
const features = (count: number, outputs = 2) =>
  [7, 4, 1, 6, 3, 5, 2, 8, 3].map((length) => ({ inputs: f32s(length * count, next), targets: f32s(length * outputs, next) }));
const tokens = [5, 3, 6].map((length) => ({
  inputs: Array.from({ length }, (_, t) => (t * 3 + length) % 5),
  targets: f32s(length * 2, next),
}));
const STACK: Layer[] = [
  conv1d({ units: 3, kernel: 2 }),
  normalization(),
  lstm({ units: 5 }),
  gru({ units: 4, bidirectional: "concat" }),
  dense({ units: 6, activation: "tanh" }),
  dense({ units: 2 }),
];
const stack = (): ModelConfig => ({ input: { features: 3 }, layers: STACK, seed: 2 });

/** A model, what is frozen, and the parameters that this means. */
const CASES: [string, ModelConfig, string[], RegExp, object[]][] = [
  ["the lowest layer", stack(), ["conv1d"], /^conv1d\./, features(3)],
  ["all below a bidirectional layer", stack(), ["conv1d", "normalization", "l0"], /^(conv1d|normalization)\.|_l0/, features(3)],
  ["all but the head", stack(), ["conv1d", "normalization", "l0", "l1", "dense"], /^(conv1d|normalization|dense)\.|_l\d/, features(3)],
  ["a layer in the middle", stack(), ["l0"], /_l0/, features(3)],
  [
    "single parameters",
    stack(),
    ["weight_hh_l0", "bias_ih_l1_reverse", "dense.weight"],
    /^(weight_hh_l0|bias_ih_l1_reverse|dense\.weight)$/,
    features(3),
  ],
  [
    "the vectors of tokens",
    { input: { tokens: 5 }, layers: [embedding({ units: 4 }), rnn({ units: 3 }), dense({ units: 2 })], seed: 1 },
    ["embedding"],
    /^embedding\./,
    tokens,
  ],
  [
    "one-hot tokens under a head",
    { input: { tokens: 5 }, layers: [lstm({ units: 4, layerNorm: true }), dense({ units: 2 })], seed: 1 },
    ["l0"],
    /_l0/,
    tokens,
  ],
  [
    "below a pooling by attention",
    { input: { features: 3 }, layers: [lstm({ units: 5 }), pooling({ kind: "attention" }), dense({ units: 2 })], seed: 1 },
    ["l0"],
    /_l0/,
    features(3).map(({ inputs, targets }) => ({ inputs, targets: targets.slice(0, 2) })),
  ],
  [
    "a table's learned vectors",
    {
      input: { columns: { a: numeric(), b: categorical(4, { units: 3 }) } },
      layers: [lstm({ units: 4, residual: "concat" }), dense({ units: 2 })],
      seed: 4,
    },
    ["embedding.b", "weight_ih_l0"],
    /^(embedding\.b\.|weight_ih)/,
    [4, 6, 2].map((length) => ({
      inputs: { a: f32s(length, next), b: Array.from({ length }, (_, t) => (t * 7 + length) % 4) },
      targets: f32s(length * 2, next),
    })),
  ],
];

const OPTIMIZERS = {
  adam: { optimizer: adam({ learningRate: 0.01, weightDecay: 0.1 }) },
  adamw: { optimizer: adamw({ learningRate: 0.01, weightDecay: 0.2 }), average: 0.9 },
  rmsprop: { optimizer: rmsprop({ learningRate: 0.01, momentum: 0.9, weightDecay: 0.1 }) },
  adagrad: { optimizer: adagrad({ learningRate: 0.01, weightDecay: 0.1 }) },
  sgd: { optimizer: sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true, weightDecay: 0.1 }), accumulate: 2 },
} satisfies Record<string, Partial<TrainerOptions>>;

describe.each(CASES)("%s", (_, config, freeze, named, data) => {
  const batch = data as Parameters<ReturnType<typeof trainer>["step"]>[0];
  const trainer = (options: Partial<TrainerOptions> = {}) =>
    createTrainer(createModel(config), { loss: "mse", optimizer: sgd({ learningRate: 0.1 }), window: Infinity, ...options });
  const isFrozen = (name: string) => named.test(name);

  test("the gradients of the others are those of the whole", () => {
    const [all, some] = [trainer(), trainer({ freeze })].map((each) => each.gradients(batch));
    expect(some!.loss).toBe(all!.loss);
    expect(Object.keys(all!.gradients).filter(isFrozen)).not.toEqual([]);
    for (const [name, { data }] of Object.entries(some!.gradients)) {
      if (isFrozen(name))
        expect(
          data.every((value) => value === 0),
          name,
        ).toBe(true);
      else expect(data, name).toEqual(all!.gradients[name]!.data);
    }
  });

  test.each(Object.entries(OPTIMIZERS))("%s changes no frozen bit and every other parameter", (_, options) => {
    const own = trainer({ freeze, clipNorm: 0.5, ...options });
    const before = own.model.parameters();
    for (let i = 0; i < 6; i++) own.step(batch);
    const averaged = own.averaged();
    for (const [name, { data }] of Object.entries(own.model.parameters())) {
      if (isFrozen(name)) {
        expect(data, name).toEqual(before[name]!.data);
        expect(averaged[name]!.data, name).toEqual(before[name]!.data);
      } else expect(data, name).not.toEqual(before[name]!.data);
    }
    // Saved in the middle, it goes on to the bit.
    const resumed = resumeTrainer(own.save());
    expect(resumed.options.freeze).toEqual(freeze);
    for (let i = 0; i < 3; i++) expect(resumed.step(batch)).toBe(own.step(batch));
    expect(resumed.model.parameters()).toEqual(own.model.parameters());
  });

  test("the norm that clips is that of what learns", () => {
    const { gradients } = trainer({ freeze }).gradients(batch);
    const norm = Math.hypot(...Object.values(gradients).flatMap(({ data }) => [...data]));
    const one = trainer({ freeze, clipNorm: norm / 2, optimizer: sgd({ learningRate: 1 }) });
    const before = one.model.parameters();
    one.step(batch);
    const moved = Object.entries(one.model.parameters()).flatMap(([name, { data }]) => [...data].map((v, i) => v - before[name]!.data[i]!));
    expect(Math.hypot(...moved) / (norm / 2)).toBeCloseTo(1, 4);
  });
});

test("what is frozen when training resumes stands still, moments or not, and learns again when it no longer is", () => {
  const batch = features(3);
  const first = createTrainer(createModel(stack()), { loss: "mse", optimizer: adam({ learningRate: 0.01 }), window: Infinity });
  for (let i = 0; i < 3; i++) first.step(batch);
  const second = resumeTrainer(first.save(), { freeze: ["l0"] });
  const before = second.model.parameters();
  for (let i = 0; i < 3; i++) second.step(batch);
  expect(second.model.parameters().weight_hh_l0).toEqual(before.weight_hh_l0);
  expect(second.model.parameters()["dense.weight"]).not.toEqual(before["dense.weight"]);
  const third = resumeTrainer(second.save(), { freeze: [] });
  third.step(batch);
  expect(third.model.parameters().weight_hh_l0).not.toEqual(before.weight_hh_l0);
});

test("a body from elsewhere under a new head: only the head learns, on one thread or two", async () => {
  // The package: threads come with it.
  const [{ createModel, createTrainer, loadModel }, parallels] = await Promise.all([import("memcell"), import("memcell/parallel")]);
  const batch = features(3);
  const pretrained = createModel(stack()).save();
  const make = () => {
    const model = createModel({ ...stack(), layers: [...STACK.slice(0, -1), dense({ units: 2 })], seed: 9 });
    const { conv1d: _, ...body } = loadModel(pretrained).parameters() as Record<string, never>;
    const { kept } = model.setParameters(Object.fromEntries(Object.entries(body).filter(([name]) => !name.startsWith("dense_1."))));
    expect(kept).toEqual(["dense_1.weight", "dense_1.bias"]);
    return model;
  };
  const options = {
    loss: "mse" as const,
    optimizer: adam({ learningRate: 0.01 }),
    window: Infinity,
    freeze: ["conv1d", "normalization", "l0", "l1", "dense"],
  };
  const single = createTrainer(make(), options);
  const parallel = parallels.createTrainer(make(), { ...options, threads: 2 });
  try {
    for (let i = 0; i < 3; i++) expect(await parallel.step(batch)).toBeCloseTo(single.step(batch), 5);
    const [ours, theirs, first] = [single.model, parallel.model, loadModel(pretrained)].map((model) => model.parameters());
    for (const name of Object.keys(ours!)) {
      if (name.startsWith("dense_1.")) expect(ours![name]).not.toEqual(first![name]);
      else for (const parameters of [ours, theirs]) expect(parameters![name]).toEqual(first![name]);
    }
  } finally {
    parallel.close();
  }
});

const options = (freeze: unknown) => () =>
  createTrainer(createModel(stack()), { loss: "mse", optimizer: adam(), freeze: freeze as string[] });
refuses([
  [
    "a name that is not there",
    RangeError,
    '"freeze[1]" expected one of the model\'s layers and parameters, conv1d, normalization, l0, l1',
    options(["l0", "lstm"]),
  ],
  ["no list", TypeError, '"freeze" expected names of parameters or layers, got "l0"', options("l0")],
  ["no name", TypeError, '"freeze[0]" expected a name, got 0', options([0])],
  ["everything", RangeError, '"freeze" leaves nothing that learns', options(["conv1d", "normalization", "l0", "l1", "dense", "dense_1"])],
  [
    "in an online learner",
    RangeError,
    '"freeze" is not an option',
    () =>
      createOnlineLearner(createModel({ input: { features: 1 }, layers: [lstm({ units: 2 })] }), {
        loss: "mse",
        optimizer: adam(),
        freeze: ["l0"],
      } as never),
  ],
]);
