// The package as users get it: its workers are files of the bundle.
import {
  adam,
  type Columns,
  categorical,
  createModel,
  createOnlineLearner,
  createTrainer,
  dense,
  embedding,
  gru,
  type Inputs,
  loadModel,
  lstm,
  type ModelConfig,
  numeric,
  resumeOnlineLearner,
  resumeTrainer,
  rnn,
  type StepInput,
  sgd,
  type Value,
} from "memcell";
import { createBatcher } from "memcell/batcher";
import { createTrainer as createParallel } from "memcell/parallel";
import { createTrainer as createWorker } from "memcell/worker";
import { describe, expect, test } from "vitest";
import { numbers, relativeError } from "./helpers/cases.js";
import { type Refusal, refuses } from "./helpers/refusals.js";

const WEATHER = ["sun", "rain", "snow"];
const columns = {
  temperature: numeric(),
  wind: numeric({ missing: "last" }),
  weather: categorical(WEATHER, { units: 2 }),
  sky: categorical(["clear", "grey"], { missing: "category" }),
  weekday: categorical(7),
  rain: numeric({ missing: "mean" }),
};
const scaler = { inputs: { mean: [12, 3, 1], deviation: [8, 2, 0.5] } };
const config: ModelConfig = { input: { columns }, layers: [lstm({ units: 6 }), dense({ units: 2 })], scaler, seed: 3 };

type Table = Record<string, Value[]>;
/** A table with gaps where the columns may have them; the first steps of each are gaps too. */
function tableOf(length: number, seed: number): Table {
  const next = numbers(seed);
  const below = (n: number) => Math.floor(((next() + 1) / 2) * n);
  const list = (value: (t: number) => Value) => Array.from({ length }, (_, t) => value(t));
  const gappy = (value: () => Value, gap: Value) => list((t) => (t < 2 || next() > 0.4 ? gap : value()));
  return {
    temperature: list(() => 12 + 8 * next()),
    wind: gappy(() => 3 + next(), null),
    weather: list(() => WEATHER[below(3)] as string),
    sky: gappy(() => (next() > 0 ? "clear" : "grey"), NaN),
    weekday: list((t) => t % 7),
    rain: gappy(() => 1 + next(), NaN),
  };
}
const lengthOf = (table: Table) => Object.values(table)[0]!.length;
const objects = (table: Table) =>
  Array.from({ length: lengthOf(table) }, (_, t) => Object.fromEntries(Object.entries(table).map(([name, list]) => [name, list[t]!])));
const rows = (table: Table): Value[][] => objects(table).map((row) => Object.values(row));

const tables = Array.from({ length: 9 }, (_, i) => tableOf(5 + ((i * 7) % 11), i));
const sequences = tables.map((inputs, i) => {
  const next = numbers(100 + i);
  return { inputs, targets: Array.from({ length: lengthOf(inputs) }, () => [next(), next()]) };
});
const options = { loss: "mse", optimizer: adam({ learningRate: 0.01 }), batch: 7, window: 4, seed: 5 } as const;

