/** Four cells learn to add. */

import { chart } from "../kit/chart.js";
import { range } from "../kit/controls.js";
import type { Figure } from "../kit/figure.js";
import { told } from "../kit/words.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

type Lines = ReturnType<typeof compute> extends Generator<infer R> ? R : never;

export const race: Figure<Parameters<typeof compute>[0], Lines> = {
  name: "race",
  title: "Four cells learn to add two marked numbers",
  code,
  slow: true,
  controls: {
    lag: range("length, steps", [20, 200, 10], 50),
    updates: range("updates", [100, 3000, 100], 800),
    rate: range("learning rate", [0.001, 0.03, 0.001], 0.01),
    seed: range("seed", [1, 20, 1], 1),
  },
  summary: (lines) =>
    `After ${10 * (lines[0]?.values.length ?? 0)} updates the mean squared errors are: ${lines.map(({ name, values }) => `${name} ${told(values.at(-1) ?? 0)}`).join("; ")}.`,
  draw(place, lines, { lag, updates }) {
    const at = Array.from({ length: Math.ceil(updates / 10) }, (_, i) => 10 * (i + 1));
    chart(place, lines, {
      x: "updates",
      y: "mean squared error",
      log: true,
      at,
      least: 1e-4,
      most: 1,
      label: `The losses of four cells on sequences of ${lag} steps, by updates`,
    });
  },
};
