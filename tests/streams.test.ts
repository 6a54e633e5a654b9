import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createModel, dense, gru, lstm, type ModelConfig, type State, type Stream } from "../src/index.js";
import { asTensors, CASES, examples, numbers, randomParameters, readsBack } from "./helpers/cases.js";

const live = CASES.filter(({ model }) => model.output === "every" && !readsBack(model.layers));

/** Larger parameters than the initial ones, so that states differ. */
function build(config: ModelConfig) {
  const model = createModel(config);
  model.setParameters(asTensors(randomParameters(model.parameters())));
  return model;
}

describe.each(live.map((entry) => [entry.name, entry] as const))("%s", (_, entry) => {
  const next = numbers(5);
  // More than a panel, of different lengths, so that some are done while others go on.
  const sequences = Array.from({ length: 11 }, (_, i) => {
    const [example] = examples({ ...entry, lengths: [3 + (i % 4)] }, 100 + i);
    return example!.inputs as number[];
  });

  test("many streams at once, in changing company, give what predict gives side by side, to the bit, and single streams nearly", () => {
    const model = build(entry.model);
    const streams = model.streams({ capacity: 20 });
    const ids = sequences.map(() => streams.open());
    const singles = sequences.map(() => model.stream());
    const outputs: number[][] = sequences.map(() => []);
    const at = sequences.map(() => 0);
    for (;;) {
      const going = sequences.map((_, i) => i).filter((i) => at[i]! < sequences[i]!.length);
      if (going.length === 0) break;
      // Some of them, in any order.
      const chosen = going.filter(() => next() > -0.4).sort(() => next());
      const inputs = chosen.map((i) => sequences[i]![at[i]!]!);
      const y = streams.step(
        chosen.map((i) => ids[i]!),
        inputs,
      );
      const each = y.length / chosen.length;
      chosen.forEach((i, n) => {
        const own = y.subarray(n * each, (n + 1) * each);
        outputs[i]!.push(...own);
        singles[i]!.step(inputs[n]!).forEach((value, k) =>
          expect(Math.abs(own[k]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value))),
        );
        at[i]!++;
      });
    }
    const expected = model.predict(sequences.map((inputs) => ({ inputs })));
    expect(outputs).toEqual(expected.map((y) => [...y]));
    // The states are those of single streams, under the same names.
    ids.forEach((id, i) => {
      const [state, single] = [streams.state(id), singles[i]!.state()];
      expect(Object.keys(state)).toEqual(Object.keys(single));
      for (const [name, data] of Object.entries(single)) {
        data.forEach((value, u) => expect(Math.abs(state[name]![u]! - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value))));
      }
    });
  });
});

test("any interleaving of opening, closing, steps, saving, restoring and resetting is that of independent streams", () => {
  const models = [3, 4].map((features) =>
    createModel({ input: { features }, layers: [lstm({ units: 5 }), gru({ units: 6 }), dense({ units: 3 })], seed: 2 }),
  );
  const action = fc.oneof(
    fc.record({ open: fc.boolean() }),
    fc.record({ close: fc.nat() }),
    fc.record({ save: fc.nat() }),
    fc.record({ restore: fc.nat() }),
    fc.record({ reset: fc.nat() }),
    { weight: 4, arbitrary: fc.record({ step: fc.array(fc.nat(), { maxLength: 30 }), typed: fc.boolean() }) },
  );
  fc.assert(
    fc.property(fc.constantFrom(...models), fc.array(action, { maxLength: 50 }), fc.integer(), (model, actions, seed) => {
      const { features } = model.config.input as { features: number };
      const next = numbers(seed);
      const capacity = 19;
      const streams = model.streams({ capacity });
      const alone = new Map<number, Stream>();
      const every = new Set<number>();
      let saved: State = model.stream().state();
      const pick = (n: number) => [...alone.keys()][n % Math.max(1, alone.size)];
      for (const todo of actions) {
        if ("open" in todo) {
          if (alone.size === capacity) expect(() => streams.open()).toThrow("all 19 streams are open");
          else {
            const id = todo.open ? streams.open(saved) : streams.open();
            expect(every.has(id)).toBe(false);
            every.add(id);
            alone.set(id, todo.open ? model.stream().restore(saved) : model.stream());
          }
        } else if ("step" in todo) {
          const ids = [...new Set(todo.step.map(pick))].filter((id) => id !== undefined);
          const inputs = Float32Array.from({ length: ids.length * features }, next);
          const rows = ids.map((_, i) => inputs.subarray(i * features, (i + 1) * features));
          const y = streams.step(ids, todo.typed ? inputs : rows);
          const expected = ids.flatMap((id, i) => [...alone.get(id)!.step(rows[i]!)]);
          expect(y).toHaveLength(expected.length);
          y.forEach((value, k) => expect(Math.abs(value - expected[k]!)).toBeLessThan(1e-6));
        } else {
          const id = pick(Object.values(todo)[0]!);
          if (id === undefined) continue;
          const stream = alone.get(id)!;
          if ("save" in todo) {
            saved = streams.state(id);
            for (const [name, data] of Object.entries(stream.state())) {
              data.forEach((value, u) => expect(Math.abs(saved[name]![u]! - value)).toBeLessThan(1e-6));
            }
          } else if ("restore" in todo) {
            streams.restore(id, saved);
            stream.restore(saved);
          } else if ("reset" in todo) {
            streams.reset(id);
            stream.reset();
          } else {
            streams.close(id);
            alone.delete(id);
            expect(() => streams.state(id)).toThrow(RangeError);
          }
        }
        expect(streams.size).toBe(alone.size);
        for (const id of every) expect(streams.has(id)).toBe(alone.has(id));
      }
    }),
    { numRuns: 100, seed: 1997 },
  );
});