describe("the values of columns", () => {
  const forms: [string, (table: Table) => Inputs][] = [
    ["columns of arrays in another order", (table) => Object.fromEntries(Object.entries(table).reverse())],
    ["rows of objects", objects],
    ["rows in the order of the columns", rows],
    ["rows one after the other, flat", (table) => rows(table).flat()],
    [
      "typed arrays, labels as indices",
      (table) =>
        Object.fromEntries(
          Object.entries(table).map(([name, list]) => {
            const labels: readonly Value[] = name === "weather" ? WEATHER : ["clear", "grey"];
            return [name, Float64Array.from(list, (value) => (typeof value === "string" ? labels.indexOf(value) : (value ?? NaN)))];
          }),
        ),
    ],
  ];
  const model = createModel(config);
  const expected = model.predict(sequences);
  test.each(forms)("%s", (_, form) => {
    expect(model.predict(tables.map((table) => ({ inputs: form(table) })))).toEqual(expected);
  });

  const step: [string, (row: Record<string, Value>) => StepInput][] = [
    ["an object", (row) => row],
    ["a row", (row) => Object.values(row)],
  ];
  test.each(step)("a stream's step, as %s: the same bits as predict, handed over within gaps", (_, form) => {
    for (const table of tables.slice(0, 3)) {
      let stream = model.stream();
      const outputs = objects(table).flatMap((row) => {
        stream = model
          .stream()
          .restore(JSON.parse(JSON.stringify(stream.state(), (_, v) => (ArrayBuffer.isView(v) ? [...(v as Float32Array)] : v))));
        return [...stream.step(form(row))];
      });
      expect(outputs).toEqual([...model.predict([{ inputs: table }])[0]!]);
      expect(Object.keys(stream.state())).toEqual(["seen", "h_l0", "c_l0"]);
    }
  });

  test("many streams, whatever the form, and a batcher", async () => {
    const streams = model.streams({ capacity: 9 });
    const batcher = createBatcher(streams);
    const ids = tables.map(() => streams.open());
    for (let t = 0; t < 5; t++) {
      const now = tables.map((table) => objects(table)[t]!);
      const outputs =
        t === 1
          ? streams.step(ids, now)
          : t === 2
            ? streams.step(ids, Object.fromEntries(Object.keys(columns).map((name) => [name, now.map((row) => row[name]!)])))
            : Float32Array.from(
                (await Promise.all(ids.map((id, i) => batcher.step(id, t ? now[i]! : Object.values(now[i]!))))).flatMap((y) => [...y]),
              );
      const wanted = expected.flatMap((y) => [...y.subarray(2 * t, 2 * t + 2)]);
      expect(relativeError(outputs, wanted)).toBeLessThan(1e-6);
    }
    expect(relativeError(model.stream().restore(streams.state(ids[0]!)).state().seen!, streams.state(ids[0]!).seen!)).toBe(0);
    batcher.close();
  });

  test("of a single column may stand alone", () => {
    const one = createModel({ input: { columns: { weather: categorical(WEATHER) } }, layers: [gru({ units: 3 })] });
    const stream = one.stream();
    const outputs = [stream.step("rain"), stream.step(2), stream.step(["sun"]), stream.step({ weather: "snow" })].flatMap((y) => [...y]);
    for (const inputs of [["rain", "snow", "sun", "snow"], [1, 2, 0, 2], { weather: Uint8Array.of(1, 2, 0, 2) }] as Inputs[]) {
      expect([...one.predict([{ inputs }])[0]!]).toEqual(outputs);
    }
    const plain = createModel({ input: { tokens: 3 }, layers: [gru({ units: 3 })] });
    expect([...plain.predict([{ inputs: [1, 2, 0, 2] }])[0]!]).toEqual(outputs);
  });

  test("of a single column are generated as tokens are", () => {
    const alphabet = ["a", "b", "c", "d"];
    const body = [lstm({ units: 5 }), dense({ units: 4 })];
    const named = createModel({ input: { columns: { letter: categorical(alphabet, { units: 3 }) } }, layers: body });
    const plain = createModel({ input: { tokens: 4 }, layers: [embedding({ units: 3 }), ...body] });
    const { "embedding.letter.weight": table, ...rest } = named.parameters();
    plain.setParameters({ ...rest, "embedding.weight": table! });
    const settings = { length: 20, seed: 2 };
    expect([...named.generate(["c", "a"], settings)]).toEqual([...plain.generate([2, 0], settings)]);
  });
});

