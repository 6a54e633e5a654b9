/** Windows: the rows of a batch, how far each goes at once, and the only transposition, into memory and out of it. */

import type { Engine } from "./engine.js";
import { pad4 } from "./layout.js";
import type { Loss } from "./losses.js";
import type { Network } from "./network.js";
import { restore } from "./scale.js";
import type { Checked } from "./sequences.js";

/** One row of a batch: a sequence, and which part of it is in the window. */
export interface Row {
  sequence: Checked;
  from: number;
  count: number;
  /** Its number in the order in which sequences came. */
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
    return this.rows.reduce((count, row) => count + Number(row === null), 0);
  }

  put(sequence: Checked): void {
    this.rows[this.rows.indexOf(null)] = { sequence, from: 0, count: 0, ordinal: this.taken++, goesOn: false };
  }

  /**
   * Decides how many steps each row goes, `limit` at the most, and returns the most of them: 0 when nothing is left. Where
   * only the last step has a target, the first window takes the odd rest, so that the last one, which learns, is whole.
   */
  next(limit: number, output: "every" | "last"): number {
    let most = 0;
    for (const row of this.rows) {
      if (!row) continue;
      const left = row.sequence.length - row.from;
      const rest = output === "last" ? left % limit : 0;
      row.count = rest > 0 ? rest : Math.min(limit, left);
      most = Math.max(most, row.count);
    }
    return most;
  }

  /** Moves on past the window; rows at their end become free. Returns how many steps that was. */
  advance(): number {
    let steps = 0;
    this.rows.forEach((row, i) => {
      if (!row) return;
      steps += row.count;
      row.from += row.count;
      row.goesOn = true;
      if (row.from >= row.sequence.length) this.rows[i] = null;
    });
    return steps;
  }
}

/**
 * Writes the next steps of every row, T at the most: inputs, what each row goes on from, and with a loss the targets and what
 * each step counts. Steps past a row's own have inputs of zero and count nothing. Returns how many targets count.
 */
export function writeWindow(engine: Engine, network: Network, rows: readonly (Row | null)[], T: number, loss?: Required<Loss>): number {
  const { memory, config, layout } = engine;
  const { width, panels } = network.lanes;
  const tokens = "tokens" in config.input;
  const features = "tokens" in config.input ? 1 : config.input.features;
  const into = tokens ? memory.i32 : memory.f32;
  const classes = loss?.type === "crossEntropy";
  const per = loss && !classes ? layout.outputs : 1;
  const goals = classes ? memory.i32 : memory.f32;
  const [ends, input, target, weight] = ["ends", "input", "target", "counts"].map((name) => network.pointer(name) / 4) as [
    number,
    number,
    number,
    number,
  ];
  const [inputRows, targetRows] = [tokens ? 1 : pad4(features), classes ? 1 : pad4(per)];
  let counted = 0;

  for (let b = 0; b < panels * width; b++) {
    const row = rows[b] ?? null;
    const count = row?.count ?? 0;
    memory.i32[ends + b] = row?.goesOn ? (network.ends[b] as number) : -1;
    network.ends[b] = count;
    // Number k of step t lies at [t][panel][k][lane].
    const panel = Math.floor(b / width);
    const lane = b % width;
    const inputs = row?.sequence.inputs ?? [];
    let from = (row?.from ?? 0) * features;
    for (let t = 0; t < T; t++) {
      const at = input + (t * panels + panel) * inputRows * width + lane;
      if (t < count) for (let k = 0; k < features; k++) into[at + k * width] = inputs[from++] as number;
      else for (let k = 0; k < features; k++) into[at + k * width] = 0;
    }
    if (!loss) continue;

    const targets = row?.sequence.targets ?? [];
    for (let t = 0; t < T; t++) {
      const step = row && t < count ? targetAt(config.output, row, t) : -1;
      const counts = step >= 0 && !(loss.type === "crossEntropy" && targets[step] === loss.ignoreIndex);
      const at = target + (t * panels + panel) * targetRows * width + lane;
      for (let k = 0; k < per; k++) goals[at + k * width] = counts ? (targets[step * per + k] as number) : 0;
      memory.f32[weight + (t * panels + panel) * width + lane] = counts ? 1 : 0;
      if (counts) counted += per;
    }
  }
  return counted;
}

/** The index of the target of a row's step t in this window; -1 where it has none. */
function targetAt(output: "every" | "last", row: Row, t: number): number {
  const step = row.from + t;
  if (output === "every") return step;
  return step === row.sequence.length - 1 ? 0 : -1;
}

/** The outputs of row `b` at the steps from..from+count-1 of the window, step by step, in the targets' units. */
export function readOutputs(
  engine: Engine,
  network: Network,
  b: number,
  from: number,
  count: number,
  into: Float32Array,
  at: number,
): void {
  const { memory, layout, config } = engine;
  const { targets } = config.scaler;
  const { width, panels } = network.lanes;
  const rows = pad4(layout.outputs);
  let start = network.output / 4 + ((from * panels + Math.floor(b / width)) * rows * width + (b % width));
  for (let t = 0; t < count; t++) {
    for (let k = 0; k < layout.outputs; k++) {
      const output = memory.f32[start + k * width] as number;
      into[at++] = targets ? restore(targets, output, k) : output;
    }
    start += panels * rows * width;
  }
}
