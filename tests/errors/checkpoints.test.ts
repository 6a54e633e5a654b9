/** Checkpoints that are no checkpoints, and refusals in the middle of work, which change nothing. */

import { describe, expect, test } from "vitest";
import { adam, createModel, createTrainer, dense, lstm, readSafetensors, resumeTrainer, sgd, writeSafetensors } from "../../src/index.js";
import { any, features, refuses, trained } from "../helpers/refusals.js";

describe("checkpoints", () => {
  const trainer = createTrainer(createModel(features), trained);
  const parse = () => {
    const bytes = trainer.save();
    const size = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    return JSON.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + size))).__metadata__.memcell);
  };
  const changed = (change: (memcell: ReturnType<typeof parse>) => void) => () => {
    const memcell = parse();
    change(memcell);
    return resumeTrainer(writeSafetensors({ tensors: {}, metadata: { memcell: JSON.stringify(memcell) } }));
  };
  refuses([
    ["nothing", TypeError, '"bytes" expected a Uint8Array or an ArrayBuffer, got undefined', () => resumeTrainer(any(undefined))],
    [
      "metadata that are not JSON",
      RangeError,
      '"bytes" has damaged memcell metadata',
      () => resumeTrainer(writeSafetensors({ tensors: {}, metadata: { memcell: "{" } })),
    ],
    [
      "metadata that are null",
      RangeError,
      '"bytes" has damaged memcell metadata',
      () => resumeTrainer(writeSafetensors({ tensors: {}, metadata: { memcell: "null" } })),
    ],
    ["no parameters", RangeError, '"bytes" has no tensor "weight_ih_l0"', changed(() => {})],
    [
      "a model of 3.9 GB in a small file",
      RangeError,
      '"bytes" has no tensor "weight_ih_l0"',
      changed((m) => (m.model.layers[0].units = 11_000)),
    ],
    [
      "a damaged model",
      RangeError,
      '"layers[0].units" expected an integer from 1 to 1048576, got 0',
      changed((m) => (m.model.layers[0].units = 0)),
    ],
  ]);

  /** A checkpoint from the middle of an epoch, two rows under way. */
  async function interrupted() {
    const run = createTrainer(createModel(features), { ...trained, batch: 2, window: 2, shuffle: false });
    const data = [8, 6, 4].map((length) => ({ inputs: new Float32Array(2 * length).fill(length), targets: new Float32Array(2 * length) }));
    for await (const report of run.fit(data, { every: 1 })) if (report.updates === 2) break;
    return { data, file: readSafetensors(run.save()) };
  }
  type File = Awaited<ReturnType<typeof interrupted>>["file"];
  const tampers: [string, (file: File, counters: ReturnType<typeof JSON.parse>) => void, string][] = [
    ["nothing: it goes on", () => {}, ""],
    ["a row twice", (_, { progress }) => (progress.rows[1].ordinal = 0), "has a sequence twice"],
    [
      "a row that was never taken",
      (_, { progress }) => (progress.rows[1].ordinal = 7),
      '"counters.progress.taken" expected an integer of at least 8',
    ],
    ["more taken than there are", (_, { progress }) => (progress.taken = 9), "are not those of the interrupted epoch: number 3 is missing"],
    ["a row beyond its end", (_, { progress }) => (progress.rows[0].from = 8), "number 0 is shorter"],
    [
      "a row before its beginning",
      (_, { progress }) => (progress.rows[0].from = 0),
      '"counters.progress.rows[0].from" expected a positive integer',
    ],
    ["more repeated than the stride leaves", (_, { progress }) => (progress.rows[0].repeated = 1), "expected an integer from 0 to 0"],
    ["another number of sequences", (_, { progress }) => (progress.sequences = 4), "are not those of the epoch that was interrupted"],
    [
      "more rows than the batch",
      (_, { progress }) => progress.rows.push(null),
      "expected 1 to 2 rows, the trainer's batch, got an array of 3",
    ],
    [
      "no rows",
      (_, { progress }) => (progress.rows = []),
      '"counters.progress.rows" expected 1 to 2 rows, the trainer\'s batch, got an array of 0',
    ],
    ["updates beyond counting", (_, counters) => (counters.updates = 2 ** 53 - 1), '"counters.updates" expected an integer from 0 to'],
    [
      "more windows than accumulate",
      (_, { pending }) => (pending.windows = 1),
      '"counters.pending.windows" expected an integer from 0 to 0',
    ],
    ["a factor of 2", (_, { seen }) => (seen.factor = 2), '"counters.seen.factor" expected a number in [0, 1], got 2'],
    ["a best epoch without parameters", (_, counters) => (counters.best = { loss: 1, epochs: 0 }), '"best.weight_ih_l0" expected a tensor'],
    ["targets below 0", (_, { progress }) => (progress.targets = -1), '"counters.progress.targets" expected a number in [0, 1e+200]'],
    [
      "losses that would overflow",
      (_, { progress }) => (progress.loss = -1.7e308),
      '"counters.progress.loss" expected a number in [-1e+200, 1e+200]',
    ],
    ["no state", ({ tensors }) => delete tensors["trainer.h_l0"], '"trainer.h_l0.shape" expected [2,3], got undefined'],
    ["a state NaN", ({ tensors }) => tensors["trainer.c_l0"]!.data.fill(NaN), '"state.c_l0[0]" expected a finite number, got NaN'],
    ["a moment missing", ({ tensors }) => delete tensors["optimizer.exp_avg.weight_ih_l0"], "optimizer.exp_avg.weight_ih_l0"],
    [
      "a negative square",
      ({ tensors }) => tensors["optimizer.exp_avg_sq.bias_ih_l0"]!.data.fill(-1),
      `"optimizer.exp_avg_sq.bias_ih_l0[0]" expected a number in [0, ${2 ** 126}], got -1`,
    ],
  ];
  test.each(tampers)("tampered with: %s", async (_, tamper, message) => {
    const { data, file } = await interrupted();
    const memcell = JSON.parse(file.metadata.memcell!);
    tamper(file, memcell.counters);
    const bytes = writeSafetensors({ tensors: file.tensors, metadata: { memcell: JSON.stringify(memcell) } });
    const resume = async () => {
      for await (const report of resumeTrainer(bytes).fit(data)) expect(report.steps).toBe(18);
    };
    if (message === "") await resume();
    else await expect(resume()).rejects.toThrow(message);
  });
});

