/** The source of an epoch's sequences: an array, shuffled, or an iterable. */

import { PURPOSE, Random } from "../core/random.js";
import type { Checked } from "../model/sequences.js";

/** The sequences of one epoch, one by one; undefined after the last. */
export interface Source {
  next(): Checked | undefined | Promise<Checked | undefined>;
  /** Tells an iterator that is not at its end that no more is wanted. */
  close?(): void;
}

export interface Data {
  /** Number of sequences, for arrays. */
  sequences?: number;
  totalSteps?: number;
  longest?: number;
  open(epoch: number): Source;
}

/** An array's sequences, in a new order each epoch. */
export function arrayData(list: Checked[], seed: number | null): Data {
  return {
    sequences: list.length,
    totalSteps: list.reduce((total, { length }) => total + length, 0),
    longest: list.reduce((most, { length }) => Math.max(most, length), 0),
    open(epoch) {
      const order = seed === null ? null : new Random(seed, PURPOSE.shuffle, epoch).permutation(list.length);
      let next = 0;
      return { next: () => list[order ? (order[next++] ?? list.length) : next++] };
    },
  };
}

/** An iterable's sequences in order; it is iterated once an epoch. */
export function iterableData(
  iterable: Iterable<unknown> | AsyncIterable<unknown>,
  check: (value: unknown, index: number) => Checked,
): Data {
  return {
    open() {
      const iterator =
        Symbol.asyncIterator in iterable ? iterable[Symbol.asyncIterator]() : (iterable as Iterable<unknown>)[Symbol.iterator]();
      let index = 0;
      let ended = false;
      return {
        async next() {
          if (ended) return undefined;
          let step: IteratorResult<unknown>;
          try {
            step = await iterator.next();
          } catch (error) {
            ended = true;
            throw error;
          }
          if (step.done) ended = true;
          return step.done ? undefined : check(step.value, index++);
        },
        close() {
          // Do not wait: the iterator may wait for data that never comes. Nobody can be told that closing failed.
          const closed = async () => iterator.return?.();
          if (!ended) closed().catch(() => {});
        },
      };
    },
  };
}
