/** The network: what it is told of each row, what it is to say, and how it learns. */

import {
  adam,
  type Column,
  categorical,
  createModel,
  createTrainer,
  dense,
  dropout,
  gru,
  type Model,
  numeric,
  quantile,
  type Sequence,
  type Tensor,
} from "../index.js";
import type { Calibration } from "./conformal.js";
import { type Frame, Framed } from "./frame.js";
import type { Checked } from "./options.js";
import { encoded, type Kind, type Plan, phaseAt } from "./plan.js";
import { waves } from "./regression.js";
import type { Series } from "./series.js";
import { restored } from "./transform.js";

type Lists = Record<string, Float32Array>;

/** Harmonics of a season among the inputs. */
const HARMONICS = 2;
const BOUND = 6;
const bounded = (value: number) => Math.max(-BOUND, Math.min(value, BOUND));

function columnFor(kind: Kind): Column {
  if (!("labels" in kind)) return numeric({ missing: "last" });
  const { length } = kind.labels;
  return categorical(length, { missing: "category", ...(length > 8 && { units: Math.min(8, Math.ceil(Math.sqrt(length))) }) });
}

/** The columns of the network's inputs. */
function inputColumns(plan: Plan, o: Checked): Record<string, Column> {
  const columns: Record<string, Column> = { error: numeric({ missing: "last" }) };
  plan.seasons.forEach((_, i) => {
    for (let k = 0; k < 2 * HARMONICS; k++) columns[`season ${i} ${k}`] = numeric();
  });
  for (const name of [...o.past, ...o.static]) columns[`past ${name}`] = columnFor(plan.kinds[name] as Kind);
  for (const name of o.known) for (const h of stepsAhead(o)) columns[`known ${name} ${h}`] = columnFor(plan.kinds[name] as Kind);
  return columns;
}

/** The steps of which known columns go in, from the present one on. */
const stepsAhead = (o: Checked) => Array.from({ length: Math.min(o.horizon, 64) + 1 }, (_, h) => h);

/** The network's inputs at all rows of a series. */
export function inputsOf(plan: Plan, o: Checked, series: Series, framed: Framed): Lists {
  const { length, start, columns, fixed } = series;
  const [first = 1] = framed.frame.spread;
  const inputs: Lists = { error: Float32Array.from(framed.errors, (error) => bounded(error / first)) };
  const add = (name: string, at: (row: number) => number) => (inputs[name] = Float32Array.from({ length }, (_, row) => at(row)));
  plan.seasons.forEach((season, i) => {
    const all = Array.from({ length }, (_, row) => [...waves(phaseAt(plan.grid, season, start + row), HARMONICS)]);
    for (let k = 0; k < 2 * HARMONICS; k++) add(`season ${i} ${k}`, (row) => all[row]?.[k] as number);
  });
  const read = (name: string, row: number) => {
    const kind = plan.kinds[name] as Kind;
    const value = encoded(name, row, kind, (name in fixed ? fixed[name] : columns[name]?.[row]) ?? null);
    return "labels" in kind ? value : bounded(value);
  };
  for (const name of [...o.past, ...o.static]) add(`past ${name}`, (row) => read(name, row));
  for (const name of o.known) for (const h of stepsAhead(o)) add(`known ${name} ${h}`, (row) => read(name, row + h));
  return inputs;
}

/** A sequence of the rows from one to another; the truths at rows from `learn` on, none of them after row `until`. */
export function sequenceOf(
  inputs: Lists,
  framed: Framed,
  horizon: number,
  from: number,
  to: number,
  learn: number,
  until: number,
): Sequence {
  const targets = framed.truths.slice(from * horizon, to * horizon);
  for (let row = from; row < to; row++)
    for (let h = 0; h < horizon; h++) if (row < learn || row + 1 + h >= until) targets[(row - from) * horizon + h] = NaN;
  return { inputs: Object.fromEntries(Object.entries(inputs).map(([name, list]) => [name, list.subarray(from, to)])), targets };
}

/** Steps that gradients flow back, and of a piece of a series that begins from state 0. */
const WINDOW = 32;
const PIECE = 256;

