/**
 * Readings that were found by looking at the misses of the paper's rows: post hoc, and so kept apart from them. "x2" is the gradient of
 * the whole squared error, where the paper's equation 19 has half of it: twice the rate.
 */

import type { Row } from "./row.js";
import { rowOf, SETTINGS_1997, type Setting } from "./rows1997.js";
import { noRegularity } from "./tasks/longLag.js";
import { noise } from "./tasks/noise.js";

/** A row of the paper with other options, or another task. */
function reading(of: string, name: string, learner: string, options: Partial<Setting["options"]>, others: Partial<Setting> = {}): Setting {
  const setting = SETTINGS_1997.find((setting) => setting.name === of) as Setting;
  return { ...setting, name, learner, ...others, options: { ...setting.options, ...options } };
}

const doubled = (of: string, rate: number) => reading(of, `${of}-x2`, "lstm97, twice the rate", { rate });

/** The outputs of 2b have no error but at the end, where the class is asked for; of shorter lags the paper has no figure. */
const atEnd = (p: number, options: Partial<Setting["options"]>): Setting => ({
  ...reading("2b", `2b-end-${p}`, "lstm97, error at the end alone", { update: "sequence", ...options }),
  of: noRegularity(p, 1, "last"),
  lag: p,
  ...(p < 100 && { sequences: {} }),
});

/** The net of 2b with its error at the end alone. */
export const AT_END = atEnd(20, {}).options;

export const ROWS_POST_HOC: Row[] = [
  reading("reber-3x2-0.5", "reber-swapped-3x2-0.5", "lstm97, g and h swapped", { g: "[-1,1]", h: "[-2,2]" }),
  atEnd(10, {}),
  atEnd(20, {}),
  atEnd(100, { bias: "gates", inputGateBias: -3 }),
  ...[50, 100, 200, 500, 1000].map((q) =>
    reading(`2c-${q}-${q}`, `2c-none-${q}-${q}-x2`, "lstm97, nothing recurrent, twice the rate", { recurrence: "none", rate: 0.02 }),
  ),
  reading("3b-1000-1", "3b-1000-3", "lstm97, N = 3", {}, { of: noise("3b", 1000, 3) }),
  reading("adding-100", "adding-100-stretched", "lstm97, output in [-2, 2]", { outputs: "[-2,2]" }),
  doubled("multiplication", 0.2),
  doubled("6b", 0.2),
].map(rowOf);
