/** Windows over tables: every one against slicing by hand, and the errors. */

import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import type { TableOptions, TableWindow } from "../src/index.js";
import { adam, categorical, createModel, createTrainer, dense, gru, lastWindow, numeric, windows } from "../src/index.js";

type Cell = number | string | null;
type Row = { a: number; b: number; c: Cell; label: string };

/** Row t of column k is 100 k + t: its place can be read off. Some are gaps. */
const rowsOf = (count: number): Row[] =>
  Array.from({ length: count }, (_, t) => ({ a: t, b: 100 + t, c: t % 4 === 1 ? null : 200 + t, label: `at ${t}` }));
const column = <K extends keyof Row>(rows: Row[], name: K) => rows.map((row) => row[name]);

/** The same table in every form in which it may be given, with what stands in for a gap in column c. */
const forms = (rows: Row[]) => {
  const plain = { a: column(rows, "a"), b: column(rows, "b"), c: column(rows, "c"), label: column(rows, "label") };
  return [
    rows,
    plain,
    {
      ...plain,
      a: Float32Array.from(plain.a),
      b: Uint16Array.from(plain.b),
      c: Float64Array.from(plain.c, (value) => Number(value ?? NaN)),
    },
  ] as const;
};
/** Gaps are null in arrays and NaN in typed arrays: here all are null. */
const plain = (list: ArrayLike<unknown>) => Array.from(list, (value) => (Number.isNaN(value) ? null : value));
const shown = ({ inputs, targets, weights }: { inputs: object; targets?: Float32Array; weights?: Float32Array }) => ({
  inputs: Object.fromEntries(Object.entries(inputs).map(([name, list]) => [name, plain(list)])),
  ...(targets && { targets: plain(targets) }),
  ...(weights && { weights: plain(weights) }),
});

const SIZES = fc.record({
  length: fc.integer({ min: 1, max: 6 }),
  horizon: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.uniqueArray(fc.integer({ min: 1, max: 5 }), { minLength: 1 })),
  every: fc.integer({ min: 1, max: 5 }),
  more: fc.integer({ min: 0, max: 12 }),
  targets: fc.shuffledSubarray(["a", "b", "c"] as const, { minLength: 1 }),
  inputs: fc.shuffledSubarray(["a", "b", "c", "label"] as const, { minLength: 1 }),
});
const stepsOf = (horizon: number | readonly number[]) =>
  typeof horizon === "number" ? Array.from({ length: horizon }, (_, i) => i + 1) : horizon;

describe("windows over a table are what slicing by hand gives, in every form", () => {
  test.each(["every", "last"] as const)('output "%s"', (output) => {
    fc.assert(
      fc.property(SIZES, ({ length, horizon, every, more, targets, inputs }) => {
        const ahead = stepsOf(horizon);
        const far = Math.max(...ahead);
        const rows = rowsOf(length + far + more);
        const expected: unknown[] = [];
        for (let from = 0; from + length + far <= rows.length; from += every) {
          const history = rows.slice(from, from + length);
          const steps = output === "last" ? [from + length - 1] : history.map((_, t) => from + t);
          expected.push({
            inputs: Object.fromEntries(inputs.map((name) => [name, column(history, name)])),
            targets: steps.flatMap((t) => ahead.flatMap((step) => targets.map((name) => rows[t + step]![name]))),
          });
        }
        for (const table of forms(rows)) {
          const options = { length, horizon, every, targets, inputs, output };
          const cut = windows(table as Row[], options);
          expect([...cut].map(shown)).toEqual(expected);
          expect([...cut].map(shown)).toEqual(expected);
          const history = rows.slice(-length);
          expect(shown(lastWindow(table as Row[], options))).toEqual({
            inputs: Object.fromEntries(inputs.map((name) => [name, column(history, name)])),
          });
        }
      }),
    );
  });

  test("with columns known ahead", () => {
    fc.assert(
      fc.property(SIZES, fc.nat(), ({ length, horizon, every, more, targets, inputs }, picked) => {
        const ahead = stepsOf(horizon);
        const far = Math.max(...ahead);
        const rows = rowsOf(length + far + more);
        const known = inputs.filter((_, k) => (picked >> k) & 1);
        const cutAt = (from: number) => {
          const all = rows.slice(from, from + length + far);
          const inHorizon = (t: number) => ahead.includes(t - length + 1);
          const part = (name: keyof Row) => all.map((row, t) => (t < length || known.includes(name) ? row[name] : null));
          return {
            inputs: Object.fromEntries(inputs.map((name) => [name, part(name)])),
            targets: all.flatMap((row, t) => targets.map((name) => (inHorizon(t) ? row[name] : null))),
            weights: all.map((_, t) => Number(inHorizon(t))),
          };
        };
        const expected: unknown[] = [];
        for (let from = 0; from + length + far <= rows.length; from += every) expected.push(cutAt(from));
        for (const table of forms(rows)) {
          const options = { length, horizon, every, targets, inputs, known };
          expect([...windows(table as Row[], options)].map(shown)).toEqual(expected);
          expect(shown(lastWindow(table as Row[], options))).toEqual({ inputs: cutAt(rows.length - length - far).inputs });
        }
      }),
    );
  });

  test("by default one step ahead, from every row, of all columns, a target for each step", () => {
    const [first, ...others] = windows({ x: [1, 2, 3, 4], y: [5, 6, 7, 8] }, { length: 2, targets: ["y"] });
    expect(first).toEqual({ inputs: { x: [1, 2], y: [5, 6] }, targets: Float32Array.of(6, 7) });
    expect(others).toHaveLength(1);
  });
});

