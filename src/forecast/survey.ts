/** The first pass over all series: kinds of columns, lengths, a sample, and what people should know of their numbers. */

import { fail } from "../internal.js";
import { Notes } from "./notes.js";
import type { Checked } from "./options.js";
import { Kinds } from "./plan.js";
import type { Series } from "./series.js";
import type { Grid } from "./time.js";

/** Series by which a global model chooses; all are learned from. */
const SAMPLE = 100;

export interface Source {
  /** Whether there is one series only. */
  one: boolean;
  /** All series, in one pass. @param grid on which their times lie, once it is known */
  read(grid?: Grid): AsyncIterable<Series> | Iterable<Series>;
}

export const isConstant = ({ target }: Series) => {
  const first = target.find((value) => !Number.isNaN(value));
  return target.every((value) => Number.isNaN(value) || value === first);
};

/** The first pass: kinds of columns, seasons, lengths, and a sample. */
export async function survey(o: Checked, source: Source) {
  const kinds = new Kinds();
  const sample: Series[] = [];
  let [count, rows, end] = [0, 0, -Infinity];
  const notes = new Notes(o);
  const least = 2 * o.horizon + 8;
  for await (const series of source.read()) {
    const path = source.one ? "table" : `series[${count}]`;
    if (series.length < least) fail(RangeError, path, `at least ${least} rows, for a horizon of ${o.horizon}`, series.length);
    if (series.target.every(Number.isNaN)) fail(RangeError, `${path}.${o.target}`, "numbers, not gaps alone", "gaps alone");
    for (const [name, cells] of Object.entries(series.columns)) kinds.add(name, cells);
    for (const [name, cell] of Object.entries(series.fixed)) kinds.add(name, [cell]);
    if (sample.length < SAMPLE) sample.push(series);
    notes.add(series);
    [count, rows, end] = [count + 1, rows + series.length, Math.max(end, series.start + series.length)];
  }
  const [first] = sample;
  if (!first) return fail(RangeError, "tables", "at least one series", "none");
  return { first, sample, count, rows, end, kinds: kinds.done(), noticed: notes.sentences(first.grid, count) };
}
