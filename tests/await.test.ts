/** `fit` awaited instead of iterated: by every trainer, to the end, with the same bits; what its types say. */

// The package as users get it: the workers are files of the bundle.
import { adam, createModel, createTrainer, dense, type Fit, lstm, type Report, type Sequence, type TrainerOptions } from "memcell";
import { createTrainer as createParallel } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";
import { afterAll, describe, expect, test } from "vitest";
import { numbers } from "./helpers/cases.js";

const next = numbers(4);
const sequences: Sequence[] = Array.from({ length: 9 }, (_, i) => ({
  inputs: Array.from({ length: 3 + i }, next),
  targets: Array.from({ length: 3 + i }, next),
}));
const options: TrainerOptions = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), window: 4, batch: 3 };
const model = () => createModel({ input: { features: 1 }, layers: [lstm({ units: 4 }), dense({ units: 1 })], seed: 1 });
const KINDS = {
  memcell: () => createTrainer(model(), options),
  "memcell/parallel": () => createParallel(model(), { ...options, threads: 2 }),
  "memcell/worker": () => createWorker(model(), options),
};
const open: { close(): void }[] = [];
afterAll(() => open.forEach((trainer) => trainer.close()));

describe.each(Object.entries(KINDS))("%s", (_, make) => {
  const fresh = () => {
    const trainer = make();
    if ("close" in trainer) open.push(trainer);
    return trainer;
  };

  test("awaited, it trains to the end and gives the last report", async () => {
    const [iterated, awaited] = [fresh(), fresh()];
    const settings = { epochs: 3, every: 2, validation: sequences.slice(0, 2), metrics: ["rmse"] } as const;
    let last: Report | undefined;
    for await (const report of iterated.fit(sequences, settings)) last = report;
    const run = awaited.fit(sequences, settings);
    expect(await run).toEqual(last);
    // As a promise does, it gives the same again.
    expect(await run).toBe(await run);
    expect(last).toMatchObject({ epoch: 3, end: true, validationLoss: expect.any(Number), metrics: { rmse: expect.any(Number) } });
    expect(await awaited.save()).toEqual(await iterated.save());
  });

  test("nothing happens before, and of no epochs there is no report", async () => {
    const trainer = fresh();
    const before = await trainer.save();
    trainer.fit(sequences);
    expect(() => trainer.fit(sequences, 10 as never)).toThrow('"options" expected an object with epochs');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await trainer.fit(sequences, { epochs: 0 })).toBeUndefined();
    expect(await trainer.save()).toEqual(before);
    // A run that was never begun is in nobody's way.
    expect(await trainer.fit(sequences)).toMatchObject({ epoch: 1 });
  });

  test("errors and the signal's reason reject, and the trainer is free again", async () => {
    const trainer = fresh();
    const failing = {
      *[Symbol.iterator]() {
        yield sequences[0]!;
        throw new Error("no more");
      },
    };
    await expect(trainer.fit(failing)).rejects.toThrow("no more");
    const reason = new Error("enough");
    await expect(trainer.fit(sequences, { signal: AbortSignal.abort(reason) })).rejects.toThrow("enough");
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 20);
    await expect(trainer.fit(sequences, { epochs: Infinity, signal: controller.signal })).rejects.toThrow("enough");
    const { epochs } = trainer;
    expect(await trainer.fit(sequences)).toMatchObject({ epoch: epochs + 1, end: true });
  });

  test("iterated and awaited at once is an error, and what came first goes on", async () => {
    const trainer = fresh();
    const message = "a fit is either iterated or awaited";
    const run = trainer.fit(sequences, { epochs: 2 });
    const seen: number[] = [];
    for await (const { epoch } of run) {
      await expect(run).rejects.toThrow(message);
      seen.push(epoch);
    }
    expect(seen).toEqual([1, 2]);
    await expect(run).rejects.toThrow(message);

    const awaited = trainer.fit(sequences, { epochs: 2 });
    const last = awaited.then(({ epoch }) => epoch);
    await expect(awaited.next()).rejects.toThrow(message);
    expect(await last).toBe(4);
  });

  test("it remains a generator: yield*, return, throw, and a loop that is left", async () => {
    const trainer = fresh();
    async function* wrapped(): AsyncGenerator<Report> {
      yield* trainer.fit(sequences, { epochs: 2 });
    }
    const epochs: number[] = [];
    for await (const { epoch } of wrapped()) epochs.push(epoch);
    expect(epochs).toEqual([1, 2]);

    const run = trainer.fit(sequences, { epochs: 5 });
    expect((await run.next()).value).toMatchObject({ epoch: 3 });
    expect(await run.return()).toEqual({ done: true, value: undefined });
    expect(await run.next()).toEqual({ done: true, value: undefined });
    const thrown = trainer.fit(sequences);
    await thrown.next();
    await expect(thrown.throw(new Error("mine"))).rejects.toThrow("mine");
    for await (const _ of trainer.fit(sequences, { epochs: 5 })) break;
    expect(trainer.epochs).toBe(5);

    // Handed on by an async function, it is awaited.
    const train = async () => trainer.fit(sequences, { epochs: 2 });
    expect(await train()).toMatchObject({ epoch: 7 });
  });
});

test("a run that fails unseen rejects nobody's promise, as nobody asked", async () => {
  const unhandled: unknown[] = [];
  const hear = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", hear);
  const trainer = createTrainer(model(), options);
  trainer.fit(sequences, { signal: AbortSignal.abort(new Error("unseen")) });
  const run = trainer.fit(sequences, { signal: AbortSignal.abort(new Error("seen")) });
  const seen = run.then(undefined, (error) => (error as Error).message);
  expect(await seen).toBe("seen");
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off("unhandledRejection", hear);
  expect(unhandled).toEqual([]);
});

test("types: what validation was asked to measure is there, and nothing else", async () => {
  const validation = sequences.slice(0, 2);
  for (const make of [KINDS.memcell, KINDS["memcell/worker"]] as const) {
    const trainer = make();
    const measured = await trainer.fit(sequences, { validation, metrics: ["rmse", "mae"] });
    const numbers: number[] = [measured.validationLoss, measured.metrics.rmse, measured.metrics.mae];
    expect(numbers.every(Number.isFinite)).toBe(true);
    // @ts-expect-error: it was not asked for
    expect(measured.metrics.accuracy).toBeUndefined();
    const { validationLoss }: { validationLoss: number } = await trainer.fit(sequences, { validation });
    expect(validationLoss).toBeGreaterThan(0);
    // With reports between epochs, which have not been measured, and where settings are not known, they may be missing.
    const mixed: Fit = trainer.fit(sequences, { validation, metrics: ["rmse"], every: 1 });
    const missing: (number | undefined)[] = [];
    for await (const { validationLoss, metrics } of mixed) missing.push(validationLoss, metrics?.rmse);
    expect(missing).toContain(undefined);
    if ("close" in trainer) trainer.close();
  }
});
