/** The learning rate in a trainer's life, and what may be other when training is resumed. */

// The package as users get it: the workers are files of the bundle.
import {
  adam,
  adamw,
  cosine,
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  dropout,
  lstm,
  plateau,
  type ResumeOptions,
  resumeOnlineLearner,
  resumeTrainer,
  rnn,
  type Sequence,
  sgd,
  type Trainer,
  type TrainerOptions,
} from "memcell";
import { createTrainer as createParallel, resumeTrainer as resumeParallel } from "memcell/parallel";
import { createTrainer as createWorker, resumeTrainer as resumeWorker } from "memcell/worker";
import { afterAll, describe, expect, test } from "vitest";
import { numbers } from "./helpers/cases.js";

const next = numbers(6);
const sequences: Sequence[] = Array.from({ length: 10 }, (_, i) => ({
  inputs: Array.from({ length: 4 + i }, next),
  targets: Array.from({ length: 4 + i }, next),
}));
const options: TrainerOptions = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), window: 4, batch: 4, seed: 3 };
const model = () =>
  createModel({ input: { features: 1 }, layers: [lstm({ units: 4 }), dropout({ rate: 0.1 }), dense({ units: 1 })], seed: 1 });
const fresh = (changes: Partial<TrainerOptions> = {}) => createTrainer(model(), { ...options, ...changes });
const weights = (trainer: Trainer) => Object.values(trainer.model.parameters()).flatMap(({ data }) => [...data]);
const open: { close(): void }[] = [];
const opened = <T extends { close(): void }>(trainer: T): T => {
  open.push(trainer);
  return trainer;
};
afterAll(() => open.forEach((trainer) => trainer.close()));

describe("the learning rate", () => {
  test("is set for the updates from then on: as if they had it from the start", () => {
    const [set, plain] = [fresh({ optimizer: sgd({ learningRate: 0.5 }) }), fresh({ optimizer: sgd({ learningRate: 0.01 }) })];
    expect(set.learningRate).toBe(0.5);
    set.learningRate = 0.01;
    expect([set.learningRate, set.options]).toEqual([0.01, plain.options]);
    for (const trainer of [set, plain]) trainer.step(sequences);
    expect(weights(set)).toEqual(weights(plain));
    set.learningRate = 0.02;
    plain.step(sequences);
    set.step(sequences);
    expect(weights(set)).not.toEqual(weights(plain));
  });

  test("is multiplied by the schedule, as reports say", async () => {
    const trainer = fresh({ schedule: cosine({ updates: 1000, warmup: 4 }) });
    const rates: number[] = [];
    for await (const { learningRate, updates } of trainer.fit(sequences, { every: 1 })) {
      if (updates === 1) trainer.learningRate = 0.1;
      rates.push(learningRate);
      if (updates === 3) break;
    }
    expect(rates).toEqual([0.01 / 4, (0.1 * 2) / 4, (0.1 * 3) / 4]);
  });

  test("is saved: what is resumed goes on bit for bit", async () => {
    const whole = fresh();
    await whole.fit(sequences);
    whole.learningRate = 0.003;
    const resumed = resumeTrainer(whole.save());
    expect(resumed.learningRate).toBe(0.003);
    await Promise.all([whole.fit(sequences), resumed.fit(sequences)]);
    expect(resumed.save()).toEqual(whole.save());
  });

  test("is checked, and a wrong one changes nothing", () => {
    const trainer = fresh();
    for (const [wrong, kind] of [
      [0, RangeError],
      [-1, RangeError],
      [NaN, RangeError],
      [2e6, RangeError],
      ["0.1", TypeError],
      [undefined, TypeError],
    ] as const) {
      const attempt = () => {
        trainer.learningRate = wrong as never;
      };
      expect(attempt).toThrow(kind);
      expect(attempt).toThrow(/^"learningRate" expected a positive number up to 1000000, got /);
    }
    expect(trainer.learningRate).toBe(0.01);
  });

  test.each([
    ["memcell/parallel", () => opened(createParallel(model(), { ...options, threads: 1 }))],
    ["memcell/worker", () => opened(createWorker(model(), options))],
  ])("of %s is that of a trainer on this thread", async (_, make) => {
    const [here, there] = [fresh(), make()];
    for (const trainer of [here, there]) {
      for await (const { updates } of trainer.fit(sequences, { every: 1, epochs: 2 })) if (updates === 2) trainer.learningRate = 0.1;
      trainer.learningRate = 0.2;
      await trainer.step(sequences.slice(0, 3));
      expect([trainer.learningRate, trainer.options.optimizer.learningRate]).toEqual([0.2, 0.2]);
    }
    expect(await there.save()).toEqual(here.save());
    expect(() => {
      there.learningRate = 0;
    }).toThrow('"learningRate" expected a positive number');
    expect(there.learningRate).toBe(0.2);
  });
});

