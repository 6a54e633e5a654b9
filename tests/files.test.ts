/** What a file says it needs is bounded by what it has, before memory is taken or layers are laid out. */

import { describe, expect, test } from "vitest";
import {
  adam,
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  embedding,
  type Layer,
  loadModel,
  lstm,
  type ModelConfig,
  readSafetensors,
  resumeOnlineLearner,
  resumeTrainer,
  rnn,
  sgd,
  type Tensor,
  writeSafetensors,
} from "../src/index.js";

/** The bytes by which WebAssembly's memories grow meanwhile. */
function growth(work: () => unknown): number {
  const { grow } = WebAssembly.Memory.prototype;
  let pages = 0;
  WebAssembly.Memory.prototype.grow = function (more) {
    pages += more;
    return grow.call(this, more);
  };
  try {
    work();
  } finally {
    WebAssembly.Memory.prototype.grow = grow;
  }
  return pages * 65536;
}

type Described = ReturnType<typeof JSON.parse>;

/** The file, with what memcell says in it changed, and its tensors. */
function changed(bytes: Uint8Array, change: (memcell: Described, tensors: Record<string, Tensor>) => void): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes);
  const memcell = JSON.parse(metadata.memcell!);
  change(memcell, tensors);
  return writeSafetensors({ tensors, metadata: { ...metadata, memcell: JSON.stringify(memcell) } });
}

const narrow = { input: { features: 1 }, layers: [rnn({ units: 1 }), dense({ units: 1000 })] } satisfies ModelConfig;
const data = (outputs: number, rows = 1) =>
  Array.from({ length: rows }, (_, row) => ({ inputs: [row / rows, 0.5], targets: new Float32Array(2 * outputs).fill(0.1) }));

describe("rows that a checkpoint carries", () => {
  const trained = (rows: number) => {
    const trainer = createTrainer(createModel(narrow), { loss: "mse", optimizer: sgd({ learningRate: 0.01 }), batch: rows });
    trainer.step(data(1000, rows));
    return trainer;
  };
  const learner = createOnlineLearner(createModel(narrow), { loss: "mse", optimizer: sgd({ learningRate: 0.01 }) });
  learner.step(0.5, new Float32Array(1000));

  test.each<[string, () => unknown, string]>([
    [
      "a trainer's",
      () => resumeTrainer(changed(trained(2).save(), ({ counters }) => (counters.carried = 65536))),
      '"trainer.h_l0.shape" expected [65536,1], got [2,1]',
    ],
    [
      "an online learner's",
      () => resumeOnlineLearner(changed(learner.save(), ({ counters }) => (counters.carried = 65536))),
      '"trainer.h_l0.shape" expected [65536,1], got [1,1]',
    ],
    [
      "an online learner's, with a state for them",
      () =>
        resumeOnlineLearner(
          changed(learner.save(), ({ counters }, tensors) => {
            counters.carried = 65536;
            tensors["trainer.h_l0"] = { shape: [65536, 1], data: new Float32Array(65536) };
          }),
        ),
      "are those of a trainer",
    ],
  ])("that are not there are refused before memory is taken: %s", (_, resume, message) => {
    expect(growth(() => expect(resume).toThrow(message))).toBeLessThan(4 << 20);
  });

  test("have memory when they come, and their state until then", () => {
    const [rows, trainer] = [1024, trained(1024)];
    const bytes = trainer.save();
    let resumed = trainer;
    expect(growth(() => (resumed = resumeTrainer(bytes)))).toBeLessThan(4 << 20);
    expect(resumed.save()).toEqual(bytes);
    const next = data(1000, rows);
    // Neither a gradient without an update nor a refusal takes the state away.
    const { gradients } = trainer.gradients(next, { carry: true });
    expect(resumed.gradients(next, { carry: true }).gradients).toEqual(gradients);
    expect(() => resumed.step(data(1000, 3), { carry: true })).toThrow("expected 1024 rows");
    expect(resumed.step(next, { carry: true })).toBe(trainer.step(next, { carry: true }));
    expect(resumed.save()).toEqual(trainer.save());
  });
});

