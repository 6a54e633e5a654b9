/** A column that is watched: what smoothing foresees of it, how far off that is, and for how long it has been. */

import { Smoother, type Smoothing } from "../forecast/smoothing.js";

export interface Watched {
  smoother: Smoother;
  /** Values seen, and the mean absolute error of smoothing, in the column's units; 0 before the first error. */
  seen: number;
  scale: number;
  /** Cumulative sums (CUSUM: Page 1954) of errors in deviations, and of what their sizes are above the mean size, each drawn to 0. */
  mean: number;
  energy: number;
  /** The last value (NaN before the first), how often it was repeated, and the most that any was while learning. */
  last: number;
  repeats: number;
  longest: number;
}

/** The largest surprise that is learned from, in deviations. */
const BOUND = 4;
/** By which cumulative sums are drawn to 0 at each step: half of the shift that they are to find first, one deviation. */
const SLACK = 0.5;
/** The mean size of normal numbers, and its deviation. */
const ABSOLUTE = Math.sqrt(2 / Math.PI);
const SPREAD = Math.sqrt(1 - 2 / Math.PI);
/** Steps of the mean error, and values until surprises are cut off. */
const MEMORY = 200;
const EARLY = 20;

export const bounded = (value: number) => Math.max(-BOUND, Math.min(value, BOUND));

export const watch = (smoothing: Smoothing, start: ArrayLike<number>): Watched => ({
  smoother: new Smoother(smoothing, start),
  seen: 0,
  scale: 0,
  mean: 0,
  energy: 0,
  last: NaN,
  repeats: 0,
  longest: 0,
});

/** The next value as smoothing foresees it. */
export function foreseen({ smoother }: Watched): number {
  const next = new Float64Array(1);
  smoother.forecast(next, 0, 1);
  return next[0] as number;
}

/**
 * Takes the next value. @param expected, deviation of its error in the column's scale. @param learning that repetitions are usual
 * @returns the error in the column's scale, how surprising it is and how surprising the last ones are together, whether the value is stuck
 */
export function take(own: Watched, value: number, expected: number, deviation: number, learning: boolean) {
  const next = foreseen(own);
  if (own.seen++ === 0 && next === 0) own.smoother.level = value;
  // The first value of all is where smoothing begins.
  const error = own.seen === 1 ? 0 : value - next;
  const scaled = error / (own.scale || 1);
  // Together by smoothing alone: the network soon takes what lasts for usual.
  const raw = bounded(ABSOLUTE * scaled);
  const sum = own.mean + raw;
  own.mean = Math.sign(sum) * Math.max(0, Math.abs(sum) - SLACK);
  own.energy = Math.max(0, own.energy + (Math.abs(raw) - ABSOLUTE) / SPREAD - SLACK);
  own.repeats = value === own.last ? own.repeats + 1 : 0;
  own.last = value;
  if (learning) own.longest = Math.max(own.longest, own.repeats);
  // One surprise moves the smoothing no further than a large but usual error (Gelper, Fried & Croux 2010).
  const kept = own.seen > EARLY ? bounded(scaled) * own.scale : error;
  own.smoother.step(next + kept);
  own.scale += (Math.abs(kept) - own.scale) / Math.min(MEMORY, Math.max(1, own.seen - 1));
  return {
    error: bounded(scaled),
    surprises: [own.seen === 1 ? 0 : Math.abs(scaled - expected) / deviation, Math.max(Math.abs(own.mean), own.energy)],
    stuck: own.repeats > 2 * own.longest + 5,
  };
}