describe("columns are", () => {
  /** The same numbers as features: gaps filled, categories one-hot, learned vectors looked up. */
  function byHand(table: Table, vectors: (category: number) => number[]): number[][] {
    let last = 0;
    return rows(table).map(([temperature, wind, weather, sky, weekday, rain]) => {
      const gap = wind === null;
      if (!gap) last = ((wind as number) - 3) / 2;
      const oneHot = (count: number, at: number) => Array.from({ length: count }, (_, i) => Number(i === at));
      const noRain = Number.isNaN(rain);
      return [
        ((temperature as number) - 12) / 8,
        ...[last, Number(gap)],
        ...vectors(WEATHER.indexOf(weather as string)),
        ...oneHot(3, Number.isNaN(sky) ? 2 : ["clear", "grey"].indexOf(sky as string)),
        ...oneHot(7, weekday as number),
        ...[noRain ? 0 : ((rain as number) - 1) / 0.5, Number(noRain)],
      ];
    });
  }

  test.each([
    ["lstm", lstm({ units: 6 })],
    ["gru", gru({ units: 5 })],
    ["rnn", rnn({ units: 5 })],
    ["dense", dense({ units: 5 })],
  ])("what one makes of them by hand, below %s: weights in the order of the columns", (_, layer) => {
    const model = createModel({ ...config, layers: [layer, dense({ units: 2 })] });
    const features = 1 + 2 + 2 + 3 + 7 + 2;
    const plain = createModel({ input: { features }, layers: [layer, dense({ units: 2 })] });
    const { "embedding.weather.weight": table, ...rest } = model.parameters();
    expect(table!.shape).toEqual([3, 2]);
    plain.setParameters(rest);
    const inputs = tables.map((given) => byHand(given, (category) => [...table!.data.slice(2 * category, 2 * category + 2)]));
    const outputs = plain.predict(inputs.map((inputs) => ({ inputs })));
    model.predict(sequences).forEach((y, i) => expect(relativeError(y, outputs[i]!)).toBeLessThan(1e-6));
    const trainer = (of: typeof model) => createTrainer(of, { loss: "mse", optimizer: sgd({ learningRate: 1 }) });
    const { gradients } = trainer(model).gradients(sequences);
    const other = trainer(plain).gradients(inputs.map((inputs, i) => ({ inputs, targets: sequences[i]!.targets }))).gradients;
    for (const [name, { data }] of Object.entries(other)) expect(relativeError(gradients[name]!.data, data), name).toBeLessThan(1e-5);
  });

  test("carried from window to window, and over an interruption, within gaps", async () => {
    const trainer = createTrainer(createModel(config), options);
    for (let part = 0; part < 2; part++) {
      const pieces = sequences.slice(0, 4).map(({ inputs, targets }) => {
        const cut = (list: Value[]) => list.slice(2 * part, 2 * part + 2);
        return {
          inputs: Object.fromEntries(Object.entries(inputs).map(([name, list]) => [name, cut(list)])),
          targets: targets.slice(2 * part, 2 * part + 2),
        };
      });
      const { loss } = resumeTrainer(trainer.save()).gradients(pieces, { carry: part > 0 });
      expect(trainer.step(pieces, { carry: part > 0 })).toBe(loss);
    }
    const there = createTrainer(createModel(config), options);
    const reports: number[] = [];
    for await (const { loss } of there.fit(sequences, { epochs: 2 })) reports.push(loss);
    const here = createTrainer(createModel(config), options);
    for await (const _ of here.fit(sequences, { every: 1 })) break;
    const resumed = resumeTrainer(here.save());
    for await (const _ of resumed.fit(sequences, { epochs: 2 }));
    expect(resumed.model.save()).toEqual(there.model.save());
  });

  test("saved with the model, labels and all, and obeyed by the loaded one", () => {
    const model = createModel(config);
    const loaded = loadModel(model.save());
    expect(loaded.config).toEqual(model.config);
    expect(loaded.predict(sequences)).toEqual(model.predict(sequences));
    expect(loaded.config.input).toEqual({ columns });
  });

  test("learned the same in a worker and with threads", async () => {
    const local = createTrainer(createModel(config), { ...options, batch: 32 });
    await local.fit(sequences, { epochs: 2 });
    const inWorker = createWorker(createModel(config), { ...options, batch: 32 });
    await inWorker.fit(sequences, { epochs: 2 });
    expect(inWorker.model.save()).toEqual(local.model.save());
    expect(await inWorker.predict(sequences)).toEqual(local.model.predict(sequences));
    inWorker.close();
    const parallel = createParallel(createModel(config), { ...options, batch: 32, threads: 2 });
    await parallel.fit(sequences, { epochs: 2 });
    expect(relativeError([await parallel.step(sequences)], [local.step(sequences)])).toBeLessThan(1e-5);
    parallel.close();
  });
});

