/** Backtests by rolling origin: all origins in one pass over the carried state, beside the forecasts that any other must beat. */

import { baselinesOf } from "./baselines.js";
import { quantileOf } from "./conformal.js";
import type { Checked } from "./options.js";
import { type ForecastScore, naiveScale, Tally } from "./scores.js";
import type { Series } from "./series.js";
import { timeAt } from "./time.js";

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
  series: number;
  /** The last time that was known. */
  origin: string | Date | number;
  time: string | Date | number;
  /** Steps ahead, from 1. */
  step: number;
  truth: number;
  median: number;
  lower: number;
  upper: number;
}

export interface BacktestReport {
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

export class Backtest {
  readonly #o: Checked;
  readonly #every: number;
  readonly #tallies = new Map<string, Tally[]>();
  readonly #rows: BacktestRow[] = [];
  #origins = 0;
  #series = 0;

  constructor(o: Checked, every: number) {
    this.#o = o;
    this.#every = every;
  }

  #tally(name: string, h: number): Tally {
    const own = this.#tallies.get(name) ?? Array.from({ length: this.#o.horizon }, () => new Tally());
    this.#tallies.set(name, own);
    return own[h] as Tally;
  }

  /**
   * @param from the row of the first truth
   * @param forecasts the quantiles, [steps x quantiles], from rows in their order
   */
  add(series: Series, from: number, seasons: readonly number[], forecasts: Iterable<readonly [row: number, values: Float64Array]>): void {
    const { horizon, quantiles } = this.#o;
    const { length, target, grid, start } = series;
    const scale = naiveScale(target, from, Math.round(seasons[0] as number));
    const isOrigin = (row: number) => row >= from - 1 && row < length - 1 && (row - from + 1) % this.#every === 0;
    const Q = quantiles.length;
    const times = Array.from({ length }, (_, row) => timeAt(grid, start + row));
    for (const [row, values] of forecasts) {
      if (!isOrigin(row)) continue;
      this.#origins++;
      for (let h = 0; h < horizon && row + 1 + h < length; h++) {
        const truth = target[row + 1 + h] as number;
        if (Number.isNaN(truth)) continue;
        this.#tally("memcell", h).add(truth, values, h * Q, quantiles, scale);
        const of = (q: number) => values[h * Q + q] as number;
        const [origin, time] = [times[row], times[row + 1 + h]] as [BacktestRow["time"], BacktestRow["time"]];
        this.#rows.push({
          series: this.#series,
          origin,
          time,
          step: h + 1,
          truth,
          median: of(quantiles.indexOf(0.5)),
          lower: of(0),
          upper: of(Q - 1),
        });
      }
    }
    this.#series++;
    this.#addBaselines(series, from, seasons, scale, isOrigin);
  }

  /** Their quantiles are those of their errors before `from`, at each step. */
  #addBaselines(
    { target, length }: Series,
    from: number,
    seasons: readonly number[],
    scale: number,
    isOrigin: (row: number) => boolean,
  ): void {
    const { horizon, quantiles } = this.#o;
    const ahead = new Float64Array(horizon);
    const said = new Float64Array(quantiles.length);
    const baselines = baselinesOf(target, from, seasons, horizon);
    const errors = baselines.map(() => Array.from({ length: horizon }, (): number[] => []));
    for (let row = 0; row < length - 1; row++) {
      // All of them at one row before the next: two share what they have seen.
      baselines.forEach(([name, at], b) => {
        at(row, ahead);
        const own = errors[b] as number[][];
        if (row === from - 1)
          for (const [h, list] of own.entries()) {
            const sorted = Float64Array.from(list).sort();
            const middle = sorted.length ? quantiles.map((q) => (q === 0.5 ? 0 : quantileOf(sorted, q))) : quantiles.map(() => 0);
            own[h] = middle;
          }
        for (let h = 0; h < horizon && row + 1 + h < length; h++) {
          const truth = target[row + 1 + h] as number;
          const value = ahead[h] as number;
          if (row < from - 1) {
            if (row + 1 + h < from && !Number.isNaN(truth - value)) own[h]?.push(truth - value);
          } else if (isOrigin(row)) {
            quantiles.forEach((_, q) => (said[q] = value + (own[h]?.[q] as number)));
            said.sort();
            said[quantiles.indexOf(0.5)] = value;
            this.#tally(name, h).add(truth, said, 0, quantiles, scale);
          }
        }
      });
    }
  }

  report(): BacktestReport {
    const { quantiles } = this.#o;
    const scores = [...this.#tallies].map(([name, own]) => Tally.of(own).done(name, quantiles));
    const horizons = [...this.#tallies].flatMap(([name, own]) => own.map((tally, h) => ({ step: h + 1, ...tally.done(name, quantiles) })));
    return { origins: this.#origins, scores, horizons, rows: this.#rows, table: tableOf(scores) };
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