test("typed columns are views, but for those that end in gaps; a long table takes no more memory window by window", () => {
  const steps = 50_000;
  const table = {
    load: Float32Array.from({ length: steps }, (_, t) => t % 97),
    hour: Uint8Array.from({ length: steps }, (_, t) => t % 24),
  };
  for (const known of [undefined, ["hour"] as const]) {
    let count = 0;
    let most = 0;
    gc!();
    const before = process.memoryUsage().arrayBuffers;
    for (const { inputs } of windows(table, {
      length: 100,
      horizon: 24,
      targets: ["load"],
      output: known ? "every" : "last",
      ...(known && { known }),
    })) {
      if (count++ % 5000 === 0) {
        expect((inputs.hour as Uint8Array).buffer).toBe(table.hour.buffer);
        expect((inputs.load as Float32Array).buffer === table.load.buffer).toBe(!known);
        gc!();
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      }
    }
    expect(count).toBe(steps - 123);
    // All at once: 5 MB of targets; with columns known ahead 25 MB of them, and as many of inputs that end in gaps.
    expect(most).toBeLessThan(3_000_000);
  }
});

test("the names of columns are typed", () => {
  const table = { temp: Float32Array.of(1, 2, 3), weather: ["sun", "rain", "sun"] };
  const cut = windows(table, { length: 1, targets: ["temp"] });
  expectTypeOf(cut).toEqualTypeOf<Iterable<TableWindow<"temp" | "weather">>>();
  const rows = [
    { temp: 1, weather: "sun" },
    { temp: 2, weather: null },
  ];
  expectTypeOf(windows(rows, { length: 1, targets: ["temp"] })).toEqualTypeOf<Iterable<TableWindow<"temp" | "weather">>>();
  interface Day {
    temp: number;
    date: Date;
  }
  const days: Day[] = [
    { temp: 1, date: new Date(0) },
    { temp: 2, date: new Date(1) },
  ];
  const options = { length: 1, targets: ["temp"], inputs: ["temp"] } as const satisfies TableOptions<keyof Day>;
  expect([...windows(days, options)]).toEqual([{ inputs: { temp: [1] }, targets: Float32Array.of(2) }]);
  // @ts-expect-error
  expect(() => windows(table, { length: 1, targets: ["tmep"] })).toThrow('"targets[0]" expected one of "temp", "weather", got "tmep"');
  // @ts-expect-error
  expect(() => windows(rows, { length: 1, targets: ["temp"], known: ["wether"] })).toThrow('"known[0]" expected one of');
  // @ts-expect-error
  expect(() => lastWindow(table, { length: 1, targets: ["tmep"] })).toThrow('"targets[0]" expected one of');
  // @ts-expect-error
  expect(() => windows(table, { length: 1, targets: ["temp"], stride: 2 })).toThrow(
    '"stride" is not an option; the options are length, horizon,',
  );
});

