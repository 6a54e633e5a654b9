/** What can be set in the playground, and the series to begin with. */

import { type Control, choice, range } from "../figures/kit/controls.js";
import { CELL_NAMES } from "./learner.js";

/** Steps of a drawn series. */
export const STEPS = 300;

/** Series for whoever does not draw: the value of each step, from -1 to 1. */
export const SERIES: Record<string, (t: number) => number> = {
  "a sine": (t) => 0.7 * Math.sin(t / 6),
  "two sines": (t) => 0.5 * Math.sin(t / 5) + 0.35 * Math.sin(t / 17),
  "a saw": (t) => ((t % 25) / 25) * 1.4 - 0.7,
  "rare pulses": (t) => (t % 30 < 3 ? 0.7 : -0.5),
};

export const CONTROLS = {
  series: choice("draw above, or begin with", Object.keys(SERIES)),
  horizon: range("steps ahead", [1, 50, 1], 20),
  cell: choice("cell", CELL_NAMES),
  units: range("units", [1, 128, 1], 24),
  rate: range("learning rate", [0.001, 0.1, 0.001], 0.01),
  seed: range("seed", [1, 20, 1], 1),
} satisfies Record<string, Control>;
