/** User data -> windows in memory: the checks on sequences, the rows of a batch, and the only transposition. */

import { arrayLike, fail } from "./check.js";
import type { Engine } from "./engine.js";
import type { Config } from "./layers.js";
import { pad4 } from "./layout.js";
import type { Loss } from "./losses.js";
import type { Network } from "./network.js";

/** Numbers of several steps: a flat array (step by step), a typed array, or one array for each step. */
export type Series = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/**
 * One sequence. Lengths may differ from sequence to sequence.
 *
 * `inputs` has `features` numbers for each step, or one token. `targets` has, for each step (or for the last alone, where the
 * model's output is "last"), `outputs` numbers, or with cross-entropy one class.
 */
export interface Sequence {
  inputs: Series;
  targets?: Series | number;
}

/** A checked sequence: flat numbers. */
export interface Checked {
  inputs: ArrayLike<number>;
  targets: ArrayLike<number>;
  length: number;
}

/** What a model and a loss ask of sequences. */
export interface Demands {
  config: Config;
  outputs: number;
  /** Absent where no targets are needed. */
  loss?: Required<Loss>;
}

/**
 * Checks values that come `per` to a step, and makes plain arrays flat; typed arrays stay where they are. `refuse` says what
 * a value should have been, or nothing.
 */
function flatten(
  path: string,
  value: unknown,
  per: number,
  unit: string,
  refuse: (value: number) => string | undefined,
): ArrayLike<number> {
  const list = arrayLike(path, value, "an array or a typed array");
  const nested = typeof list[0] === "object" && list[0] !== null;
  if (!nested && list.length % per !== 0) fail(RangeError, path, `a multiple of ${per} numbers (${per} for each step)`, value);
  const steps = nested ? list.length : list.length / per;
  const copy = Array.isArray(list) ? new Float64Array(steps * per) : undefined;
  for (let step = 0; step < steps; step++) {
    let row = list;
    if (nested) {
      row = arrayLike(`${path}, step ${step}`, list[step], `${per} numbers`);
      if (row.length !== per) fail(RangeError, `${path}, step ${step}`, `${per} numbers`, row);
    }
    for (let k = 0; k < per; k++) {
      const number = row[nested ? k : step * per + k];
      const wrong = typeof number === "number" ? refuse(number) : "a number";
      if (wrong !== undefined) {
        const place = `${path}, step ${step}${per > 1 ? `, ${unit} ${k}` : ""}`;
        fail(typeof number === "number" ? RangeError : TypeError, place, wrong, number);
      }
      if (copy) copy[step * per + k] = number as number;
    }
  }
  return copy ?? (list as ArrayLike<number>);
}

const finite = (value: number) => (Number.isFinite(Math.fround(value)) ? undefined : "a finite number");

const indexBelow = (count: number, extra?: number) => (value: number) =>
  (Number.isInteger(value) && value >= 0 && value < count) || value === extra
    ? undefined
    : `an integer from 0 to ${count - 1}${extra === undefined ? "" : ` (or ${extra})`}`;

/** @throws TypeError, RangeError with the path of the value, its step and feature */
export function checkSequence(path: string, value: unknown, { config, outputs, loss }: Demands): Checked {
  if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    fail(TypeError, path, "a sequence { inputs, targets }", value);
  }
  for (const key of Object.keys(value)) {
    if (key !== "inputs" && key !== "targets") throw new RangeError(`"${path}.${key}" is not known; a sequence has inputs and targets`);
  }
  const { inputs, targets } = value as { inputs: unknown; targets: unknown };
  const { input } = config;
  const checked =
    "tokens" in input
      ? flatten(`${path}.inputs`, inputs, 1, "token", indexBelow(input.tokens))
      : flatten(`${path}.inputs`, inputs, input.features, "feature", finite);
  const length = checked.length / ("tokens" in input ? 1 : input.features);
  if (length === 0) fail(RangeError, `${path}.inputs`, "at least one step", inputs);
  if (!loss) return { inputs: checked, targets: [], length };

  const list = typeof targets === "number" ? [targets] : targets;
  const [per, refuse] = loss.type === "mse" ? [outputs, finite] : [1, indexBelow(outputs, loss.ignoreIndex)];
  const goals = flatten(`${path}.targets`, list, per, "output", refuse);
  const steps = config.output === "every" ? length : 1;
  if (goals.length !== steps * per) {
    fail(RangeError, `${path}.targets`, `${per * steps} numbers (${steps} step${steps > 1 ? "s" : ""} of ${per})`, targets);
  }
  return { inputs: checked, targets: goals, length };
}

/** The sequences of an array or an iterable, all checked. */
export function checkSequences(path: string, value: unknown, demands: Demands): Checked[] {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value) || ArrayBuffer.isView(value)) {
    fail(TypeError, path, "sequences: an array or an iterable of { inputs, targets }", value);
  }
  const list = Array.from(value as Iterable<unknown>, (sequence, i) => checkSequence(`${path}[${i}]`, sequence, demands));
  if (list.length === 0) fail(RangeError, path, "at least one sequence", value);
  return list;
}

