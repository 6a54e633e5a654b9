/** Learning: what is chosen by the last rows, and what is learned then from all. */

import type { Model, Sequence, Trainer } from "../index.js";
import { LONGEST, naive } from "./baselines.js";
import { calibrate, move, quantileOf } from "./conformal.js";
import { Framed, regression } from "./frame.js";
import {
  blended,
  type Learned,
  makeModel,
  networkOutputs,
  type Prepared,
  pieces,
  prepare,
  restore,
  sequenceOf,
  type Tested,
  trainerFor,
} from "./network.js";
import type { Checked } from "./options.js";
import { type Plan, seasonOf, seasonsOf } from "./plan.js";
import type { Series } from "./series.js";
import { fitSmoothing } from "./smoothing.js";
import { isConstant, type Source, survey } from "./survey.js";
import { boxCoxExponent } from "./transform.js";

/** A report of each epoch. */
export interface ForecastReport {
  /** "choose": with the last rows held out; "learn": on from there with all rows, for half as many epochs as were best. */
  stage: "choose" | "learn";
  /** The network of the ensemble, from 1; of the units that are tried. */
  network: number;
  /** Units of its recurrent layer. */
  units: number;
  /** From 1. */
  epoch: number;
  /** The mean pinball loss, in units of the first forecast's errors. */
  loss: number;
  /** That of the last rows, which were not learned from. NaN in the stage "learn". */
  validation: number;
}

const UNITS = [16, 48];
const HARMONICS = [1, 2, 4, 8, 12];

/** Rows at the end to choose by: the share that was asked for, or a whole cycle of the longest season if that is at most a third. */
function held(o: Checked, seasons: readonly number[], length: number): number {
  const longest = Math.round(Math.max(0, ...seasons));
  return Math.min(length - o.horizon - 3, Math.max(Math.round(o.validation * length), 3 * longest <= length ? longest : 0));
}

/** Harmonics and smoothing of the least error on the rows held out. */
function choosePlan(plan: Plan, o: Checked, sample: readonly Series[]): void {
  const of = sample.filter((series) => !isConstant(series)).slice(0, 20);
  const adaptive = plan.seasons.map(Math.round).find((season) => season <= LONGEST) ?? 0;
  let least = Infinity;
  const long = plan.seasons.some((season) => season > 24);
  let best = plan;
  for (const most of long ? HARMONICS : [12]) {
    const harmonics = plan.seasons.map((season) => Math.min(Math.floor(season / 2), season <= 24 ? 12 : most));
    const own: Plan = { ...plan, harmonics, smoothing: { alpha: 1, beta: 0, gamma: 0, phi: 1, season: 0 } };
    const framed = of.map((series) => {
      const until = series.length - held(o, plan.seasons, series.length);
      const frame = { ...regression(own, o, series, until), spread: Array(o.horizon).fill(1) };
      return { series, until, frame };
    });
    own.smoothing = fitSmoothing(
      framed.map(({ series, until, frame }) => Framed.rest(own, o, series, frame).subarray(0, until)),
      adaptive,
      o.horizon,
    );
    const error = framed.reduce(
      (sum, { series, until, frame }) => sum + lossOf(o, new Framed(own, o, series, until, frame).truths, until),
      0,
    );
    if (error < least) [least, best] = [error, own];
  }
  Object.assign(plan, best);
}

/** Quantiles of the first forecast's errors on rows before `until`. */
function restingOf(o: Checked, prepared: readonly (Prepared & { until: number })[]): number[] {
  return Array.from({ length: o.horizon }, (_, h) => {
    const errors = prepared.flatMap(({ framed, until }) =>
      Array.from({ length: Math.max(0, until - 1 - h) }, (_, t) => framed.truths[t * o.horizon + h] as number),
    );
    const sorted = Float64Array.from(errors.filter((error) => !Number.isNaN(error))).sort();
    return o.quantiles.map((q) => (sorted.length ? quantileOf(sorted, q) : 0));
  }).flat();
}

