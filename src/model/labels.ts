/** Targets that are the labels of a whole sequence: checked, and written to a window. */

import { arrayLike, atLeast0, fail, numbers, type Refuse } from "../core/check.js";
import type { Memory } from "../core/memory.js";

/** The labels of a sequence, and its weight. */
interface Labelled {
  targets: ArrayLike<number>;
  weights: ArrayLike<number>;
}

/**
 * @param steps of the sequence: each label takes one, and so does the blank between two that are equal
 * @throws TypeError, RangeError with the path; RangeError if the labels need more steps than there are
 */
export function checkLabels(path: string, targets: unknown, weights: unknown, refuse: Refuse, steps: number): Labelled {
  const own = weights === undefined || typeof weights === "number" ? [weights ?? 1] : weights;
  const weight = Float32Array.from(numbers(`${path}.weights`, own, 1, atLeast0));
  if (weight[0] === 0) return { targets: [], weights: weight };
  const { length } = arrayLike(`${path}.targets`, targets, "an array or a typed array of labels");
  const labels = Int32Array.from(numbers(`${path}.targets`, targets, length, refuse));
  const repeats = labels.reduce((count, label, i) => count + Number(label === labels[i - 1]), 0);
  if (length + repeats > steps) {
    const blanks = repeats ? ` and ${repeats} of blanks between equal ones` : "";
    const expected = `labels that ${steps} step${steps > 1 ? "s" : ""} can spell (these need ${length}${blanks})`;
    fail(RangeError, `${path}.targets`, expected, targets);
  }
  return { targets: labels, weights: weight };
}

/** The parts of a network that have them. */
interface Places {
  lanes: { width: number; panels: number };
  target: number;
  counts: number;
  align(labels: number): void;
}

/** Writes the labels of sequences of up to T steps, one a row, and the weights. Returns the sum of the weights. */
export function writeLabels(memory: Memory, network: Places, rows: readonly (Labelled | undefined)[], T: number): number {
  const { width, panels } = network.lanes;
  network.align(rows.reduce((most, row) => Math.max(most, row?.targets.length ?? 0), 0));
  // Only now, as making room may move the memory.
  const { i32, f32 } = memory;
  let counted = 0;
  for (let row = 0; row < panels * width; row++) {
    const { targets = [], weights = [0] }: Partial<Labelled> = rows[row] ?? {};
    for (let t = 0; t < T; t++) i32[network.target / 4 + t * panels * width + row] = targets[t] ?? -1;
    f32[network.counts / 4 + row] = weights[0] as number;
    counted += weights[0] as number;
  }
  return counted;
}
