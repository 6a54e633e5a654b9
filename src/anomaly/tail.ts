/**
 * The tail of a stream of scores, by extreme value theory (SPOT: Siffer, Fouque, Termier & Largouët 2017): what lies over a high level has a
 * generalised Pareto distribution (Pickands 1975), whose two parameters follow from the mean and the variance of the excesses (Hosking &
 * Wallis 1987). With them the threshold is known that a normal score passes as rarely as was asked, also beyond all that were seen.
 */

import { logarithm } from "../forecast/transform.js";
import { exp } from "../internal.js";

export interface Tail {
  level: number;
  /** Scores, those above the level, and the sums of their excesses and squares, with old ones forgotten. */
  scores: number;
  peaks: number;
  sum: number;
  squares: number;
}

/** The share of scores above the level. */
const PEAKS = 0.05;
/** Scores after which an old one counts 1 / e. */
const MEMORY = 5000;

/** @param scores of normal steps */
export function tailOf(scores: readonly number[]): Tail {
  const sorted = Float64Array.from(scores).sort();
  const tail: Tail = { level: sorted[Math.floor((1 - PEAKS) * (sorted.length - 1))] ?? Infinity, scores: 0, peaks: 0, sum: 0, squares: 0 };
  for (const score of scores) follow(tail, score, Infinity);
  return tail;
}

/** The score that a normal step passes with probability `rate`. */
export function thresholdOf({ level, scores, peaks, sum, squares }: Tail, rate: number): number {
  if (peaks < 2) return Infinity;
  const mean = sum / peaks;
  const ratio = mean ** 2 / Math.max(squares / peaks - mean ** 2, 1e-12 * mean ** 2);
  const shape = Math.max(-0.5, Math.min(0.45, (1 - ratio) / 2));
  const scale = mean * (1 - shape);
  const share = (rate * scores) / peaks;
  return level + (Math.abs(shape) < 1e-6 ? -scale * logarithm(share) : (scale / shape) * (exp(-shape * logarithm(share)) - 1));
}

/** Takes one more score, cut at `most`: one that is an anomaly is no sign of a heavier tail, but it has come. */
export function follow(tail: Tail, score: number, most: number): void {
  for (const key of ["scores", "peaks", "sum", "squares"] as const) tail[key] *= 1 - 1 / MEMORY;
  tail.scores++;
  const excess = Math.min(score, most) - tail.level;
  if (!(excess > 0)) return;
  tail.peaks++;
  tail.sum += excess;
  tail.squares += excess ** 2;
}
