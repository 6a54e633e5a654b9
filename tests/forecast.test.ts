/** memcell/forecast as its users meet it: a table in, intervals out, beside baselines; what is refused, and how. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { readSafetensors, writeSafetensors } from "memcell";
import { createForecaster, type ForecasterOptions, type ForecastReport, type ForecastTable, loadForecaster } from "memcell/forecast";
import { describe, expect, test } from "vitest";
import { closedOf } from "../src/forecast/closed.js";
import { quantileOf } from "../src/forecast/conformal.js";
import { checkOptions } from "../src/forecast/options.js";
import { ridge } from "../src/forecast/regression.js";
import { readSeries } from "../src/forecast/series.js";
import { fitSmoothing, Smoother } from "../src/forecast/smoothing.js";
import { readGrid, span, timeAt, wallAt } from "../src/forecast/time.js";
import { boxCoxExponent, logarithm, restored, transformed } from "../src/forecast/transform.js";
import { damaged } from "./helpers/damaged.js";
import { random } from "./helpers/random.js";

const DAY = 86_400_000;
const dates = (length: number, from = Date.UTC(2022, 0, 1)) =>
  Array.from({ length }, (_, i) => new Date(from + i * DAY).toISOString().slice(0, 10));

/** Sales of a shop: a week, a slow wave, promotions that are known ahead, noise; every 29th day was not counted. */
function shop(length: number, seed = 1, level = 300) {
  const next = random(seed);
  const promo: number[] = [];
  const sales = Array.from({ length }, (_, t) => {
    promo.push(Number(next() < 0.15));
    const value =
      level * (1 + 0.3 * Number(t % 7 > 4) + 0.1 * Math.sin(t / 40) + 0.4 * promo[t]! + 0.05 * (next() + next() + next() - 1.5));
    return t % 29 === 7 ? null : value;
  });
  return { date: dates(length), sales, promo };
}
const part = (table: Record<string, readonly unknown[]>, from: number, to?: number) =>
  Object.fromEntries(Object.entries(table).map(([name, list]) => [name, list.slice(from, to)]));

const quick = { target: "sales", horizon: 14, season: 7, units: 8, ensemble: 1, epochs: 8 } satisfies ForecasterOptions;

