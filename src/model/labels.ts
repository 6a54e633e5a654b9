/** Targets that are the labels of a whole sequence: checked, and written to a window. */

import { arrayLike, atLeast0, fail, numbers, type Refuse } from "../core/check.js";
import type { Lanes } from "../core/lanes.js";
import type { Memory } from "../core/memory.js";

/** The labels of a sequence, and its weight. */
interface Labelled {
  targets: ArrayLike<number>;
  weights: ArrayLike<number>;
}

/**
 * @param place the path of the weights
 * @param steps of the sequence: each label takes one, and so does the blank between two that are equal
 * @throws TypeError, RangeError with the path; RangeError if the labels need more steps than there are
 */
export function checkLabels(path: string, targets: unknown, place: string, weights: unknown, refuse: Refuse, steps: number): Labelled {
  const own = weights === undefined || typeof weights === "number" ? [weights ?? 1] : weights;
  const weight = Float32Array.from(numbers(place, own, 1, atLeast0));
  if (weight[0] === 0) return { targets: [], weights: weight };
  const { length } = arrayLike(path, targets, "an array or a typed array of labels");
  const labels = Int32Array.from(numbers(path, targets, length, refuse));
  const repeats = labels.reduce((count, label, i) => count + Number(label === labels[i - 1]), 0);
  if (length + repeats > steps) {
    const blanks = repeats ? ` and ${repeats} of blanks between equal ones` : "";
    const expected = `labels that ${steps} step${steps > 1 ? "s" : ""} can spell (these need ${length}${blanks})`;
    fail(RangeError, path, expected, targets);
  }
  return { targets: labels, weights: weight };
}

/** The parts of a goal that have them. */
interface Places {
  target: number;
  counts: number;
  align(labels: number): void;
}

/** Writes the labels of sequences of up to T steps, one a row, and the weights. Returns the sum of the weights. */
export function writeLabels(
  memory: Memory,
  { width, panels }: Lanes,
  goal: Places,
  rows: readonly (Partial<Labelled> | undefined)[],
  T: number,
): number {
  goal.align(rows.reduce((most, row) => Math.max(most, row?.targets?.length ?? 0), 0));
  // Only now, as making room may move the memory.
  const { i32, f32 } = memory;
  let counted = 0;
  for (let row = 0; row < panels * width; row++) {
    const { targets = [], weights = [0] } = rows[row] ?? {};
    for (let t = 0; t < T; t++) i32[goal.target / 4 + t * panels * width + row] = targets[t] ?? -1;
    f32[goal.counts / 4 + row] = weights[0] as number;
    counted += weights[0] as number;
  }
  return counted;
}
