/** What the evidence consists of: manifest.json has the trials, seeds and budget of every row. */

import { readFileSync } from "node:fs";
import { complete, fail, integer } from "../src/core/check.js";
import type { Results } from "./results.js";
import type { Result } from "./row.js";
import { ROWS, rowNamed } from "./rows.js";
import type { Job } from "./worker.js";

export interface Planned {
  row: string;
  /** Trials, whose seeds are `seed`, `seed` + 1 and so on. */
  trials: number;
  seed: number;
  /** The most sequences of a trial. */
  budget: number;
}

const MANIFEST = new URL("manifest.json", import.meta.url);

const row = (path: string, value: unknown) =>
  ROWS.some(({ name }) => name === value) ? (value as string) : fail(RangeError, path, "the name of a row", value);

const seed = (path: string, value: unknown) => (value === 0 ? 0 : integer(path, value));

/** @throws TypeError, RangeError if an entry is wrong, names no row, or has a seed of its row that another entry has */
export function checkManifest(value: unknown): Planned[] {
  if (!Array.isArray(value)) return fail(TypeError, "manifest", "an array", value);
  const used = new Set<string>();
  return value.map((entry, i) => {
    const path = `manifest[${i}]`;
    const planned = complete(path, entry, { row, trials: integer, seed, budget: integer }) as Planned;
    for (let k = 0; k < planned.trials; k++) {
      const trial = `${planned.row} ${planned.seed + k}`;
      if (used.has(trial)) fail(RangeError, `${path}.seed`, `seeds of ${planned.row} that no other entry has`, planned.seed + k);
      used.add(trial);
    }
    return planned;
  });
}

export const readManifest = (): Planned[] => checkManifest(JSON.parse(readFileSync(MANIFEST, "utf8")));

/** All trials, those that are likely to be short first. */
export function jobsOf(manifest: readonly Planned[]): Job[] {
  // The rows of rivals in the paper have no lag of their own.
  const cost = ({ row, budget }: Planned) => budget * Math.max(10, rowNamed(row).lag);
  return [...manifest]
    .sort((a, b) => cost(a) - cost(b))
    .flatMap(({ row, trials, seed, budget }) => Array.from({ length: trials }, (_, i) => ({ row, trial: seed + i, limit: budget })));
}

export const openJobs = (jobs: readonly Job[], results: Results) => jobs.filter(({ row, trial, limit }) => !results.of(row, trial, limit));

/** The results of the manifest's trials; others, such as those of seeds that it no longer has, count nowhere. */
export function counted(results: readonly Result[], manifest = readManifest()): Result[] {
  const trials = new Set(jobsOf(manifest).map(({ row, trial }) => `${row} ${trial}`));
  return results.filter(({ row, trial }) => trials.has(`${row} ${trial}`));
}

/** How many trials of which rows are left, as a sentence. */
export function left(open: readonly Job[], all: number): string {
  if (open.length === 0) return `All ${all.toLocaleString("en")} trials of the manifest have been run.`;
  const counts = new Map<string, number>();
  for (const { row } of open) {
    const name = row.startsWith("tune-") ? "rates and sizes to choose from" : row.startsWith("tuned-") ? "rows tuned" : row;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const rows = [...counts].map(([name, count]) => `${name} (${count})`);
  return `${open.length} of the manifest's ${all.toLocaleString("en")} trials are left: ${rows.join(", ")}.`;
}