const TABLE = { a: [1, 2, 3, 4], b: [1, null, 3, 4], s: ["x", "y", "x", "y"] };
test.each<[table: unknown, options: object, kind: unknown, message: string]>([
  [{}, {}, TypeError, '"table" expected columns by name, or rows of objects, got an object'],
  [[{}], {}, TypeError, '"table" expected columns by name, or rows of objects, got an array of 1'],
  [TABLE, { targets: [] }, RangeError, '"targets" expected at least one column, got an array of 0'],
  [TABLE, { targets: ["z"] }, RangeError, '"targets[0]" expected one of "a", "b", "s", got "z"'],
  [TABLE, { targets: "a" }, TypeError, '"targets" expected names of columns, got "a"'],
  [TABLE, { known: ["toString"] }, RangeError, '"known[0]" expected one of "a", "b", "s", got "toString"'],
  [TABLE, { inputs: ["a", "z"] }, RangeError, '"inputs[1]" expected one of "a", "b", "s", got "z"'],
  [TABLE, { inputs: ["a"], known: ["s"] }, RangeError, '"known[0]" expected one of the inputs (a), got "s"'],
  [
    TABLE,
    { known: ["s"], output: "last" },
    RangeError,
    '"output" expected "every" together with known: targets stand at the steps ahead, got "last"',
  ],
  [TABLE, { horizon: 0 }, RangeError, '"horizon" expected a positive integer, got 0'],
  [TABLE, { horizon: [] }, RangeError, '"horizon" expected at least one step, got an array of 0'],
  [TABLE, { horizon: [1, 0] }, RangeError, '"horizon[1]" expected a positive integer, got 0'],
  [TABLE, { horizon: "week" }, TypeError, '"horizon" expected a number of steps, or a list of them, got "week"'],
  [TABLE, { horizon: 1e9 }, RangeError, '"table" expected at least 1000000002 rows (length + the last step of horizon), got 4'],
  [TABLE, { length: 4 }, RangeError, '"table" expected at least 5 rows (length + the last step of horizon), got 4'],
  [TABLE, { every: 0.5 }, RangeError, '"every" expected a positive integer, got 0.5'],
  [TABLE, { targets: ["s"] }, TypeError, '"table.s, row 0" expected a number, or null or NaN for a gap, got "x"'],
  [{ a: [1, 2, Infinity, 4] }, {}, RangeError, '"table.a, row 2" expected a number, or null or NaN for a gap, got Infinity'],
  [{ a: [1, 2, 3, 4], b: [1, 2] }, {}, RangeError, '"table.b" expected 4 rows, as many as a has, got an array of 2'],
  [{ a: 3 }, {}, TypeError, '"table.a" expected an array or a typed array, got 3'],
  [[{ a: 1 }, { a: 2 }, null, { a: 1 }], {}, TypeError, '"table, row 2" expected an object, got null'],
  [[{ a: 1 }, { a: 2 }, {}, { a: 1 }], {}, TypeError, '"table.a, row 2" expected a number, or null or NaN for a gap, got undefined'],
])("%j with %j is refused", (table, options, kind, message) => {
  const cut = () => windows(table as { a: number[] }, { length: 2, targets: ["a"], ...options });
  expect(cut).toThrow(message);
  expect(cut).toThrow(kind as ErrorConstructor);
});

