import { describe, expect, test } from "vitest";
import { PURPOSE, Random } from "../src/core/random.js";
import type { Report, Sequence, Tensor, Trainer, TrainerOptions } from "../src/index.js";
import {
  adam,
  cosine,
  createModel,
  createTrainer,
  crossEntropy,
  dense,
  dropout,
  embedding,
  loadModel,
  lstm,
  mse,
  plateau,
  readSafetensors,
  resumeTrainer,
  sgd,
  writeSafetensors,
} from "../src/index.js";
import { arrayData } from "../src/training/source.js";
import { asSequences, asTensors, CASES, type Case, examples, randomParameters, relativeError } from "./helpers/cases.js";

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

  test("their losses are means over what came since the last one; an iterable's are an array's", async () => {
    // One row, all windows whole: every update has as many targets.
    const even = [0, 1, 2].map((n) => ({ inputs: [1, 2, 3, 4, 5, 6, 7, 8].map((x) => x / (n + 2)), targets: [1, 2, 3, 4, 5, 6, 7, 8] }));
    const settings = { batch: 1, window: 2, shuffle: false };
    const array = await collect(fresh(settings).fit(even, { every: 1 }));
    const iterable = await collect(
      fresh(settings).fit(
        {
          *[Symbol.iterator]() {
            yield* even;
          },
        },
        { every: 1 },
      ),
    );
    expect(array.map(({ updates, end }) => [updates, end])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, false],
      [5, false],
      [6, true],
    ]);
    expect(iterable.map(({ updates, end }) => [updates, end])).toEqual(array.map(({ updates, end }) => [updates, end]));
    const mean = array.at(-1)!.loss * 6 - array.slice(0, -1).reduce((sum, { loss }) => sum + loss, 0);
    const pairs = await collect(fresh(settings).fit(even, { every: 2 }));
    expect(pairs[0]!.loss).toBeCloseTo((array[0]!.loss + array[1]!.loss) / 2, 12);
    expect(pairs[1]!.loss).toBeCloseTo((array[2]!.loss + array[3]!.loss) / 2, 12);
    expect(mean).toBeGreaterThan(0);
  });
});