describe("a refusal in the middle of work changes nothing", () => {
  const data = [{ inputs: [0.1, 0.2, 0.3, 0.4], targets: [1, 2, 3, 4] }];
  const make = () => {
    const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 16 }), dense({ units: 2 })], seed: 3 });
    return { model, trainer: createTrainer(model, { loss: "mse", optimizer: adam({ learningRate: 0.01 }) }) };
  };

  // As if an engine had no more to give, at once or after so many growths: to fill 4 GiB takes 20 s.
  test.each([0, 1, 2])("memory that is not to be had, after %d growths", (given) => {
    const long = { inputs: new Float32Array(40_000), targets: new Float32Array(40_000) };
    const { grow } = WebAssembly.Memory.prototype;
    const runs = [false, true].map((refused) => {
      const { model, trainer } = make();
      trainer.step(data);
      if (refused) {
        let left = given;
        WebAssembly.Memory.prototype.grow = function (pages) {
          if (left-- > 0) return grow.call(this, pages);
          throw new RangeError("no more");
        };
        try {
          expect(() => trainer.step([long])).toThrow("4 GiB at most");
        } finally {
          WebAssembly.Memory.prototype.grow = grow;
        }
      }
      const other = createTrainer(model, trained);
      const stream = model.stream();
      return [1, 2, 3].map(() => [trainer.step(data), other.step(data), ...stream.step([1, 2])]);
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("a loss that is not finite, in the middle of carried state", () => {
    const runs = [false, true].map((refused) => {
      const { trainer } = make();
      trainer.step(data);
      if (refused) expect(() => trainer.step([{ inputs: [1, 2], targets: [3e38, 1] }], { carry: true })).toThrow("no longer finite");
      return [trainer.step(data, { carry: true }), trainer.step(data, { carry: true })];
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("a gradient that is not finite, among those that make an update", () => {
    const runs = [false, true].map((refused) => {
      const { model } = make();
      const trainer = createTrainer(model, { loss: "mse", optimizer: adam(), accumulate: 3 });
      const losses = [data, data, data, data].map((batch) => {
        if (refused) expect(() => trainer.step([{ inputs: [1e30, 1e30], targets: [3e38, 1] }])).toThrow("no longer finite in update");
        return trainer.step(batch);
      });
      return [losses, trainer.save()];
    });
    expect(runs[1]).toEqual(runs[0]);
  });

  test("an update that would leave f32", () => {
    const model = createModel({ input: { features: 1 }, layers: [dense({ units: 1 })] });
    const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1e6 }) });
    const before = model.parameters();
    expect(() => trainer.step([{ inputs: [1e18], targets: [1e18] }])).toThrow("no longer finite");
    expect(model.parameters()).toEqual(before);
    // Nor by its decay.
    model.setParameters({ "dense.weight": { shape: [1, 1], data: Float32Array.of(1e30) } });
    const decaying = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1, weightDecay: 1 }) });
    expect(() => decaying.step([{ inputs: [0], targets: [0] }])).toThrow("the norm of the parameters is no longer finite");
    expect(model.parameters()["dense.weight"]!.data[0]).toBe(Math.fround(1e30));
  });
});
