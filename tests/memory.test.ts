import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Memory } from "../src/core/memory.js";
import { adam, createModel, createTrainer, dense, lstm } from "../src/index.js";
import { Bench } from "./helpers/kernels.js";

const MB = 2 ** 20;

/** Collects garbage until what it measures stands still; finalizers and wasm memories take more than one round. */
async function settled(): Promise<{ heap: number; outside: number; rss: number }> {
  let last = Infinity;
  for (let round = 0; round < 20; round++) {
    gc!();
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + external + arrayBuffers;
    if (Math.abs(now - last) < MB / 10) break;
    last = now;
  }
  const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
  return { heap: heapUsed, outside: external + arrayBuffers, rss };
}

async function growth(work: () => Promise<void> | void): Promise<{ heap: number; outside: number; rss: number }> {
  const before = await settled();
  await work();
  const after = await settled();
  return { heap: (after.heap - before.heap) / MB, outside: (after.outside - before.outside) / MB, rss: (after.rss - before.rss) / MB };
}

describe("the process stays where it was", () => {
  test("2,500 models made and dropped, each trained and stepped", async () => {
    const make = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 8 }), dense({ units: 1 })], seed: i });
        createTrainer(model, { loss: "mse", optimizer: adam() }).step([{ inputs: [1, 2, 3, 4], targets: [1, 2] }]);
        model.stream().step([1, 2]);
        // As a server would: between requests the event loop runs.
        if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await make(500);
    const { heap, outside, rss } = await growth(() => make(2500));
    // A model that stayed would be 64 kB outside at least, and some 5 kB of the heap.
    expect(heap).toBeLessThan(2);
    expect(outside).toBeLessThan(2);
    expect(rss).toBeLessThan(100);
  });

  test("300,000 steps of a stream", async () => {
    const stream = createModel({ input: { features: 1 }, layers: [lstm({ units: 8 }), dense({ units: 1 })] }).stream();
    const run = (count: number) => {
      for (let i = 0; i < count; i++) stream.step(i % 7);
    };
    run(10_000);
    const { heap, outside, rss } = await growth(() => run(300_000));
    expect(heap).toBeLessThan(1);
    expect(outside).toBeLessThan(1);
    expect(rss).toBeLessThan(30);
  });

  test("an iterable larger than memory, with a signal that never fires", async () => {
    const trainer = createTrainer(createModel({ input: { features: 1 }, layers: [lstm({ units: 2 })] }), {
      loss: "mse",
      optimizer: adam(),
      batch: 1,
    });
    const outside: number[] = [];
    async function* many() {
      for (let n = 0; n < 200; n++) {
        if (n === 20 || n === 199) outside.push((await settled()).outside / MB);
        yield { inputs: new Float32Array(5000), targets: new Float32Array(10_000) };
      }
    }
    for await (const _ of trainer.fit({ [Symbol.asyncIterator]: many }, { signal: new AbortController().signal }));
    // 180 sequences of 60 kB went by.
    expect(outside[1]! - outside[0]!).toBeLessThan(2);
  });

  test("streams and trainers of one model, made and dropped", async () => {
    const { Model } = await import("../src/model/model.js");
    const model = createModel({ input: { features: 1 }, layers: [lstm({ units: 8 }), dense({ units: 1 })] });
    const { memory } = Model.engine("model", model);
    const make = async (count: number) => {
      for (let i = 0; i < count; i++) {
        model.stream().step(i % 3);
        createTrainer(model, { loss: "mse", optimizer: adam() }).step([{ inputs: [1, 2], targets: [1, 2] }]);
        if (i % 50 === 0) await settled();
      }
      await settled();
    };
    await make(100);
    const trainer = createTrainer(model, { loss: "mse", optimizer: adam() });
    for (let T = 1; T < 50; T++) trainer.step([{ inputs: new Float32Array(T), targets: new Float32Array(T) }]);
    const grown = memory.used;
    for (let T = 49; T > 0; T--)
      trainer.step([
        { inputs: new Float32Array(T), targets: new Float32Array(T) },
        { inputs: [1], targets: [1] },
      ]);
    trainer.step([{ inputs: new Float32Array(49), targets: new Float32Array(49) }]);
    expect(memory.used).toBe(grown);
    const before = memory.used;
    await make(500);
    expect(memory.used).toBeLessThanOrEqual(before);
  });
});

