/** A forecaster as a safetensors file: the networks' tensors, and all else as JSON in its metadata. */

import { type Model, readSafetensors, type Tensor, writeSafetensors } from "../index.js";
import { fail } from "../internal.js";
import { type Learned, makeModel } from "./network.js";
import { type Checked, checkOptions } from "./options.js";
import type { Series } from "./series.js";

const KEY = "memcell.forecast";
const VERSION = 1;

export interface Saved {
  o: Checked;
  learned: Learned;
  models: Model[];
  /** Of a forecaster of one series. */
  history: Series | null;
}

// JSON has no NaN: gaps are null.
const gaps = (_: string, value: unknown) => (value instanceof Float64Array ? [...value] : value);

export function write({ o, learned, models, history }: Saved): Uint8Array<ArrayBuffer> {
  const tensors: Record<string, Tensor> = {};
  models.forEach((model, i) => {
    for (const [name, tensor] of Object.entries(model.parameters())) tensors[`${i}.${name}`] = tensor;
  });
  return writeSafetensors({ tensors, metadata: { [KEY]: JSON.stringify({ version: VERSION, o, learned, history }, gaps) } });
}

/** @throws TypeError, RangeError if it is not the file of a forecaster */
export function read(bytes: Uint8Array | ArrayBuffer): Saved {
  const { tensors, metadata } = readSafetensors(bytes);
  const wrong = (what: string): never => fail(RangeError, "bytes", "the file of a forecaster, as its save() wrote it", what);
  let file: { version: number; o: unknown; learned: Learned; history: Series | null };
  try {
    file = JSON.parse(metadata[KEY] as string);
  } catch {
    return wrong("another file");
  }
  if (file?.version !== VERSION) wrong(`version ${file?.version}`);
  const { learned, history } = file;
  const { season, ...rest } = file.o as Checked;
  const o = checkOptions({ ...rest, ...(season && { season }) });
  const per = o.horizon * o.quantiles.length;
  const { plan, units, calibration, resting, frame } = learned;
  const numbers = (list: unknown, length?: number) =>
    Array.isArray(list) && list.every((value) => Number.isFinite(value)) && (length ?? list.length) === list.length;
  const count = Object.keys(tensors).filter((name) => name.endsWith(".dense.weight")).length;
  const sound =
    numbers(plan.seasons) &&
    numbers(plan.harmonics, plan.seasons.length) &&
    plan.harmonics.every((k) => k >= 0 && k <= 12) &&
    plan.smoothing.season >= 0 &&
    plan.smoothing.season <= 1000 &&
    numbers([plan.lambda, learned.share, plan.grid.ms, plan.grid.months, plan.grid.first]) &&
    (count === 0 || numbers(resting, per)) &&
    calibration.errors.every((list) => numbers(list)) &&
    (frame === null || (numbers(frame.weights) && numbers(frame.spread, o.horizon))) &&
    (history === null || numbers([history.start, history.length]));
  if (!sound) wrong("one that is damaged");
  const models = Array.from({ length: count }, (_, i) => {
    const own = Object.fromEntries(
      Object.entries(tensors).flatMap(([name, tensor]) => (name.startsWith(`${i}.`) ? [[name.slice(`${i}.`.length), tensor]] : [])),
    );
    const { shape } = own["dense.weight"] ?? wrong("one that is damaged");
    if (shape[0] !== per || shape[1] !== units) wrong("one that is damaged");
    const model = makeModel(plan, o, units, 0);
    model.setParameters(own);
    return model;
  });
  return {
    o,
    learned,
    models,
    history: history && { ...history, target: Float64Array.from(history.target as ArrayLike<number | null>, (value) => value ?? NaN) },
  };
}
