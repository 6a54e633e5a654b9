/**
 * The speed of every runtime, over the tile's peak in Node 24.
 *
 *     npm run bench:runtimes [-- --rounds N]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { show, spread } from "../../bench/measure.js";
import { prepare } from "./prepare.js";
import type { Report } from "./speed.js";

const { values: flags } = parseArgs({ options: { rounds: { type: "string", default: "5" } } });
prepare();
const { RUNTIMES } = await import("./runtimes.js");
const { speedProgram } = await import("./bundle.js");

const REFERENCE = "Node 24";
// workerd's clock stands still while it computes.
const timed = RUNTIMES.filter(({ way }) => way !== "fetch");
const reports = new Map<string, Report[]>(timed.map(({ name }) => [name, []]));
const project = mkdtempSync(join(resolve(import.meta.dirname, "../.."), "build", "speed-"));
const abort = new AbortController();
process.once("SIGINT", () => abort.abort(new Error("stopped")));
try {
  // Round by round, so that a slow spell of the machine hits all of them.
  for (let round = 1; round <= Number(flags.rounds); round++) {
    for (const { name, way, run } of timed) {
      (reports.get(name) as Report[]).push((await run(await speedProgram(way), project, abort.signal)) as Report);
      console.log(`round ${round} of ${flags.rounds}: ${name}`);
    }
  }
} finally {
  rmSync(project, { recursive: true, force: true });
}

const peaks = (reports.get(REFERENCE) as Report[]).map(({ peak }) => peak);
const over = (name: string, kind: "peak" | "forward" | "training") =>
  show(spread((reports.get(name) as Report[]).map((report, round) => report[kind] / (peaks[round] as number))), 2);
console.log(`The tile's peak in ${REFERENCE}: ${show(spread(peaks), 1)} GF/s; medians of ${flags.rounds} rounds, quartiles in brackets`);
console.table(
  timed.map(({ name }) => ({
    runtime: name,
    peak: over(name, "peak"),
    "forward (32, 64, 32, 50)": over(name, "forward"),
    "training (32, 64, 32, 50)": over(name, "training"),
    "a streaming step (1, 32), us": show(spread((reports.get(name) as Report[]).map(({ streaming }) => streaming)), 2),
  })),
);
