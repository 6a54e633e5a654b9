/** The order in which `fit` takes sequences, and the rows of a batch that they fill. */

import { describe, expect, test } from "vitest";
import {
  adam,
  createModel,
  createTrainer,
  dense,
  lstm,
  readSafetensors,
  resumeTrainer,
  type Sequence,
  type Trainer,
  type TrainerOptions,
  writeSafetensors,
} from "../../src/index.js";
import { arrayData } from "../../src/training/source.js";
import { collect, fresh, sequences } from "../helpers/fitting.js";

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

  test("each epoch has an order of its own, and each seed", () => {
    const inputs = new Float32Array(1);
    const list = Array.from({ length: 20 }, (_, length) => ({ inputs, goals: [], length }));
    const order = (seed: number | null, epoch: number) => {
      const source = arrayData(list, seed).open(epoch);
      return list.map(() => (source.next() as { length: number }).length);
    };
    expect(order(null, 3)).toEqual(list.map(({ length }) => length));
    const orders = [order(1, 1), order(1, 2), order(2, 1)];
    expect(new Set(orders.map(String)).size).toBe(3);
    for (const one of orders) expect([...one].sort((a, b) => a - b)).toEqual(order(null, 1));
  });

  test("an iterator is told when no more is wanted, and one that never comes does not hold up the signal", async () => {
    let closed = 0;
    const source = {
      *[Symbol.iterator]() {
        try {
          yield* sequences;
        } finally {
          closed++;
        }
      },
    };
    for await (const report of fresh().fit(source, { every: 1 })) if (report.updates === 2) break;
    expect(closed).toBe(1);
    await expect(collect(fresh().fit(source, { signal: AbortSignal.abort() }))).rejects.toThrow();
    // By hand, to see every call: n next, R return. A signal keeps no listener.
    let calls = "";
    const bare = (fail?: "next" | "return") => ({
      [Symbol.iterator]: () => {
        const all = sequences.slice(0, 3).values();
        return {
          next() {
            calls += "n";
            if (fail === "next" && calls === "nn") throw new Error("next failed");
            return all.next();
          },
          return() {
            calls += "R";
            if (fail === "return") throw new Error("return failed");
            return { done: true as const, value: undefined };
          },
        };
      },
    });
    const { signal } = new AbortController();
    let listening = 0;
    signal.addEventListener = (...added: unknown[]) => {
      listening++;
      AbortSignal.prototype.addEventListener.apply(signal, added as never);
    };
    signal.removeEventListener = (...removed: unknown[]) => {
      listening--;
      AbortSignal.prototype.removeEventListener.apply(signal, removed as never);
    };
    await collect(fresh({ batch: 2 }).fit(bare("return"), { signal }));
    expect(calls).toBe("nnnn");
    calls = "";
    for await (const _ of fresh({ batch: 2 }).fit(bare("return"), { every: 1, signal })) break;
    // The first row to end has taken the third sequence before the report.
    expect(calls).toBe("nnnR");
    calls = "";
    await expect(collect(fresh({ batch: 2 }).fit(bare("next"), { signal }))).rejects.toThrow("next failed");
    expect(calls).toBe("nn");
    expect(listening).toBe(0);
    const waiting = {
      async *[Symbol.asyncIterator]() {
        yield sequences[0]!;
        await new Promise(() => {});
      },
    };
    await expect(collect(fresh().fit(waiting, { signal: AbortSignal.timeout(50) }))).rejects.toMatchObject({ name: "TimeoutError" });
  });

  test("what was checked is what is learned: arrays may be changed or used again", async () => {
    const buffer = new Float32Array(8);
    const reusing = {
      *[Symbol.iterator]() {
        for (let n = 0; n < 6; n++) yield { inputs: buffer.fill(n), targets: Float32Array.from(buffer) };
      },
    };
    const copies = Array.from({ length: 6 }, (_, n) => ({ inputs: new Float32Array(8).fill(n), targets: new Float32Array(8).fill(n) }));
    const [a, b] = await Promise.all([reusing, copies].map((data) => collect(fresh({ shuffle: false, batch: 3 }).fit(data))));
    expect(a!.at(-1)!.loss).toBe(b!.at(-1)!.loss);
    const tokens = createModel({ input: { tokens: 5 }, layers: [lstm({ units: 3 }), dense({ units: 5 })] });
    const [inputs, targets] = [new Int32Array(40), new Int32Array(40)];
    const trainer = createTrainer(tokens, { loss: "crossEntropy", optimizer: adam(), window: 5 });
    for await (const _ of trainer.fit([{ inputs, targets }], { every: 1 })) inputs.fill(5e8);
    expect(Object.values(tokens.parameters()).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });

  test("iterables and async iterables are taken as they come, once an epoch", async () => {
    async function* later() {
      for (const sequence of sequences) {
        await new Promise((resolve) => setTimeout(resolve));
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

describe("rows", () => {
  const even = Array.from({ length: 33 }, (_, n) => ({
    inputs: Array.from({ length: 24 }, (_, i) => Math.sin(n + i)),
    targets: Array.from({ length: 24 }, (_, i) => Math.cos(n * i)),
  }));
  const iterable = { [Symbol.iterator]: () => even.values() };
  const rowsOf = (trainer: Trainer) => JSON.parse(readSafetensors(trainer.save()).metadata.memcell!).counters.progress.rows.length;

  test.each([
    [33, 32, 17],
    [32, 32, 32],
    [5, 32, 5],
    [13, 4, 4],
    [31, 30, 16],
    [9, 2, 2],
    [9, 1, 1],
  ])("of %d sequences and a batch of %d: %d, in as many updates as batches need", async (count, batch, rows) => {
    const trainer = fresh({ batch, shuffle: false });
    const run = trainer.fit(even.slice(0, count), { every: 1 });
    await run.next();
    expect(rowsOf(trainer)).toBe(rows);
    for await (const _ of run);
    expect(trainer.updates).toBe(2 * Math.ceil(count / batch));
  });

  test("an interrupted epoch goes on with the rows that it had: as checkpoints of 0.1 have them, and iterables", async () => {
    const whole = fresh({ batch: 32, shuffle: false });
    await collect(whole.fit(iterable));
    const trainer = fresh({ batch: 32, shuffle: false });
    for await (const _ of trainer.fit(iterable, { every: 1 })) break;
    expect(rowsOf(trainer)).toBe(32);
    const { tensors, metadata } = readSafetensors(trainer.save());
    const { counters, ...rest } = JSON.parse(metadata.memcell!);
    Object.assign(counters.progress, { sequences: 33, totalSteps: 33 * 12 });
    const resumed = resumeTrainer(writeSafetensors({ tensors, metadata: { memcell: JSON.stringify({ ...rest, counters }) } }));
    await collect(resumed.fit(even));
    expect(resumed.model.parameters()).toEqual(whole.model.parameters());
  });
});
