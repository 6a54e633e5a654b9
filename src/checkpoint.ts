/**
 * A training run as bytes and back: the model's file, with the optimizer's moments, the gradient under way, the averaged and the best parameters, the carried state
 * and the counters.
 */

import { arrayLike, fail, integer, number, options } from "./check.js";
import type { Position, Progress } from "./fit.js";
import type { Updater } from "./learner.js";
import { type Model, readMetadata } from "./model.js";
import { RULES } from "./optimizers.js";
import type { CheckedTrainerOptions } from "./options.js";
import { checkTensor, readSafetensors, type Tensor, writeSafetensors } from "./safetensors.js";

/** A checkpoint, opened. */
export interface TrainerFile {
  options: unknown;
  counters: unknown;
  tensors: Record<string, Tensor>;
}

/** The moments that are sums or means of squares. */
const SQUARES = ["exp_avg_sq", "square_avg", "sum"];

/** JSON has no infinity, which `window` and `clipNorm` may be. */
const replacer = (_: string, value: unknown) => (value === Infinity ? "Infinity" : value);
const reviver = (value: unknown) => (value === "Infinity" ? Infinity : value);

export function writeCheckpoint(
  model: Model,
  trainerOptions: CheckedTrainerOptions,
  learner: Updater,
  position: Position,
  more: Record<string, Tensor> = {},
): Uint8Array<ArrayBuffer> {
  const { engine, network, updates, pending, seen } = learner;
  const tensors: Record<string, Tensor> = { ...model.parameters(), ...more };
  const add = (prefix: string, parameters: Record<string, Tensor>) => {
    for (const [name, tensor] of Object.entries(parameters)) tensors[`${prefix}.${name}`] = tensor;
  };
  RULES[trainerOptions.optimizer.type].moments.forEach((moment, i) => {
    add(`optimizer.${moment}`, engine.tensors(learner.moments[i] as number));
  });
  if (pending.windows > 0) add("gradient", engine.tensors(learner.accumulated));
  if (learner.average && updates > 0) add("average", engine.tensors(learner.average));
  const { parameters, ...best } = position.best ?? {};
  if (parameters) add("best", parameters);
  const batch = position.progress?.rows.length ?? position.carried;
  if (network && batch > 0) {
    for (const [name, data] of Object.entries(network.readState())) {
      tensors[`trainer.${name}`] = { shape: [batch, data.length / batch], data };
    }
  }
  const memcell = {
    model: model.config,
    trainer: trainerOptions,
    counters: { updates, pending, seen, ...position, best: parameters ? best : null },
  };
  return writeSafetensors({ tensors, metadata: { memcell: JSON.stringify(memcell, replacer) } });
}

export function openCheckpoint(bytes: Uint8Array | ArrayBuffer): TrainerFile {
  const { tensors, metadata } = readSafetensors(bytes);
  const { trainer, counters } = readMetadata(metadata);
  if (typeof trainer !== "object" || trainer === null) throw new RangeError('"bytes" holds a model, but no trainer');
  return { options: Object.fromEntries(Object.entries(trainer).map(([key, value]) => [key, reviver(value)])), counters, tensors };
}

