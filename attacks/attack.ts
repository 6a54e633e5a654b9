/** An attack: many tries to break one promise of memcell, each made from a seed and a number alone, so that one that succeeds can be had again. */

export interface Attack {
  /** What `--only` calls it. */
  readonly name: string;
  /** The promise that it tries to break, for the table. */
  readonly promise: string;
  /** Tries of the short form, which is part of `npm test`: ten seconds or less. */
  readonly short: number;
  /** Tries where neither `--minutes` nor `--tries` says otherwise. */
  readonly full: number;
  /** Makes ready: starts servers, writes files. */
  open(seed: number): Promise<Attempts> | Attempts;
}

export interface Attempts {
  /** Try number `n`, a function of the seed and `n`. @throws Error that says which promise is broken, and how to see it again */
  attempt(n: number): Promise<void> | void;
  /** Ends what `open` started. */
  close?(): Promise<void> | void;
  /** A line for the table of what was measured, such as the highest memory. */
  note?(): string;
}
