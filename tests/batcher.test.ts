import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type BatcherOptions, createBatcher, QueueFullError } from "../src/batcher.js";
import { createModel, dense, embedding, lstm } from "../src/index.js";
import { numbers } from "./helpers/cases.js";

const model = createModel({ input: { features: 3 }, layers: [lstm({ units: 5 }), dense({ units: 2 })], seed: 1 });
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** So many open streams and one that nobody steps, a batcher, the ids of each batch, and a clock that is set by hand. */
function setting(count: number, options: BatcherOptions) {
  const streams = model.streams({ capacity: count + 1 });
  const ids = Array.from({ length: count }, () => streams.open());
  streams.open();
  const step = streams.step.bind(streams);
  const batches: number[][] = [];
  streams.step = (ids, inputs, out) => {
    batches.push([...(ids as number[])]);
    return step(ids, inputs, out);
  };
  const clock = vi.spyOn(performance, "now").mockReturnValue(0);
  return { streams, ids, batches, clock, batcher: createBatcher(streams, options) };
}
afterEach(() => vi.restoreAllMocks());

describe("batches", () => {
  test("what is asked for before the deadline runs together, then and not before", async () => {
    const { ids, batches, clock, batcher } = setting(3, { deadline: 0.5 });
    const steps = ids.slice(0, 2).map((id) => batcher.step(id, [1, 2, 3]));
    clock.mockReturnValue(0.4);
    for (let i = 0; i < 20; i++) await turn();
    steps.push(batcher.step(ids[2]!, [1, 2, 3]));
    for (let i = 0; i < 20; i++) await turn();
    expect(batches).toEqual([]);
    expect(batcher.waiting).toBe(3);
    clock.mockReturnValue(0.5);
    const [first, ...others] = await Promise.all(steps);
    expect(batches).toEqual([ids]);
    for (const other of others) expect(other).toEqual(first);
    expect(batcher.waiting).toBe(0);
  });

  test("a long deadline is waited for with a timer first", async () => {
    const { ids, batches, clock, batcher } = setting(1, { deadline: 20 });
    const step = batcher.step(ids[0]!, [1, 2, 3]);
    await turn();
    clock.mockReturnValue(20);
    await step;
    expect(batches).toEqual([ids]);
  });

  test("a deadline of 0 takes what the same turn of the event loop asks for", async () => {
    const { ids, batches, batcher } = setting(5, { deadline: 0 });
    await Promise.all(ids.map((id) => batcher.step(id, [1, 2, 3])));
    expect(batches).toEqual([ids]);
  });

  test("a full batch runs at once, and so does one of all streams that are open", async () => {
    const { ids, batches, batcher, streams } = setting(5, { deadline: 1000, batch: 2 });
    const steps = ids.map((id) => batcher.step(id, [1, 2, 3]));
    expect(batches).toEqual([ids.slice(0, 2), ids.slice(2, 4)]);
    streams.close(5);
    for (const id of ids.slice(0, 4)) streams.close(id);
    steps.push(batcher.step(ids[4]!, [1, 2, 3]));
    expect(batches.slice(2)).toEqual([[ids[4]]]);
    await Promise.all(steps.slice(0, 5));
    batcher.close();
    expect(batches.slice(3)).toEqual([[ids[4]]]);
    await Promise.all(steps);
  });
});

test("whatever is asked for when, each stream gets its own steps in order", async () => {
  const arrivals = fc.array(fc.record({ stream: fc.nat(11), pause: fc.boolean() }), { maxLength: 80 });
  await fc.assert(
    fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 9 }), fc.integer(), async (calls, batch, seed) => {
      const streams = model.streams({ capacity: 12 });
      const ids = Array.from({ length: 12 }, () => streams.open());
      const alone = ids.map(() => model.stream());
      const next = numbers(seed);
      const batcher = createBatcher(streams, { deadline: 0.1, batch });
      const steps: Promise<unknown>[] = [];
      for (const { stream, pause } of calls) {
        const input = Float64Array.from({ length: 3 }, next);
        const expected = alone[stream]!.step(input);
        const step = batcher.step(ids[stream]!, input).then((y) => {
          y.forEach((value, k) => expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-6));
        });
        steps.push(step);
        // It was copied.
        input.fill(NaN);
        if (pause) await turn();
      }
      await Promise.all(steps);
      expect(batcher.waiting).toBe(0);
    }),
    { numRuns: 50, seed: 1997 },
  );
});