/** One row of a batch: a sequence, how far it has come, and its number in the order in which they came. */
export interface Row {
  sequence: Checked;
  from: number;
  ordinal: number;
  /** Whether its state is carried on; else it begins with zeros. */
  goesOn: boolean;
}

/** Rows of a batch, each working through its own sequence and taking the next one when it is at the end. */
export class Rows {
  readonly rows: (Row | null)[];
  /** Sequences taken so far. */
  taken = 0;

  constructor(batch: number) {
    this.rows = Array.from({ length: batch }, () => null);
  }

  /** The rows without a sequence. */
  get free(): number {
    return this.rows.filter((row) => row === null).length;
  }

  put(sequence: Checked): void {
    this.rows[this.rows.indexOf(null)] = { sequence, from: 0, ordinal: this.taken++, goesOn: false };
  }

  /** Steps of the next window: what the longest row has left, `limit` at the most; 0 when there is nothing left. */
  steps(limit: number): number {
    let longest = 0;
    for (const row of this.rows) if (row) longest = Math.max(longest, row.sequence.length - row.from);
    return Math.min(longest, limit);
  }

  /** Moves on by T steps; rows at their end become free. Returns how many steps were real. */
  advance(T: number): number {
    let steps = 0;
    this.rows.forEach((row, i) => {
      if (!row) return;
      steps += Math.min(T, row.sequence.length - row.from);
      row.from += T;
      row.goesOn = true;
      if (row.from >= row.sequence.length) this.rows[i] = null;
    });
    return steps;
  }
}

/**
 * Writes the next T steps of every row: inputs, which rows go on, and with a loss the targets and what each step counts.
 * Steps past a row's end have inputs of zero and count nothing. Returns how many targets count.
 */
export function writeWindow(engine: Engine, network: Network, rows: readonly (Row | null)[], T: number, loss?: Required<Loss>): number {
  const { memory, config, layout } = engine;
  const { width, panels } = network.lanes;
  const pointer = (name: string) => network.pointer(name) / 4;
  const tokens = "tokens" in config.input;
  const features = "tokens" in config.input ? 1 : config.input.features;
  const per = loss?.type === "mse" ? layout.outputs : 1;
  const into = tokens ? memory.i32 : memory.f32;
  const goals = loss?.type === "crossEntropy" ? memory.i32 : memory.f32;
  let counted = 0;

  for (let b = 0; b < panels * width; b++) {
    const row = rows[b] ?? null;
    const panel = Math.floor(b / width);
    const lane = b % width;
    const count = row ? Math.min(T, row.sequence.length - row.from) : 0;
    memory.i32[pointer("going") + b] = row?.goesOn ? -1 : 0;
    // [T][panels][rows][width]: where the first step lies, and how far the next.
    const place = (name: string, rows: number) => [pointer(name) + panel * rows * width + lane, panels * rows * width] as const;

    const [input, inputStep] = place("input", tokens ? 1 : pad4(features));
    for (let t = 0; t < T; t++) {
      const from = row ? (row.from + t) * features : 0;
      for (let k = 0; k < features; k++) {
        into[input + t * inputStep + k * width] = t < count ? ((row as Row).sequence.inputs[from + k] as number) : 0;
      }
    }
    if (!loss) continue;

    const [target, targetStep] = place("target", per === 1 && loss.type === "crossEntropy" ? 1 : pad4(per));
    const [weight, weightStep] = place("counts", 1);
    for (let t = 0; t < T; t++) {
      const step = row && t < count ? targetAt(config, row, t) : -1;
      const targets = row?.sequence.targets ?? [];
      const counts = step >= 0 && !(loss.type === "crossEntropy" && targets[step] === loss.ignoreIndex);
      for (let k = 0; k < per; k++) goals[target + t * targetStep + k * width] = counts ? (targets[step * per + k] as number) : 0;
      memory.f32[weight + t * weightStep] = counts ? 1 : 0;
      if (counts) counted += per;
    }
  }
  return counted;
}

/** The index of the target of a row's step t in this window; -1 where it has none. */
function targetAt(config: Config, row: Row, t: number): number {
  const step = row.from + t;
  if (config.output === "every") return step;
  return step === row.sequence.length - 1 ? 0 : -1;
}

/** The outputs of row `b` at the steps from..from+count-1 of the window, step by step. */
export function readOutputs(
  engine: Engine,
  network: Network,
  b: number,
  from: number,
  count: number,
  into: Float32Array,
  at: number,
): void {
  const { memory, layout } = engine;
  const { width, panels } = network.lanes;
  const rows = pad4(layout.outputs);
  let start = network.output / 4 + ((from * panels + Math.floor(b / width)) * rows * width + (b % width));
  for (let t = 0; t < count; t++) {
    for (let k = 0; k < layout.outputs; k++) into[at++] = memory.f32[start + k * width] as number;
    start += panels * rows * width;
  }
}
