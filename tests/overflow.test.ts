/** Numbers that grow past f32: what training and inference do then, and what they leave. */

import { describe, expect, test } from "vitest";
import { createBatcher } from "../src/batcher.js";
import {
  adagrad,
  adam,
  adamw,
  createModel,
  createTrainer,
  dense,
  type Layer,
  lstm,
  normalization,
  type Optimizer,
  readSafetensors,
  resumeTrainer,
  rmsprop,
  rnn,
  sgd,
  type Trainer,
  writeSafetensors,
} from "../src/index.js";

const linear = () => createModel({ input: { features: 1 }, layers: [dense({ units: 1 })], seed: 2 });

/** The trainer saved, with all numbers of a moment that value, and taken up again. */
function resumedWith(trainer: Trainer, moment: string, value: number): Trainer {
  const { tensors, metadata } = readSafetensors(trainer.save());
  for (const [name, { data }] of Object.entries(tensors)) if (name.startsWith(`optimizer.${moment}.`)) data.fill(value);
  return resumeTrainer(writeSafetensors({ tensors, metadata }));
}

/** What an update changes: parameters, moments, averages. */
function kept(trainer: Trainer) {
  return Object.entries(readSafetensors(trainer.save()).tensors).filter(([name]) => !name.startsWith("trainer."));
}

const MOMENTS: [moment: string, least: number, most: number, optimizer: Optimizer][] = [
  ["momentum_buffer", -(2 ** 100), 2 ** 100, sgd({ learningRate: 1e6, momentum: 0.9, nesterov: true })],
  ["square_avg", 0, 2 ** 126, rmsprop({ learningRate: 1e6 })],
  ["momentum_buffer", -(2 ** 100), 2 ** 100, rmsprop({ learningRate: 1e6, momentum: 0.99 })],
  ["sum", 0, 2 ** 126, adagrad({ learningRate: 1e6 })],
  ["exp_avg", -(2 ** 100), 2 ** 100, adam({ learningRate: 1e6, beta1: 0.9999999, epsilon: 1e-30 })],
  ["exp_avg_sq", 0, 2 ** 126, adam({ learningRate: 1e6 })],
  ["exp_avg", -(2 ** 100), 2 ** 100, adamw({ learningRate: 1e6, weightDecay: 1 })],
];

describe.each(MOMENTS)("%s from %d to %d", (moment, least, most, optimizer) => {
  const step = { inputs: [0.5, -1], targets: [1, 2] };
  const trained = () => {
    const trainer = createTrainer(linear(), { loss: "mse", optimizer });
    trainer.step([step]);
    return trainer;
  };

  test.each([least, most])("from a file that has %d, an update leaves what can be saved and taken up again", (value) => {
    const trainer = resumedWith(trained(), moment, value);
    trainer.step([step]);
    expect(resumeTrainer(trainer.save()).model.parameters()).toEqual(trainer.model.parameters());
  });

  test.each([least - 1e37, 1.5 * most])("a file that has %d is refused", (value) => {
    const refused = () => resumedWith(trained(), moment, value);
    expect(refused).toThrow(RangeError);
    expect(refused).toThrow(`"optimizer.${moment}.dense.weight[0]" expected a number in [${least}, ${most}], got ${Math.fround(value)}`);
  });
});

const WILD: Optimizer[] = [
  ...MOMENTS.map(([, , , optimizer]) => optimizer),
  sgd({ learningRate: 1e6, momentum: 0.9999999, weightDecay: 1 }),
  rmsprop({ learningRate: 1e6, decay: 0, momentum: 0.9999999, epsilon: 1e-45 }),
  adagrad({ learningRate: 1e6, epsilon: 1e-45, weightDecay: 1 }),
  adam({ learningRate: 1e6, beta1: 0.999, beta2: 0.1, epsilon: 1e-45 }),
];

describe.each(WILD)("%o", (optimizer) => {
  test.each([5e17, 1e10, 1e-25])(
    "gradients of %d for 400 updates: what is refused changes nothing, and what is left can be saved and taken up again",
    (size) => {
      const trainer = createTrainer(linear(), { loss: "mae", optimizer, average: 0.9 });
      for (let n = 0; n < 400; n++) {
        const before = n % 100 < 3 ? kept(trainer) : null;
        try {
          // A gradient now and then, of either sign: between them moments decay at their own rates.
          trainer.step([{ inputs: [n % 40 < 2 ? size : 0], targets: [n % 80 < 2 ? 1e38 : -1e38] }]);
        } catch (error) {
          expect((error as Error).message).toMatch(/^the (loss|gradient|norm of the parameters) is no longer finite in update/);
          if (before) expect(kept(trainer)).toEqual(before);
        }
      }
      expect(kept(resumeTrainer(trainer.save()))).toEqual(kept(trainer));
    },
  );
});