/** Pieces of the rows before `until`, to learn side by side. */
export function* pieces(inputs: Lists, framed: Framed, horizon: number, until: number): Generator<Sequence> {
  const count = Math.ceil((until - 1) / PIECE);
  const edge = (k: number) => Math.floor((k * (until - 1)) / count);
  for (let k = 0; k < count; k++) yield sequenceOf(inputs, framed, horizon, edge(k), edge(k + 1), 0, until);
}

/** It begins with outputs near 0, where the first forecast stands as it is. */
export function makeModel(plan: Plan, o: Checked, units: number, seed: number): Model {
  const layers = [gru({ units }), dropout({ rate: 0.25 }), dense({ units: o.horizon * o.quantiles.length })];
  const model = createModel({ input: { columns: inputColumns(plan, o) }, layers, seed });
  const { "dense.weight": weight, ...rest } = model.parameters() as Record<"dense.weight", Tensor>;
  model.setParameters({ ...rest, "dense.weight": { shape: weight.shape, data: weight.data.map((value) => value / 8) } });
  return model;
}

export const lossFor = (o: Checked) => quantile({ quantiles: o.quantiles, missing: "ignore" });

/** @param steps of all series, for some 16 updates an epoch at least where there are enough */
export const trainerFor = (model: Model, o: Checked, steps: number, seed: number) =>
  createTrainer(model, {
    loss: lossFor(o),
    optimizer: adam({ learningRate: 0.006 }),
    clipNorm: 1,
    window: WINDOW,
    batch: Math.max(1, Math.min(32, Math.round(steps / WINDOW / 16))),
    average: 0.98,
    seed,
  });

/** A series as the network is told it. */
export const prepare = (plan: Plan, o: Checked, series: Series, until: number, frame?: Frame) => {
  const framed = new Framed(plan, o, series, until, frame);
  return { series, framed, inputs: inputsOf(plan, o, series, framed) };
};
export type Prepared = ReturnType<typeof prepare>;

/** All that was learned, but for the models plain data. */
export interface Learned {
  plan: Plan;
  /** Of a forecaster of one series, its frame; otherwise each series has that of its history. */
  frame: Frame | null;
  units: number;
  epochs: number;
  /** The networks' share in the forecast; the rest are the quantiles of the first forecast's errors, `resting`. */
  share: number;
  resting: number[];
  calibration: Calibration;
  /** Series, and rows of them. */
  series: number;
  rows: number;
  /** The row of the grid after the last one. */
  end: number;
  /** The rows at the end that were chosen by, of the first series. */
  validation: number;
  tested: Tested | null;
  /** Sentences on the numbers that people should know of. */
  noticed: string[];
}

/** How good forecasts of the rows held out were, in the target's units. */
export interface Tested {
  /** The mean absolute error of the medians, and of "as a season before" on the same truths. */
  error: number;
  naive: number;
  /** Of the widest intervals the mean width, and the share of truths within. */
  width: number;
  within: number;
}

/** Quantiles of all rows of a series by the networks, [rows x steps x quantiles], in units of the frame. */
export function networkOutputs(o: Checked, models: readonly Model[], { inputs }: Pick<Prepared, "inputs">): Float64Array {
  const all = models.map((model) => model.predict([{ inputs }], { as: "probabilities", loss: lossFor(o) })[0] as Float32Array);
  return Float64Array.from(all[0] ?? [], (_, i) => all.reduce((sum, outputs) => sum + (outputs[i] as number), 0) / all.length);
}

/** Quantiles of one row or more: the networks' share of them, and the rest of the first forecast's. */
export const blended = ({ share, resting }: Pick<Learned, "share" | "resting">, outputs: Float64Array): Float64Array =>
  outputs.map((value, i) => share * value + (1 - share) * (resting[i % resting.length] as number));

/** Writes the quantiles of a row's forecast in the target's units, [steps x quantiles]. */
export function restore(o: Checked, { plan }: Learned, { framed }: Prepared, row: number, units: Float64Array): Float64Array {
  const { mean, deviation, spread } = framed.frame;
  const Q = o.quantiles.length;
  return units.map((value, i) => {
    const h = Math.floor(i / Q);
    return restored(((framed.ahead[row * o.horizon + h] as number) + (spread[h] as number) * value) * deviation + mean, plan.lambda);
  });
}
