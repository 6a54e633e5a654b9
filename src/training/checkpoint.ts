/**
 * A training run as bytes and back: the model's file plus the optimizer's moments, the gradients that wait for an update, the averaged
 * and the best parameters, the carried state and the counters.
 */

import {
  arrayLike,
  type Check,
  clip,
  complete,
  count,
  each,
  either,
  fail,
  inBounds,
  integer,
  integerIn,
  isObject,
  number,
  record,
} from "../core/check.js";
import { lanesFor } from "../core/lanes.js";
import { checkShape, checkTensor, openSafetensors, type Tensor, writeSafetensors } from "../core/safetensors.js";
import { readMetadata, writeMetadata } from "../model/metadata.js";
import type { Model } from "../model/model.js";
import { Network } from "../model/network.js";
import type { State } from "../model/state.js";
import type { Position, Progress } from "./epochs.js";
import { boundsOf, RULES } from "./optimizers.js";
import type { CheckedTrainerOptions } from "./trainerOptions.js";
import type { Updater } from "./updater.js";

/** An opened checkpoint. */
export interface TrainerFile {
  options: unknown;
  counters: unknown;
  tensors: Record<string, Tensor>;
}

const COUNT = integerIn(0, 2 ** 40);
/** The least loss, null before there is one, and how many epochs ago it was. */
const SEEN = { loss: [either(null, number)], epochs: [count] } as const;
/** More than any sum of f32 losses times f32 weights: sums that grow on from here stay finite, and so can be saved again. */
const MOST = 1e200;
/** A sum of losses times weights, and the sum of the weights. */
const weight = inBounds({ min: 0, max: MOST });
const SUM = { loss: [inBounds({ min: -MOST, max: MOST })], targets: [weight] } as const;

/** JSON has no infinity, but `window` and `clipNorm` may be infinite. */
const replacer = (_: string, value: unknown) => (value === Infinity ? "Infinity" : value);
const reviver = (value: unknown) => (value === "Infinity" ? Infinity : value);

export function writeCheckpoint(
  model: Model<unknown>,
  trainerOptions: CheckedTrainerOptions,
  learner: Updater,
  position: Position,
  more: Record<string, Tensor> = {},
): Uint8Array<ArrayBuffer> {
  const { engine, updates, averaged, pending, seen } = learner;
  const tensors: Record<string, Tensor> = { ...model.parameters(), ...more };
  const add = (prefix: string, parameters: Record<string, Tensor>) => {
    for (const [name, tensor] of Object.entries(parameters)) tensors[`${prefix}.${name}`] = tensor;
  };
  RULES[trainerOptions.optimizer.type].moments.forEach((moment, i) => {
    add(`optimizer.${moment}`, engine.tensors(learner.moments[i] as number));
  });
  if (pending.windows > 0) add("gradient", engine.tensors(learner.accumulated));
  if (averaged > 0) add("average", engine.tensors(learner.average));
  const { parameters, ...best } = position.best ?? {};
  if (parameters) add("best", parameters);
  const batch = position.progress?.rows.length ?? position.carried;
  // A model that needs whole sequences carries nothing on.
  for (const [name, data] of Object.entries((!engine.layout.whole && learner.carried(batch)) || {})) {
    tensors[`trainer.${name}`] = { shape: [batch, data.length / batch], data };
  }
  const counters = { updates, averaged, pending, seen, ...position, best: parameters ? best : null };
  return writeSafetensors({ tensors, metadata: writeMetadata(engine, { trainer: trainerOptions, counters }, replacer) });
}

export function openCheckpoint(bytes: Uint8Array | ArrayBuffer): TrainerFile {
  const { tensors, metadata } = openSafetensors(bytes);
  const { trainer, counters } = readMetadata(metadata);
  if (!isObject(trainer)) throw new RangeError('"bytes" holds a model, but no trainer');
  return { options: Object.fromEntries(Object.entries(trainer).map(([key, value]) => [key, reviver(value)])), counters, tensors };
}

