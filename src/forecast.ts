/**
 * From a table to intervals: `memcell/forecast`, a forecaster that is fitted, asked, tested, kept up to date and saved. It stands on the
 * public API; the core does not know it.
 */

import { answer, calibrated, type Forecast, rolling } from "./forecast/answer.js";
import { Backtest, type BacktestOptions, type BacktestReport } from "./forecast/backtest.js";
import { closedOf } from "./forecast/closed.js";
import { read, type Saved, write } from "./forecast/file.js";
import { type ForecastReport, learn } from "./forecast/learn.js";
import { lossFor, pieces, prepare } from "./forecast/network.js";
import { type Checked, checkOptions, type ForecasterOptions } from "./forecast/options.js";
import { type ForecastTable, joined, partOf, readSeries, type Series, withKnown } from "./forecast/series.js";
import { describe } from "./forecast/summary.js";
import type { Source } from "./forecast/survey.js";
import { readGrid, timeAt } from "./forecast/time.js";
import { adam, createTrainer, type Fit } from "./index.js";
import { awaitable, boolean, complete, fail, integer, integerIn, isRecord } from "./internal.js";

export type { Forecast } from "./forecast/answer.js";
export type { BacktestOptions, BacktestReport, BacktestRow } from "./forecast/backtest.js";
export type { ForecastReport } from "./forecast/learn.js";
export type { ForecasterOptions } from "./forecast/options.js";
export type { ForecastScore } from "./forecast/scores.js";
export type { ForecastTable } from "./forecast/series.js";
export type { Forecaster };

/** One table, or many of the same columns: a global model. An iterable is gone through several times, one table at a time in memory. */
export type ForecastData = ForecastTable | Iterable<ForecastTable> | AsyncIterable<ForecastTable>;

const isTable = (value: unknown) => isRecord(value) && !(Symbol.iterator in value) && !(Symbol.asyncIterator in value);
/** Whether a record has columns: a row has values alone. */
const hasColumns = (value: unknown) =>
  isTable(value) && Object.values(value as object).some((list) => typeof list === "object" && list !== null && "length" in list);

function sourceOf(o: Checked, data: unknown): Source {
  if (isTable(data) || (Array.isArray(data) && !hasColumns(data[0])))
    return { one: true, read: (grid) => [readSeries("table", data, o, grid)] };
  const many = Object(data) as Iterable<unknown> & AsyncIterable<unknown>;
  const pass: unknown = many[Symbol.asyncIterator]?.() ?? many[Symbol.iterator]?.();
  if (typeof data !== "object" || !pass) return fail(TypeError, "table", "a table, or an iterable of tables", data);
  if (pass === data) return fail(TypeError, "table", "tables that can be gone through again, unlike a generator's", data);
  return {
    one: false,
    async *read(grid) {
      let count = 0;
      for await (const table of many) {
        const series = readSeries(`series[${count++}]`, table, o, grid);
        // The first one's, where it is not known yet.
        grid ??= series.grid;
        yield series;
      }
    },
  };
}

/** Made by `createForecaster` and `loadForecaster`. */
class Forecaster {
  readonly #o: Checked;
  #saved: Saved | null;

  /** @internal */
  constructor(o: Checked, saved: Saved | null = null) {
    this.#o = o;
    this.#saved = saved;
  }

