/** How good forecasts of numbers are. */

import {
  type AnySequence,
  arrayLike,
  type Check,
  complete,
  each,
  fail,
  finite,
  inBounds,
  integer,
  Model,
  numbers,
  type Refuse,
} from "../internal.js";
import { type Answers, checkAnswers, meanOf } from "./answers.js";
import { answersOf, type ModelOptions } from "./ofModel.js";

/** The options of `forecastScores`. */
export interface ForecastOptions {
  /** Steps after which a series repeats, for MASE. Default 1: the naive forecast is the step before. */
  season?: number;
  /**
   * The series that was learned from, in your units, on which MASE measures the naive forecast (Hyndman & Koehler 2006). Default: the
   * truths themselves, in their order.
   */
  history?: ArrayLike<number>;
}

/** How often truths lie between two quantiles. */
export interface Coverage {
  /** The share that should: 0.8 between the quantiles 0.1 and 0.9. */
  level: number;
  /** The share that does. */
  coverage: number;
  /** The mean width of the interval. */
  width: number;
}

/** The result of `forecastScores`; `mae`, `rmse`, pinball losses and widths are in the targets' units. */
export interface ForecastScores {
  /** The number of truths that count. */
  count: number;
  /** The mean absolute error of the forecast; of its median, or the quantile nearest to it; of its mean. */
  mae: number;
  /** The root of the mean squared error. */
  rmse: number;
  /** The mean of 2 |error| / (|truth| + |forecast|), from 0 to 2; 0 where both are 0. */
  smape: number;
  /** `mae` over the mean absolute error of the naive forecast; below 1 is better than that. NaN where the series is too short for one. */
  mase: number;
  /** The mean pinball loss over all quantiles. Absent where the forecast has none. */
  pinball?: number;
  /** For each quantile its mean pinball loss, and the share of truths that are not above it. Absent where the forecast has no quantiles. */
  quantiles?: { quantile: number; pinball: number; below: number }[];
  /**
   * For each pair of quantiles with the same share beyond them; of normal distributions for the levels 0.5, 0.8,
   * 0.9 and 0.95. Absent where the forecast has neither.
   */
  intervals?: Coverage[];
}

/** Levels, and how many standard deviations they reach to both sides. */
const NORMAL = [
  [0.5, 0.6744897501960817],
  [0.8, 1.2815515655446004],
  [0.9, 1.6448536269514722],
  [0.95, 1.959963984540054],
] as const;

/**
 * Scores of a model whose loss is mse, mae, huber, quantile or gaussianNLL, in the targets' units.
 * @param sequences with targets; missing ones, and those of weight 0, do not count
 * @param scoreOptions `history`: a series for all targets, or a list of one for each; without it MASE compares with each sequence's own
 * truths a season before
 * @throws TypeError, RangeError as `model.predict`; RangeError if the loss is another one
 * @example const { mase, pinball, intervals } = forecastScores(model, test, { season: 7, history: sales.slice(0, 700) });
 */
export function forecastScores(
  model: Model<unknown>,
  sequences: Iterable<AnySequence>,
  scoreOptions?: Omit<ForecastOptions, "history"> & ModelOptions & { history?: ArrayLike<number> | readonly ArrayLike<number>[] },
): ForecastScores;
/**
 * Errors of forecasts, with MASE and, where there are quantiles or deviations, pinball loss and the coverage of intervals.
 * @param targets the truths; NaN where they are not known
 * @param forecast a number for each; with `quantiles` as many as those for each, in any order
 * @param scoreOptions `quantiles` of the forecast; or `deviation`: the standard deviations of normal distributions around it; `season`,
 * `history`; `weights`: how much each truth counts, default all 1
 * @throws TypeError, RangeError with the index of the wrong number
 * @example const { mae, mase, intervals } = forecastScores(truths, forecast, { quantiles: [0.1, 0.5, 0.9], season: 7, history });
 */
export function forecastScores(
  targets: ArrayLike<number>,
  forecast: ArrayLike<number>,
  scoreOptions?: ForecastOptions & {
    quantiles?: readonly number[];
    deviation?: ArrayLike<number>;
    weights?: ArrayLike<number>;
  },
): ForecastScores;
export function forecastScores(given: unknown, said: unknown, scoreOptions: unknown = {}): ForecastScores {
  if (given instanceof Model) return scoresOfModel(given, said, scoreOptions);
  const [targets, forecast] = [given as ArrayLike<number>, said];
  const o = complete("options", scoreOptions, {
    season: [integer, 1],
    history: series,
    quantiles: each(inBounds({ min: 0, aboveMin: true, max: 1, belowMax: true }), "an array of numbers in (0, 1)"),
    deviation: (_, value) => value,
    weights: (_, value) => value,
  });
  const { season, history, quantiles } = o;
  const answers = checkAnswers(targets, "forecast", forecast, o.weights, () => finite);
  const { length } = targets;
  const per = quantiles?.length ?? 1;
  if (length > 0 && answers.per !== per) fail(RangeError, "forecast", `${per * length} numbers`, forecast);
  if (quantiles && o.deviation !== undefined) throw new RangeError('"deviation" is for a forecast without quantiles');
  const deviation = o.deviation === undefined ? undefined : numbers("deviation", o.deviation, length, above0);
  return scoresOf(answers, { quantiles, deviation, histories: history && [history], season, series: () => 0, before: (i) => i - season });
}

const series: Check<ArrayLike<number>> = (path, value) => numbers(path, value, arrayLike(path, value, "numbers").length);