describe("inputs and outputs", () => {
  const config = { layers: [lstm({ units: 6 }), dense({ units: 2 })], seed: 3 };
  const values = Array.from({ length: 20 }, numbers(9));

  test.each([1, 2, 4, 5])("flat, in arrays, of any kind, and into an array of the caller's: %d features", (features) => {
    const model = createModel({ ...config, input: { features } });
    const flat = Float32Array.from({ length: 3 * features }, (_, k) => values[k]!);
    const rows = [0, 1, 2].map((i) => Array.from(flat.subarray(i * features, (i + 1) * features)));
    const out = new Float32Array(6);
    const [first, ...others] = [flat, Float64Array.from(flat), [...flat], rows].map((inputs) => {
      const streams = model.streams({ capacity: 3 });
      const ids = Int32Array.of(streams.open(), streams.open(), streams.open());
      streams.step(ids, inputs);
      expect(streams.step(ids, inputs, out)).toBe(out);
      return out.slice();
    });
    for (const other of others) expect(other).toEqual(first);
    // Numbers whose squares are beyond f32 are finite all the same.
    const streams = model.streams({ capacity: 1 });
    expect(streams.step([streams.open()], new Float32Array(features).fill(1e30)).every(Number.isFinite)).toBe(true);
    expect(streams.step([], [])).toEqual(new Float32Array(0));
  });

  test("a scaler's units in and out, in double precision", () => {
    const scaler = { inputs: { mean: [1e9, 2], deviation: [1e-3, 3] }, targets: { mean: [5, -1], deviation: [10, 0.1] } };
    const model = createModel({ ...config, input: { features: 2 }, scaler });
    const streams = model.streams({ capacity: 7 });
    const ids = Array.from({ length: 7 }, () => streams.open());
    const rows = ids.map((_, i) => [1e9 + i * 1e-3, i]);
    const y = streams.step(ids, rows);
    expect(streams.step(ids.slice(0, 0), Float32Array.of())).toEqual(Float32Array.of());
    const expected = model.predict(rows.map((row) => ({ inputs: [row] })));
    expect([...y]).toEqual(expected.flatMap((outputs) => [...outputs]));
  });
});

test("learning goes on below: a step uses the parameters of its time", () => {
  const model = createModel({ input: { features: 4 }, layers: [lstm({ units: 3 })], seed: 1 });
  const [streams, single] = [model.streams({ capacity: 2 }), model.stream()];
  const id = streams.open();
  const input = Float32Array.of(1, 2, 3, 4);
  expect(streams.step([id], input)).toEqual(single.step(input));
  model.setParameters(createModel({ ...model.config, seed: 2 }).parameters());
  expect(streams.step([id], input)).toEqual(single.step(input));
});