/** Puts moments, counters and state where they were. */
export function readCheckpoint({ counters, tensors }: TrainerFile, learner: Updater): Position {
  const { engine } = learner;
  const o = options("counters", counters, ["updates", "pending", "seen", "epochs", "progress", "carried", "best"]);
  const progress = o.progress === null ? null : checkProgress(o.progress, learner.overlap);
  learner.updates = integer("counters.updates", o.updates, 0, 2 ** 40);
  const take = (prefix: string) =>
    Object.fromEntries(
      engine.layout.parameters.map(({ name, shape }) => {
        const path = `${prefix}.${name}`;
        return [name, { shape, data: checkTensor(path, tensors[path], shape) }];
      }),
    );
  RULES[learner.options.optimizer.type].moments.forEach((moment, i) => {
    const moments = take(`optimizer.${moment}`);
    for (const [name, { data }] of Object.entries(SQUARES.includes(moment) ? moments : {})) {
      if (data.some((value) => value < 0)) throw new RangeError(`"optimizer.${moment}.${name}" expected squares, got a negative number`);
    }
    engine.write(learner.moments[i] as number, moments);
  });
  const pending = options("counters.pending", o.pending, ["windows", "targets"]);
  const windows = integer("counters.pending.windows", pending.windows, 0, learner.options.accumulate - 1);
  learner.pending = { windows, targets: number("counters.pending.targets", pending.targets, { min: 0, aboveMin: windows > 0 }) };
  if (windows > 0) engine.write(learner.accumulated, take("gradient"));
  if (learner.average && learner.updates > 0) engine.write(learner.average, take("average"));
  const seen = options("counters.seen", o.seen, ["factor", "loss", "epochs"]);
  learner.seen = { factor: number("counters.seen.factor", seen.factor, { min: 0, max: 1 }), ...checkSeen("counters.seen", seen) };
  const kept = o.best === null ? null : options("counters.best", o.best, ["loss", "epochs"]);
  const best = kept && { ...checkSeen("counters.best", kept), parameters: take("best") };
  const carried = integer("counters.carried", o.carried, 0, 65536);
  const batch = progress?.rows.length ?? carried;
  if (progress && batch > learner.options.batch) {
    throw new RangeError(`"counters.progress.rows" expected at most ${learner.options.batch} rows, the trainer's batch, got ${batch}`);
  }
  if (batch > 0) {
    const names = Object.keys(tensors).filter((name) => name.startsWith("trainer."));
    const state = Object.fromEntries(names.map((name) => [name.slice("trainer.".length), (tensors[name] as Tensor).data]));
    const network = learner.prepare(1, batch);
    network.writeState(network.checkState(state));
  }
  return { epochs: integer("counters.epochs", o.epochs, 0, 2 ** 40), progress, carried, best };
}

function checkProgress(value: unknown, overlap: number): Progress {
  const path = "counters.progress";
  const o = options(path, value, ["sequences", "totalSteps", "taken", "rows", "steps", "loss", "targets", "unreported"]);
  const rows = Array.from(arrayLike(`${path}.rows`, o.rows, "rows"), (row, i) => {
    if (row === null) return null;
    const place = `${path}.rows[${i}]`;
    const o = options(place, row, ["ordinal", "from", "repeated"]);
    const repeated = integer(`${place}.repeated`, o.repeated, 0, overlap);
    const from = integer(`${place}.from`, o.from, repeated > 0 ? 0 : 1);
    return { ordinal: integer(`${place}.ordinal`, o.ordinal, 0), from, repeated };
  });
  const ordinals = rows.flatMap((row) => (row ? [row.ordinal] : []));
  const taken = integer(
    `${path}.taken`,
    o.taken,
    ordinals.reduce((most, ordinal) => Math.max(most, ordinal + 1), 1),
  );
  if (new Set(ordinals).size < ordinals.length) throw new RangeError(`"${path}.rows" has a sequence twice`);
  if (rows.length === 0) fail(RangeError, `${path}.rows`, "at least one row", o.rows);
  return {
    ...(o.sequences !== undefined && { sequences: integer(`${path}.sequences`, o.sequences) }),
    ...(o.totalSteps !== undefined && { totalSteps: integer(`${path}.totalSteps`, o.totalSteps) }),
    taken,
    rows,
    steps: integer(`${path}.steps`, o.steps, 0),
    ...checkSum(path, o),
    unreported: checkSum(`${path}.unreported`, options(`${path}.unreported`, o.unreported, ["loss", "targets"])),
  };
}

function checkSum(path: string, { loss, targets }: Record<string, unknown>): { loss: number; targets: number } {
  return { loss: number(`${path}.loss`, loss), targets: number(`${path}.targets`, targets, { min: 0 }) };
}

/** A least loss, null before there is one, and the epochs since. */
function checkSeen(path: string, { loss, epochs }: Record<string, unknown>): { loss: number | null; epochs: number } {
  return { loss: loss === null ? null : number(`${path}.loss`, loss), epochs: integer(`${path}.epochs`, epochs, 0) };
}
