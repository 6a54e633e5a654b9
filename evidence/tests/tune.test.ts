/** Rates and sizes are chosen by what their trials gave. */

import { describe, expect, test } from "vitest";
import { readChosen } from "../chosen.js";
import { counted } from "../manifest.js";
import { Results } from "../results.js";
import type { Result } from "../row.js";
import { rowNamed } from "../rows.js";
import { EXPERIMENTS, LEARNERS, ROWS_TODAY, ROWS_TUNED, ROWS_TUNING, shortest, TASKS, tunedName, tuningRows } from "../rowsToday.js";
import { choose } from "../tune.js";

const results = new Results(new URL("../results.jsonl", import.meta.url).pathname);

test("chosen.json is what the results choose, and rows were run with what it has", () => {
  expect(readChosen()).toEqual(choose(counted(results.all)));
  for (const { row, setting } of results.all) if (row.startsWith("tuned-")) expect(setting, row).toEqual(rowNamed(row).setting?.());
});

test("three rates and two sizes for each experiment and learner; longer lags have those of the shortest", () => {
  expect(ROWS_TUNING).toHaveLength(EXPERIMENTS.length * LEARNERS.length * 6);
  expect([ROWS_TUNED.length, ROWS_TODAY.length]).toEqual([TASKS.length * LEARNERS.length, TASKS.length * LEARNERS.length]);
  expect(["2c-1000-1000", "adding-500", "3b-100-3"].map(shortest)).toEqual(["2c-50-50", "adding-100", "3b-100-3"]);
});

test.each([
  ["6a", "lstm97", 16],
  ["6a", "gru", 16],
  ["2a", "lstm chrono", 4],
] as const)("four times the cells: %s, %s", (name, learner, units) => {
  const [small, large] = [tuningRows(name, learner)[0]!, tuningRows(name, learner)[3]!].map((row) => row.create(0));
  expect([4 * small!.units, large!.units]).toEqual([units, units]);
});

describe("the choice", () => {
  const rows = tuningRows("6a", "gru");
  /** Two trials of each setting: those that learned, and after how many sequences; the others' error. */
  const trials = (of: (i: number) => [first: number, second: number, error?: number], most = rows.length): Result[] =>
    rows.slice(0, most).flatMap(({ name }, i) => {
      const [first, second, error = 0.5] = of(i);
      return [first, second].map((sequences, trial) => {
        const solved = sequences < Infinity;
        return {
          row: name,
          trial,
          solved,
          sequences: solved ? sequences : 1000,
          error: solved ? 0 : error,
          limit: 1000,
          marks: {},
        } as Result;
      });
    });
  const chosen = (...of: Parameters<typeof trials>) => choose(trials(...of))[tunedName("6a", "gru")];
  const setting = (i: number) => rows[i]!.setting!();

  test.each([
    { by: "trials that learned", of: (i: number) => (i === 4 ? [900, 900] : [100, Infinity]), best: 4 },
    { by: "sequences, where as many learned", of: (i: number) => (i === 2 ? [100, 300] : [200, 210]), best: 2 },
    { by: "error, where none learned", of: (i: number) => [Infinity, Infinity, i === 5 ? 0.1 : 0.2], best: 5 },
  ] as const)("goes by $by", ({ of, best }) => expect(chosen((i) => [...of(i)] as [number, number])).toEqual(setting(best)));

  test("waits for all trials", () => {
    expect(chosen(() => [1, 1], rows.length - 1)).toBeUndefined();
    expect(choose([])).toEqual({});
  });
});
