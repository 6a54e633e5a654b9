/** Runs one attack within its bounds. */

import { setImmediate } from "node:timers/promises";
import type { Attack, Attempts } from "./attack.js";

export interface Bounds {
  seed: number;
  /** Number of the first try. Default 0. */
  from?: number;
  /** The most tries; Infinity leaves it to the time. */
  tries: number;
  /** Start no new try after this many milliseconds. Default: no limit. */
  time?: number;
  /** Milliseconds after which a try counts as hanging. Default two minutes. */
  hang?: number;
  /** Start no new try once it is aborted. */
  signal?: AbortSignal;
  /** Called after each try. */
  progress?: (done: Outcome) => void;
}

export interface Failure {
  message: string;
  /** The command that repeats this try. */
  again: string;
}

export interface Outcome {
  attack: Attack;
  tries: number;
  failures: Failure[];
  seconds: number;
  note: string;
}

/** Failures after which an attack is given up: more would say nothing new. */
const ENOUGH = 10;

/** @throws Error if the work does not settle in time */
async function within(time: number, work: Promise<void> | void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`hangs: not done after ${time / 1000} s`)), time);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** Never throws: an error while an attack opens or closes counts as a failure too. */
export async function run(attack: Attack, bounds: Bounds): Promise<Outcome> {
  const { seed, from = 0, tries, time = Infinity, hang = 120_000, signal, progress } = bounds;
  const outcome: Outcome = { attack, tries: 0, failures: [], seconds: 0, note: "" };
  const command = `npm run attack -- --only ${attack.name} --seed ${seed}`;
  const guarded = async (again: string, work: () => Promise<void> | void) => {
    try {
      await within(hang, work());
    } catch (error) {
      outcome.failures.push({ message: error instanceof Error ? error.message : String(error), again });
    }
  };

  const began = performance.now();
  let attempts: Attempts | undefined;
  await guarded(`${command} --tries 1`, async () => void (attempts = await attack.open(seed)));
  while (attempts && outcome.tries < tries && outcome.failures.length < ENOUGH && performance.now() - began < time && !signal?.aborted) {
    const n = from + outcome.tries++;
    await guarded(`${command} --from ${n} --tries 1`, () => attempts?.attempt(n));
    outcome.seconds = (performance.now() - began) / 1000;
    progress?.(outcome);
    // Lets Ctrl-C through between tries that never wait.
    await setImmediate();
  }
  outcome.note = attempts?.note?.() ?? "";
  await guarded(`${command} --tries 1`, () => attempts?.close?.());
  return outcome;
}
