/** All rows of the evidence, by name. */

import type { Row } from "./row.js";
import { ROWS_1997, ROWS_READINGS } from "./rows1997.js";
import { ROWS_CLAIMS } from "./rowsClaims.js";
import { ROWS_POST_HOC } from "./rowsPostHoc.js";
import { ROWS_RIVALS } from "./rowsRivals.js";
import { ROWS_TODAY, ROWS_TUNED, ROWS_TUNING } from "./rowsToday.js";

/** By the headings of their tables. */
export const GROUPS: Readonly<Record<string, readonly Row[]>> = {
  "The paper's rows": ROWS_1997,
  "The paper's rows in other readings": ROWS_READINGS,
  "Readings found after the fact": ROWS_POST_HOC,
  "The same tasks by the learning of today": ROWS_TODAY,
  "The same tasks by the learning of today, tuned": ROWS_TUNED,
  "Rates and sizes that were tried for it": ROWS_TUNING,
  "The rivals": ROWS_RIVALS,
  "For single claims": ROWS_CLAIMS,
};

export const ROWS: readonly Row[] = Object.values(GROUPS).flat();

export function rowNamed(name: string): Row {
  const row = ROWS.find((row) => row.name === name);
  if (!row) throw new RangeError(`no row is named ${name}`);
  return row;
}

/** The row that is called so, or all whose names begin so: "2c" is all rows of experiment 2c. */
export function rowsNamed(name: string): Row[] {
  const called = ROWS.find((row) => row.name === name);
  if (called) return [called];
  const rows = ROWS.filter((row) => row.name.startsWith(`${name}-`));
  if (rows.length === 0) {
    const beginnings = new Set(ROWS.map((row) => row.name.split("-")[0]));
    throw new RangeError(`expected the name of a row, all of which begin with one of ${[...beginnings].join(", ")}; got ${name}`);
  }
  return rows;
}
