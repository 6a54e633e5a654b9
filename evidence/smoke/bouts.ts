/** Tasks that several learners are tried on, short enough to learn in seconds. */

import type { Bout } from "../smoke.js";
import { distracted } from "../tasks/longLag.js";
import { twoSequences } from "../tasks/twoSequences.js";

export const twoSequencesOf = (shortest: number, longest: number, budget: number): Bout => ({
  name: `2-sequence, ${shortest}-${longest} steps`,
  task: twoSequences({ shortest, longest, N: 3 }),
  budget,
});
export const distractedBy = (q: number, budget: number): Bout => ({ name: `2c, q = ${q}, p = 2`, task: distracted(q, 2), budget });

export const SHORT = twoSequencesOf(5, 8, 10_000);
export const MIDDLE = twoSequencesOf(20, 30, 4000);
export const LONG = twoSequencesOf(100, 120, 3000);
