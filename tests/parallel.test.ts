/** Several threads against one: the same numbers, for every layer; what happens where a thread dies, or there are none. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import threads from "node:worker_threads";
// The package as users get it: its workers are files of the bundle.
import {
  adam,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  dropout,
  loadModel,
  lstm,
  type Model,
  mse,
  resumeTrainer,
  type Sequence,
  sgd,
  type TrainerOptions,
} from "memcell";
import { createTrainer as createParallel, createPredictor, resumeTrainer as resumeParallel } from "memcell/parallel";
import { afterAll, describe, expect, test, vi } from "vitest";
import { STEADY } from "./helpers/agreement.js";
import { asSequences, asTensors, examples, numbers, randomParameters, relativeError } from "./helpers/cases.js";
import { RELAXED } from "./helpers/relaxed.js";

/** Every worker that was started, to be killed. */
const workers: threads.Worker[] = [];
const { Worker } = threads;
threads.Worker = class extends Worker {
  constructor(...args: ConstructorParameters<typeof Worker>) {
    super(...args);
    workers.push(this);
  }
};
afterAll(() => {
  threads.Worker = Worker;
});

const config = {
  input: { features: 2 },
  layers: [lstm({ units: 6 }), dropout({ rate: 0.2 }), lstm({ units: 5 }), dense({ units: 1 })],
  seed: 3,
};
const options: TrainerOptions = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), clipNorm: 1, window: 5, batch: 24, seed: 4 };

const next = numbers(9);
const sequences: Sequence[] = Array.from({ length: 40 }, (_, i) => {
  const T = 3 + ((i * 7) % 19);
  return { inputs: Array.from({ length: T }, () => [next(), next()]), targets: Array.from({ length: T }, () => next()) };
});

const weights = (model: Model) => Object.values(model.parameters()).flatMap(({ data }) => [...data]);
const last = <T>(list: T[]) => list.at(-1) as T;

describe("several threads compute what one does", () => {
  const cases = STEADY.filter(({ lengths }) => lengths.length > 1);

  test.each(cases.map((entry) => [entry.name, entry] as const))("%s", async (_, entry) => {
    const batch = asSequences(examples(entry));
    const make = () => {
      const model = createModel(entry.model);
      model.setParameters(asTensors(randomParameters(model.parameters())));
      return model;
    };
    const settings = { loss: entry.loss, optimizer: sgd({ learningRate: 1 }) };
    const [one, two] = [createTrainer(make(), settings), createParallel(make(), { ...settings, threads: 2 })];
    const expected = one.gradients(batch);
    const { loss, gradients } = await two.gradients(batch);
    expect(relativeError([loss], [expected.loss])).toBeLessThan(1e-5);
    for (const [name, { data }] of Object.entries(gradients)) {
      expect(relativeError(data, expected.gradients[name]!.data), name).toBeLessThan(1e-5);
    }
    const outputs = one.model.predict(batch);
    (await two.predict(batch)).forEach((y, row) => expect(relativeError(y, outputs[row]!)).toBeLessThan(1e-5));
    two.close();
  });
});

test("one thread gives the bits of the trainer without threads; several give the same bits each time, and much the same numbers", async () => {
  const plain = createTrainer(createModel(config), options);
  for await (const _ of plain.fit(sequences, { epochs: 2 }));
  const run = async (threads: number) => {
    const trainer = createParallel(createModel(config), { ...options, threads });
    for await (const _ of trainer.fit(sequences, { epochs: 2 }));
    trainer.close();
    return trainer.save();
  };
  expect(await run(1)).toEqual(plain.save());
  for (const threads of [2, 3]) expect(await run(threads)).toEqual(await run(threads));

  // Without dropout, whose masks every thread draws for itself.
  const layers = config.layers.filter(({ type }) => type !== "dropout");
  const [one, three] = [createModel({ ...config, layers }), createModel({ ...config, layers })];
  for await (const _ of createTrainer(one, options).fit(sequences, { epochs: 2 }));
  const trainer = createParallel(three, { ...options, threads: 3 });
  const losses: number[] = [];
  for await (const { validationLoss } of trainer.fit(sequences, { epochs: 2, validation: sequences })) losses.push(validationLoss!);
  expect(relativeError(weights(three), weights(one))).toBeLessThan(1e-4);
  expect(relativeError([last(losses)], [one.evaluate(sequences, { loss: "mse" }).loss])).toBeLessThan(1e-5);
  trainer.close();
});

