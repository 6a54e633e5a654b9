/** Timing by interleaved rounds: every round times each work once, so that a slow spell of the machine hits all of them. */

export interface Work {
  name: string;
  run(): void;
}

/** Milliseconds a call, one number for each round. */
export type Times = Map<string, number[]>;

export function measure(works: Work[], rounds: number, milliseconds: number, progress: (done: number) => void): Times {
  const times: Times = new Map(works.map(({ name }) => [name, []]));
  // The first round warms up and is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const { name, run } of works) {
      let calls = 0;
      const began = performance.now();
      let elapsed = 0;
      do {
        run();
        calls++;
        elapsed = performance.now() - began;
      } while (elapsed < milliseconds);
      if (round >= 0) (times.get(name) as number[]).push(elapsed / calls);
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