/** The mean pinball loss on the rows from `until` on, of outputs or of zeros. */
function lossOf(o: Checked, truths: Float32Array, until: number, outputs?: Float64Array): number {
  const Q = o.quantiles.length;
  let [sum, n] = [0, 0];
  for (let i = (until - 1) * o.horizon * Q; i < truths.length * Q; i++) {
    const error = (truths[Math.floor(i / Q)] as number) - (outputs?.[i] ?? 0);
    if (Number.isNaN(error)) continue;
    sum += error * ((o.quantiles[i % Q] as number) - Number(error < 0));
    n++;
  }
  return sum / (n || 1);
}

/** The forecasts of rows that were held out beside the truths, in the target's units. */
function testedOf(
  o: Checked,
  learned: Learned,
  chosen: readonly (Prepared & { until: number })[],
  said: readonly Float64Array[],
): Tested | null {
  const { horizon, quantiles } = o;
  const Q = quantiles.length;
  const season = seasonOf(learned.plan);
  let [count, error, naively, width, within] = [0, 0, 0, 0, 0];
  chosen.forEach((prepared, i) => {
    const { target, length } = prepared.series;
    const before = naive(target, season);
    for (let row = prepared.until - 1; row < length; row++) {
      const units = blended(learned, (said[i] as Float64Array).slice(row * horizon * Q, (row + 1) * horizon * Q));
      move(learned.calibration, quantiles, units);
      const values = restore(o, learned, prepared, row, units);
      for (let h = 0; h < horizon; h++) {
        const [truth = NaN, other] = [target[row + 1 + h], before(row, h)];
        const [low, median, high] = [0, quantiles.indexOf(0.5), Q - 1].map((q) => values[h * Q + q]) as [number, number, number];
        if (Number.isNaN(truth - other)) continue;
        count++;
        error += Math.abs(truth - median);
        naively += Math.abs(truth - other);
        width += high - low;
        within += Number(low <= truth && truth <= high);
      }
    }
  });
  return count ? { error: error / count, naive: naively / count, width: width / count, within: within / count } : null;
}

