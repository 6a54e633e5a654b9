/**
 * Times memcell beside its peers, one thread each, every peer in a process of its own, after each has proved that it computes
 * the same: bench/README.md.
 *
 *     npm run bench:peers [-- --json FILE.json] [-- --rounds N] [-- --quick] [-- --only pytorch,tfjs] [-- --processor]
 *
 * With `--json` a picture lies beside the file, FILE.svg. With `--processor` times are those of the processor, for a machine that does
 * other work as well.
 */

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { install } from "../../scripts/install.js";
import { relativeError } from "../../tests/helpers/cases.js";
import { checkAgainstOracle } from "../check.js";
import { machine, type Peers, type Result, write } from "../figures.js";
import { goalsBeside, missed } from "../goals.js";
import { measure, type Spread, spread } from "../measure.js";
import { isInt8, NAMES, Peer } from "./peer.js";
import { drawPeers } from "./picture.js";
import { besidePeers, int8BesidePeers, versions } from "./report.js";
import { KINDS, type Proof, TASKS } from "./task.js";

const { values: flags } = parseArgs({
  options: {
    json: { type: "string" },
    rounds: { type: "string", default: "11" },
    quick: { type: "boolean", default: false },
    only: { type: "string", default: "" },
    processor: { type: "boolean", default: false },
  },
});
const rounds = flags.quick ? 1 : Number(flags.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`"--rounds" expected a positive integer, got ${flags.rounds}`);
if (flags.json && !flags.json.endsWith(".json")) throw new RangeError(`"--json" expected a name that ends in .json, got ${flags.json}`);
const names = NAMES.filter((name) => flags.only.split(",").some((part) => name.startsWith(part)));
if (names.length === 0) throw new RangeError(`"--only" expected names, or what they begin with, of ${NAMES.join(", ")}, got ${flags.only}`);

const bar = new SingleBar({ format: "{bar} {value}/{total} rounds | {eta_formatted} left", clearOnComplete: true, noTTYOutput: false });
/** All that were started, to be stopped, and those of them that answer. */
const started: Peer[] = [];
const peers: Peer[] = [];
process.once("SIGINT", () => {
  bar.stop();
  for (const peer of started) peer.stop();
  process.exit(130);
});

install(fileURLToPath(new URL(".", import.meta.url)), "the peers (0.9 GB) in bench/peers/node_modules");
console.log(`${checkAgainstOracle()} cases of memcell agree with the oracle.`);
const { cpu, node } = machine();
const where = `${cpu}, Node ${node}`;

/** What differs or cannot be done, sentence by task and peer. */
const remarks: Record<string, Record<string, string>> = {};
const remark = (peer: string, task: string, text: string) => {
  remarks[peer] = { ...remarks[peer], [task]: text };
};
try {
  const memcell = await start("memcell");
  if (!memcell) throw new Error("memcell did not start");
  for (const name of names) await start(name);
  const pairs = await proveAll(memcell);
  const results = await timeAll(pairs);
  const about = Object.fromEntries(peers.map((peer) => [peer.name, peer.about]));
  const figures: Peers = { machine: { cpu, node }, rounds, about, results, remarks };
  console.log(`\n${versions(figures)}\n\n${besidePeers(figures)}\n`);
  if (results.some(({ int8 }) => int8)) console.log(`memcell with int8 weights\n\n${int8BesidePeers(figures)}\n`);
  printRemarks();
  console.log(`\n${missed(goalsBeside(figures))}`);
  if (flags.json) {
    write(flags.json, figures);
    drawPeers(flags.json.replace(/json$/, "svg"), results, where);
  }
} finally {
  for (const peer of started) peer.stop();
}

async function start(name: string): Promise<Peer | undefined> {
  try {
    const peer = await Peer.start(name, (begun) => started.push(begun));
    peers.push(peer);
    console.log(`${name}: ${peer.about}`);
    return peer;
  } catch (error) {
    console.log(`${name}: not timed. ${(error as Error).message}`);
    return undefined;
  }
}

/** @returns whom to time at what: those who proved that they compute what memcell does, and memcell itself first */
async function proveAll(memcell: Peer): Promise<[task: string, peer: Peer][]> {
  const pairs: [string, Peer][] = [];
  for (const task of TASKS) {
    const expected = await memcell.prepare(task);
    if ("cannot" in expected) throw new Error(expected.cannot);
    pairs.push([task.name, memcell]);
    for (const peer of peers.filter((each) => each !== memcell)) {
      try {
        const answer = await peer.prepare(task);
        if ("cannot" in answer) {
          remark(peer.name, task.name, answer.cannot);
          continue;
        }
        check(answer.proof, expected.proof, isInt8(peer.name) ? 0.05 : 1e-4);
        if (answer.note) remark(peer.name, task.name, answer.note);
        pairs.push([task.name, peer]);
      } catch (error) {
        remark(peer.name, task.name, `NOT TIMED: ${(error as Error).message}`);
        process.exitCode = 1;
      }
    }
  }
  return pairs;
}

/** @param bound the error that is allowed, as a share of the largest value */
function check(proof: Proof, expected: Proof, bound: number): void {
  if (Object.keys(proof).length === 0) throw new Error("nothing proven");
  for (const [name, values] of Object.entries(proof)) {
    const error = relativeError(values, expected[name] ?? []);
    if (!(error < bound)) throw new Error(`"${name}" is off by ${error} of its largest value`);
  }
}

async function timeAll(pairs: [string, Peer][]): Promise<Result[]> {
  const nameOf = (task: string, peer: string) => `${peer} ${task}`;
  console.log(
    `\n${where}, one thread each${flags.processor ? ", processor time" : ""}; medians of ${rounds} interleaved rounds, quartiles in brackets.`,
  );
  bar.start(rounds + 1, 0);
  const works = pairs.map(([task, peer]) => ({
    name: nameOf(task, peer.name),
    time: (milliseconds: number) => peer.time(task, milliseconds, flags.processor),
  }));
  const times = await measure(works, rounds, flags.quick ? 10 : 40, (done) => bar.update(done + 1));
  bar.stop();
  return pairs.map(([task, { name }]) => {
    const milliseconds = times.get(nameOf(task, name)) as number[];
    const over = (peer: string) => {
      const own = times.get(nameOf(task, peer));
      return own && spread(milliseconds.map((ms, round) => ms / (own[round] as number)));
    };
    const [ratio, int8] = [over("memcell") as Spread, over("memcell-int8")];
    return { task, peer: name, milliseconds: spread(milliseconds), ratio, ...(int8 && { int8 }) };
  });
}

function printRemarks(): void {
  for (const [peer, byTask] of Object.entries(remarks)) {
    for (const text of new Set(Object.values(byTask))) {
      const names = Object.keys(byTask).filter((task) => byTask[task] === text);
      const whole = KINDS.filter((kind) => TASKS.every((task) => task.kind !== kind || names.includes(task.name)));
      const others = names.filter((name) => !whole.some((kind) => name.startsWith(kind)));
      console.log(`${peer}, ${[...whole, ...others].join(", ")}: ${text}`);
    }
  }
}