/** Checks the counters, moments and state of a file, and puts them where they were; if it throws, the learner is not to be used. */
export function readCheckpoint({ counters, tensors }: TrainerFile, learner: Updater): Position {
  const { engine } = learner;
  const { options } = learner;
  const o = complete("counters", counters, {
    updates: [COUNT],
    // Absent in files of 0.1. Their mean has a share of the initial parameters, so it starts anew.
    averaged: [COUNT, 0],
    pending: [record({ windows: [integerIn(0, options.accumulate - 1)], targets: [weight] })],
    seen: [record({ factor: [inBounds({ min: 0, max: 1 })], ...SEEN })],
    epochs: [COUNT],
    progress: [either(null, (path, value) => checkProgress(path, value, learner))],
    carried: [integerIn(0, 65536)],
    best: [either(null, record(SEEN))],
    online: (_, value) => value,
  });
  const { updates, pending, seen, epochs, progress, carried, online } = o;
  number("counters.pending.targets", pending.targets, { min: 0, aboveMin: pending.windows > 0 });
  const take = (prefix: string) =>
    Object.fromEntries(
      engine.layout.parameters.map(({ name, shape }): [string, Tensor] => {
        const path = `${prefix}.${name}`;
        checkTensor(path, tensors[path], shape);
        return [name, tensors[path] as Tensor];
      }),
    );
  RULES[options.optimizer.type].moments.forEach((moment, i) => {
    const moments = take(`optimizer.${moment}`);
    const [min, max] = boundsOf(moment);
    for (const [name, { data }] of Object.entries(moments)) {
      const bad = data.findIndex((value) => value < min || value > max);
      if (bad >= 0) fail(RangeError, `optimizer.${moment}.${name}[${bad}]`, `a number in [${min}, ${max}]`, data[bad]);
    }
    engine.write(learner.moments[i] as number, moments);
    learner.spare(learner.moments[i] as number);
  });
  if (pending.windows > 0) engine.write(learner.accumulated, take("gradient"));
  if (pending.windows > 0) learner.spare(learner.accumulated);
  const averaged = learner.average ? o.averaged : 0;
  if (averaged > 0) engine.write(learner.average, take("average"));
  const best = o.best && { ...o.best, parameters: copies(take("best")) };
  Object.assign(learner, { updates, averaged, pending, seen });
  const batch = progress?.rows.length ?? carried;
  if (batch > 0 && !engine.layout.whole) learner.resumed = { batch, state: readState(tensors, learner, batch) };
  return { epochs, progress, carried, best, online };
}

const copies = (tensors: Record<string, Tensor>): Record<string, Tensor> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data }]));

/**
 * The state that `batch` rows carry. A network of one row tells what it must hold. Memory for all rows is taken only when they come, as a
 * file may claim any number of them.
 */
function readState(tensors: TrainerFile["tensors"], { engine }: Updater, batch: number): State {
  const row = new Network(engine, 1, lanesFor(1), "train");
  row.release();
  const given: [string, Tensor][] = Object.entries(tensors).filter(([name]) => name.startsWith("trainer."));
  const state = new Map(given.map(([name, tensor]) => [name.slice("trainer.".length), tensor]));
  for (const { name, units } of row.carried) checkShape(`trainer.${name}`, state.get(name)?.shape, [batch, units]);
  return row.checkState(Object.fromEntries(Array.from(state, ([name, { data }]) => [clip(name), data])), batch);
}

function checkProgress(path: string, value: unknown, { options, overlap }: Updater): Progress {
  const row: Check<Progress["rows"][number]> = (path, value) => {
    const o = complete(path, value, { ordinal: [count], from: [count], repeated: [integerIn(0, overlap)] });
    if (o.repeated === 0) integer(`${path}.from`, o.from);
    return o;
  };
  const checkRows: Check<Progress["rows"]> = (path, value) => {
    const { length } = arrayLike(path, value, "rows");
    if (length === 0 || length > options.batch) fail(RangeError, path, `1 to ${options.batch} rows, the trainer's batch`, value);
    return each(either(null, row), "rows")(path, value);
  };
  const progress = complete(path, value, {
    sequences: integer,
    totalSteps: integer,
    taken: [integer],
    rows: [checkRows],
    steps: [count],
    ...SUM,
    unreported: [record(SUM)],
  }) as Progress;
  const { taken, rows } = progress;
  const ordinals = rows.flatMap((row) => (row ? [row.ordinal] : []));
  integer(
    `${path}.taken`,
    taken,
    ordinals.reduce((most, ordinal) => Math.max(most, ordinal + 1), 1),
  );
  if (new Set(ordinals).size < ordinals.length) throw new RangeError(`"${path}.rows" has a sequence twice`);
  return progress;
}