describe("one step that goes wrong harms no other", () => {
  test("a full queue refuses at once, and has room again", async () => {
    const { ids, batches, clock, batcher } = setting(6, { queue: 4 });
    const steps = ids.map((id) => batcher.step(id, [1, 2, 3]));
    const settled = Promise.allSettled(steps);
    await expect(steps[4]).rejects.toThrow(QueueFullError);
    await expect(steps[5]).rejects.toMatchObject({ name: "QueueFullError", code: "ERR_QUEUE_FULL", message: /4 steps wait already/ });
    expect(batches).toEqual([]);
    clock.mockReturnValue(1);
    expect((await settled).map(({ status }) => status)).toEqual([...new Array(4).fill("fulfilled"), "rejected", "rejected"]);
    expect(batches).toEqual([ids.slice(0, 4)]);
    const again = batcher.step(ids[5]!, [1, 2, 3]);
    clock.mockReturnValue(2);
    expect(await again).toEqual(await steps[0]);
  });

  test("bad inputs, streams closed and signals aborted while they wait", async () => {
    const { ids, batches, clock, batcher, streams } = setting(6, {});
    const controller = new AbortController();
    const steps = [
      batcher.step(ids[0]!, [1, 2, 3]),
      batcher.step(ids[1]!, [1, NaN, 3]),
      batcher.step(ids[2]!, [1, 2, 3]),
      batcher.step(ids[3]!, [1, 2, 3], { signal: controller.signal }),
      batcher.step(ids[3]!, [1, 2, 3]),
      batcher.step(ids[4]!, [1, 2, 3], { signal: AbortSignal.abort("too late") }),
      batcher.step(ids[5]!, [1, 2, 3]),
    ];
    const settled = Promise.allSettled(steps);
    streams.close(ids[2]!);
    controller.abort("changed my mind");
    clock.mockReturnValue(1);
    const results = await settled;
    const reasons = results.map((result) => (result.status === "rejected" ? String(result.reason) : "fulfilled"));
    expect(reasons).toEqual([
      "fulfilled",
      'RangeError: "input, step 0, feature 1" expected a finite number, got NaN',
      `RangeError: "id" expected the id of an open stream, got ${ids[2]}`,
      "changed my mind",
      "fulfilled",
      "too late",
      "fulfilled",
    ]);
    expect(batches).toEqual([[ids[0], ids[3], ids[5]]]);
    // The step that was aborted did not run: the next one of its stream is its first.
    expect(await steps[4]).toEqual(await steps[0]);
  });

  test("a step that is aborted leaves its place, and is rejected, at once", async () => {
    const { ids, batches, clock, batcher } = setting(3, { deadline: 10, queue: 2 });
    const controller = new AbortController();
    const { signal } = controller;
    const listeners = vi.spyOn(signal, "removeEventListener");
    const reason = new Error("changed my mind");
    const aborted = [0, 1].map((i) => batcher.step(ids[i]!, [1, 2, 3], { signal }));
    controller.abort(reason);
    for (const step of aborted) await expect(step).rejects.toBe(reason);
    expect(batcher.waiting).toBe(0);
    clock.mockReturnValue(5);
    const other = new AbortController();
    const taken = vi.spyOn(other.signal, "removeEventListener");
    const steps = [0, 0].map((i) => batcher.step(ids[i]!, [1, 2, 3], { signal: other.signal }));
    // The time is that of what waits, not of what waited.
    clock.mockReturnValue(14);
    for (let i = 0; i < 20; i++) await turn();
    expect(batches).toEqual([]);
    clock.mockReturnValue(15);
    await Promise.all(steps);
    expect(batches).toEqual([[ids[0]], [ids[0]]]);
    // Nobody listens to a signal whose steps are done.
    expect([listeners.mock.calls.length, taken.mock.calls.length]).toEqual([2, 2]);
    other.abort();
    expect(batcher.waiting).toBe(0);
  });

  test("what the streams throw rejects their batch, and the batcher goes on", async () => {
    const { ids, batcher, clock, streams } = setting(2, {});
    const { step } = streams;
    streams.step = () => {
      throw new RangeError("no more memory");
    };
    const refused = batcher.step(ids[0]!, [1, 2, 3]);
    clock.mockReturnValue(1);
    await expect(refused).rejects.toThrow("no more memory");
    streams.step = step;
    const taken = batcher.step(ids[0]!, [1, 2, 3]);
    clock.mockReturnValue(2);
    expect(await taken).toHaveLength(2);
  });
});

test("closing runs what waits, in order, and refuses the rest", async () => {
  const { ids, batches, batcher, streams } = setting(3, {});
  const steps = [0, 1, 0, 2, 0].map((i) => batcher.step(ids[i]!, [1, 2, 3]));
  batcher.close();
  expect(batches).toEqual([ids, [ids[0]], [ids[0]]]);
  await Promise.all(steps);
  await expect(batcher.step(ids[0]!, [1, 2, 3])).rejects.toThrow("the batcher is closed");
  expect(streams.size).toBe(4);
});

test("where there is no setImmediate, as in browsers, turns are those of a MessageChannel", async () => {
  vi.stubGlobal("setImmediate", undefined);
  const streams = createModel({ input: { tokens: 4 }, layers: [embedding({ units: 2 }), lstm({ units: 3 })] }).streams({ capacity: 3 });
  const [a, b] = [streams.open(), streams.open(), streams.open()];
  const batcher = createBatcher(streams);
  vi.unstubAllGlobals();
  expect(await Promise.all([batcher.step(a, 3), batcher.step(b, [3])]).then(([x, y]) => x.join() === y.join())).toBe(true);
});