  #fitted(): Saved {
    return this.#saved ?? fail(RangeError, "forecaster", "a fit before this", "none");
  }

  /**
   * Learns from a table, or from many series as one global model. The last rows are held out at first: by them the size, the smoothing, the
   * epochs and the width of intervals are chosen. Then the networks go on to learn from all rows. Iterate it for reports, or await it.
   * @param data columns of arrays or rows of objects; an iterable of such tables is read once an epoch and may be larger than memory
   * @param settings `signal`: aborting it stops before the next update
   * @throws TypeError, RangeError with the column and the row, and what would be right
   * @example for await (const { network, epoch, validation } of forecaster.fit(table)) console.log(network, epoch, validation);
   */
  fit(data: ForecastData, settings: { signal?: AbortSignal } = {}): Fit<ForecastReport> {
    return this.#learn(sourceOf(this.#o, data), settings);
  }

  #learn(source: Source, settings: { signal?: AbortSignal } = {}): Fit<ForecastReport> {
    const run = async function* (this: Forecaster): AsyncGenerator<ForecastReport, void, undefined> {
      const { learned, models, series } = yield* learn(this.#o, source, settings);
      this.#saved = { o: this.#o, learned, models, history: source.one ? series : null };
    };
    return awaitable(run.call(this));
  }

  /**
   * The next steps, with their quantiles.
   * @param history the rows so far, of the same columns; default those of `fit` and `update`, where it was one series
   * @param settings `known`: the known columns of the next steps, as many rows as the horizon; with times these are checked
   * @throws TypeError, RangeError with the column and the row
   * @example const { time, median, lower, upper } = forecaster.forecast(undefined, { known: { holiday: [0, 0, 1, …] } });
   */
  forecast(history?: ForecastTable, settings: { known?: ForecastTable } = {}): Forecast {
    const { learned, models, history: own } = this.#fitted();
    const { known } = complete("options", settings, { known: (_, value) => value });
    const series = history === undefined ? own : readSeries("history", history, this.#o, learned.plan.grid);
    if (!series) return fail(TypeError, "history", "the rows so far, of a forecaster of many series", history);
    if (series.target.every(Number.isNaN)) fail(RangeError, `history.${this.#o.target}`, "numbers, not gaps alone", "gaps alone");
    const closed = closedOf(series);
    const isOmitted = (row: number) => this.#o.closed === "omit" && closed.has(row);
    return answer(this.#o, learned, models, withKnown(series, known, this.#o, isOmitted), isOmitted);
  }

  /**
   * Takes new rows, after those so far: forecasts begin after them, and with `calibration: "adaptive"` intervals follow how often they held.
   * @param settings `epochs` of fine-tuning on all rows, at a fifth of the learning rate; default 0, the networks stay as they are
   * @throws TypeError, RangeError with the column and the row; of a forecaster of many series, which keeps no rows
   * @example await forecaster.update(yesterday); // rows or columns
   */
  async update(rows: ForecastTable, settings: { epochs?: number } = {}): Promise<void> {
    const saved = this.#fitted();
    const { epochs } = complete("options", settings, { epochs: [integerIn(0), 0] });
    const { learned, models, history } = saved;
    if (!history) return fail(RangeError, "update", "a forecaster of one series", `one of ${learned.series}`);
    const series = joined("rows", history, readSeries("rows", rows, this.#o, learned.plan.grid, endOf(saved)));
    const prepared = prepare(learned.plan, this.#o, series, series.length, learned.frame ?? undefined);
    for (const _ of calibrated(this.#o, learned, models, prepared, Math.max(0, history.length - this.#o.horizon), history.length));
    saved.history = series;
    if (epochs === 0) return;
    for (const model of models) {
      const trainer = createTrainer(model, {
        loss: lossFor(this.#o),
        optimizer: adam({ learningRate: 0.001 }),
        clipNorm: 1,
        window: 32,
        seed: this.#o.seed,
      });
      await trainer.fit([...pieces(prepared.inputs, prepared.framed, this.#o.horizon, series.length)], { epochs });
    }
  }

  /**
   * Forecasts from one origin after the other, all in one pass over the carried state, and scores them beside seasonal naive, seasonal mean,
   * drift and Holt-Winters. What was fitted from rows at or after `from` is not asked: then another is fitted from the rows before.
   * @param data a table, or an array of tables
   * @throws TypeError, RangeError as `fit`; RangeError if `from` is not within the table
   * @example const { table, scores } = await forecaster.backtest(rows, { from: "1988-01-01", every: 7 }); console.log(table);
   */
  async backtest(data: ForecastTable | readonly ForecastTable[], settings: BacktestOptions): Promise<BacktestReport> {
    const o = this.#o;
    const { from, every, refit } = complete("options", settings, {
      from: [(_, value) => value],
      every: [integer, 1],
      refit: [(path, value) => value !== false && integer(path, value), false],
    });
    const { one, read } = sourceOf(o, data);
    const all: Series[] = [];
    for await (const series of read(this.#saved?.learned.plan.grid)) all.push(series);
    const [first] = all;
    if (!first) return fail(RangeError, "table", "at least one series", data);
    const at =
      first.grid.form === null ? integer("from", from, 1) : (readGrid("from", [from], o.timeZone ?? null, first.grid).rows[0] as number);
    all.forEach(({ start, length }, i) => {
      if (at <= start || at >= start + length)
        fail(RangeError, "from", `a time within ${one ? "the table" : `series[${i}]`}, after its first`, from);
    });
    const last = Math.max(...all.map(({ start, length }) => start + length));
    // The forecaster of each stretch of rows; what was fitted, where it may be.
    const eras: (Saved & { from: number })[] = [];
    for (let row = at; row < last; row += refit ? refit * every : last) {
      let saved = this.#saved;
      if (eras.length || !saved || endOf(saved) > row) {
        const fresh = new Forecaster(o);
        await fresh.#learn({ one, read: () => all.map((series) => partOf(series, 0, row - series.start)) });
        saved = fresh.#fitted();
      }
      eras.push({ ...saved, from: row });
    }
    const { seasons } = (eras[0] as Saved).learned.plan;
    const result = new Backtest(o, every);
    for (const series of all) {
      const forecasts = function* () {
        for (const [i, { learned, models, from }] of eras.entries())
          yield* rolling(o, learned, models, series, from - series.start, (eras[i + 1]?.from ?? last) - series.start);
      };
      result.add(series, at - series.start, seasons.length ? seasons : [1], forecasts());
    }
    return result.report();
  }

  /** A plain statement: what was learned from, how good it was on the rows held out, how sure it is, and what was noticed about the data. */
  summary(): string {
    return describe(this.#o, this.#fitted().learned);
  }

  /**
   * Rows for any plotting library: the last rows of the history, then the forecast, with `lower` and `upper`; none where it never has numbers.
   * @example Plot.plot({ marks: [Plot.areaY(rows, { x: "time", y1: "lower", y2: "upper" }), Plot.lineY(rows, { x: "time", y: "value" })] });
   */
  plot(forecast: Forecast = this.forecast(), settings: { rows?: number } = {}) {
    const { history } = this.#fitted();
    const { rows } = complete("options", settings, { rows: [integer, 4 * this.#o.horizon] });
    const from = history ? Math.max(0, history.length - rows) : 0;
    const closed = history && closedOf(history);
    const past = Array.from(history?.target.subarray(from) ?? []).flatMap((value, i) => {
      const { grid, start } = history as Series;
      const row = start + from + i;
      return closed?.has(row) ? [] : [{ time: timeAt(grid, row), value, lower: NaN, upper: NaN, forecast: false }];
    });
    const { time, median, lower, upper } = forecast;
    const next = Array.from(median, (value, h) => ({
      time: time[h] as Forecast["time"][number],
      value,
      lower: lower[h] as number,
      upper: upper[h] as number,
      forecast: true,
    }));
    return [...past, ...next];
  }

  /**
   * All of it as a safetensors file.
   * @param settings `history: false` leaves the rows out: then `forecast` wants them. Default true
   * @example await writeAtomically("births.safetensors", forecaster.save());
   */
  save(settings: { history?: boolean } = {}): Uint8Array<ArrayBuffer> {
    const saved = this.#fitted();
    const { history } = complete("options", settings, {
      history: [boolean, true],
    });
    return write({ ...saved, history: history ? saved.history : null });
  }
}

/** The row after the last one that was learned from. */
const endOf = ({ history, learned }: Saved) => (history ? history.start + history.length : learned.end);

/**
 * A forecaster of the next steps of a series, or of many, with intervals that cover what they say.
 * @throws TypeError, RangeError for an option that is wrong, by its name
 * @example
 * const forecaster = createForecaster({ target: "births", horizon: 28, season: [7, 365.25] });
 * await forecaster.fit(table); // { date: ["1969-01-01", …], births: [8486, …] }
 * const { time, median, lower, upper } = forecaster.forecast();
 */
export const createForecaster = (options: ForecasterOptions): Forecaster => new Forecaster(checkOptions(options));

/**
 * The forecaster that `save` wrote.
 * @throws TypeError, RangeError if the bytes are something else
 * @example const forecaster = loadForecaster(readFileSync("births.safetensors"));
 */
export function loadForecaster(bytes: Uint8Array | ArrayBuffer): Forecaster {
  const saved = read(bytes);
  return new Forecaster(saved.o, saved);
}