describe("layers", () => {
  const file = createModel({ input: { features: 1 }, layers: [lstm({ units: 1 }), dense({ units: 1 })] }).save();
  const many = (layer: object) => changed(file, ({ model }) => model.layers.splice(0, 1, ...Array.from({ length: 20_000 }, () => layer)));
  test.each<[string, object]>([
    ["recurrent", { type: "lstm", units: 1 }],
    ["with ways past them", { type: "lstm", units: 1, residual: "concat" }],
    ["without parameters", { type: "dropout", rate: 0.5 }],
    ["functions alone", { type: "activation", kind: "tanh" }],
    ["of no kind at all", { kind: "of none that there is" }],
  ])("more than there are tensors for are refused unseen: %s", (_, layer) => {
    expect(() => loadModel(many(layer))).toThrow('"layers" expected at most 71 layers, as the file has 6 tensors, got an array of 20001');
  });

  test("what memcell says of a file is no more than brackets", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
    const bytes = changed(file, ({ model }) => (model.layers = Array.from({ length: 1000 }, () => nested(60))));
    expect(() => loadModel(bytes)).toThrow("damaged memcell metadata");
  });

  test("numbers that are chosen one by one are made where they are drawn alone", () => {
    // Three million numbers for each layer, of which none is in the file.
    const blocks = { type: "lstm97", blocks: 1 << 20, inputGateBias: -1, outputGateBias: -1 };
    const bytes = changed(file, ({ model }) => model.layers.splice(0, 1, ...Array(8).fill(blocks)));
    globalThis.gc?.();
    const before = process.memoryUsage();
    expect(() => loadModel(bytes)).toThrow('"parameters.');
    const after = process.memoryUsage();
    expect(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers).toBeLessThan(16 << 20);
  });

  test.each<[string, ModelConfig, string]>([
    [
      "two layers tied to one embedding",
      { input: { tokens: 4 }, layers: [embedding({ units: 4 }), dense({ units: 4, tied: true }), dense({ units: 4, tied: true })] },
      '"layers[2].tied" needs an embedding of 4 tokens and 4 units, got none that is not tied yet',
    ],
    [
      "dropout of dropout",
      {
        input: { features: 1 },
        layers: [{ type: "dropout", rate: 0.1 }, { type: "dropout", rate: 0.1 }, dense({ units: 1 })],
      },
      '"layers[1]" is dropout of what dropout gives: one does it',
    ],
    [
      "more outputs than numbers can count",
      {
        input: { features: 1 },
        layers: Array.from({ length: 3 }, (): Layer => ({ type: "lstm97", blocks: 1 << 20, cellsPerBlock: 1024, bias: "none" })),
      },
      '"layers[0]" expected at most 1048576 outputs, got 1073741824',
    ],
  ])("refused: %s", (_, config, message) => {
    expect(() => createModel(config)).toThrow(message);
  });
});

describe("whatever is in a file, the message has a path and fits a screen", () => {
  const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 1 }), dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer: adam() });
  trainer.step(data(1));
  const long = "x".repeat(100_000);
  const hostile = { toString: 1, valueOf: 1, constructor: { name: { length: 9 } } };
  test.each<[string, (memcell: Described, tensors: Record<string, Tensor>) => void, RegExp]>([
    ["an object that cannot be made a number", ({ model }) => (model.layers[0].cellClip = hostile), /^"layers\[0\].cellClip" expected/],
    ["one as a count", ({ counters }) => (counters.updates = hostile), /^"counters.updates" expected/],
    ["one as a sum", ({ counters }) => (counters.pending.targets = hostile), /^"counters.pending.targets" expected/],
    ["one as a type", ({ model }) => (model.layers[0].type = hostile), /^"layers\[0\].type" expected/],
    ["one as a list", ({ model }) => (model.layers = hostile), /^"layers" expected/],
    ["a long option", ({ model }) => (model.layers[0][long] = 1), /^"layers\[0\].xxx.*is not an option/],
    ["a long type", ({ model }) => (model.layers[0].type = long), /^"layers\[0\].type" expected/],
    ["a long name", (_, tensors) => (tensors[long] = { shape: [1], data: Float32Array.of(1) }), /^"parameters.xxx/],
    ["a long state", (_, tensors) => (tensors[`trainer.${long}`] = { shape: [1], data: Float32Array.of(1) }), /^"state.xxx/],
    [
      "a long shape",
      (_, tensors) => (tensors["dense.bias"] = { shape: Array(100_000).fill(1), data: Float32Array.of(1) }),
      /^"parameters.dense/,
    ],
  ])("%s", (_, change, message) => {
    let error: unknown;
    try {
      resumeTrainer(changed(trainer.save(), change));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toSatisfy((error) => error instanceof RangeError || error instanceof TypeError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message.length).toBeLessThan(1000);
  });
});
