/**
 * Tries to break what memcell promises: docs/attacks.md.
 *
 *     npm run attack [-- --minutes N | --tries N] [--only NAME,NAME] [--seed S] [--from N]
 */

import { parseArgs } from "node:util";
import { SingleBar } from "cli-progress";
import { integer, number } from "../src/core/check.js";
import { ATTACKS } from "./all.js";
import { type Outcome, run } from "./run.js";

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string" },
    tries: { type: "string" },
    only: { type: "string" },
    seed: { type: "string", default: "1" },
    from: { type: "string", default: "0" },
  },
});
const minutes = flags.minutes === undefined ? 60 : number("--minutes", Number(flags.minutes), { min: 0, aboveMin: true });
const tries = flags.tries === undefined ? undefined : integer("--tries", Number(flags.tries));
const [seed, from] = (["seed", "from"] as const).map((name) => integer(`--${name}`, Number(flags[name]), 0)) as [number, number];

const names = ATTACKS.map(({ name }) => name);
const only = flags.only?.split(",") ?? names;
const unknown = only.filter((name) => !names.includes(name));
if (unknown.length > 0) throw new RangeError(`"--only" expected some of ${names.join(", ")}, got ${unknown.join(", ")}`);

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const clock = (seconds: number) => `${Math.floor(seconds / 60)}:${String(Math.ceil(seconds % 60)).padStart(2, "0")}`;
const bar = new SingleBar({
  format: "{attack} {bar} {percentage}% | {tries} tries, {failures} failed | {left} left",
  clearOnComplete: true,
  noTTYOutput: true,
  notTTYSchedule: 10_000,
});
const end = performance.now() + minutes * 60_000;
const outcomes: Outcome[] = [];
const attacks = ATTACKS.filter(({ name }) => only.includes(name));
for (const [i, attack] of attacks.entries()) {
  if (stop.signal.aborted) break;
  // An attack that ends early leaves its time to the next ones.
  const time = (end - performance.now()) / (attacks.length - i);
  const most = tries ?? (flags.minutes === undefined ? attack.full : Infinity);
  const shown = ({ tries, failures, seconds }: Omit<Outcome, "attack" | "note">) => {
    const share = Math.min(1, Math.max(tries / most, (1000 * seconds) / time));
    return [
      share * 1000,
      { attack: attack.name, tries, failures: failures.length, left: share > 0 ? clock(seconds / share - seconds) : "-" },
    ] as const;
  };
  const [, first] = shown({ tries: 0, failures: [], seconds: 0 });
  bar.start(1000, 0, first);
  outcomes.push(await run(attack, { seed, from, tries: most, time, signal: stop.signal, progress: (done) => bar.update(...shown(done)) }));
  bar.stop();
}

console.table(
  outcomes.map(({ attack, tries, failures, seconds, note }) => ({
    attack: attack.name,
    promise: attack.promise,
    tries,
    failed: failures.length,
    seconds: Number(seconds.toFixed(1)),
    note,
  })),
);
for (const { message, again } of outcomes.flatMap(({ failures }) => failures)) console.error(`\n${message}\n    ${again}`);
// Exit, even if an attack that hangs has left work behind.
process.exit(outcomes.some(({ failures }) => failures.length > 0) ? 1 : stop.signal.aborted ? 130 : 0);