describe("accumulation", () => {
  const without = { layers: [lstm({ units: 5 }), dense({ units: 2 })], input: { features: 2 }, seed: 2 };
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.5, weightDecay: 0.1 });

  test.each([{}, { clipNorm: 0.1 }, { clipValue: 0.01 }, { loss: mse({ reduction: "sum" }), clipNorm: 10 }])(
    "three windows are one with all their rows: %o",
    (changes) => {
      const [one, three] = [1, 3].map((accumulate) =>
        createTrainer(createModel(without), { loss: "mse", optimizer, accumulate, ...changes }),
      ) as [Trainer, Trainer];
      const pieces = [sequences.slice(0, 2), sequences.slice(2, 9), sequences.slice(9)];
      for (let update = 1; update <= 3; update++) {
        one.step(sequences);
        for (const piece of pieces) {
          expect(three.updates).toBe(update - 1);
          three.step(piece);
        }
        expect(three.updates).toBe(update);
        const expected = one.model.parameters();
        for (const [name, { data }] of Object.entries(three.model.parameters())) {
          expect(relativeError(data, expected[name]!.data), name).toBeLessThan(1e-5);
        }
      }
    },
  );

  test("an epoch's end makes the update that is due; reports come after updates", async () => {
    const updates = async (accumulate: number, every: number) =>
      (await collect(fresh({ accumulate }).fit(sequences, { epochs: 2, every }))).map((report) => [report.updates, report.end]);
    const windows = (await updates(1, 1)).length / 2;
    const each = Math.ceil(windows / 4);
    expect(windows % 4).toBeGreaterThan(0);
    const expected = Array.from({ length: 2 * each }, (_, i) => [i + 1, (i + 1) % each === 0]);
    expect(await updates(4, 1)).toEqual(expected);
    expect(await updates(4, 2)).toEqual(expected.filter(([n, end]) => end || (n as number) % 2 === 0));
  });

  test("each window has a dropout mask of its own; rewind drops what has not come to an update", () => {
    const trainer = fresh({ accumulate: 2 });
    const [first, second] = [trainer.step(sequences), trainer.gradients(sequences).loss];
    expect(second).not.toBe(first);
    expect(trainer.step(sequences)).toBe(second);
    expect(trainer.updates).toBe(1);
    trainer.step(sequences);
    trainer.rewind().step(sequences);
    expect(trainer.updates).toBe(1);
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

  test("each epoch has an order of its own, and each seed", () => {
    const [inputs, targets, weights] = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];
    const list = Array.from({ length: 20 }, (_, length) => ({ inputs, targets, weights, length }));
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

  test("a report that the signal kept back comes after resuming", async () => {
    const expected = (await collect(fresh().fit(sequences, { every: 2 }))).map(({ updates, loss }) => [updates, loss]);
    const trainer = fresh();
    const controller = new AbortController();
    // Fires while the trainer looks for the next sequence: after an update, before its report.
    let taken = 0;
    const source = (signal: AbortController | null, shuffled: Sequence[]) => ({
      *[Symbol.iterator]() {
        for (const sequence of shuffled) {
          if (++taken === 7) signal?.abort(new Error("stop"));
          yield sequence;
        }
      },
    });
    const order = new Random(5, PURPOSE.shuffle, 1).permutation(sequences.length);
    const shuffled = Array.from(order, (n) => sequences[n]!);
    const got: [number, number][] = [];
    const run = async (signal: AbortController | null, from: typeof trainer) => {
      for await (const { updates, loss } of from.fit(source(signal, shuffled), { every: 2, ...(signal && { signal: signal.signal }) }))
        got.push([updates, loss]);
    };
    await expect(run(controller, trainer)).rejects.toThrow("stop");
    await run(null, resumeTrainer(trainer.save()));
    expect(got).toEqual(expected);
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

describe("averaged parameters", () => {
  const flat = (tensors: Record<string, Tensor>) => Object.values(tensors).flatMap(({ data }) => [...data]);

  test("are the exponential mean of what the updates left, without the initial ones, an update at a time", () => {
    const trainer = fresh({ average: 0.8, accumulate: 2 });
    expect(trainer.averaged()).toEqual(trainer.model.parameters());
    const left: number[][] = [];
    for (let step = 1; step <= 20; step++) {
      trainer.step(sequences);
      if (step % 2 === 0) left.unshift(flat(trainer.model.parameters()));
      if (left.length === 1) expect(trainer.averaged()).toEqual(trainer.model.parameters());
      if (left.length === 0) continue;
      const share = left.map((_, age) => 0.8 ** age);
      const total = share.reduce((a, b) => a + b);
      const mean = left[0]!.map((_, i) => left.reduce((sum, parameters, age) => sum + (share[age]! / total) * parameters[i]!, 0));
      expect(relativeError(flat(trainer.averaged()), mean)).toBeLessThan(1e-6);
    }
    expect(relativeError(flat(trainer.averaged()), left[0]!)).toBeGreaterThan(1e-3);
    const last = fresh();
    last.step(sequences);
    expect(last.averaged()).toEqual(last.model.parameters());
  });

  test("of parameters that stay the same are the same to the bit", () => {
    const trainer = fresh({ average: 0.9999, optimizer: sgd({ learningRate: 1e-30 }) });
    for (let n = 0; n < 3000; n++) trainer.step(sequences.slice(0, 1));
    expect(trainer.averaged()).toEqual(trainer.model.parameters());
  });

  test("are what fit validates, and measures; the model goes on with its own", async () => {
    const [trainer, plain] = [fresh({ average: 0.9 }), fresh()];
    const validation = sequences.slice(0, 4);
    const mean = createModel(entry.model);
    const { Model } = await import("../src/model/model.js");
    const { memory } = Model.engine("model", trainer.model);
    const used: number[] = [];
    for await (const { validationLoss, metrics } of trainer.fit(sequences, { epochs: 3, validation, metrics: ["mae"] })) {
      mean.setParameters(trainer.averaged());
      const { loss, mae } = mean.evaluate(validation, { loss: "mse", metrics: ["mae"] });
      expect([validationLoss, metrics.mae]).toEqual([loss, mae]);
      expect(trainer.evaluate(validation).loss).not.toBe(loss);
      used.push(memory.used);
    }
    await collect(plain.fit(sequences, { epochs: 3 }));
    expect(trainer.model.parameters()).toEqual(plain.model.parameters());
    // What the mean is validated in is given back.
    expect(new Set(used.slice(1)).size).toBe(1);
  });

  test("are what patience watches and restores; the mean then begins anew", async () => {
    const start = () => fresh({ average: 0.9, optimizer: adam({ learningRate: 0.03 }) });
    const [few, settings] = [sequences.slice(0, 5), { epochs: 12, validation: sequences.slice(5, 8) }];
    const [all, trainer] = [start(), start()];
    const means: { loss: number; parameters: Record<string, Tensor> }[] = [];
    for await (const { validationLoss: loss } of all.fit(few, settings)) means.push({ loss, parameters: all.averaged() });
    const best = means.reduce((a, b) => (b.loss < a.loss ? b : a));
    expect(best).not.toBe(means.at(-1));
    await collect(trainer.fit(few, { ...settings, patience: 12 }));
    expect(trainer.model.parameters()).toEqual(best.parameters);
    expect(trainer.averaged()).toEqual(trainer.model.parameters());
    expect(resumeTrainer(trainer.save()).averaged()).toEqual(trainer.averaged());
  });

  test("begin anew from a checkpoint of 0.1, which has a mean with a share of the initial parameters", () => {
    const trainer = fresh({ average: 0.9 });
    trainer.step(sequences);
    const { tensors, metadata } = readSafetensors(trainer.save());
    const { counters, ...rest } = JSON.parse(metadata.memcell!);
    const { averaged: _, ...old } = counters;
    const file = writeSafetensors({ tensors, metadata: { memcell: JSON.stringify({ ...rest, counters: old }) } });
    const resumed = resumeTrainer(file);
    expect(resumed.averaged()).toEqual(trainer.model.parameters());
    resumed.step(sequences);
    expect(resumed.averaged()).toEqual(resumed.model.parameters());
  });
});

describe("patience", () => {
  // A rule and noise: what is learned by heart makes the loss on others fall, rise, fall again and rise.
  const noisy = (sequences as { inputs: number[][]; targets: number[][] }[]).map(({ inputs, targets }) => ({
    inputs,
    targets: inputs.map((x, t) => x.map((value, k) => 2 * value + 0.4 * targets[t]![k]!)),
  }));
  const [few, validation] = [noisy.slice(0, 5), noisy.slice(5, 8)];
  const settings = { validation, patience: 4 };
  const start = () => fresh({ optimizer: adam({ learningRate: 0.03 }) });

  test("stops so many epochs after the best and restores it, also when the epochs run out", async () => {
    const losses = (await collect(start().fit(few, { epochs: 60, validation }))).map(({ validationLoss }) => validationLoss!);
    const since = losses.map((_, n) => n - losses.indexOf(Math.min(...losses.slice(0, n + 1))));
    const end = since.indexOf(4);
    expect(end).toBeGreaterThan(5);
    expect(since.slice(0, end).some((n, i) => n === 0 && since[i - 1]! > 0)).toBe(true);
    for (const epochs of [60, Infinity, end - 1]) {
      const trainer = start();
      const ran: number[] = [];
      for await (const { validationLoss } of trainer.fit(few, { ...settings, epochs })) {
        ran.push(validationLoss!);
        if (ran.length === Math.min(epochs, end + 1)) expect(trainer.evaluate(validation).loss).toBe(Math.min(...ran));
      }
      expect(ran).toEqual(losses.slice(0, Math.min(epochs, end + 1)));
      expect(trainer.evaluate(validation).loss).toBe(Math.min(...ran));
    }
  });

  test("goes on bit for bit from a checkpoint, with the best so far; another fit and rewind forget it", async () => {
    const whole = start();
    const expected = await collect(whole.fit(few, { ...settings, epochs: 60 }));
    for (const stopAt of [2, expected.length - 2]) {
      const trainer = start();
      for await (const report of trainer.fit(few, { ...settings, epochs: 60 })) if (report.epoch === stopAt) break;
      const bytes = trainer.save();
      const resumed = resumeTrainer(bytes);
      expect(resumed.save()).toEqual(bytes);
      expect(await collect(resumed.fit(few, { ...settings, epochs: 60 - stopAt }))).toEqual(expected.slice(stopAt));
      expect(resumed.save()).toEqual(whole.save());
      expect(resumeTrainer(bytes).model.parameters()).toEqual(trainer.model.parameters());
      const best = (trainer: Trainer) => Object.keys(readSafetensors(trainer.save()).tensors).filter((name) => name.startsWith("best."));
      expect(best(trainer).length).toBe(Object.keys(trainer.model.parameters()).length);
      expect(best(resumeTrainer(bytes).rewind())).toEqual([]);
      await collect(trainer.fit(few));
      expect(best(trainer)).toEqual([]);
    }
  });

  test("validation in which no target counts never improves", async () => {
    const model = createModel({ input: { tokens: 3 }, layers: [lstm({ units: 2 }), dense({ units: 3 })] });
    const trainer = createTrainer(model, { loss: "crossEntropy", optimizer: adam() });
    const data = [{ inputs: [0, 1], targets: [1, 2] }];
    const run = trainer.fit(data, { epochs: 9, patience: 3, validation: [{ inputs: [0], targets: [-100] }] });
    await run.next();
    const first = model.parameters();
    expect(resumeTrainer(trainer.save()).save()).toEqual(trainer.save());
    expect((await collect(run)).map(({ epoch }) => epoch)).toEqual([2, 3, 4]);
    expect(model.parameters()).toEqual(first);
  });
});

test("the event loop runs during fit", async () => {
  const long = Array.from({ length: 8 }, () => ({ inputs: new Float32Array(2 * 20_000), targets: new Float32Array(2 * 20_000) }));
  const trainer = fresh({ window: 16 });
  const model = trainer.model;
  let turns = 0;
  const expected = trainer.evaluate(sequences);
  const timer = setInterval(() => {
    // What the program does in between disturbs neither training nor validation.
    model.evaluate(sequences, { loss: "mse" });
    turns++;
  }, 5);
  const [report] = await collect(trainer.fit(long, { validation: long }));
  clearInterval(timer);
  expect(report!.validationLoss).toBe(trainer.evaluate(long).loss);
  expect(trainer.evaluate(sequences)).not.toEqual(expected);
  expect(turns).toBeGreaterThan(0);
});

test("a loss that stops being finite stops the fit before the update, and says where", async () => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e6 }) });
  const data = [{ inputs: [1e6, 2e6, 3e6], targets: [4, 5, 6] }];
  trainer.step(data);
  const before = model.parameters();
  expect(() => trainer.step(data)).toThrow(/is no longer finite in update 2: the parameters are those of the update before/);
  expect(model.parameters()).toEqual(before);
  expect(trainer.updates).toBe(1);
  await expect(collect(trainer.fit(data))).rejects.toThrow(RangeError);
  expect(model.parameters()).toEqual(before);
});

