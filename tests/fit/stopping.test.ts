/** How `fit` ends: aborted, broken off, by patience, with the averaged parameters. */

import { describe, expect, test } from "vitest";
import { PURPOSE, Random } from "../../src/core/random.js";
import {
  adam,
  createModel,
  createTrainer,
  dense,
  lstm,
  readSafetensors,
  resumeTrainer,
  type Sequence,
  sgd,
  type Tensor,
  type Trainer,
  writeSafetensors,
} from "../../src/index.js";
import { relativeError } from "../helpers/cases.js";
import { collect, entry, fresh, sequences, steps } from "../helpers/fitting.js";

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
    const { Model } = await import("../../src/model/model.js");
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
