/**
 * Fills the tables of the pages from docs/bench.json and docs/peers.json: what stands between `<!-- table:NAME -->` and `<!-- /table -->`.
 *
 *     npm run bench:tables
 */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Bench, type Peers, read } from "./figures.js";
import { goalsBeside, goalsOf, missed } from "./goals.js";
import { besidePeers, int8BesidePeers, summary, versions } from "./peers/report.js";
import { alone, runtimes, scaling, threads } from "./tables.js";

const path = (file: string) => fileURLToPath(new URL(`../${file}`, import.meta.url));

export const PAGES = ["README.md", "bench/README.md", "docs/benches.md"];

export const readPage = (file: string) => readFileSync(path(file), "utf8");

/** The tables by their names. */
export function tables(): Record<string, string> {
  const bench: Bench = read(path("docs/bench.json"));
  const peers: Peers = read(path("docs/peers.json"));
  return {
    ...alone(bench.alone),
    scaling: scaling(bench.scaling),
    threads: threads(bench.threads),
    runtimes: runtimes(bench.runtimes),
    versions: versions(peers),
    peers: besidePeers(peers),
    "int8-peers": int8BesidePeers(peers),
    missed: missed([...goalsOf(bench.alone), ...goalsBeside(peers)]),
    summary: summary(bench, peers),
  };
}

/** @throws RangeError if a page asks for a table that there is not */
export const filled = (page: string, tables: Record<string, string>): string =>
  page.replace(/(<!-- table:(\S+) -->\n).*?(<!-- \/table -->)/gs, (_, begin: string, name: string, end: string) => {
    if (tables[name] === undefined) throw new RangeError(`no table is named ${name}`);
    return `${begin}\n${tables[name]}\n\n${end}`;
  });

if (process.argv[1] === import.meta.filename) for (const page of PAGES) writeFileSync(path(page), filled(readPage(page), tables()));