test("a gradient that is not finite stops the update although the loss is", () => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e-30 }) });
  const before = model.parameters();
  expect(() => trainer.step([{ inputs: [1e25], targets: [0] }])).toThrow(/loss is no longer finite/);
  model.setParameters({
    "dense.weight": { shape: [1, 1], data: Float32Array.of(0) },
    "dense.bias": { shape: [1], data: Float32Array.of(1) },
  });
  expect(() => trainer.step([{ inputs: [3e38], targets: [0] }])).toThrow(/gradient is no longer finite in update 1/);
  expect(trainer.updates).toBe(0);
  expect(Object.keys(before)).toEqual(Object.keys(model.parameters()));
});

test("where no target counts there is no loss, and no update", async () => {
  const model = createModel({ input: { tokens: 3 }, layers: [lstm({ units: 2 }), dense({ units: 3 })] });
  const trainer = createTrainer(model, { loss: "crossEntropy", optimizer: adam() });
  const ignored = [{ inputs: [0, 1], targets: [-100, -100] }];
  expect(trainer.step(ignored)).toBe(NaN);
  expect(trainer.gradients(ignored).loss).toBe(NaN);
  expect(trainer.evaluate(ignored).loss).toBe(NaN);
  expect((await collect(trainer.fit(ignored)))[0]!.loss).toBe(NaN);
  expect(trainer.step([{ inputs: [0, 1], targets: [7, 2], weights: [0, 0] }])).toBe(NaN);
  expect(trainer.updates).toBe(0);
  expect(model.predict([])).toEqual([]);
});

