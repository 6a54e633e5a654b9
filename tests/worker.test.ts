/** A trainer in a worker against one that is not: the same bits; what the page has, and what goes wrong. */

import threads from "node:worker_threads";
// The package as users get it: its workers are files of the bundle.
import {
  adam,
  createModel,
  createTrainer,
  dense,
  dropout,
  lstm,
  type Model,
  resumeTrainer,
  type Sequence,
  type Series,
  type TrainerOptions,
} from "memcell";
import { createTrainer as createParallel } from "memcell/parallel";
import { createTrainer as createWorker, resumeTrainer as resumeWorker } from "memcell/worker";
import { serve } from "memcell/worker/host";
import { describe, expect, test } from "vitest";
import { numbers } from "./helpers/cases.js";

const config = {
  input: { features: 2 },
  layers: [lstm({ units: 6 }), dropout({ rate: 0.2 }), dense({ units: 1 })],
  scaler: { inputs: { mean: [0.3, -0.1], deviation: [0.7, 1.3] } },
  seed: 3,
};
const options: TrainerOptions = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), window: 5, batch: 8, seed: 4, average: 0.9 };
const next = numbers(9);
const sequences: Sequence<Series>[] = Array.from({ length: 20 }, (_, i) => {
  const T = 3 + ((i * 7) % 19);
  const inputs = Float64Array.from({ length: 2 * T }, next);
  // Nested arrays as well.
  if (i % 3 === 0)
    return { inputs: Array.from({ length: T }, (_, t) => [...inputs.slice(2 * t, 2 * t + 2)]), targets: Array.from({ length: T }, next) };
  return { inputs, targets: Float32Array.from({ length: T }, next), weights: Array.from({ length: T }, (_, t) => t % 2) };
});
const both = () => {
  const trainers = [createTrainer(createModel(config), options), createWorker(createModel(config), options)] as const;
  return { here: trainers[0], there: trainers[1] };
};
const weights = (model: Model) => Object.values(model.parameters()).flatMap(({ data }) => [...data]);

test("everything that a trainer does, to the bit", async () => {
  const { here, there } = both();
  expect(there.options).toEqual(here.options);
  const settings = { epochs: 3, validation: sequences.slice(0, 4), metrics: ["rmse"], patience: 2, every: 2 } as const;
  const [expected, reports]: [unknown[], unknown[]] = [[], []];
  for await (const report of here.fit(sequences, settings)) expected.push([report, weights(here.model)]);
  for await (const report of there.fit(sequences, settings)) reports.push([report, weights(there.model)]);
  expect(reports).toEqual(expected);
  expect([there.updates, there.epochs]).toEqual([here.updates, here.epochs]);

  const batch = sequences.slice(0, 3);
  for (const carry of [false, true]) expect(await there.step(batch, { carry })).toBe(here.step(batch, { carry }));
  expect(there.model.save()).toEqual(here.model.save());
  expect(await there.gradients(batch)).toEqual(here.gradients(batch));
  expect(await there.evaluate(sequences, { metrics: ["mae"] })).toEqual(here.evaluate(sequences, { metrics: ["mae"] }));
  expect(await there.predict(sequences)).toEqual(here.model.predict(sequences));
  expect(await there.averaged()).toEqual(here.averaged());
  const file = await there.save();
  expect(file).toEqual(here.save());
  // What was sent is still whole.
  expect(sequences.every(({ inputs }) => inputs.length > 0)).toBe(true);

  const resumed = { here: resumeTrainer(file), there: resumeWorker(file) };
  for await (const _ of resumed.here.fit(sequences));
  for await (const _ of resumed.there.fit(sequences));
  expect(await resumed.there.save()).toEqual(resumed.here.save());
  there.close();
  resumed.there.close();
});

test.each([
  ["an iterable", () => new Set(sequences)],
  [
    "an async iterable",
    () => ({
      async *[Symbol.asyncIterator]() {
        for (const sequence of sequences) yield sequence;
      },
    }),
  ],
])("%s is iterated here, anew in every epoch", async (_, make) => {
  const { here, there } = both();
  for await (const _ of here.fit(make(), { epochs: 2 }));
  for await (const _ of there.fit(make(), { epochs: 2 }));
  expect(await there.save()).toEqual(here.save());
  there.close();
});

test("a model with heads, to the bit", async () => {
  const make = () => createModel({ ...config, heads: { a: dense({ units: 2 }), b: dense({ units: 3 }) } });
  const given = { ...options, loss: { a: "mse", b: "crossEntropy" } } as const;
  const data = [5, 3].map((n) => ({
    inputs: Float32Array.from({ length: 2 * n }, next),
    targets: { a: Float32Array.from({ length: 2 * n }, next), b: Array.from({ length: n }, (_, t) => t % 3) },
  }));
  const [here, there] = [createTrainer(make(), given), createWorker(make(), given)];
  const settings = { epochs: 2, validation: data, metrics: { b: ["accuracy"] } } as const;
  expect(await there.fit(data, settings)).toEqual(await here.fit(data, settings));
  expect(await there.predict(data, { as: "probabilities" })).toEqual(here.model.predict(data, { as: "probabilities" }));
  expect(there.model.save()).toEqual(here.model.save());
  there.close();
});

