/** Timing by interleaved rounds: every round times each work once, so that a slow spell of the machine hits all of them. */

export interface Work {
  name: string;
  run(): void;
}

/** What times itself, perhaps in a process of its own. */
export interface Timed {
  name: string;
  /** Calls it over and over for so long, and returns the milliseconds of one call. */
  time(milliseconds: number): Promise<number>;
}

/** Milliseconds a call, one number for each round. */
export type Times = Map<string, number[]>;

/**
 * Calls `run` over and over for so many milliseconds, and returns those of one call.
 * @param processor whether it is the processor's time that is returned, for a machine that does other work as well
 */
export async function repeat(run: () => unknown, milliseconds: number, processor = false): Promise<number> {
  let calls = 0;
  // Browsers, which bench:runtimes times too, have no `process`.
  const used = processor ? process.cpuUsage() : undefined;
  const began = performance.now();
  let elapsed = 0;
  do {
    const result = run();
    // Only what is a promise is waited for: waiting costs as much as a short call.
    if (result instanceof Promise) await result;
    calls++;
    elapsed = performance.now() - began;
  } while (elapsed < milliseconds);
  if (!used) return elapsed / calls;
  const { user, system } = process.cpuUsage(used);
  return (user + system) / 1000 / calls;
}

export const timed = ({ name, run }: Work): Timed => ({ name, time: (milliseconds) => repeat(run, milliseconds) });

export async function measure(works: Timed[], rounds: number, milliseconds: number, progress: (done: number) => void): Promise<Times> {
  const times: Times = new Map(works.map(({ name }) => [name, []]));
  // The first round warms up and is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const work of works) {
      const elapsed = await work.time(milliseconds);
      if (round >= 0) (times.get(work.name) as number[]).push(elapsed);
    }
    progress(round + 1);
  }
  return times;
}

export interface Spread {
  median: number;
  /** Quartiles. */
  low: number;
  high: number;
}

export function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

export const show = ({ median, low, high }: Spread, digits: number): string =>
  `${median.toFixed(digits)} [${low.toFixed(digits)}, ${high.toFixed(digits)}]`;
