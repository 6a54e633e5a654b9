/** What the evidence consists of, and how far it has been run. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { checkManifest, jobsOf, left, openJobs, readManifest } from "../manifest.js";
import { Results } from "../results.js";
import { ROWS_1997 } from "../rows1997.js";

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