describe("a forecaster", async () => {
  const table = shop(434);
  const [history, ahead] = [part(table, 0, 420), part(table, 420)];
  const forecaster = createForecaster({ ...quick, known: ["promo"] });
  const reports: ForecastReport[] = [];
  for await (const report of forecaster.fit(history)) reports.push(report);
  const forecast = forecaster.forecast(undefined, { known: ahead });
  const truths = ahead.sales as (number | null)[];

  test("reports each epoch, with the loss on rows that it does not learn from", () => {
    expect(reports.filter(({ stage }) => stage === "choose").every(({ validation }) => validation > 0)).toBe(true);
    expect(reports.at(-1)).toMatchObject({ stage: "learn", network: 1, units: 8 });
  });

  test("knows the week and what is known ahead; quantiles do not cross", () => {
    expect(forecast.time).toEqual(ahead.date);
    const errors = truths.map((truth, h) => (truth === null ? 0 : Math.abs(truth - forecast.median[h]!)));
    expect(errors.reduce((sum, error) => sum + error) / errors.length).toBeLessThan(15);
    forecast.lower.forEach((lower, h) => {
      expect(lower).toBeLessThanOrEqual(forecast.median[h]!);
      expect(forecast.upper[h]).toBeGreaterThanOrEqual(forecast.median[h]!);
    });
    expect(forecast.quantiles["0.5"]).toEqual(forecast.median);
    // With promotions the same days sell more: 40 % more, as in the table.
    const [none, all] = [0, 1].map((on) => forecaster.forecast(undefined, { known: { promo: Array(14).fill(on) } }).median);
    none!.forEach((value, h) => expect(all![h]! / value).toBeGreaterThan(1.2));
  });

  test("rows of objects, Dates and typed arrays are the same table", () => {
    const rows = (history.date as string[]).map((date, i) => ({ date, sales: history.sales![i], promo: history.promo![i] }));
    const typed = {
      date: (history.date as string[]).map((date) => date),
      sales: Float64Array.from(history.sales as number[], (value) => value ?? NaN),
      promo: history.promo,
    };
    for (const same of [rows, typed, history]) expect(forecaster.forecast(same, { known: ahead })).toEqual(forecast);
  });

  test("says what was chosen", () => {
    expect(forecaster.summary()).toMatch(
      /^Forecasts sales: the next 14 days, .*80 %.*\nLearned from 420 days, 2022-01-01 to 2023-02-24\.\nLearns what repeats every week\.\nLooks also at promo \(numbers\)\.\nHow good: on the last 84 days.* less than repeating the value of 7 days before.*\nHow sure: .*\nHow: .*1 network \(8 units, 8 rounds.* counted at 100 %\.\nNoticed: 15 days without a number/,
    );
  });

  test("is saved and loaded, to the bit; without the rows, it wants them", () => {
    const loaded = loadForecaster(forecaster.save());
    expect(loaded.forecast(undefined, { known: ahead })).toEqual(forecast);
    expect(loaded.summary()).toBe(forecaster.summary());
    expect(loaded.save()).toEqual(forecaster.save());
    const light = loadForecaster(forecaster.save({ history: false }));
    expect(light.forecast(history, { known: ahead })).toEqual(forecast);
    expect(() => light.forecast(undefined, { known: ahead })).toThrow('"history" expected the rows so far');
  });

  test("the same seed gives the same bits", async () => {
    const other = createForecaster({ ...quick, known: ["promo"] });
    await other.fit(history);
    expect(other.save()).toEqual(forecaster.save());
  });

  test("a worker has the same bits", async () => {
    const code = `
      import { createForecaster } from ${JSON.stringify(import.meta.resolve("memcell/forecast"))};
      import { parentPort, workerData } from "node:worker_threads";
      const forecaster = createForecaster(workerData.options);
      await forecaster.fit(workerData.history);
      parentPort.postMessage(forecaster.save());`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
      workerData: { options: { ...quick, known: ["promo"] }, history },
    });
    const [saved] = await once(worker, "message");
    expect(Buffer.compare(saved, forecaster.save())).toBe(0);
  });

  test("goes on after new rows, with fine-tuning or without", async () => {
    const { sales, promo, date } = shop(448);
    const more = { date: date.slice(420, 434), sales: sales.slice(420, 434), promo: promo.slice(420, 434) };
    const known = { date: date.slice(434), promo: promo.slice(434) };
    const loaded = loadForecaster(forecaster.save());
    await loaded.update(more);
    const next = loaded.forecast(undefined, { known });
    expect(next.time).toEqual(known.date);
    const whole = loadForecaster(forecaster.save({ history: false })).forecast(part(shop(448), 0, 434), { known });
    // The networks' share has followed the new rows.
    next.median.forEach((value, h) => expect(value).toBeCloseTo(whole.median[h]!, -1));
    await loaded.update({ date: [known.date[0]], sales: [sales[434]], promo: [promo[434]] }, { epochs: 1 });
    expect(loaded.forecast(undefined, { known: { promo: Array(14).fill(0) } }).time[0]).toBe(known.date[1]);
    await expect(loaded.update(more)).rejects.toThrow(
      `"rows, row 0" expected a time after the last one so far, ${known.date[0]}, got "${more.date[0]}"`,
    );
    await expect(loaded.update({ date: "2023-01-01", sales: 1 } as never)).rejects.toThrow('"rows" expected an array of at least one row');
  });

  test("gives rows to plot", () => {
    const rows = forecaster.plot(forecast, { rows: 10 });
    expect(rows).toHaveLength(24);
    expect(rows[9]).toMatchObject({ time: history.date!.at(-1), forecast: false });
    expect(rows[10]).toEqual({
      time: ahead.date![0],
      value: forecast.median[0],
      lower: forecast.lower[0],
      upper: forecast.upper[0],
      forecast: true,
    });
  });

  test("a backtest in one pass says what forecasts from each origin say", async () => {
    const long = shop(480);
    const report = await forecaster.backtest(long, { from: long.date[420]!, every: 10 });
    expect(report.origins).toBe(6);
    const first = report.rows.filter(({ origin }) => origin === long.date[419]);
    first.forEach(({ step, median, lower }) => {
      expect(median).toBeCloseTo(forecast.median[step - 1]!, 6);
      expect(lower).toBeCloseTo(forecast.lower[step - 1]!, 6);
    });
    const names = report.scores.map(({ forecast }) => forecast);
    expect(names).toEqual(["memcell", "seasonal naive (7)", "seasonal mean (7)", "drift", "Holt-Winters (7)"]);
    expect(new Set(report.scores.map(({ count }) => count)).size).toBe(1);
    const [own, ...baselines] = report.scores;
    for (const { mase } of baselines) expect(own!.mase).toBeLessThan(mase);
    expect(report.horizons.filter(({ forecast }) => forecast === "drift").map(({ step }) => step)).toEqual(
      Array.from({ length: 14 }, (_, h) => h + 1),
    );
    expect(report.table.split("\n")).toHaveLength(6);
  });

  test("a backtest does not look at what comes after: another future, the same forecasts", async () => {
    const [one, two] = [shop(480), shop(480)];
    two.sales = two.sales.map((value, t) => (t < 450 ? value : 5000));
    const reports = await Promise.all(
      [one, two].map((table) => createForecaster({ ...quick, epochs: 2 }).backtest(table, { from: table.date[440]!, refit: 20 })),
    );
    const before = reports.map(({ rows }) =>
      rows.filter(({ origin }) => origin < one.date[450]!).map(({ time, median, lower, upper }) => ({ time, median, lower, upper })),
    );
    const shared = before.map((rows) => rows.filter(({ time }) => time < one.date[450]!));
    expect(shared[0]).toEqual(shared[1]);
    expect(reports[0]!.origins).toBe(40);
  });
});

