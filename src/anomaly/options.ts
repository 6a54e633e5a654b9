/** A detector's options: plain data, saved with it. */

import { complete, each, fail, inBounds, integer, integerIn } from "../internal.js";

/** The options of `createDetector`. */
export interface DetectorOptions {
  /** The columns to watch: numbers, with gaps. */
  columns: readonly string[];
  /** The share of normal steps that may be taken for anomalies. Default 0.001. */
  rate?: number;
  /** Steps after which the columns repeat, such as 24 of hours. Default: they do not. */
  season?: number;
  /** Units of the network. Default 12. */
  units?: number;
  /** Steps that are only learned from where there was no `fit`. Default 300, or three seasons if that is more. */
  warmup?: number;
  /** Seed of the network's initial weights; an integer from 0. Default 0. */
  seed?: number;
}

export const checkOptions = (value: unknown): Required<DetectorOptions> => {
  const text = (path: string, name: unknown) => (typeof name === "string" ? name : fail(TypeError, path, "the name of a column", name));
  const o = complete("options", value, {
    columns: [each(text, "names of columns")],
    rate: [inBounds({ min: 0, aboveMin: true, max: 0.2 }), 0.001],
    season: [integerIn(0, 10_000), 0],
    units: [integerIn(1, 256), 12],
    warmup: integer,
    seed: [integerIn(0), 0],
  });
  if (o.columns.length === 0 || new Set(o.columns).size < o.columns.length)
    fail(RangeError, "columns", "one name or more, each another", value);
  return { ...o, warmup: o.warmup ?? Math.max(300, 3 * o.season) };
};
