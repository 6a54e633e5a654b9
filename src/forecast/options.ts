/** A forecaster's options: plain data, saved with it. */

import { type Check, complete, each, fail, inBounds, integer, integerIn, oneOf } from "../internal.js";

/** The options of `createForecaster`. */
export interface ForecasterOptions {
  /** The column to forecast. */
  target: string;
  /** How many steps ahead. */
  horizon: number;
  /**
   * Steps after which the series repeats, such as `[7, 365.25]` of days. Default: what its times suggest, of those that it has seen twice:
   * the day and the week of hours, the week and the year of days, the year of weeks, months and quarters.
   */
  season?: number | readonly number[];
  /** The quantiles to forecast, each in (0, 1). The median is always there. Default [0.1, 0.5, 0.9]. */
  quantiles?: readonly number[];
  /** The column of times. Default "time" or "date", also in capital letters, if the table has it; without times rows are steps. */
  time?: string;
  /**
   * The time zone of the calendar for times that are instants, such as "Europe/Berlin". Texts without an offset are taken as they are.
   * Default: UTC.
   */
  timeZone?: string;
  /** Columns that are known up to the present: numbers or labels, with gaps. Default: none. */
  past?: readonly string[];
  /** Columns that are known ahead as well, such as holidays or prices. Default: none. */
  known?: readonly string[];
  /** Columns that are the same in all of a series, such as its region. Default: none. */
  static?: readonly string[];
  /** "log", or "boxCox" with an exponent that is measured, of a target that is positive. Default "none". */
  transform?: "none" | "log" | "boxCox";
  /**
   * Times that the table never has, or hardly ever, such as the Sundays of a shop: "omit" leaves them out of forecasts, "forecast" guesses
   * them. Default "omit".
   */
  closed?: "omit" | "forecast";
  /** Units of the recurrent layer. Default: chosen by the validation rows. */
  units?: number;
  /** Networks, each of a seed of its own, whose quantiles are averaged. Default 3. */
  ensemble?: number;
  /** The most epochs. Default 100. */
  epochs?: number;
  /** Epochs without a better loss on the validation rows before learning stops. Default 10. */
  patience?: number;
  /** The share of the last rows that is not learned from at first, but chosen by, and by which intervals are calibrated. Default 0.2. */
  validation?: number;
  /**
   * How intervals are made to cover what they say: "split" conformal prediction by the validation rows, "adaptive" follows what comes after
   * them as well, in a backtest and with `update`, or "none". Default "adaptive".
   */
  calibration?: "adaptive" | "split" | "none";
  /** Seed of the first network's initial weights; the others have the next ones. Default 0. */
  seed?: number;
}

const name: Check<string> = (path, value) => (typeof value === "string" ? value : fail(TypeError, path, "the name of a column", value));
const names = each(name, "names of columns");
const share = inBounds({ min: 0, aboveMin: true, max: 1, belowMax: true });
const cycle = inBounds({ min: 2, expected: "a number of at least 2" });

export function checkOptions(value: unknown) {
  const given = complete("options", value, {
    target: [name],
    horizon: [integerIn(1, 10_000)],
    season: (path, season) =>
      typeof season === "number" ? [cycle(path, season)] : each(cycle, "a number of steps, or a list of them")(path, season),
    quantiles: [each(share, "numbers in (0, 1)"), [0.1, 0.5, 0.9]],
    time: name,
    timeZone: zone,
    past: [names, []],
    known: [names, []],
    static: [names, []],
    transform: [oneOf("none", "log", "boxCox"), "none"],
    closed: [oneOf("omit", "forecast"), "omit"],
    units: integer,
    ensemble: [integerIn(1, 100), 3],
    epochs: [integer, 100],
    patience: [integer, 10],
    validation: [inBounds({ min: 0.05, max: 0.5 }), 0.2],
    calibration: [oneOf("adaptive", "split", "none"), "adaptive"],
    seed: [integerIn(0), 0],
  });
  const taken = new Map([[given.target, "target"]]);
  for (const role of ["past", "known", "static"] as const)
    given[role].forEach((column, i) => {
      if (taken.has(column)) fail(RangeError, `${role}[${i}]`, `another column than ${taken.get(column)} has`, column);
      taken.set(column, role);
    });
  const quantiles = [...new Set([...given.quantiles, 0.5])].sort((a, b) => a - b);
  return { ...given, quantiles };
}

const zone: Check<string> = (path, value) => {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name(path, value) }).resolvedOptions().timeZone && (value as string);
  } catch {
    return fail(RangeError, path, 'a time zone such as "Europe/Berlin"', value);
  }
};

export type Checked = ReturnType<typeof checkOptions>;
