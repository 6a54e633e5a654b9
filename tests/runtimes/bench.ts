/**
 * The speed of every runtime, over the tile's peak in Node 24. With --json it is kept in the file of the bench.
 *
 *     npm run bench:runtimes [-- --rounds N] [-- --json FILE]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { keep } from "../../bench/figures.js";
import { spread } from "../../bench/measure.js";
import { runtimes } from "../../bench/tables.js";
import { prepare } from "./prepare.js";
import type { Report } from "./speed.js";

const { values: flags } = parseArgs({ options: { rounds: { type: "string", default: "5" }, json: { type: "string" } } });
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

const of = (name: string) => reports.get(name) as Report[];
const peaks = of(REFERENCE).map(({ peak }) => peak);
const over = (name: string, kind: "peak" | "forward" | "training") =>
  spread(of(name).map((report, round) => report[kind] / (peaks[round] as number)));
const figures = {
  rounds: Number(flags.rounds),
  reference: REFERENCE,
  peak: spread(peaks),
  results: timed.map(({ name }) => ({
    runtime: name,
    peak: over(name, "peak"),
    forward: over(name, "forward"),
    training: over(name, "training"),
    streaming: spread(of(name).map(({ streaming }) => streaming)),
  })),
};
console.log(runtimes(figures));
if (flags.json) keep(flags.json, "runtimes", figures);
