/** What the evidence consists of, and how far it has been run. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkManifest, counted, jobsOf, left, openJobs, readManifest } from "../manifest.js";
import { Results } from "../results.js";
import { ROWS } from "../rows.js";
import { ROWS_1997, ROWS_READINGS } from "../rows1997.js";
import { ROWS_POST_HOC } from "../rowsPostHoc.js";
import { ROWS_TUNED, ROWS_TUNING } from "../rowsToday.js";

const CONTINUAL = ROWS.filter(({ name }) => name.startsWith("continual-"));

const planned = { row: "6a", trials: 2, seed: 0, budget: 100 };

describe("manifest.json", () => {
  const manifest = readManifest();

  test("has every row of the paper, with a budget of twice the published number and ten trials, five at lags of 1,000", () => {
    for (const { name, paper } of ROWS_1997) {
      const entry = manifest.find(({ row }) => row === name)!;
      expect(entry, name).toBeDefined();
      expect(entry.budget, name).toBeGreaterThanOrEqual(2 * Math.max(...Object.values(paper!.sequences)));
      expect(entry.trials, name).toBeGreaterThanOrEqual(name.includes("1000") ? 5 : 10);
    }
  });

  test("has every other reading that the paper has a figure for, with as great a budget and as many trials", () => {
    for (const { name, paper } of [...ROWS_READINGS, ...ROWS_POST_HOC, ...CONTINUAL]) {
      const entry = manifest.find(({ row }) => row === name)!;
      expect(entry, name).toBeDefined();
      expect(entry.budget, name).toBeGreaterThanOrEqual(2 * Math.max(0, ...Object.values(paper!.sequences)));
      expect(entry.trials, name).toBeGreaterThanOrEqual(name.includes("1000") ? 5 : 10);
    }
  });

  test("has readings, tuned rows and tuning on seeds that no row before them has, and draws guesses anew at each lag", () => {
    const seeds = (rows: readonly { name: string }[]) => {
      const names = new Set(rows.map(({ name }) => name));
      const of = manifest.filter(({ row }) => names.has(row));
      return of.flatMap(({ seed, trials }) => Array.from({ length: trials }, (_, i) => seed + i));
    };
    const all = [seeds(ROWS_1997), seeds(ROWS_POST_HOC), seeds(ROWS_TUNING), seeds(ROWS_TUNED)].map((seeds) => new Set(seeds));
    expect(new Set(all.flatMap((seeds) => [...seeds])).size).toBe(all.reduce((sum, { size }) => sum + size, 0));
    const guesses = seeds(ROWS.filter(({ name }) => name.endsWith("-guessing")));
    expect(new Set(guesses).size).toBe(guesses.length);
  });

  test("what is run for it is not run again, unless it was given up earlier", () => {
    const jobs = jobsOf([planned]);
    const results = new Results("none");
    expect(jobs).toEqual([0, 1].map((trial) => ({ row: "6a", trial, limit: 100 })));
    const result = { row: "6a", trial: 0, limit: 99, solved: false } as Results["all"][number];
    results.all.push(result);
    expect(openJobs(jobs, results)).toHaveLength(2);
    results.all.push({ ...result, limit: 100 });
    expect(openJobs(jobs, results)).toEqual([jobs[1]]);
    expect(left(openJobs(jobs, results), 2)).toBe("1 of the manifest's 2 trials are left: 6a (1).");
    expect(counted([result, { ...result, trial: 2 }], [planned])).toEqual([result]);
    expect(left([], 2)).toBe("All 2 trials of the manifest have been run.");
  });
});

test.each([
  [[{ ...planned, row: "6c" }], '"manifest[0].row" expected the name of a row, got "6c"'],
  [[planned, { ...planned, seed: 1 }], '"manifest[1].seed" expected seeds of 6a that no other entry has, got 1'],
  [[{ ...planned, budget: 0 }], '"manifest[0].budget" expected a positive integer, got 0'],
  [[{ ...planned, seed: -1 }], '"manifest[0].seed" expected a positive integer, got -1'],
  [[{ ...planned, limit: 5 }], "limit"],
  [planned, '"manifest" expected an array'],
])("refuses %j", (manifest, message) => expect(() => checkManifest(manifest)).toThrow(message));

describe("results of another version", () => {
  const folder = mkdtempSync(join(tmpdir(), "evidence-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  test("are refused with their line", () => {
    const path = join(folder, "results.jsonl");
    writeFileSync(path, '{"row":"6a"}\n{"version":2,"row":"6a"}\n');
    expect(() => new Results(path)).toThrow("results.jsonl: line 2 is of version 2, expected 1");
  });
});
