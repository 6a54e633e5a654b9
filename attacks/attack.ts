/** An attack: many tries to break one promise of memcell. Each is made from a seed and a number alone, so a success can be repeated. */

export interface Attack {
  /** The name for `--only`. */
  readonly name: string;
  /** The promise under attack, for the table. */
  readonly promise: string;
  /** The number of tries in `npm test`: ten seconds or less. */
  readonly short: number;
  /** The number of tries where neither `--minutes` nor `--tries` is given. */
  readonly full: number;
  /** Prepares: starts servers, writes files. */
  open(seed: number): Promise<Attempts> | Attempts;
}

export interface Attempts {
  /** Try number `n`, a function of the seed and `n`. @throws Error that says which promise is broken, and how to repeat it */
  attempt(n: number): Promise<void> | void;
  /** Ends what `open` started. */
  close?(): Promise<void> | void;
  /** A measurement for the table, such as the highest memory. */
  note?(): string;
}

/** The purposes of the attacks' random numbers, so that no two attacks draw the same ones. src/core/random.ts has 0 to 3. */
export const PURPOSE = { canaries: 64, kills: 65, interruptions: 66, workers: 67, server: 68, streams: 69 } as const;