function scoresOfModel(model: Model<unknown>, sequences: unknown, scoreOptions: unknown): ForecastScores {
  const { season, history, ...which } = complete("options", scoreOptions, {
    season: [integer, 1],
    history: (path, value) =>
      typeof arrayLike(path, value, "numbers")[0] === "number" ? [series(path, value)] : each(series, "series")(path, value),
    loss: [(_, value) => value, undefined],
    head: [(_, value) => value, undefined],
  });
  const answers = answersOf(model, sequences, which, ["mse", "mae", "huber", "quantile", "gaussianNLL"]);
  const { width, step, said } = answers;
  if (history && history.length !== 1 && history.length !== width) fail(RangeError, "history", `one series, or ${width}`, history);
  const forecast: Forecast = {
    quantiles: answers.loss.type === "quantile" ? answers.loss.quantiles : undefined,
    deviation: undefined,
    season,
    histories: history,
    series: (i) => i % width,
    before: (i) => (step(i) < season ? -1 : i - season * width),
  };
  if (answers.loss.type === "gaussianNLL") {
    // At each step all means, then all deviations.
    const half = (from: number) =>
      Float32Array.from(answers.targets, (_, i) => said[Math.floor(i / width) * 2 * width + (i % width) + from] as number);
    [answers.said, forecast.deviation] = [half(0), half(width)];
  }
  return scoresOf(answers, forecast);
}

const above0: Refuse = (value) => (value > 0 ? finite(value) : "a positive number");

/** The facts about a forecast besides its numbers. */
interface Forecast {
  quantiles: readonly number[] | undefined;
  deviation: ArrayLike<number> | undefined;
  season: number;
  /** For each series the numbers that it was learned from, or for all. */
  histories: readonly ArrayLike<number>[] | undefined;
  /** The series that a truth belongs to. */
  series(i: number): number;
  /** The truth a season earlier; below 0 for none. */
  before(i: number): number;
}

function scoresOf(answers: Answers, forecast: Forecast): ForecastScores {
  const { targets, said, counted } = answers;
  const { deviation } = forecast;
  const mean = (of: (i: number) => number) => meanOf(answers, of);
  const truth = (i: number) => targets[i] as number;
  // In ascending order, of the quantiles as of what was said of them: quantiles that cross are put right.
  const quantiles = forecast.quantiles && [...forecast.quantiles].sort((a, b) => a - b);
  const Q = quantiles?.length ?? 1;
  const sorted = quantiles && Float64Array.from({ length: said.length }, (_, n) => said[n] as number);
  for (let from = 0; sorted && from < sorted.length; from += Q) sorted.subarray(from, from + Q).sort();
  const middle = quantiles ? nearest(quantiles) : 0;
  const at = (i: number, q = middle) => (sorted ?? said)[i * Q + q] as number;
  const error = (i: number) => Math.abs(truth(i) - at(i));
  const within = (low: (i: number) => number, high: (i: number) => number) => ({
    coverage: mean((i) => Number(low(i) <= truth(i) && truth(i) <= high(i))),
    width: mean((i) => high(i) - low(i)),
  });
  const scores: ForecastScores = {
    count: counted.length,
    mae: mean(error),
    rmse: Math.sqrt(mean((i) => error(i) ** 2)),
    smape: mean((i) => (error(i) === 0 ? 0 : (2 * error(i)) / (Math.abs(truth(i)) + Math.abs(at(i))))),
    mase: scaledError(answers, forecast, error),
  };
  if (quantiles) {
    scores.quantiles = quantiles.map((quantile, q) => ({
      quantile,
      pinball: mean((i) => (truth(i) - at(i, q)) * (truth(i) > at(i, q) ? quantile : quantile - 1)),
      below: mean((i) => Number(truth(i) <= at(i, q))),
    }));
    scores.pinball = scores.quantiles.reduce((sum, { pinball }) => sum + pinball, 0) / Q;
    scores.intervals = quantiles.flatMap((low, q) => {
      const other = quantiles.findIndex((high) => Math.abs(low + high - 1) < 1e-9);
      if (other <= q) return [];
      return [
        {
          level: 1 - 2 * low,
          ...within(
            (i) => at(i, q),
            (i) => at(i, other),
          ),
        },
      ];
    });
  } else if (deviation) {
    const spread = (i: number, z: number) => at(i) + z * (deviation[i] as number);
    scores.intervals = NORMAL.map(([level, z]) => ({
      level,
      ...within(
        (i) => spread(i, -z),
        (i) => spread(i, z),
      ),
    }));
  }
  return scores;
}

/** The quantile nearest to the median, by its index. */
const nearest = (quantiles: readonly number[]) =>
  quantiles.reduce((best, quantile, q) => (Math.abs(quantile - 0.5) < Math.abs((quantiles[best] as number) - 0.5) ? q : best), 0);

/** The mean error, each in units of the naive forecast's mean absolute error on its series (Hyndman & Koehler 2006). */
function scaledError(answers: Answers, { season, histories, series, before }: Forecast, error: (i: number) => number): number {
  const { targets, counted } = answers;
  const there = new Set(counted);
  // Of each series the sum of the naive forecast's errors, and their number.
  const naive = new Map<number, [sum: number, count: number]>();
  const add = (own: number, error: number) => {
    const [sum, count] = naive.get(own) ?? [0, 0];
    naive.set(own, [sum + Math.abs(error), count + 1]);
  };
  if (histories) {
    histories.forEach((history, own) => {
      for (let t = season; t < history.length; t++) add(own, (history[t] as number) - (history[t - season] as number));
    });
  } else {
    for (const i of counted) if (there.has(before(i))) add(series(i), (targets[i] as number) - (targets[before(i)] as number));
  }
  return meanOf(answers, (i) => {
    const [sum, count] = naive.get(histories?.length === 1 ? 0 : series(i)) ?? [0, 0];
    return (error(i) * count) / sum;
  });
}