test("whatever a table and its options are, it is cut or refused in words", () => {
  const anything = fc.anything({ withTypedArray: true, withBigInt: true, withSparseArray: true, withNullPrototype: true });
  const list = fc.oneof(anything, fc.array(anything, { minLength: 4, maxLength: 4 }), fc.float32Array({ minLength: 4, maxLength: 4 }));
  const tables = fc.oneof(
    anything,
    fc.record({ a: list, b: list }),
    fc.array(fc.record({ a: anything, b: fc.double() }), { minLength: 3 }),
  );
  const names = fc.oneof(anything, fc.subarray(["a", "b"]));
  const sizes = fc.oneof(anything, fc.integer({ min: -1, max: 3 }), fc.array(fc.integer({ min: 0, max: 3 })));
  const options = fc.record({ length: sizes, horizon: sizes, targets: names, known: names }, { requiredKeys: ["length", "targets"] });
  fc.assert(
    fc.property(tables, fc.oneof(anything, options), (table, given) => {
      for (const cut of [windows, lastWindow] as ((table: unknown, options: unknown) => object)[]) {
        try {
          const result = cut(table, given);
          if (Symbol.iterator in result) Array.from(result as Iterable<unknown>);
        } catch (error) {
          expect((error as Error).message).toMatch(/^"/);
          expect([TypeError, RangeError]).toContain((error as Error).constructor);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("the last window needs no targets yet, but rows enough", () => {
  const options = { length: 4, horizon: 3, targets: ["a"] } as const;
  expect(lastWindow({ a: [1, 2, 3, 4] }, options)).toEqual({ inputs: { a: [1, 2, 3, 4] } });
  expect(() => lastWindow({ a: [1, 2, 3] }, options)).toThrow('"table" expected at least 4 rows (length), got 3');
  expect(() => lastWindow({ a: [1, 2, 3, 4, 5, 6] }, { ...options, known: ["a"] })).toThrow("at least 7 rows (length + the last step");
});

describe("models with columns take them", () => {
  /** A wave of 12 steps, whose height a label says. */
  const table = (steps: number) => ({
    height: Array.from({ length: steps }, (_, t) => (t % 7 === 3 ? null : t % 30 < 15 ? "high" : "low")),
    wave: Float32Array.from({ length: steps }, (_, t) => (t % 11 === 5 ? NaN : (t % 30 < 15 ? 1 : 0.5) * Math.sin((2 * Math.PI * t) / 12))),
    phase: Uint8Array.from({ length: steps }, (_, t) => t % 12),
  });
  const columns = {
    wave: numeric({ missing: "last" }),
    height: categorical(["low", "high"], { missing: "category" }),
    phase: categorical(12, { units: 3 }),
  };

  test.each([{ output: "last" }, { output: "every" }, { known: ["phase"] }] as const)("%j", async (more) => {
    const options = { length: 12, horizon: 4, targets: ["wave"], ...more } as const;
    const known = "known" in more;
    const output = known ? "every" : more.output;
    const model = createModel({
      input: { columns },
      layers: [gru({ units: 12 }), dense({ units: known ? 1 : 4 })],
      output,
      seed: 1,
    });
    const trainer = createTrainer(model, { loss: { type: "mse", missing: "ignore" }, optimizer: adam({ learningRate: 0.02 }) });
    const train = [...windows(table(200), options)];
    const { loss } = trainer.evaluate(train);
    await trainer.fit(train, { epochs: 10 });
    expect(trainer.evaluate(train).loss).toBeLessThan(loss / 5);
    // What is not known ahead is not looked at.
    const ahead = table(200);
    if (known) ahead.wave.fill(9, 196);
    const last = lastWindow(ahead, options);
    const [outputs] = model.predict([last]);
    expect(outputs).toHaveLength({ last: 4, every: known ? 16 : 48 }[output]);
    expect(outputs).toEqual(model.predict([lastWindow(table(200), options)])[0]);
  });

  test("a column that is not known ahead must be allowed to have gaps", () => {
    const model = createModel({ input: { columns: { x: numeric(), day: categorical(7) } }, layers: [dense({ units: 1 })] });
    const week = { x: [1, 2, 3, 4], day: [0, 1, 2, 3] };
    const cut = windows(week, { length: 2, horizon: 1, targets: ["x"], known: ["day"] });
    expect(() => model.predict(cut)).toThrow(
      '"sequences[0].inputs, step 2, column x" expected a finite number (gaps need the column\'s option missing: "last"), got null',
    );
  });
});