const NORMALISED: [string, Layer[]][] = [
  ["layerNorm", [lstm({ units: 5, layerNorm: true }), dense({ units: 2 })]],
  ["normalization over relu", [rnn({ units: 6, activation: "relu" }), normalization(), dense({ units: 2 })]],
  ["normalization over one unit", [dense({ units: 1 }), normalization(), lstm({ units: 3 })]],
];

describe.each(NORMALISED)("%s", (_, layers) => {
  const model = createModel({ input: { features: 2 }, layers, seed: 4 });
  const ordinary = (lane: number) => Array.from({ length: 12 }, (_, k) => Math.sin(k + lane));

  test.each([1e15, 1e25, 1e29])("an input of %d is normalised as a smaller one, alone or beside others", (size) => {
    // What is so large that epsilon counts for nothing is the same at every size, to the bit if that is a power of two.
    const factor = 2 ** Math.round(Math.log2(size));
    const inputs = (factor: number) => [1, -0.75, -0.5, 1].map((value) => value * factor);
    const [expected] = model.predict([{ inputs: inputs(2 ** 40) }]);
    const [alone] = model.predict([{ inputs: inputs(factor) }]);
    expect(alone!.every(Number.isFinite)).toBe(true);
    alone!.forEach((value, k) => expect(value).toBeCloseTo(expected![k]!, 5));
    const stream = model.stream();
    for (let t = 0; t < 2; t++) stream.step(inputs(factor).slice(2 * t, 2 * t + 2));
    expect(model.stream().restore(stream.state()).step([0.1, 0.2])).toEqual(stream.step([0.1, 0.2]));

    const rows = (third: number[]) => model.predict(Array.from({ length: 9 }, (_, b) => ({ inputs: b === 3 ? third : ordinary(b) })));
    const [calm, beside] = [rows(ordinary(3)), rows(inputs(factor))];
    for (let b = 0; b < 9; b++) if (b !== 3) expect(beside[b]).toEqual(calm[b]);
    beside[3]!.forEach((value, k) => expect(value).toBeCloseTo(expected![k]!, 5));
  });
});

test.each(NORMALISED)("%s: after a step of 1e38 a stream goes on, and its state is taken", (_, layers) => {
  const stream = createModel({ input: { features: 1 }, layers, seed: 4 }).stream();
  for (const input of [1e38, -1e38]) expect(stream.step(input).every(Number.isFinite)).toBe(true);
  expect(stream.restore(stream.state()).step(0.5).every(Number.isFinite)).toBe(true);
});

describe("outputs that are not finite", () => {
  const model = createModel({ input: { features: 2 }, layers: [dense({ units: 1 }), lstm({ units: 3 }), dense({ units: 1 })], seed: 5 });
  model.setParameters({ "dense.weight": { shape: [1, 2], data: Float32Array.of(3e38, -3e38) } });
  const [calm, wild] = [
    [1e-38, 2e-38],
    [10, 10],
  ];

  test("a stream says so, and goes on from before that step", () => {
    const [stream, other] = [model.stream(), model.stream()];
    for (const each of [stream, other]) each.step(calm);
    const before = stream.state();
    expect(() => stream.step(wild)).toThrow(
      new RangeError("the outputs are no longer finite: the stream's state is that before this step"),
    );
    expect(stream.state()).toEqual(before);
    const [y] = stream.step(calm);
    expect(y).not.toBeNaN();
    expect(other.step(calm)[0]).toBe(y);
    expect(stream.reset().step(calm)).toEqual(model.stream().step(calm));
  });

  test("of many streams the others do not notice, and that one goes on from before that step", () => {
    const runs = [calm, wild].map((fourth) => {
      const streams = model.streams({ capacity: 11 });
      const ids = Array.from({ length: 11 }, () => streams.open());
      const step = (fourth: number[]) =>
        streams.step(
          ids,
          ids.map((_, i) => (i === 4 ? fourth : [i * 1e-38, 1e-38])),
        );
      step(calm);
      const before = streams.state(ids[4]!);
      const outputs = step(fourth);
      if (fourth === wild) {
        expect(outputs[4]).toBeNaN();
        expect(streams.state(ids[4]!)).toEqual(before);
      }
      return [...outputs, ...step(calm)].filter((_, i) => i % 11 !== 4);
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("of a batcher's steps that one is rejected", async () => {
    const streams = model.streams({ capacity: 2 });
    const batcher = createBatcher(streams, { deadline: 0 });
    const [a, b] = [streams.open(), streams.open()];
    const steps = await Promise.allSettled([batcher.step(a, wild), batcher.step(b, calm)]);
    expect(steps.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(streams.state(a)).toEqual(model.stream().state());
  });
});