test("one global model of many series, streamed, with what is the same in all of a series", async () => {
  const stores = Array.from({ length: 6 }, (_, i) => ({ ...shop(200, i, i % 2 ? 100 : 1000), region: i % 2 ? "north" : "south" }));
  let most = 0;
  const streamed = {
    *[Symbol.iterator]() {
      let open = 0;
      for (const store of stores) {
        most = Math.max(most, ++open);
        yield store;
        open--;
      }
    },
  };
  const forecaster = createForecaster({ ...quick, known: ["promo"], static: ["region"] });
  await forecaster.fit(streamed);
  expect(most).toBe(1);
  const known = { promo: Array(14).fill(0) };
  for (const store of [stores[0]!, stores[1]!, { ...shop(200, 9, 50), region: "north" }]) {
    const { median } = forecaster.forecast(store, { known });
    const mean = store.sales.reduce<number>((sum, value) => sum + (value ?? 0), 0) / store.sales.length;
    expect(median.reduce((sum, value) => sum + value) / 14 / mean).toBeCloseTo(0.95, 0);
  }
  expect(() => forecaster.forecast({ ...shop(200), region: "west" }, { known })).toThrow(
    '"table.region, row 0" expected a label that was learned (north, south), or null for a gap, got "west"',
  );
  const { scores } = await forecaster.backtest(stores, { from: stores[0]!.date[180]! });
  expect(scores[0]!.count).toBe(scores[1]!.count);
});

test("a column of dates in capital letters; one that is used otherwise is none", async () => {
  const { date, sales } = shop(60);
  const forecaster = createForecaster({ ...quick, epochs: 1 });
  await forecaster.fit({ DATE: date, sales });
  const { time } = forecaster.forecast();
  expect(time[0]).toBe(shop(61).date[60]);
  const numbered = createForecaster({ ...quick, past: ["Date"], epochs: 1 });
  await numbered.fit({ Date: date, sales });
  expect(numbered.forecast().time[0]).toBe(60);
});