test("clipping scales to the norm, less the 1e-6 that PyTorch has", () => {
  const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
  const set = () =>
    model.setParameters({
      "dense.weight": { shape: [1, 1], data: Float32Array.of(0) },
      "dense.bias": { shape: [1], data: Float32Array.of(0) },
    });
  const data = [{ inputs: [0], targets: [-1e-6] }];
  set();
  createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }), clipNorm: 1e-6 }).step(data);
  // The gradient is 2e-6: scaled by 1e-6 / (2e-6 + 1e-6).
  expect(model.parameters()["dense.bias"]!.data[0]! / -1e-6).toBeCloseTo(2 / 3, 4);
});

test.each(CASES.map((entry) => [entry.name, entry] as const))("weight decay takes from every matrix and from no vector: %s", (_, entry) => {
  const model = createModel(entry.model);
  const before = randomParameters(model.parameters());
  model.setParameters(asTensors(before));
  const optimizer = sgd({ learningRate: 0.5, weightDecay: 0.5 });
  createTrainer(model, { loss: entry.loss, optimizer, clipNorm: 1e-20 }).step(asSequences(examples(entry)));
  for (const [name, { shape, data }] of Object.entries(model.parameters())) {
    const expected = before[name]!.data.map((value) => value * (shape.length > 1 ? 0.75 : 1));
    expect(relativeError(data, expected), name).toBeLessThan(1e-6);
  }
});

