/** The cell on a stream without end. */

import { chart } from "../kit/chart.js";
import { range } from "../kit/controls.js";
import type { Figure } from "../kit/figure.js";
import { told } from "../kit/words.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

export const stream: Figure<Parameters<typeof compute>[0], ReturnType<typeof compute>> = {
  name: "stream",
  title: "The cell on a stream without end",
  code,
  controls: {
    steps: range("steps", [100, 3000, 100], 1500),
    drift: range("mean of the inputs", [-0.5, 0.5, 0.05], 0.2),
    forget: range("forget bias", [-2, 6, 0.5], 1),
    seed: range("seed", [1, 20, 1], 1),
  },
  summary: (lines) =>
    `${lines
      .map(({ name, values, full }) => `${name}: |c| is ${told(values.at(-1) ?? 0)} on average, and ${full} of 16 cells are beyond 2`)
      .join("; ")}.`,
  draw(place, lines, { steps }) {
    chart(place, lines, { x: "step", y: "mean of |c|", least: 0, label: `The mean size of the cells over ${steps} steps` });
  },
};