describe("what is resumed may change", () => {
  const saved = async (changes: Partial<TrainerOptions> = {}) => {
    const trainer = fresh(changes);
    await trainer.fit(sequences);
    return trainer.save();
  };
  const midway = async (changes: Partial<TrainerOptions> = {}) => {
    const trainer = fresh(changes);
    for await (const { updates } of trainer.fit(sequences, { every: 1 })) if (updates === 2) break;
    return trainer.save();
  };

  test.each<[string, ResumeOptions]>([
    ["the optimizer's options", { optimizer: adam({ learningRate: 0.02, beta1: 0.8, weightDecay: 0.1 }) }],
    ["clipping", { clipNorm: 0.01, clipValue: 0.1 }],
    ["a schedule", { schedule: cosine({ updates: 10 }) }],
    ["to plateau", { schedule: plateau({ patience: 0 }) }],
    ["the window, and with it the stride", { window: 3 }],
    ["the stride", { stride: 2 }],
    ["the batch", { batch: 7 }],
    ["accumulation", { accumulate: 2 }],
    ["nothing", { batch: 4, window: 4, optimizer: adam({ learningRate: 0.01 }) }],
  ])("%s", async (_, changes) => {
    const bytes = await saved();
    const [plain, changed] = [resumeTrainer(bytes), resumeTrainer(bytes, changes)];
    const { seed, shuffle, ...rest } = fresh({ ...options, ...changes }).options;
    expect(changed.options).toMatchObject(rest);
    expect(weights(changed)).toEqual(weights(plain));
    const bytesBefore = changed.save();
    for (const trainer of [plain, changed]) await trainer.fit(sequences);
    expect(weights(changed).every(Number.isFinite)).toBe(true);
    if (_ === "nothing") expect(changed.save()).toEqual(plain.save());
    else if (_ !== "to plateau") expect(weights(changed)).not.toEqual(weights(plain));
    // Saved again, the change is part of it.
    const again = resumeTrainer(bytesBefore);
    await again.fit(sequences);
    expect(again.save()).toEqual(changed.save());
  });

  test("moments stay: a resumed rate is a rate that was set", async () => {
    const bytes = await saved();
    const [given, set] = [resumeTrainer(bytes, { optimizer: adam({ learningRate: 0.05 }) }), resumeTrainer(bytes)];
    set.learningRate = 0.05;
    for (const trainer of [given, set]) await trainer.fit(sequences);
    expect(given.save()).toEqual(set.save());
  });

  test("in the middle of an epoch what has no place in it; the rest is refused", async () => {
    const bytes = await midway();
    const resumed = resumeTrainer(bytes, { optimizer: adam({ learningRate: 0.1 }), clipNorm: 0.1, batch: 4 });
    expect(await resumed.fit(sequences)).toMatchObject({ epoch: 1, end: true, learningRate: 0.1 });
    for (const [key, value] of Object.entries({ window: 5, stride: 2, batch: 5, accumulate: 2 }))
      expect(() => resumeTrainer(bytes, { [key]: value })).toThrow(
        new RegExp(`^"${key}" expected \\d, as an epoch or update is under way, .*rewind.*, got ${value}$`),
      );
    const pending = fresh({ accumulate: 3 });
    pending.step(sequences);
    expect(() => resumeTrainer(pending.save(), { accumulate: 2 })).toThrow('"accumulate" expected 3, as an epoch or update is under way');
  });

  test.each<[string, typeof TypeError | typeof RangeError, string, unknown]>([
    [
      "another optimizer",
      RangeError,
      '"optimizer" expected adam, whose moments the file has, got "sgd"',
      { optimizer: sgd({ learningRate: 1 }) },
    ],
    ["its like", RangeError, '"optimizer" expected adam, whose moments the file has, got "adamw"', { optimizer: adamw() }],
    ["a wrong rate", RangeError, '"optimizer.learningRate" expected a positive number', { optimizer: adam({ learningRate: 0 }) }],
    ["a wrong batch", RangeError, '"batch" expected an integer from 1 to 65536, got 0', { batch: 0 }],
    ["no object", TypeError, '"options" expected an object with optimizer, schedule, clipNorm', 0.01],
    ["a loss", RangeError, '"loss" ', { loss: "mae" }],
    ["a rate alone", RangeError, '"learningRate" is not an option; the options are optimizer, schedule', { learningRate: 0.1 }],
    ["a stride beyond the window", RangeError, '"stride" expected an integer from 1 to 4, got 5', { stride: 5 }],
  ])("not %s", async (_, kind, message, wrong) => {
    const bytes = await saved();
    for (const resume of [resumeTrainer, resumeParallel, resumeWorker]) {
      expect(() => resume(bytes, wrong as never)).toThrow(kind);
      expect(() => resume(bytes, wrong as never)).toThrow(message);
    }
  });

  test("with threads and in a worker as here", async () => {
    const bytes = await saved();
    const changes = { optimizer: adam({ learningRate: 0.03 }), batch: 3, window: 6, clipNorm: 0.5 };
    const here = resumeTrainer(bytes, changes);
    const others = [resumeParallel(bytes, { ...changes, threads: 1 }), resumeWorker(bytes, changes)].map(opened);
    for (const trainer of [here, ...others]) await trainer.fit(sequences, { epochs: 2 });
    for (const trainer of others) {
      expect(trainer.options).toEqual(here.options);
      expect(await trainer.save()).toEqual(here.save());
    }
  });

  test("an online learner's, too", () => {
    const learner = createOnlineLearner(createModel({ input: { features: 1 }, layers: [rnn({ units: 3 }), dense({ units: 1 })] }), {
      loss: "mse",
      optimizer: sgd({ learningRate: 0.1 }),
      accumulate: 2,
    });
    for (const value of [0.1, 0.2, 0.3, 0.4]) learner.step(value, value);
    const bytes = learner.save();
    const changed = resumeOnlineLearner(bytes, { optimizer: sgd({ learningRate: 0.01 }), clipNorm: 1, accumulate: 1 });
    expect(changed.options).toMatchObject({ optimizer: { learningRate: 0.01 }, clipNorm: 1, accumulate: 1 });
    const [a, b] = [changed, resumeOnlineLearner(bytes)];
    for (const each of [a, b]) each.step(0.5, 0.5);
    expect([a.updates, b.updates]).toEqual([3, 2]);
    expect(() => resumeOnlineLearner(bytes, { batch: 2 } as never)).toThrow(
      '"batch" is not an option; the options are optimizer, schedule, clipNorm, clipValue, accumulate, module, kernels',
    );
    expect(() => resumeOnlineLearner(bytes, { optimizer: adam() })).toThrow('"optimizer" expected sgd');
    expect(() => resumeOnlineLearner(b.save(), { accumulate: 1 })).toThrow('"accumulate" expected 2, as an epoch or update is under way');
  });
});