test("leaving the loop and aborting in mid-epoch: the next fit goes on, and the model here has the last finished update", async () => {
  const { here, there } = both();
  for (const trainer of [here, there]) {
    let reports = 0;
    for await (const _ of trainer.fit(sequences, { every: 1 })) if (++reports === 3) break;
  }
  expect(weights(there.model)).toEqual(weights(here.model));
  const controller = new AbortController();
  const reason = new Error("enough");
  setTimeout(() => controller.abort(reason), 30);
  await expect(async () => {
    for await (const _ of there.fit(sequences, { epochs: 1e6, signal: controller.signal }));
  }).rejects.toBe(reason);
  const file = await there.save();
  expect(weights(there.model)).toEqual(weights(resumeTrainer(file).model));
  await there.rewind();
  expect(await there.step(sequences.slice(0, 2))).toBeGreaterThan(0);
  there.close();
});

test("with threads the worker trains on several", async () => {
  const parallel = createParallel(createModel(config), { ...options, threads: 2 });
  for await (const _ of parallel.fit(sequences));
  const there = createWorker(createModel(config), { ...options, threads: 2 });
  for await (const _ of there.fit(sequences));
  expect(await there.save()).toEqual(parallel.save());
  parallel.close();
  there.close();
});

describe("what is wrong", () => {
  const fit = async (trainer: ReturnType<typeof createWorker>, data: unknown, settings = {}) => {
    for await (const _ of trainer.fit(data as Sequence[], settings));
  };

  test("options are refused at once, data from the worker with its own words", async () => {
    const model = createModel(config);
    for (const [wrong, message] of [
      [undefined, '"options" expected'],
      [{ ...options, batch: 0 }, '"batch" expected'],
      [{ ...options, threads: 0 }, '"threads" expected'],
      [{ ...options, worker: "file.js" }, '"worker" expected a function'],
      [{ ...options, wrong: 1 }, '"wrong" is not an option'],
    ] as const)
      expect(() => createWorker(model, wrong as never)).toThrow(message);
    expect(() => resumeWorker(model.save())).toThrow("holds a model, but no trainer");
    expect(() => serve({ worker: "thread.js" } as never)).toThrow('"worker" expected a function');
    expect(() => serve({ threads: 2 } as never)).toThrow('"threads" is not an option');

    const { here, there } = both();
    const attempt = async (work: () => unknown) => {
      try {
        return await work();
      } catch (error) {
        return [(error as Error).name, (error as Error).message];
      }
    };
    for (const data of [undefined, 7, [], [{ inputs: [1] }], [{ inputs: [[1, NaN]], targets: [1] }], new Float32Array(3)]) {
      const expected = await attempt(() => here.fit(data as never).next());
      expect(await attempt(() => there.fit(data as never).next())).toEqual(expected);
      expect(expected).toHaveLength(2);
    }
    await expect(fit(there, sequences, { epochs: 1.5 })).rejects.toThrow('"epochs" expected');
    await expect(fit(there, sequences, { signal: 3 })).rejects.toThrow('"signal" expected an AbortSignal');
    await expect(there.step([{ inputs: () => 1 } as never])).rejects.toThrow("could not be cloned");
    expect(await there.step(sequences.slice(0, 2))).toBeGreaterThan(0);
    there.close();
  });

  test("an iterable that throws makes the fit fail with its error", async () => {
    const { there } = both();
    const wrong = {
      *[Symbol.iterator]() {
        yield sequences[0];
        throw new Error("the file ends here");
      },
    };
    await expect(fit(there, wrong)).rejects.toThrow("the file ends here");
    there.close();
  });

  test("a second fit, and what cannot run beside one", async () => {
    const { there } = both();
    const first = there.fit(sequences, { every: 1 });
    await first.next();
    await expect(fit(there, sequences)).rejects.toThrow("fit cannot run while");
    await expect(there.step(sequences.slice(0, 2))).rejects.toThrow("step cannot run while");
    await first.return();
    await fit(there, sequences);
    there.close();
  });

  test("a worker that ends, one that is closed, and one whose file is not there", async () => {
    const started: threads.Worker[] = [];
    const { Worker } = threads;
    threads.Worker = class extends Worker {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        started.push(this);
      }
    };
    const { there } = both();
    threads.Worker = Worker;
    await there.step(sequences.slice(0, 2));
    const pending = fit(there, sequences, { epochs: 1e6 });
    void started[0]!.terminate();
    await expect(pending).rejects.toThrow("a worker of memcell ended");
    await expect(there.save()).rejects.toThrow("a worker of memcell ended");

    const { there: closed } = both();
    const waiting = closed.step(sequences.slice(0, 2));
    closed.close();
    await expect(waiting).rejects.toThrow("the trainer's worker is closed");
    await expect(closed.step(sequences.slice(0, 2))).rejects.toThrow("the trainer's worker is closed");

    // As browsers tell of it: an event without a message.
    const missing = {
      postMessage() {},
      terminate() {},
      onmessage: null,
      onmessageerror: null,
      onerror: null as ((event: unknown) => void) | null,
    };
    const lost = createWorker(createModel(config), { ...options, worker: () => missing as never });
    const step = lost.step(sequences.slice(0, 2));
    missing.onerror!({ type: "error" });
    await expect(step).rejects.toThrow("a worker of memcell cannot be loaded");
  });
});
