/** Windows: the rows of a batch, their progress, and the only transposition, into memory and out of it. */

import { pad4 } from "../layers/packing.js";
import type { Engine } from "./engine.js";
import type { Goal } from "./goal.js";
import { writeLabels } from "./labels.js";
import type { Layout } from "./layout.js";
import type { Loss } from "./losses.js";
import { ruleOf } from "./losses.js";
import type { Network } from "./network.js";
import { restore } from "./scale.js";
import type { Checked, Targets } from "./sequences.js";
import type { State } from "./state.js";

/** The most steps of a window where nothing is learned: 64, or all of the `longest` sequence if the model or a loss needs whole ones. */
export const limitOf = ({ whole }: Pick<Layout, "whole">, longest: number, losses: readonly Loss[] = []): number =>
  whole || losses.some((loss) => ruleOf(loss).labels) ? longest : Math.min(64, longest);

/** One row of a batch: a sequence, and its part in the window. */
export interface Row {
  sequence: Checked;
  from: number;
  count: number;
  /** How many of these steps were learned before: they run again, and their targets do not count. */
  repeated: number;
  /** How many of these steps come before the next window; it continues from the state after them. */
  keep: number;
  /** Number of the sequence in order of arrival. */
  ordinal: number;
  /** Whether it continues from the carried state; otherwise it begins with zeros. */
  goesOn: boolean;
}

/** A row with the whole of a sequence. */
export const wholeRow = (sequence: Checked, ordinal: number, goesOn: boolean): Row => {
  const { length } = sequence;
  return { sequence, from: 0, count: length, repeated: 0, keep: length, ordinal, goesOn };
};

/** Rows of a batch. Each works through its own sequence and takes the next one when it is at the end. */
export class Rows {
  readonly rows: (Row | null)[];
  /** Sequences taken so far. */
  taken = 0;

  /** @param overlap steps of a window that the next one repeats */
  constructor(
    batch: number,
    readonly overlap = 0,
  ) {
    this.rows = Array.from({ length: batch }, () => null);
  }

  /** The rows without a sequence. */
  get free(): number {
    return this.rows.reduce((count, row) => count + Number(row === null), 0);
  }

  put(sequence: Checked): void {
    this.rows[this.rows.indexOf(null)] = wholeRow(sequence, this.taken++, false);
  }

  /**
   * Decides how many steps each row goes on, `limit` at most, and returns the length of the longest window: 0 when nothing is left. Where
   * only the last step has a target, the first window takes the odd rest, so that the last window, which learns, is whole.
   */
  next(limit: number, output: "every" | "last"): number {
    let most = 0;
    for (const row of this.rows) {
      if (!row) continue;
      const left = row.sequence.length - row.from - row.repeated;
      const rest = output === "last" ? left % limit : 0;
      row.count = row.repeated + (rest > 0 ? rest : Math.min(limit, left));
      row.keep = Math.max(0, row.count - this.overlap);
      most = Math.max(most, row.count);
    }
    return most;
  }

  /** Moves on to the next window; rows at their end become free. Returns how many steps were new. */
  advance(): number {
    let steps = 0;
    this.rows.forEach((row, i) => {
      if (!row) return;
      steps += row.count - row.repeated;
      if (row.from + row.count >= row.sequence.length) this.rows[i] = null;
      row.from += row.keep;
      row.repeated = row.count - row.keep;
      row.goesOn = true;
    });
    return steps;
  }
}

/**
 * Writes the next steps of every row, T at most: the inputs, and the slot from which each row continues. With losses it also calls
 * writeTargets and returns its numbers. Steps past a row's end have inputs of zero.
 */
export function writeWindow(
  engine: Engine,
  network: Network,
  rows: readonly (Row | null)[],
  T: number,
  losses?: readonly Required<Loss>[],
): number[] {
  const { memory, layout } = engine;
  const { input } = layout;
  const { width, panels } = network.lanes;
  const [starts, lengths] = [network.starts / 4, network.lengths / 4];
  let brought = 0;

  for (let b = 0; b < panels * width; b++) {
    const row = rows[b] ?? null;
    const count = row?.count ?? 0;
    const state = row?.goesOn ? undefined : row?.sequence.state;
    if (state) {
      network.begin(b, state);
      brought = 1;
    }
    memory.i32[starts + b] = row?.goesOn ? (network.ends[b] as number) : state ? -2 : -1;
    memory.i32[lengths + b] = count;
    network.ends[b] = row?.keep ?? 0;
    // Row k of step t lies at [t][panel][k][lane], token n at [n][t][panel][lane].
    const place = {
      at: network.input / 4 + Math.floor(b / width) * input.rows * width + (b % width),
      stride: width,
      step: panels * input.rows * width,
      token: (network.below.tokens as number) / 4 + b,
      tokenStride: network.T * panels * width,
      tokenStep: panels * width,
    };
    input.write(memory, place, row?.sequence.inputs ?? [], row?.from ?? 0, count, T);
  }
  memory.i32[network.brought / 4] = brought;
  return losses ? writeTargets(engine, network, rows, T, losses) : [];
}

/**
 * Writes the targets of the rows' steps and their weights, which are 0 past a row's end. Returns for each head the sum of the weights of
 * its targets, over which the mean is taken.
 */
