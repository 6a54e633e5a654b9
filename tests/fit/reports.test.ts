/** What `fit` reports and when; the updates that make one by accumulation. */

import { describe, expect, test } from "vitest";
import { createModel, createTrainer, dense, lstm, mse, sgd, type Trainer } from "../../src/index.js";
import { relativeError } from "../helpers/cases.js";
import { collect, fresh, sequences, steps } from "../helpers/fitting.js";

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