describe("times that the table never has", async () => {
  const HOUR = DAY / 24;
  /** Rows at steps of a clock, but for those that are closed, and for those left out by chance. */
  const open = (count: number, step: number, isOpen: (weekday: number, hour: number) => boolean, first = Date.UTC(2022, 0, 3)) => {
    const next = random(4);
    const times = Array.from({ length: count }, (_, i) => new Date(first + i * step));
    const there = times.filter((time) => isOpen(time.getUTCDay(), time.getUTCHours()) && next() > 0.02);
    return there.map((time) => ({ time: time.toISOString(), sales: 100 + 10 * Math.sin(+time / 1e8) + next() }));
  };
  const closedOfRows = (rows: { time: string; sales: number }[]) => closedOf(readSeries("table", rows, checkOptions(quick)));

  test.each<[string, ReturnType<typeof open>, string]>([
    ["none", open(200, DAY, () => true), ""],
    ["Sundays", open(200, DAY, (weekday) => weekday !== 0), "Sundays"],
    ["weekends", open(90, DAY, (weekday) => weekday % 6 !== 0), "Saturdays, Sundays"],
    [
      "Mondays, Wednesdays and Fridays alone",
      open(90, DAY, (weekday) => weekday % 2 === 1 && weekday < 6),
      "Tuesdays, Thursdays, Saturdays, Sundays",
    ],
    ["too few to tell", open(16, DAY, (weekday) => weekday !== 0), ""],
    [
      "nights",
      open(400, HOUR, (_, hour) => hour > 5 && hour < 22),
      "the hours from 00:00 to before 06:00, the hours from 22:00 to before 24:00",
    ],
    [
      "nights, Sundays, and Saturdays' afternoons",
      open(2000, HOUR, (weekday, hour) => weekday !== 0 && hour > 7 && hour < (weekday === 6 ? 13 : 18)),
      "Sundays, the hours from 00:00 to before 08:00, the hours from 18:00 to before 24:00, 5 more of the week's 168 steps",
    ],
  ])("%s", (_, rows, text) => expect(closedOfRows(rows).text).toBe(text));

  test("half of a table that is missing by chance closes nothing; months do, and hardly ever is never", () => {
    const next = random(2);
    expect(closedOfRows(open(200, DAY, () => next() < 0.5)).text).toBe("");
    const months = Array.from({ length: 60 }, (_, i) => ({
      time: `${2015 + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, "0")}-01`,
      sales: i,
    }));
    expect(closedOfRows(months.filter(({ time }) => !time.includes("-08-"))).text).toBe("August");
    let sundays = 0;
    expect(closedOfRows(open(400, DAY, (weekday) => weekday !== 0 || sundays++ % 15 === 3)).text).toBe("Sundays");
  });

  test("they are left out of forecasts, plots and what must be known ahead, or guessed if asked; the summary says so", async () => {
    const rows = open(150, DAY, (weekday) => weekday !== 0).map(({ time, sales }) => ({
      date: time.slice(0, 10),
      sales,
      promo: Number(sales > 108),
    }));
    const options = { ...quick, known: ["promo"], horizon: 8, epochs: 1 };
    const forecaster = createForecaster(options);
    await forecaster.fit(rows);
    expect(forecaster.summary()).toContain(
      'Noticed: no numbers, or hardly any, on Sundays. Forecasts leave these times out (closed: "forecast" guesses them). If they were 0, write 0.\nNoticed: 4 days without a number besides: ',
    );
    // From a Thursday on to a Thursday.
    const known = dates(8, Date.UTC(2022, 5, 2)).map((date) => ({ date, promo: 0 }));
    const forecast = forecaster.forecast(undefined, { known: known.filter(({ date }) => date !== "2022-06-05") });
    expect(forecast.time).toEqual(known.map(({ date }) => date).filter((date) => date !== "2022-06-05"));
    expect(forecast.quantiles["0.1"]).toHaveLength(7);
    expect(forecaster.plot(forecast).every(({ time }) => new Date(time).getUTCDay() !== 0)).toBe(true);
    const guessing = createForecaster({ ...options, closed: "forecast" });
    await guessing.fit(rows);
    expect(guessing.forecast(undefined, { known }).time).toHaveLength(8);
    expect(guessing.summary()).toContain("Forecasts of these times are guesses.");
    // Known ahead up to the Saturday before a Sunday.
    const short = createForecaster({ ...options, horizon: 4 });
    await short.fit(rows);
    expect(short.forecast(undefined, { known: known.slice(0, 3) }).time).toHaveLength(3);
    expect(() => short.forecast(undefined, { known: known.slice(0, 2) })).toThrow("also of 2022-06-04");
  });
});