export function writeTargets(
  engine: Engine,
  network: Network,
  rows: readonly (Row | null)[],
  T: number,
  losses: readonly Required<Loss>[],
): number[] {
  return network.goals.map((goal, i) => {
    const own = rows.map((row) => row?.sequence.goals[i]);
    return writeGoal(engine, network, goal, rows, own, T, losses[i] as Required<Loss>);
  });
}

/** The same for one head. */
function writeGoal(
  { memory, config }: Engine,
  network: Network,
  goal: Goal,
  rows: readonly (Row | null)[],
  own: readonly (Targets | undefined)[],
  T: number,
  loss: Required<Loss>,
): number {
  const { width, panels } = network.lanes;
  const rule = ruleOf(loss);
  if (rule.labels) return writeLabels(memory, network.lanes, goal, own, T);
  const { per, copies = 1, classes, classWeights } = rule.targets(loss, goal.outputs);
  const apart = own.some((targets) => targets?.each) ? goal.apart() : 0;
  if (!apart) goal.together();
  const goals = classes ? memory.i32 : memory.f32;
  const [target, weight] = [goal.target / 4, goal.counts / 4];
  const targetRows = classes ? 1 : pad4(goal.outputs);
  const steps = network.outputSteps(T);
  let counted = 0;
  for (let b = 0; b < panels * width; b++) {
    const row = rows[b] ?? null;
    const panel = Math.floor(b / width);
    const lane = b % width;
    const { targets = [], weights, each } = own[b] ?? {};
    const { from, first, end } = row ? taughtSteps(config.output, row) : NONE;
    for (let t = 0; t < steps; t++) {
      const step = from + t;
      const counts = t < first || t >= end ? 0 : weights ? (weights[step] as number) : 1;
      const at = target + (t * panels + panel) * targetRows * width + lane;
      let numbers = apart ? 0 : per * copies;
      for (let k = 0; k < per * copies; k++) {
        const number = step * per + (copies > 1 ? Math.floor(k / copies) : k);
        goals[at + k * width] = counts > 0 ? (targets[number] as number) : 0;
        if (!apart) continue;
        const own = counts > 0 && each ? (each[number] as number) : 1;
        memory.f32[apart / 4 + at - target + k * width] = own;
        numbers += own;
      }
      memory.f32[weight + (t * panels + panel) * width + lane] = counts;
      counted += counts * numbers * (classWeights && counts > 0 ? (classWeights[targets[step] as number] as number) : 1);
    }
  }
  return counted;
}

/** The steps of a window that have targets: from `first` to before `end`. Step t of the window is step `from` + t of the sequence. */
interface Taught {
  from: number;
  first: number;
  end: number;
}

const NONE: Taught = { from: 0, first: 0, end: 0 };

/** The steps of a row that have targets and were not learned before. */
function taughtSteps(output: "every" | "last", { sequence, from, count, repeated }: Row): Taught {
  if (output === "last") return { ...NONE, end: from + count === sequence.length ? 1 : 0 };
  return { from, first: repeated, end: count };
}

/** The outputs of some steps, for each head. */
export type Room = readonly Float32Array[];

/**
 * Reads the outputs of row `b` at the steps from..from+count-1 of the window, step by step, in the targets' units.
 * @param at the number of the first of these steps in `into`
 */
export function readOutputs(
  { memory, units }: Engine,
  network: Network,
  b: number,
  from: number,
  count: number,
  into: Room,
  at: number,
): void {
  const { width, panels } = network.lanes;
  for (let i = 0; i < into.length; i++) {
    const { output, outputs } = network.goals[i] as Goal;
    const room = into[i] as Float32Array;
    const scale = units[i];
    const rows = pad4(outputs);
    let start = output / 4 + ((from * panels + Math.floor(b / width)) * rows * width + (b % width));
    let next = at * outputs;
    for (let t = 0; t < count; t++) {
      for (let k = 0; k < outputs; k++) {
        const number = memory.f32[start + k * width] as number;
        room[next++] = scale ? restore(scale, number, k) : number;
      }
      start += panels * rows * width;
    }
  }
}

/** Room for the outputs of sequences: of all steps, or of the last. */
export function roomFor({ config, layout }: Engine, sequences: readonly Checked[]): Room[] {
  return sequences.map(({ length }) =>
    layout.heads.map(({ outputs }) => new Float32Array((config.output === "every" ? length : 1) * outputs)),
  );
}

/** Copies a window's outputs, after its forward pass, to the results of the rows' sequences, and their states at the end. */
export function readRows(
  engine: Engine,
  network: Network,
  rows: readonly (Row | null)[],
  results: readonly Room[],
  states?: State[],
): void {
  const { output } = engine.config;
  rows.forEach((row, b) => {
    if (!row) return;
    const { sequence, from, count, ordinal } = row;
    const result = results[ordinal] as Room;
    if (states && from + count === sequence.length) states[ordinal] = network.stateOf(b);
    if (output === "every") readOutputs(engine, network, b, 0, count, result, from);
    else if (from + count === sequence.length) readOutputs(engine, network, b, 0, 1, result, 0);
  });
}
