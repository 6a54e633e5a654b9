/** Saving and resuming: a trainer goes on to the bit. */

import { describe, expect, test } from "vitest";
import {
  adam,
  cosine,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  embedding,
  loadModel,
  lstm,
  plateau,
  readSafetensors,
  resumeTrainer,
  sgd,
  type TrainerOptions,
} from "../../src/index.js";
import { collect, fresh, sequences } from "../helpers/fitting.js";

describe("saving and resuming", () => {
  const cases: [string, Partial<TrainerOptions>, number][] = [
    ["in the middle of an epoch, rows under way, dropout, Adam", {}, 7],
    ["in the middle, sgd with momentum, infinite window", { optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), window: Infinity }, 2],
    ["in the middle, eight lanes", { batch: 9 }, 4],
    ["at an epoch's end", {}, 0],
    ["in the middle, windows that overlap", { stride: 2 }, 17],
    ["in the middle, windows that overlap, eight lanes", { window: Infinity, stride: 3, batch: 9 }, 5],
    ["with averaged parameters", { average: 0.9 }, 7],
    ["in the middle of a schedule's decay", { schedule: cosine({ updates: 30, warmup: 5 }) }, 9],
    ["in the epoch after a plateau", { schedule: plateau({ threshold: 0.9, patience: 0, factor: 0.5 }) }, 24],
  ];
  test.each(cases)("goes on bit for bit: %s", async (_, changes, stopAt) => {
    const whole = fresh(changes);
    const expected = await collect(whole.fit(sequences, { epochs: 3 }));
    const trainer = fresh(changes);
    if (stopAt === 0) await collect(trainer.fit(sequences));
    else for await (const report of trainer.fit(sequences, { epochs: 3, every: 1 })) if (report.updates === stopAt) break;
    const bytes = trainer.save();
    const resumed = resumeTrainer(bytes);
    expect(resumed.options).toEqual(trainer.options);
    expect(resumed.save()).toEqual(bytes);
    const rest = await collect(resumed.fit(sequences, { epochs: 3 - resumed.epochs }));
    expect(rest).toEqual(expected.slice(resumed.epochs - 3).slice(-rest.length));
    expect(resumed.model.save()).toEqual(whole.model.save());
    expect(resumed.save()).toEqual(whole.save());
    expect(resumed.averaged()).toEqual(whole.averaged());
  });

  test("in the middle of an accumulation", async () => {
    const changes = { accumulate: 3, optimizer: adam({ learningRate: 0.01, weightDecay: 0.1 }), shuffle: false };
    const source = (controller?: AbortController) => ({
      *[Symbol.iterator]() {
        for (const [i, sequence] of sequences.entries()) {
          if (i === 9) controller?.abort();
          yield sequence;
        }
      },
    });
    const whole = fresh(changes);
    const expected = await collect(whole.fit(source(), { epochs: 2 }));
    const trainer = fresh(changes);
    const controller = new AbortController();
    await expect(collect(trainer.fit(source(controller), { epochs: 2, signal: controller.signal }))).rejects.toThrow("aborted");
    const bytes = trainer.save();
    expect(Object.keys(readSafetensors(bytes).tensors)).toContain("gradient.weight_hh_l0");
    const resumed = resumeTrainer(bytes);
    expect(resumed.save()).toEqual(bytes);
    expect(await collect(resumed.fit(source(), { epochs: 2 }))).toEqual(expected);
    expect(resumed.save()).toEqual(whole.save());
    expect(loadModel(bytes).parameters()).toEqual(trainer.model.parameters());
  });

  test("from an iterable, which is run up to where it was", async () => {
    const source = {
      *[Symbol.iterator]() {
        yield* sequences;
      },
    };
    const whole = fresh();
    await collect(whole.fit(source));
    const trainer = fresh();
    for await (const report of trainer.fit(source, { every: 1 })) if (report.updates === 6) break;
    const resumed = resumeTrainer(trainer.save());
    await collect(resumed.fit(source));
    expect(resumed.save()).toEqual(whole.save());
  });

  test("a model loads from a checkpoint; a checkpoint does not from a model", async () => {
    const trainer = fresh();
    for await (const report of trainer.fit(sequences, { every: 1 })) if (report.updates === 2) break;
    const model = loadModel(trainer.save());
    expect(model.predict(sequences)).toEqual(trainer.model.predict(sequences));
    expect(() => resumeTrainer(model.save())).toThrow('"bytes" holds a model, but no trainer');
  });

  test("a model is the same to the bit after save and load, and so is what is trained from it", () => {
    const model = createModel({
      input: { tokens: 6 },
      layers: [embedding({ units: 3 }), lstm({ units: 5 }), dense({ units: 6 })],
      seed: 8,
    });
    const data = [{ inputs: [1, 2, 3, 4], targets: [2, 3, 4, 0] }];
    const again = loadModel(model.save());
    expect(again.config).toEqual(model.config);
    const [a, b] = [model, again].map((m) => createTrainer(m, { loss: crossEntropy({ ignoreIndex: 0 }), optimizer: adam() }));
    expect([a!.step(data), a!.step(data)]).toEqual([b!.step(data), b!.step(data)]);
    expect(again.save()).toEqual(model.save());
  });
});
