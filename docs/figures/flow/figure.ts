/** Error flow back through time, in four kinds of cell. */

import { chart } from "../kit/chart.js";
import { range } from "../kit/controls.js";
import type { Figure } from "../kit/figure.js";
import { told } from "../kit/words.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

export const flow: Figure<Parameters<typeof compute>[0], ReturnType<typeof compute>> = {
  name: "flow",
  title: "How much of the last step's error arrives at the steps before it",
  code,
  controls: {
    lag: range("lag, steps", [10, 200, 10], 80),
    scale: range("recurrent weights, times", [0.5, 4, 0.1], 1),
    forget: range("the lstm's forget bias", [0, 6, 0.5], 1),
    seed: range("seed", [1, 20, 1], 1),
  },
  summary: (lines, { lag }) =>
    `After ${lag} steps there arrive: ${lines.map(({ name, values }) => `${name} ${told(values[0] ?? 0)}`).join("; ")}.`,
  draw(place, lines, { lag }) {
    chart(place, lines, {
      x: "step; the error comes in at the right",
      y: "norm, of 1 at the last step",
      log: true,
      least: 1e-12,
      most: 10,
      label: `The norm of the error at each of ${lag} steps, in four cells, on a logarithmic axis`,
    });
  },
};