test("a summary of the median alone, and of a forecast that is worse than the naive one", async () => {
  const forecaster = createForecaster({ target: "y", horizon: 2, quantiles: [0.5], units: 2, ensemble: 1, epochs: 1 });
  await forecaster.fit({ y: Array.from({ length: 40 }, (_, t) => (t < 35 ? 5 * (t % 2) : 1e6)) });
  expect(forecaster.summary()).toMatch(/^Forecasts y: the next 2 rows\.\n/);
  expect(forecaster.summary()).toMatch(/off by \d+ on average.* repeating the last value \(\d+, which was better\)\.\nHow: /);
});

test("a number far from all others is pointed at", async () => {
  const table = shop(100);
  const forecaster = createForecaster({ ...quick, epochs: 1 });
  await forecaster.fit({ ...table, sales: table.sales.with(50, 99_000) });
  expect(forecaster.summary()).toMatch(
    /Noticed: sales far from all others: 99000 \(2022-02-20\), while nine in ten lie between \d+\S* and \d+/,
  );
});

describe("bad input is refused, by row and column, with what would be right", () => {
  const good = shop(100);
  const cases: [string, Partial<ForecasterOptions>, () => ForecastTable, string][] = [
    [
      "a time twice",
      {},
      () => ({ ...good, date: good.date.with(5, good.date[4]!) }),
      '"table.date, row 5" expected a time after that of row 4 (2022-01-05): each time once, got "2022-01-05"',
    ],
    [
      "times out of order",
      {},
      () => ({ ...good, date: good.date.with(5, "2021-01-01") }),
      '"table.date, row 5" expected a time after that of row 4 (2022-01-05): rows in the order of time, got "2021-01-01"',
    ],
    [
      "irregular times",
      {},
      () => ({ ...good, date: good.date.with(5, "2022-01-06T07:00:00") }),
      '"table.date, row 5" expected a time on the grid of 1 day, such as 2022-01-06, got "2022-01-06T07:00:00"',
    ],
    [
      "a time that is none",
      {},
      () => ({ ...good, date: good.date.with(5, "2022-02-30") }),
      '"table.date, row 5" expected a time such as "2024-05-31"',
    ],
    ["a horizon longer than the data", { horizon: 100 }, () => good, '"table" expected at least 208 rows, for a horizon of 100, got 100'],
    ["gaps alone", {}, () => ({ ...good, sales: Array(100).fill(null) }), '"table.sales" expected numbers, not gaps alone'],
    [
      "a target that is no number",
      {},
      () => ({ ...good, sales: good.sales.map((value, i) => (i === 3 ? ("many" as never) : value)) }),
      '"table.sales, row 3" expected a number, or null for a gap, got "many"',
    ],
    [
      "a number beyond single precision",
      {},
      () => ({ ...good, sales: good.sales.with(3, 1e300) }),
      '"table.sales, row 3" expected a number between -3.4e38 and 3.4e38, or null for a gap, got 1e+300',
    ],
    ["an unknown column", { past: ["weather"] }, () => good, '"table.weather" expected a column of the table'],
    [
      "numbers and labels in one column",
      { past: ["promo"] },
      () => ({ ...good, promo: ["no", ...good.promo.slice(1)] }),
      '"table.promo, row 1" expected a label, as in the rows before, got 0',
    ],
    ["a static column that changes", { static: ["promo"] }, () => good, "as in row 0: a static column does not change"],
    [
      "dates in a column of another name",
      {},
      () => good.date.map((Day, i) => ({ Day, sales: good.sales[i] })),
      '"table.Day" expected the option time: "Day" for a column of dates, or to be left out, got "2022-01-01"',
    ],
    ["columns of unequal lengths", {}, () => ({ ...good, date: good.date.slice(1) }), "expected 99 rows, as many as the others have"],
    [
      "zero under a logarithm",
      { transform: "log" },
      () => ({ ...good, sales: good.sales.with(9, 0) }),
      '"table.sales, row 9" expected a positive number, for transform "log", got 0',
    ],
  ];
  test.each(cases)("%s", async (_, options, table, message) => {
    await expect(createForecaster({ ...quick, ...options }).fit(table())).rejects.toThrow(message);
  });

  const wrong: [string, object, string][] = [
    ["a quantile of 0", { quantiles: [0, 0.5] }, '"quantiles[0]" expected a number in (0, 1), got 0'],
    ["no horizon", { horizon: 0 }, '"horizon" expected an integer from 1 to 10000, got 0'],
    ["a season of one step", { season: 1 }, '"season" expected a number of at least 2, got 1'],
    ["an option that is none", { lookback: 5 }, '"lookback" is not an option'],
    ["a column of two kinds", { known: ["sales"] }, '"known[0]" expected another column than target has'],
    ["a time zone that is none", { timeZone: "Mars/Olympus" }, '"timeZone" expected a time zone such as "Europe/Berlin"'],
  ];
  test.each(wrong)("%s", (_, options, message) => expect(() => createForecaster({ ...quick, ...options })).toThrow(message));

  test("tables that can be gone through only once, and what is no table", async () => {
    function* once() {
      yield good;
    }
    const forecaster = createForecaster(quick);
    expect(() => forecaster.fit(once())).toThrow('"table" expected tables that can be gone through again');
    expect(() => forecaster.fit(3 as never)).toThrow('"table" expected a table, or an iterable of tables, got 3');
  });

  test("known columns that end too early, or hold what was not learned", async () => {
    const table = { ...good, sky: good.date.map((_, i) => (i % 3 ? "sun" : "rain")) };
    const forecaster = createForecaster({ ...quick, known: ["promo", "sky"], epochs: 1 });
    await forecaster.fit(table);
    const promo = Array(14).fill(0);
    expect(() => forecaster.forecast()).toThrow('"known" expected the columns promo, sky of the next 14 rows');
    expect(() => forecaster.forecast(undefined, { known: { promo: promo.slice(4), sky: Array(10).fill("sun") } })).toThrow(
      '"known" expected the columns promo, sky of the next 14 rows, also of 2022-04-21, got "10 rows"',
    );
    expect(() => forecaster.forecast(undefined, { known: { promo } })).toThrow('"known.sky" expected a column of the table');
    expect(() => forecaster.forecast(undefined, { known: { promo, sky: Array(14).fill("snow") } })).toThrow(
      /expected a label that was learned \(rain, sun\), or null for a gap, got "snow"/,
    );
    expect(() => createForecaster(quick).forecast()).toThrow('"forecaster" expected a fit');
    const { date: _, ...timeless } = table;
    expect(() => forecaster.forecast(timeless)).toThrow('"history.date" expected a column of the table');
    await expect(forecaster.backtest(table, { from: "2031-01-01" })).rejects.toThrow('"from" expected a time within the table');
  });

  test("files that are none", () => {
    expect(() => loadForecaster(new Uint8Array(9))).toThrow(RangeError);
    expect(() => loadForecaster(3 as never)).toThrow(TypeError);
  });

  test("damaged ones are refused in words, when they are loaded or used", async () => {
    const forecaster = createForecaster({ ...quick, known: ["promo"], units: 2, epochs: 1 });
    await forecaster.fit(good);
    const { tensors, metadata } = readSafetensors(forecaster.save());
    const wordless: string[] = [];
    for (const json of damaged(metadata["memcell.forecast"]!)) {
      try {
        const loaded = loadForecaster(writeSafetensors({ tensors, metadata: { "memcell.forecast": json } }));
        loaded.forecast(undefined, { known: { promo: Array(14).fill(0) } });
        loaded.summary();
      } catch (error) {
        if (!/^"/.test((error as Error).message)) wordless.push((error as Error).message);
      }
    }
    expect(wordless).toEqual([]);
  });

  test("a constant series is forecast as its constant, which is stated", async () => {
    const forecaster = createForecaster(quick);
    await forecaster.fit({ ...good, sales: Array(100).fill(12.5) });
    const { median, lower, upper, constant } = forecaster.forecast();
    expect(constant).toBe(true);
    for (const list of [median, lower, upper]) expect([...list]).toEqual(Array(14).fill(12.5));
    expect(forecaster.summary()).toContain("The series has one value only: the forecast is that value.");
    expect(loadForecaster(forecaster.save()).forecast().median).toEqual(median);
  });
});

describe("times", () => {
  const grid = (cells: unknown[], zone: string | null = null) => readGrid("time", cells, zone);

  test.each<[string, unknown[], string | null, unknown]>([
    ["days", ["2024-02-27", "2024-02-28"], null, "2024-02-29"],
    ["months, of the last day", ["2024-01-31", "2024-02-29"], null, "2024-03-31"],
    ["months as such", ["2023-11", "2023-12"], null, "2024-01"],
    ["years", ["2020-01-01", "2021-01-01"], null, "2022-01-01"],
    ["hours with blanks", ["2024-02-28 22:00", "2024-02-28 23:00"], null, "2024-02-29T00:00"],
    ["instants", ["2024-02-28T23:00:00Z", "2024-02-28T23:30:00Z"], null, "2024-02-29T00:00:00"],
    ["milliseconds", [0, 60_000], null, 120_000],
    ["Dates", [new Date(0), new Date(DAY)], null, new Date(2 * DAY)],
    // Midnights in Berlin, over the night in which clocks went forward: 23 hours.
    ["local days", ["2024-03-29T23:00:00Z", "2024-03-30T23:00:00Z"], "Europe/Berlin", "2024-03-31T22:00:00.000Z"],
  ])("%s go on", (_, cells, zone, next) => expect(timeAt(grid(cells, zone).grid, 2)).toEqual(next));

  test("rows that are not there are gaps", () => {
    expect(grid(["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-06"]).rows).toEqual([0, 1, 4, 5]);
    expect(grid(["2024-01-01", "2024-02-01", "2024-04-01"]).rows).toEqual([0, 1, 3]);
  });

  test.each<[unknown[], number, string]>([
    [["2024-01-01", "2024-01-02"], 28, "28 days"],
    [["2024-01-01", "2024-01-08"], 1, "1 week"],
    [["2024-01-01 00:00", "2024-01-01 00:15"], 8, "8 steps of 15 minutes"],
    [["2024-01-01", "2024-04-01"], 1, "3 months"],
    [["2020-01-01", "2021-01-01"], 2, "2 years"],
  ])("%s: %i steps are %s", (cells, steps, words) => expect(span(grid(cells).grid, steps)).toBe(words));

  test("the wall clock of a zone is that of the zone, in summer and winter", () => {
    const { grid: hours } = grid(["2024-01-01T00:00:00Z", "2024-01-01T01:00:00Z"], "America/New_York");
    expect([0, 24 * 182].map((row) => new Date(wallAt(hours, row)).getUTCHours())).toEqual([19, 20]);
  });
});

describe("the parts", () => {
  test("Holt-Winters follows a trend and a season exactly", () => {
    const values = Float64Array.from({ length: 96 }, (_, t) => 5 + 0.5 * t + [0, 3, -2, -1][t % 4]!);
    const smoother = new Smoother({ alpha: 0.5, beta: 0.1, gamma: 0.1, phi: 1, season: 4 }, values);
    for (const value of values) smoother.step(value);
    const next = new Float64Array(4);
    smoother.forecast(next, 0, 4);
    next.forEach((value, h) => expect(value).toBeCloseTo(5 + 0.5 * (96 + h) + [0, 3, -2, -1][h]!, 1));
    expect(fitSmoothing([values], 4, 4).phi).toBe(1);
  });

  test("ridge regression has the closed form's weights", () => {
    // Two orthogonal features: each weight is x'y / (x'x + penalty).
    const x = [
      [1, 1],
      [1, -1],
      [1, 1],
      [1, -1],
    ];
    const weights = ridge(Float64Array.of(3, 1, 5, 3), x, (k) => k);
    expect(weights[0]).toBeCloseTo(3, 12);
    expect(weights[1]).toBeCloseTo(4 / 5, 12);
  });

  test("logarithms and powers are Math's to 1e-14, and go back", () => {
    for (const x of [1e-9, 0.3, 0.999, 1, 1.5, 7, 12345, 1e12]) {
      expect(Math.abs(logarithm(x) - Math.log(x))).toBeLessThan(1e-14 * Math.max(1, Math.abs(Math.log(x))));
      for (const lambda of [-0.5, 0, 0.5, 1]) if (x < 1e5) expect(restored(transformed(x, lambda), lambda) / x).toBeCloseTo(1, 6);
    }
    const next = random(3);
    expect(boxCoxExponent(Float64Array.from({ length: 500 }, () => Math.exp(next() + next() + next() + next())))).toBe(0);
  });

  test("quantiles between numbers", () => expect([0, 0.25, 0.9, 1].map((q) => quantileOf([1, 2, 3], q))).toEqual([1, 1.5, 2.8, 3]));
});
