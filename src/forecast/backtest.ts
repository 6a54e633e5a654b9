/** Backtests by rolling origin: all origins in one pass over the carried state, beside the forecasts that any other must beat. */

import { type Baseline, baselinesOf } from "./baselines.js";
import { calibrate, move } from "./conformal.js";
import type { Checked } from "./options.js";
import { type ForecastScore, naiveScale, scoreOf, scoresOf, type Tally, total } from "./scores.js";
import type { Series } from "./series.js";
import { timeAt } from "./time.js";

/** The options of `backtest`. */
export interface BacktestOptions {
  /** The first time to forecast, of the table's form; without times a row. What is learned from ends before it. */
  from: string | Date | number;
  /** Steps from one origin to the next. Default 1. */
  every?: number;
  /** Origins after which the forecaster is fitted anew, from all rows before the next one. Default false: never. */
  refit?: number | false;
}

/** A forecast of one row from one origin. */
export interface BacktestRow {
  /** The number of the series, from 0. */
  series: number;
  /** The last time that was known; without times its row. */
  origin: string | Date | number;
  /** The time that was forecast. */
  time: string | Date | number;
  /** Steps ahead, from 1. */
  step: number;
  /** The value of the target at that time. */
  truth: number;
  /** The median of the forecast. */
  median: number;
  /** The smallest of its quantiles. */
  lower: number;
  /** The largest. */
  upper: number;
}

/** The result of `backtest`. */
export interface BacktestReport {
  /** How many origins there were, in all series. */
  origins: number;
  /** Of this forecaster, then of the baselines, each over the same truths. */
  scores: ForecastScore[];
  /** The same for each step of the horizon. */
  horizons: ({ step: number } & ForecastScore)[];
  /** Every forecast of a row that has a truth. */
  rows: BacktestRow[];
  /** A table of the scores, as a text. */
  table: string;
}

/** Scores forecasts of one series after the other. */
export class Backtest {
  readonly #o: Checked;
  readonly #every: number;
  /** Of each forecast one for each step. */
  readonly #tallies: Record<string, Tally[]> = {};
  readonly #report = { origins: 0, rows: [] as BacktestRow[] };
  #series = 0;

  constructor(o: Checked, every: number) {
    this.#o = o;
    this.#every = every;
  }

  /**
   * @param from the row of the first truth
   * @param forecasts the quantiles, [steps x quantiles], from rows in their order
   */
  add({ target, length, grid, start }: Series, from: number, seasons: readonly number[], forecasts: Forecasts): void {
    const { horizon, quantiles } = this.#o;
    const { rows } = this.#report;
    const Q = quantiles.length;
    const scale = naiveScale(target, from, Math.round(seasons[0] as number));
    const times = Array.from({ length }, (_, row) => timeAt(grid, start + row));
    const all = baselinesOf(target, from, seasons, horizon).map(
      ([name, at]) => [name, baseline(target, from, quantiles, horizon, at)] as const,
    );
    for (const [name, said] of [["memcell", forecasts] as const, ...all]) {
      this.#tallies[name] ??= Array.from({ length: horizon }, () => []);
      const tallies = this.#tallies[name];
      for (const [row, values] of said) {
        if ((row - from + 1) % this.#every || row > length - 2) continue;
        if (said === forecasts) this.#report.origins++;
        for (let h = 0; h < horizon && row + 1 + h < length; h++) {
          const truth = target[row + 1 + h] as number;
          const own = values.subarray(h * Q, (h + 1) * Q);
          tallies[h] = total([tallies[h] as Tally, scoresOf(truth, own, quantiles, scale)]);
          if (said !== forecasts || Number.isNaN(truth)) continue;
          const [origin, time] = [times[row], times[row + 1 + h]] as [BacktestRow["time"], BacktestRow["time"]];
          const [lower, median, upper] = [own[0], own[quantiles.indexOf(0.5)], own[Q - 1]] as [number, number, number];
          rows.push({ series: this.#series, origin, time, step: h + 1, truth, median, lower, upper });
        }
      }
    }
    this.#series++;
  }

  report(): BacktestReport {
    const { quantiles } = this.#o;
    const all = Object.entries(this.#tallies);
    const scores = all.map(([name, own]) => scoreOf(name, total(own), quantiles));
    const horizons = all.flatMap(([name, own]) => own.map((tally, h) => ({ step: h + 1, ...scoreOf(name, tally, quantiles) })));
    return { ...this.#report, scores, horizons, table: tableOf(scores) };
  }
}

type Forecasts = Iterable<readonly [row: number, values: Float64Array]>;

/** A baseline's quantiles are calibrated by its errors before `from`, as the forecaster's by theirs. */
function* baseline(target: Float64Array, from: number, quantiles: readonly number[], horizon: number, at: Baseline[1]): Forecasts {
  const Q = quantiles.length;
  const saidAt = (row: number) => Float64Array.from({ length: horizon * Q }, (_, i) => at(row, Math.floor(i / Q)));
  const errors = function* () {
    for (let row = 0; row < from - 1; row++)
      yield saidAt(row).map((value, i) => {
        const goal = row + 1 + Math.floor(i / Q);
        return goal < from ? (target[goal] as number) - value : NaN;
      });
  };
  const calibration = calibrate(quantiles, horizon, errors());
  for (let row = from - 1; row < target.length; row++) {
    const values = saidAt(row);
    move(calibration, quantiles, values);
    yield [row, values];
  }
}

function tableOf(scores: readonly ForecastScore[]): string {
  const digits = (value: number) => (Math.abs(value) < 100 ? value.toPrecision(4) : value.toFixed(0));
  const head = ["forecast", "MASE", "sMAPE", "RMSE", "pinball", "WIS", `in ${Math.round(100 * (scores[0]?.level ?? 0))} %`];
  const lines = scores.map((s) => [
    s.forecast,
    ...[s.mase, s.smape, s.rmse, s.pinball, s.wis].map(digits),
    `${(100 * s.coverage).toFixed(1)} %`,
  ]);
  const widths = head.map((_, k) => Math.max(...[head, ...lines].map((line) => (line[k] as string).length)));
  return [head, ...lines]
    .map((line) => line.map((cell, k) => (k ? cell.padStart(widths[k] as number) : cell.padEnd(widths[k] as number))).join("  "))
    .join("\n");
}
