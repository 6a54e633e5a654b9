import { describe, expect, test } from "vitest";
import type { Report, Sequence, TrainerOptions } from "../src/index.js";
import {
  adam,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  dropout,
  embedding,
  loadModel,
  lstm,
  resumeTrainer,
  sgd,
} from "../src/index.js";
import { asSequences, type Case, examples } from "./cases.js";

const entry: Case = {
  name: "",
  model: {
    input: { features: 2 },
    layers: [lstm({ units: 7 }), dropout({ rate: 0.3 }), lstm({ units: 5 }), dense({ units: 2 })],
    output: "every",
  },
  loss: "mse",
  lengths: [12, 3, 25, 8, 17, 30, 5, 9, 21, 14, 6, 11, 2],
};
const sequences = asSequences(examples(entry));
const options: TrainerOptions = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, window: 6, batch: 4, seed: 5 };
const fresh = (changes: Partial<TrainerOptions> = {}) =>
  createTrainer(createModel({ ...entry.model, seed: 2 }), { ...options, ...changes });
const collect = async (reports: AsyncIterable<Report>) => {
  const all: Report[] = [];
  for await (const report of reports) all.push(report);
  return all;
};
const steps = sequences.reduce((sum, { inputs }) => sum + inputs.length, 0);

describe("reports", () => {
  test("come at each epoch's end, with the loss on validation data", async () => {
    const trainer = fresh();
    const reports = await collect(trainer.fit(sequences, { epochs: 3, validation: sequences.slice(0, 2) }));
    expect(reports.map(({ epoch, end }) => [epoch, end])).toEqual([1, 2, 3].map((epoch) => [epoch, true]));
    expect(reports.every((report) => report.steps === steps && report.totalSteps === steps)).toBe(true);
    expect(reports[2]!.loss).toBeLessThan(reports[0]!.loss);
    expect(reports[2]!.validationLoss).toBe(trainer.evaluate(sequences.slice(0, 2)).loss);
    expect(trainer.epochs).toBe(3);
    expect(reports[2]!.updates).toBe(trainer.updates);
  });

  test("come every so many updates on request, and add up", async () => {
    const reports = await collect(fresh().fit(sequences, { epochs: 2, every: 2 }));
    const within = reports.filter(({ epoch, end }) => epoch === 1 && !end);
    expect(within.length).toBeGreaterThan(3);
    expect(within.every(({ updates }) => updates % 2 === 0)).toBe(true);
    expect(within.map((report) => report.steps)).toEqual(within.map((report) => report.steps).sort((a, b) => a - b));
    expect(reports.at(-1)!.end).toBe(true);
  });
});

describe("order", () => {
  test("the same seed gives the same bits; another seed, or no shuffling, does not", async () => {
    const weights = async (changes: Partial<TrainerOptions>) => {
      const trainer = fresh(changes);
      await collect(trainer.fit(sequences, { epochs: 2 }));
      return [...trainer.model.save()].join();
    };
    const first = await weights({});
    expect(await weights({})).toBe(first);
    expect(await weights({ seed: 6 })).not.toBe(first);
    expect(await weights({ shuffle: false })).not.toBe(first);
  });

  test("iterables and async iterables are taken as they come, once an epoch", async () => {
    async function* later() {
      for (const sequence of sequences) {
        await new Promise((resolve) => setImmediate(resolve));
        yield sequence;
      }
    }
    const sources = [
      sequences,
      {
        *[Symbol.iterator]() {
          yield* sequences;
        },
      },
      { [Symbol.asyncIterator]: later },
    ];
    const runs = await Promise.all(
      sources.map(async (source) => {
        const trainer = fresh({ shuffle: false });
        const reports = await collect(trainer.fit(source as Iterable<Sequence>, { epochs: 2 }));
        return [reports.map(({ loss }) => loss), [...trainer.model.save()].join()];
      }),
    );
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    const exhausted = fresh().fit(sequences.values(), { epochs: 2 });
    await expect(collect(exhausted)).rejects.toThrow('"sequences" gave no sequence in epoch 2');
  });
});