test("training takes less than 1.3 times what its numbers need", async () => {
  const { Model } = await import("../src/model/model.js");
  const [I, H, B, T] = [64, 128, 32, 50];
  const model = createModel({ input: { features: I }, layers: [lstm({ units: H }), dense({ units: 1 })] });
  const trainer = createTrainer(model, { loss: "mse", optimizer: adam(), clipNorm: 1 });
  for (let i = 0; i < 3; i++) {
    trainer.step(Array.from({ length: B }, () => ({ inputs: new Float32Array(T * I).fill(0.1), targets: new Float32Array(T) })));
  }
  const parameters = Object.values(model.parameters()).reduce((sum, { data }) => sum + data.length, 0);
  // Parameters, their gradients and two moments; of each step inputs, gates, h, c and the gradient of h, and the head's output, its
  // gradient, target and weight.
  const needed = 4 * (4 * parameters + B * T * (I + 4 * H + 3 * H + 4));
  expect(Model.engine("model", model).memory.f32.byteLength / needed).toBeLessThan(1.3);
});

test("many streams at once give their memory back when they are dropped", async () => {
  const { Model } = await import("../src/model/model.js");
  const model = createModel({ input: { features: 3 }, layers: [lstm({ units: 8 }), dense({ units: 1 })] });
  const wide = createModel({ input: { features: 1 }, layers: [lstm({ units: 1024 })] });
  const used = () => [model, wide].map((model) => Model.engine("model", model).memory.used);
  const before = used();
  const make = () => {
    const streams = model.streams({ capacity: 1000 });
    streams.step([streams.open(), streams.open()], [1, 2, 3, 4, 5, 6]);
  };
  make();
  // For each, states of 2 x 8 numbers, 4 inputs and 2 indices; and the window of one panel.
  expect(used()[0]! - before[0]!).toBeLessThan(4 * 22 * 1008 + 10_000);
  for (let i = 0; i < 50; i++) make();
  expect(() => wide.streams({ capacity: 1 << 20 })).toThrow("4 GiB at most");
  await settled();
  expect(used()).toEqual(before);
});

test("regions are zero, aligned, apart from each other, and used again", () => {
  const action = fc.oneof(fc.record({ take: fc.integer({ min: 1, max: 300_000 }) }), fc.record({ drop: fc.nat(20) }));
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const { kernels } = new Bench();
      const memory = new Memory(kernels);
      const live: { at: number; bytes: number; mark: number }[] = [];
      const intact = ({ at, bytes, mark }: (typeof live)[number]) => {
        const values = memory.i32.subarray(at / 4, at / 4 + Math.ceil(bytes / 4));
        return values[0] === mark && values.at(-1) === mark;
      };
      let most = 0;
      actions.forEach((todo, mark) => {
        if ("take" in todo) {
          const at = memory.allocate(todo.take);
          const values = memory.i32.subarray(at / 4, at / 4 + Math.ceil(todo.take / 4));
          expect(at % 64).toBe(0);
          expect(values.every((value) => value === 0)).toBe(true);
          values.fill(mark + 1);
          live.push({ at, bytes: todo.take, mark: mark + 1 });
          most = Math.max(
            most,
            live.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 64) * 64, 0),
          );
        } else if (live.length > 0) {
          const [gone] = live.splice(todo.drop % live.length, 1) as [(typeof live)[number]];
          memory.release(gone.at);
        }
        expect(live.every(intact)).toBe(true);
      });
      expect(memory.used).toBe(live.reduce((sum, { bytes }) => sum + Math.ceil(bytes / 64) * 64, 0));
      for (const { at } of live) memory.release(at);
      // All free again and joined: the whole memory is one region.
      const size = kernels.memory.buffer.byteLength;
      memory.allocate(size - 64);
      expect(kernels.memory.buffer.byteLength).toBe(size);
    }),
    { numRuns: 60, seed: 1997 },
  );
});