describe("an online learner", () => {
  const { weather: _, ...others } = columns;
  const without = (row: Record<string, Value>) => Object.fromEntries(Object.entries(row).filter(([name]) => name !== "weather"));
  const fresh = () => createModel({ input: { columns: others }, layers: [lstm({ units: 4 }), dense({ units: 2 })], seed: 1 });
  const steps = objects(tableOf(40, 9)).map(without);

  test("takes columns; its running scaler skips gaps; it goes on from a file to the bit", () => {
    const settings = { loss: "mse", optimizer: sgd({ learningRate: 0.05 }), scaler: "running" } as const;
    const learner = createOnlineLearner(fresh(), settings);
    let resumed = createOnlineLearner(fresh(), settings);
    for (const [t, row] of steps.entries()) {
      const target = t % 3 ? [0.5, -1] : undefined;
      expect(resumed.step(t % 2 ? row : Object.values(row), target)).toEqual(learner.step(row, target));
      resumed = resumeOnlineLearner(resumed.save());
    }
    const means = ["temperature", "wind", "rain"].map((name) => {
      const seen = steps.map((row) => row[name]).filter((value): value is number => typeof value === "number" && !Number.isNaN(value));
      return seen.reduce((a, b) => a + b, 0) / seen.length;
    });
    expect(relativeError(learner.model.config.scaler.inputs!.mean, means)).toBeLessThan(1e-12);
  });

  test("has the gradient of the whole past, as truncated in 1997", () => {
    const model = fresh();
    const learner = createOnlineLearner(model, { loss: "mse", optimizer: sgd({ learningRate: 1e-30 }) });
    steps.slice(0, 9).forEach((row, t) => learner.step(row, t === 8 ? [0.3, 0.7] : undefined));
    const trainer = createTrainer(model, { loss: "mse", optimizer: sgd({ learningRate: 1 }), gradient: "truncated-1997" });
    const weights = [0, 0, 0, 0, 0, 0, 0, 0, 1];
    const { gradients } = trainer.gradients([{ inputs: steps.slice(0, 9), targets: weights.map(() => [0.3, 0.7]), weights }]);
    for (const [name, { data }] of Object.entries(learner.gradients()))
      expect(relativeError(data, gradients[name]!.data), name).toBeLessThan(1e-5);
  });
});