describe("stopping", () => {
  test("the signal stops before the next update, with its reason; the epoch is then finished by the next fit", async () => {
    const whole = fresh();
    const expected = await collect(whole.fit(sequences, { epochs: 2 }));
    const trainer = fresh();
    const controller = new AbortController();
    const stopped = (async () => {
      for await (const report of trainer.fit(sequences, { epochs: 2, every: 1, signal: controller.signal })) {
        if (report.updates === 5) controller.abort(new Error("enough"));
      }
    })();
    await expect(stopped).rejects.toThrow("enough");
    expect(trainer.updates).toBe(5);
    const rest = await collect(trainer.fit(sequences, { epochs: 2 }));
    expect(rest).toEqual(expected);
    expect(trainer.model.save()).toEqual(whole.model.save());
  });

  test("leaving the loop is the same as the signal; rewind drops the epoch", async () => {
    const trainer = fresh();
    for await (const report of trainer.fit(sequences, { every: 1 })) if (report.updates === 3) break;
    expect(() => trainer.step(sequences)).toThrow("interrupted");
    expect(() => trainer.fit(sequences.slice(1))).toThrow(/are not those of the epoch that was interrupted.*trainer.rewind\(\)/);
    trainer.rewind().step(sequences);
    const [report] = await collect(trainer.fit(sequences.slice(1)));
    expect(report!.steps).toBe(steps - sequences[0]!.inputs.length);
  });

  test("a signal that has fired already: no update", async () => {
    const trainer = fresh();
    const before = trainer.model.save();
    await expect(collect(trainer.fit(sequences, { signal: AbortSignal.abort() }))).rejects.toThrow("aborted");
    expect(trainer.model.save()).toEqual(before);
  });

  test("one fit at a time", async () => {
    const trainer = fresh();
    const first = trainer.fit(sequences, { every: 1 });
    await first.next();
    await expect(trainer.fit(sequences).next()).rejects.toThrow("fit cannot run while the trainer's fit is under way");
    expect(() => trainer.step(sequences)).toThrow("step cannot run while");
    await first.return();
    await collect(trainer.rewind().fit(sequences));
  });
});

test("the event loop runs during fit", async () => {
  const long = Array.from({ length: 8 }, () => ({ inputs: new Float32Array(2 * 20_000), targets: new Float32Array(2 * 20_000) }));
  const trainer = fresh({ window: 16 });
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const began = performance.now();
  await collect(trainer.fit(long));
  clearInterval(timer);
  // At least one turn for each 200 ms: the promise is 50, machines are busy.
  expect(turns).toBeGreaterThan((performance.now() - began) / 200);
});

test("a loss that stops being finite stops the fit before the update, and says where", async () => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e30 }) });
  const data = [{ inputs: [1, 2, 3], targets: [4, 5, 6] }];
  trainer.step(data);
  const before = model.parameters();
  expect(() => trainer.step(data)).toThrow(/is no longer finite in update 2: the parameters are those of the update before/);
  expect(model.parameters()).toEqual(before);
  expect(trainer.updates).toBe(1);
  await expect(collect(trainer.fit(data))).rejects.toThrow(RangeError);
  expect(model.parameters()).toEqual(before);
});

describe("saving and resuming", () => {
  const cases: [string, Partial<TrainerOptions>, number][] = [
    ["in the middle of an epoch, rows under way, dropout, Adam", {}, 7],
    ["in the middle, sgd with momentum, infinite window", { optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }), window: Infinity }, 2],
    ["in the middle, eight lanes", { batch: 9 }, 4],
    ["at an epoch's end", {}, 0],
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

test("padding stays exactly zero through training", async () => {
  const trainer = fresh({ batch: 3 });
  await collect(trainer.fit(sequences, { epochs: 3 }));
  const { Model } = await import("../src/model.js");
  const { layout, memory, params } = Model.engine("model", trainer.model);
  const used = new Set<number>();
  for (const { shape, at } of layout.parameters) {
    for (let row = 0; row < shape[0]!; row++) for (let column = 0; column < (shape[1] ?? 1); column++) used.add(at(row, column));
  }
  const all = memory.f32.subarray(params / 4, (params + layout.params.bytes) / 4);
  const padding = all.filter((_, i) => !used.has(i));
  expect(padding.length).toBeGreaterThan(400);
  expect(padding.every((value) => value === 0)).toBe(true);
});