test("averaged parameters are what several threads validate", async () => {
  const trainer = createParallel(createModel(config), { ...options, average: 0.9, threads: 2 });
  const mean = createModel(config);
  for await (const { validationLoss } of trainer.fit(sequences, { epochs: 2, validation: sequences })) {
    mean.setParameters(trainer.averaged());
    expect(relativeError([validationLoss], [mean.evaluate(sequences, { loss: "mse" }).loss])).toBeLessThan(1e-5);
    expect(relativeError([validationLoss], [trainer.model.evaluate(sequences, { loss: "mse" }).loss])).toBeGreaterThan(1e-3);
  }
  trainer.close();
});

test("the kernels for relaxed SIMD stay what they are on several threads", async () => {
  const layers = config.layers.filter(({ type }) => type !== "dropout");
  const [plain, relaxed] = [createModel({ ...config, layers }), createModel({ ...config, layers }, RELAXED)];
  for await (const _ of createTrainer(plain, options).fit(sequences));
  const trainer = createParallel(relaxed, { ...options, threads: 2 });
  for await (const _ of trainer.fit(sequences));
  expect(relaxed.engine.kernels).toBe("relaxed");
  expect(relativeError(weights(relaxed), weights(plain))).toBeLessThan(1e-4);
  trainer.close();
});

test("threads draw different masks", async () => {
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 8 }), dropout({ rate: 0.5 }), dense({ units: 1 })] });
  const row = { inputs: [1, 2, 3], targets: [1, 0, 1] };
  const trainer = createParallel(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }), threads: 2 });
  const { gradients } = await trainer.gradients([row, row]);
  const [first, both] = [createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }) }).gradients([row]), gradients];
  expect(relativeError(both["dense.weight"]!.data, first.gradients["dense.weight"]!.data)).toBeGreaterThan(1e-3);
  trainer.close();
});

test("a run that is interrupted in the middle of an epoch goes on to the bit, and the other kind of trainer takes its file", async () => {
  const whole = createParallel(createModel(config), { ...options, threads: 2 });
  for await (const _ of whole.fit(sequences, { epochs: 3 }));
  const first = createParallel(createModel(config), { ...options, threads: 2 });
  let reports = 0;
  for await (const { end } of first.fit(sequences, { epochs: 3, every: 1 })) if (!end && ++reports === 4) break;
  const second = resumeParallel(first.save(), { threads: 2 });
  expect(second.threads).toBe(2);
  for await (const _ of second.fit(sequences, { epochs: 3 }));
  expect(second.save()).toEqual(whole.save());
  const third = resumeTrainer(first.save());
  for await (const _ of third.fit(sequences, { epochs: 3 }));
  expect(third.updates).toBe(whole.updates);
  for (const trainer of [whole, first, second]) trainer.close();
});

test("what the model had before goes on: streams, trainers, their state", async () => {
  const [model, same] = [createModel(config), createModel(config)];
  const before = { stream: model.stream(), trainer: createTrainer(model, options) };
  const expected = { stream: same.stream(), trainer: createTrainer(same, options) };
  const batch = sequences.slice(0, 3);
  for (const { stream, trainer } of [before, expected]) {
    stream.step([0.1, 0.2]);
    trainer.step(batch);
  }
  const predictor = createPredictor(model, { threads: 2 });
  expect(before.stream.step([0.3, 0.4])).toEqual(expected.stream.step([0.3, 0.4]));
  expect(before.trainer.step(batch, { carry: true })).toBe(expected.trainer.step(batch, { carry: true }));
  expect(model.save()).toEqual(same.save());
  expect(await predictor.predict(sequences)).toEqual(same.predict(sequences));
  expect(await predictor.predict([])).toEqual([]);
  const loss = { loss: "mse", metrics: ["rmse"] } as const;
  const [a, b] = [await predictor.evaluate(sequences, loss), same.evaluate(sequences, loss)];
  expect(relativeError([a.loss, a.rmse], [b.loss, b.rmse])).toBeLessThan(1e-6);
  predictor.close();
});

test("carried rows, batches of other sizes, growing memory", async () => {
  const layers = config.layers.filter(({ type }) => type !== "dropout");
  const [one, two] = [createModel({ ...config, layers }), createModel({ ...config, layers })];
  const [plain, parallel] = [createTrainer(one, options), createParallel(two, { ...options, threads: 2 })];
  for (const rows of [1, 2, 9, 40, 3]) {
    for (const carry of [false, true, true]) {
      const batch = sequences.slice(0, rows);
      expect(relativeError([await parallel.step(batch, { carry })], [plain.step(batch, { carry })])).toBeLessThan(1e-4);
    }
  }
  // Long windows: the memory must grow while the workers know it.
  const long = Array.from({ length: 16 }, () => ({ inputs: Float32Array.from({ length: 8000 }, next), targets: new Float32Array(4000) }));
  expect(relativeError([await parallel.step(long)], [plain.step(long)])).toBeLessThan(1e-3);
  parallel.close();
});