describe("refused", () => {
  const model = createModel(config);
  const good = objects(tables[0]!);
  const at = (step: number, changes: Record<string, unknown>) => () =>
    model.predict([{ inputs: good.map((row, t) => (t === step ? { ...row, ...changes } : row)) as Inputs }]);
  const input = (given: unknown) => () => createModel({ ...config, input: { columns: given as Columns } });
  const place = (step: number, name: string) => `"sequences[0].inputs, step ${step}, column ${name}" expected`;
  const cases: Refusal[] = [
    [
      "an unknown column",
      RangeError,
      '"sequences[0].inputs, step 2.snow" is no column of this model, which has temperature, wind',
      at(2, { snow: 1 }),
    ],
    ["a missing one", TypeError, `${place(2, "wind")} a finite number, or null for a gap, got undefined`, at(2, { wind: undefined })],
    [
      "an unknown array",
      RangeError,
      '"sequences[0].inputs.snow" is no column',
      () => model.predict([{ inputs: { ...tables[0]!, snow: [1] } }]),
    ],
    [
      "a missing array",
      TypeError,
      '"sequences[0].inputs.wind" expected an array or a typed array, got undefined',
      () => model.predict([{ inputs: { ...tables[0]!, wind: undefined! } }]),
    ],
    [
      "arrays of two lengths",
      RangeError,
      '"sequences[0].inputs.rain" expected 5 values, as many as temperature has, got an array of 1',
      () => model.predict([{ inputs: { ...tables[0]!, rain: [1] } }]),
    ],
    [
      "a label that is not in the list",
      RangeError,
      `${place(1, "weather")} one of "sun", "rain", "snow", got "fog"`,
      at(1, { weather: "fog" }),
    ],
    ["a category out of range", RangeError, `${place(0, "weekday")} an integer from 0 to 6, got 7`, at(0, { weekday: 7 })],
    [
      "a label where there are none",
      TypeError,
      `${place(0, "weekday")} an integer from 0 to 6, got "Monday"`,
      at(0, { weekday: "Monday" }),
    ],
    ["half a category", RangeError, `${place(0, "weekday")} an integer from 0 to 6, got 1.5`, at(0, { weekday: 1.5 })],
    [
      "a gap where there may be none",
      RangeError,
      `${place(3, "temperature")} a finite number (gaps need the column's option missing: "last"), got NaN`,
      at(3, { temperature: NaN }),
    ],
    [
      "a category missing",
      TypeError,
      `${place(3, "weekday")} an integer from 0 to 6 (gaps need the column's option missing: "category"), got null`,
      at(3, { weekday: null }),
    ],
    ["infinity", RangeError, `${place(3, "wind")} a finite number, or null for a gap, got Infinity`, at(3, { wind: Infinity })],
    ["text as a number", TypeError, `${place(3, "temperature")} a finite number, got "7"`, at(3, { temperature: "7" })],
    [
      "a short row",
      RangeError,
      '"sequences[0].inputs, step 1" expected 6 values (temperature, wind,',
      () => model.predict([{ inputs: [rows(tables[0]!)[0]!, [1]] }]),
    ],
    [
      "flat values that are no rows",
      RangeError,
      '"sequences[0].inputs" expected a multiple of 6 values (temperature,',
      () => model.predict([{ inputs: [1, 2] }]),
    ],
    [
      "a stream's step of two rows",
      RangeError,
      '"input" expected 1 step, got an array of 12',
      () => model.stream().step(rows(tables[0]!).slice(0, 2).flat()),
    ],
    [
      "a stream's step without a column",
      TypeError,
      '"input, step 0, column rain" expected',
      () => model.stream().step({ ...good[0]!, rain: undefined! }),
    ],
    ["no columns", TypeError, '"input.columns" expected columns by name', input({})],
    [
      "a column of another kind",
      RangeError,
      '"input.columns.a.type" expected one of "numeric", "categorical"',
      input({ a: { type: "text" } }),
    ],
    ["a column that is none", TypeError, '"input.columns.a" expected a column such as numeric() or categorical(7), got 7', input({ a: 7 })],
    [
      "an option that a column does not have",
      RangeError,
      '"input.columns.a.units" is not an option',
      input({ a: { type: "numeric", units: 2 } }),
    ],
    [
      "gaps of no known kind",
      RangeError,
      '"input.columns.a.missing" expected one of "last", "mean"',
      input({ a: { type: "numeric", missing: "zero" } }),
    ],
    ["two labels alike", RangeError, '"categories" expected one label or more, each another', () => categorical(["a", "a"])],
    ["labels that are numbers", TypeError, '"categories[0]" expected a label, got 1', () => categorical([1] as never)],
    [
      "categories of nothing",
      TypeError,
      '"categories" expected labels, or how many categories there are, got undefined',
      () => categorical(undefined as never),
    ],
    [
      "too many columns of weights",
      RangeError,
      '"input.columns" expected at most 1048576 columns of weights',
      input({ a: categorical(1 << 20), b: numeric() }),
    ],
    [
      "a scaler of other numbers",
      RangeError,
      '"scaler.inputs.mean" expected 3 numbers',
      () => createModel({ ...config, scaler: { inputs: { mean: [0], deviation: [1] } } }),
    ],
    [
      "an embedding",
      RangeError,
      "takes tokens (embedding)",
      () => createModel({ ...config, scaler: {}, layers: [embedding({ units: 2 }), dense({ units: 1 })] }),
    ],
    [
      "a way past one-hot columns",
      RangeError,
      '"layers[0].residual" expected numbers as inputs, got tokens',
      () => createModel({ ...config, layers: [lstm({ units: 2, residual: "concat" })] }),
    ],
    [
      "learned vectors online",
      RangeError,
      "an online learner",
      () => createOnlineLearner(createModel(config), { loss: "mse", optimizer: sgd({ learningRate: 1 }) }),
    ],
  ];
  refuses(cases);
});