export async function* learn(
  o: Checked,
  source: Source,
  signal: { signal?: AbortSignal },
): AsyncGenerator<ForecastReport, { learned: Learned; models: Model[]; series: Series }> {
  const { first, sample, count, rows, end, kinds, noticed } = await survey(o, source);
  const wished = o.season ?? seasonsOf(first.grid, first.length);
  const seasons = wished.filter((season) => 1.5 * season <= first.length);
  const lambda = { none: 1, log: 0, boxCox: o.transform === "boxCox" ? boxCoxExponent(first.target) : 1 }[o.transform];
  const plan: Plan = {
    grid: first.grid,
    seasons,
    harmonics: seasons.map(() => 1),
    smoothing: { alpha: 1, beta: 0, gamma: 0, phi: 1, season: 0 },
    kinds,
    lambda,
  };
  const learned: Learned = {
    plan,
    frame: null,
    units: 0,
    epochs: 0,
    share: 0,
    resting: [],
    calibration: { errors: [], levels: [] },
    series: count,
    rows,
    end,
    validation: 0,
    noticed,
    tested: null,
  };
  if (sample.every(isConstant)) return { learned, models: [], series: first };
  choosePlan(plan, o, sample);

  const untilOf = ({ length }: Series) => length - held(o, seasons, length);
  learned.validation = held(o, seasons, first.length);
  const chosen = sample
    .filter((series) => !isConstant(series))
    .map((series) => ({ ...prepare(plan, o, series, untilOf(series)), until: untilOf(series) }));
  const validation = chosen.map(({ framed, inputs, series, until }) =>
    sequenceOf(inputs, framed, o.horizon, 0, series.length, until - 1, series.length),
  );
  learned.resting = restingOf(o, chosen);

  /** The pieces that an epoch learns from: of one series in an order of their own, of many as they come. */
  const piecesUntil = (end: (series: Series) => number): Sequence[] | AsyncIterable<Sequence> => {
    const of = (series: Series) => {
      const { framed, inputs } = prepare(plan, o, series, end(series));
      return pieces(inputs, framed, o.horizon, end(series));
    };
    if (source.one) return [...of(first)];
    return {
      async *[Symbol.asyncIterator]() {
        for await (const series of source.read(plan.grid)) if (!isConstant(series)) yield* of(series);
      },
    };
  };
  const train = async function* (
    trainer: Trainer,
    data: Sequence[] | AsyncIterable<Sequence>,
    report: Pick<ForecastReport, "stage" | "network" | "units">,
    epochs: number,
  ) {
    let [best, least] = [0, Infinity];
    const settings = report.stage === "choose" ? { ...signal, epochs, validation, patience: o.patience } : { ...signal, epochs };
    for await (const { epoch, loss, ...rest } of trainer.fit(data, settings)) {
      const { validationLoss = NaN } = rest as { validationLoss?: number };
      if (validationLoss < least) [best, least] = [epoch, validationLoss];
      yield { ...report, epoch, loss, validation: validationLoss };
    }
    return { best, least };
  };

  // Which size, by one network of each; then the others of the ensemble.
  const data = piecesUntil(untilOf);
  const tried: { model: Model; units: number; best: number; least: number }[] = [];
  const choose = async function* (units: number, network: number) {
    const model = makeModel(plan, o, units, o.seed + network);
    const result = yield* train(trainerFor(model, o, rows, o.seed + network), data, { stage: "choose", network, units }, o.epochs);
    tried.push({ model, units, ...result });
  };
  for (const units of o.units ? [o.units] : UNITS) yield* choose(units, 1);
  const { units } = tried.reduce((best, other) => (other.least < best.least ? other : best));
  for (let network = 2; network <= o.ensemble; network++) yield* choose(units, network);
  const members = tried.filter((other) => other.units === units);
  learned.units = units;
  learned.epochs = Math.max(1, Math.round(members.reduce((sum, { best }) => sum + best, 0) / members.length));

  // How much the networks are to be trusted, and how wide intervals must be.
  const trained = members.map(({ model }) => model);
  const said = chosen.map((each) => networkOutputs(o, trained, each));
  const shares = [0, 0.25, 0.5, 0.75, 1];
  const losses = shares.map((share) =>
    chosen.reduce(
      (sum, { framed, until }, i) => sum + lossOf(o, framed.truths, until, blended({ ...learned, share }, said[i] as Float64Array)),
      0,
    ),
  );
  learned.share = shares[losses.indexOf(Math.min(...losses))] as number;
  const Q = o.quantiles.length;
  const errors = function* () {
    for (const [i, { framed, until, series }] of chosen.entries()) {
      const outputs = blended(learned, said[i] as Float64Array);
      const all = outputs.map((value, at) => (framed.truths[Math.floor(at / Q)] as number) - value);
      for (let row = until - 1; row < series.length; row++) yield all.subarray(row * o.horizon * Q, (row + 1) * o.horizon * Q);
    }
  };
  if (o.calibration !== "none") learned.calibration = calibrate(o.quantiles, o.horizon, errors());
  learned.tested = testedOf(o, learned, chosen, said);

  // They go on from there with all rows: on series like these better than networks learned anew, and in less time.
  const whole = piecesUntil(({ length }) => length);
  const epochs = Math.ceil(learned.epochs / 2);
  for (const [i, model] of trained.entries()) {
    const trainer = trainerFor(model, o, rows, o.seed + i + 1);
    yield* train(trainer, whole, { stage: "learn", network: i + 1, units }, epochs);
    model.setParameters(trainer.averaged());
  }
  if (source.one) learned.frame = new Framed(plan, o, first, first.length).frame;
  return { learned, models: trained, series: first };
}