describe("stopping", () => {
  test("an abort in mid-epoch leaves the last finished update, and the next fit goes on", async () => {
    const controller = new AbortController();
    const trainer = createParallel(createModel(config), { ...options, threads: 2 });
    const seen: number[][] = [];
    await expect(async () => {
      for await (const { updates } of trainer.fit(sequences, { every: 1, signal: controller.signal })) {
        seen.push(weights(trainer.model));
        if (updates === 3) queueMicrotask(() => controller.abort(new Error("enough")));
      }
    }).rejects.toThrow("enough");
    const plain = createParallel(createModel(config), { ...options, threads: 2 });
    for await (const { updates } of plain.fit(sequences, { every: 1 })) if (updates === trainer.updates) break;
    expect(weights(trainer.model)).toEqual(weights(plain.model));
    for await (const _ of trainer.fit(sequences));
    for await (const _ of plain.fit(sequences));
    expect(trainer.save()).toEqual(plain.save());
    trainer.close();
    plain.close();
  });

  const kill = (worker: threads.Worker) => void worker.terminate();
  /** From a file of the user's own, as a server that is bundled has it. */
  const worker = () => new threads.Worker(new URL("../dist/parallel-worker.js", import.meta.url));

  test.each([
    ["that is killed", kill, "ended with code", {}],
    ["of the user's own that is killed", kill, "ended with code", { worker }],
    ["that throws", (worker: threads.Worker) => worker.postMessage({ type: "run", id: -1, T: 1 }), "forward", {}],
  ])("a worker %s makes the fit fail with its error; the model keeps the last finished update", async (_, harm, message, where) => {
    const trainer = createParallel(createModel(config), { ...options, ...where, threads: 3 });
    const before = workers.length;
    let good: number[] = [];
    await expect(async () => {
      for await (const { updates } of trainer.fit(sequences, { epochs: 50, every: 1 })) {
        good = weights(trainer.model);
        if (updates === 2) harm(last(workers));
      }
    }).rejects.toThrow(message);
    expect(workers.length).toBe(before + 2);
    expect(weights(trainer.model)).toEqual(good);
    expect(loadModel(trainer.save()).save()).toEqual(trainer.model.save());
    await expect(trainer.step(sequences.slice(0, 3))).rejects.toThrow(/interrupted|ended|forward/);
    trainer.model.setParameters({});
    trainer.close();
  });

  test("threads end with the trainer, whether it is closed or dropped; then it refuses to work", async () => {
    const ended = (list: threads.Worker[]) => Promise.all(list.map((worker) => new Promise((resolve) => worker.once("exit", resolve))));
    let from = workers.length;
    const trainer = createParallel(createModel(config), { ...options, threads: 3 });
    await trainer.step(sequences.slice(0, 9));
    const closed = ended(workers.slice(from));
    trainer.close();
    expect((await closed).length).toBe(2);
    await expect(trainer.step(sequences.slice(0, 9))).rejects.toThrow("the pool of threads is closed");
    await expect(trainer.predict(sequences)).rejects.toThrow("the pool of threads is closed");

    from = workers.length;
    await (async () => createParallel(createModel(config), { ...options, threads: 2 }).step(sequences.slice(0, 9)))();
    let gone = false;
    const dropped = ended(workers.slice(from)).then(() => (gone = true));
    for (let round = 0; round < 200 && !gone; round++) {
      gc!();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(gone).toBe(true);
    await dropped;
  });

  test("what would disturb an update under way is refused, and the update goes on", async () => {
    const model = createModel(config);
    const trainer = createParallel(model, { ...options, threads: 2 });
    const [batch, plain] = [sequences.slice(0, 9), createTrainer(model, options)];
    const before = model.parameters();
    const first = trainer.step(batch);
    await expect(trainer.step(batch)).rejects.toThrow("step cannot run while an update is under way");
    expect(() => trainer.save()).toThrow("save cannot run while an update is under way");
    await first;
    const second = trainer.step(batch);
    // Microtasks alone: the worker cannot have answered.
    for (let i = 0; i < 10; i++) await Promise.resolve();
    expect(() => model.setParameters(before)).toThrow("while threads work with them");
    expect(() => plain.step(batch)).toThrow("while threads work with them");
    await second;
    model.setParameters(before);
    expect(plain.step(batch)).toBeGreaterThan(0);
    trainer.close();
  });
});

describe("numbers of threads", () => {
  test.each([0, -1, 1.5, 10_000, NaN, "2", null])("%s is refused", (wrong) => {
    const model = createModel(config);
    const kind = typeof wrong === "number" ? RangeError : TypeError;
    for (const attempt of [
      () => createParallel(model, { ...options, threads: wrong as number }),
      () => createPredictor(model, { threads: wrong as number }),
      () => resumeParallel(createTrainer(model, options).save(), { threads: wrong as number }),
    ]) {
      expect(attempt).toThrow('"threads" expected');
      expect(attempt).toThrow(kind);
    }
  });

  test("other options are checked as those of a trainer", () => {
    expect(() => createParallel(createModel(config), undefined as never)).toThrow(TypeError);
    expect(() => createParallel(createModel(config), { ...options, thread: 2 } as never)).toThrow('"thread" is not an option');
    expect(() => createParallel({} as never, options)).toThrow('"model" expected a model');
    expect(() => createPredictor(createModel(config), { threadz: 1 } as never)).toThrow("threadz");
    expect(() => createPredictor(createModel(config), { worker: "thread.js" } as never)).toThrow('"worker" expected a function');
  });
});

describe("in a process of its own", () => {
  const folder = mkdtempSync(join(import.meta.dirname, "..", "build", "parallel-test-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const run = (name: string, code: string) => {
    const file = join(folder, name);
    writeFileSync(
      file,
      `import { createModel, createTrainer as createPlain, dense, lstm, sgd } from "memcell";
const config = { input: { features: 1 }, layers: [lstm({ units: 3 }), dense({ units: 1 })] };
const options = { loss: "mse", optimizer: sgd({ learningRate: 0.1 }) };
const batch = Array.from({ length: 12 }, (_, i) => ({ inputs: [i, 1], targets: [0, 1] }));
${code}`,
    );
    return execFileSync(process.execPath, [file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 60_000 });
  };

  test("without shared memory everything runs on one thread, and the console says so once", () => {
    const output = run(
      "alone.mjs",
      `delete globalThis.SharedArrayBuffer;
let warnings = 0;
console.warn = (text) => (warnings += text.includes("no SharedArrayBuffer"));
const { createTrainer } = await import("memcell/parallel");
const [model, same] = [createModel(config), createModel(config)];
const trainer = createTrainer(model, { ...options, threads: 4 });
createTrainer(createModel(config), { ...options, threads: 4 });
await trainer.step(batch);
createPlain(same, options).step(batch);
console.log(trainer.threads, warnings, Buffer.compare(model.save(), same.save()));`,
    );
    expect(output).toBe("1 1 0\n");
  });

  test("idle threads do not keep it alive", () => {
    const output = run(
      "idle.mjs",
      `import { createTrainer } from "memcell/parallel";
const trainer = createTrainer(createModel(config), { ...options, threads: 3 });
console.log(trainer.threads, (await trainer.step(batch)) > 0);
globalThis.kept = trainer;`,
    );
    expect(output).toBe("3 true\n");
  });
});

test("as many threads as the machine has, if nothing is said", () => {
  const spy = vi.spyOn(console, "warn").mockImplementation(() => {});
  const trainer = createParallel(createModel(config), options);
  expect(trainer.threads).toBeGreaterThanOrEqual(1);
  expect(spy).not.toHaveBeenCalled();
  spy.mockRestore();
});

test("heads: the same losses and outputs by name on two threads", async () => {
  const make = () =>
    createModel({
      input: { features: 2 },
      layers: [lstm({ units: 6 })],
      heads: { a: dense({ units: 2 }), b: dense({ units: 3 }) },
      seed: 5,
    });
  const settings = {
    loss: { a: mse({ reduction: "sum" }), b: crossEntropy({ reduction: "sum" }) },
    lossWeights: { b: 0.5 },
    optimizer: sgd({ learningRate: 0.01 }),
  };
  const data = Array.from({ length: 20 }, (_, i) => ({
    inputs: Array.from({ length: 3 + (i % 4) }, (_, t) => [Math.sin(i + t), t]),
    targets: {
      a: i % 5 === 0 ? null : Array.from({ length: 3 + (i % 4) }, (_, t) => [t, i]),
      b: Array.from({ length: 3 + (i % 4) }, (_, t) => t % 3),
    },
  }));
  const [one, two] = [createTrainer(make(), settings), createParallel(make(), { ...settings, threads: 2 })];
  expect(relativeError([await two.step(data)], [one.step(data)])).toBeLessThan(1e-5);
  const scores = one.evaluate(data, { metrics: { b: ["accuracy"] } });
  expect(await two.evaluate(data, { metrics: { b: ["accuracy"] } })).toEqual({
    loss: expect.closeTo(scores.loss, 3),
    heads: {
      a: { loss: expect.closeTo(scores.heads!.a!.loss, 3) },
      b: { loss: expect.closeTo(scores.heads!.b!.loss, 4), accuracy: scores.heads!.b!.accuracy },
    },
  });
  const [first, again] = [one.model.predict(data)[7]!, (await two.predict(data))[7]!];
  expect(Object.keys(again)).toEqual(["a", "b"]);
  expect(relativeError(again.b, first.b)).toBeLessThan(1e-4);
  two.close();
});