test("the initial weights are uniform in PyTorch's bounds", () => {
  const model = createModel({
    input: { tokens: 400 },
    layers: [embedding({ units: 25 }), lstm({ units: 49 }), dense({ units: 100 })],
    seed: 12,
  });
  const bounds = {
    weight_ih_l0: 1 / 7,
    weight_hh_l0: 1 / 7,
    bias_ih_l0: 1 / 7,
    bias_hh_l0: 1 / 7,
    "dense.weight": 1 / 7,
    "dense.bias": 1 / 7,
  };
  for (const [name, { data }] of Object.entries(model.parameters())) {
    const bound = bounds[name as keyof typeof bounds];
    if (name === "embedding.weight") continue; // PyTorch's normal: tests/initializers.test.ts
    const most = data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    expect(most, name).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(most, name).toBeGreaterThan(bound * 0.95);
    const tolerance = (4 * bound) / Math.sqrt(data.length);
    expect(Math.abs(data.reduce((a, b) => a + b, 0) / data.length), name).toBeLessThan(tolerance);
  }
});

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

test("padding stays exactly zero through training", async () => {
  const trainer = fresh({ batch: 3 });
  await collect(trainer.fit(sequences, { epochs: 3 }));
  const { Model } = await import("../src/model/model.js");
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
