/** A forecaster as a safetensors file: the networks' tensors, and all else as JSON in its metadata. */

import { type Model, readSafetensors, type Tensor, writeSafetensors } from "../index.js";
import { fail, isRecord } from "../internal.js";
import { type Learned, makeModel } from "./network.js";
import { type Checked, checkOptions } from "./options.js";
import type { Kind } from "./plan.js";
import type { Series } from "./series.js";
import { DAY } from "./time.js";

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

type Json = { version: number; o: Checked; learned: Learned; history: Series | null };

const numbers = (list: unknown, length?: number) =>
  Array.isArray(list) && list.every((value) => Number.isFinite(value)) && (length ?? list.length) === list.length;
/** The largest time that a Date has. */
const LATEST = 8.64e15;

/** Whether all that is reckoned with has its kind and its bounds. A part that is missing throws. */
function isSound({ learned, history }: Json, o: Checked, networks: number): boolean {
  const { plan, calibration, resting, frame, share, tested = null, noticed = [] } = learned;
  const { grid, seasons, harmonics, smoothing, kinds, lambda } = plan;
  const end = history ? history.start + history.target.length : 0;
  return (
    numbers([lambda, share, grid.first, grid.ms, grid.months, end, smoothing.season]) &&
    Math.abs(grid.first) + (Math.abs(end) + o.horizon) * (grid.ms + grid.months * 32 * DAY) < LATEST &&
    grid.ms >= 0 &&
    grid.months >= 0 &&
    (grid.form === null || grid.ms + grid.months > 0) &&
    (grid.zone === null || grid.zone === o.timeZone) &&
    numbers(seasons) &&
    numbers(harmonics, seasons.length) &&
    harmonics.every((k) => k >= 0 && k <= 12) &&
    smoothing.season >= 0 &&
    smoothing.season <= 1000 &&
    [...o.past, ...o.known, ...o.static].every((name) => {
      const kind = kinds[name] as Kind;
      return "labels" in kind ? kind.labels.length > 0 : numbers([kind.mean, kind.deviation]);
    }) &&
    (networks === 0 || numbers(resting, o.horizon * o.quantiles.length)) &&
    calibration.errors.every((list) => numbers(list)) &&
    (tested === null || numbers([tested.error, tested.naive, tested.width, tested.within])) &&
    noticed.every((text) => typeof text === "string") &&
    (frame === null || (numbers(frame.weights) && numbers(frame.spread, o.horizon) && numbers([frame.mean, frame.deviation]))) &&
    (history === null || [...o.past, ...o.known].every((name) => Array.isArray(history.columns[name]))) &&
    (history === null || (isRecord(history.fixed) && o.static.every((name) => name in history.fixed)))
  );
}

/** @throws TypeError, RangeError if it is not the file of a forecaster */
export function read(bytes: Uint8Array | ArrayBuffer): Saved {
  const { tensors, metadata } = readSafetensors(bytes);
  const wrong = (what: string): never => fail(RangeError, "bytes", "the file of a forecaster, as its save() wrote it", what);
  const count = Object.keys(tensors).filter((name) => name.endsWith(".dense.weight")).length;
  let file: Json;
  let o: Checked;
  let sound: boolean;
  try {
    file = JSON.parse(metadata[KEY] as string);
    o = checkOptions(file.o);
    sound = file.version === VERSION && isSound(file, o, count);
  } catch {
    return wrong("another, or one that is damaged");
  }
  const { learned, history } = file;
  const models = Array.from({ length: count }, (_, i) => {
    const begin = `${i}.`;
    const own = Object.fromEntries(
      Object.entries(tensors).flatMap(([name, tensor]) => (name.startsWith(begin) ? [[name.slice(begin.length), tensor]] : [])),
    );
    // Before a model of that size is made.
    const { shape } = own["dense.weight"] ?? { shape: [] };
    if (!sound || shape[0] !== o.horizon * o.quantiles.length || shape[1] !== learned.units) wrong("one that is damaged");
    const model = makeModel(learned.plan, o, learned.units, 0);
    model.setParameters(own);
    return model;
  });
  if (!sound) wrong("one that is damaged");
  if (!history) return { o, learned, models, history };
  const target = Float64Array.from(history.target as ArrayLike<number | null>, (value) => value ?? NaN);
  return { o, learned, models, history: { ...history, grid: learned.plan.grid, length: target.length, target } };
}
