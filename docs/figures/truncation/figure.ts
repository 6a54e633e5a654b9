/** How far gradients flow back where windows end them, and what is left of them. */

import { chart, widthOf } from "../kit/chart.js";
import { range } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import type { Figure } from "../kit/figure.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

const percent = (value: number) => `${(100 * value).toFixed(1)}\u00a0%`;

/** A row for each step: the step, and those before it that its error reaches. */
function reaches(place: HTMLElement, starts: number[], label: string): void {
  const [width, row, left] = [widthOf(place), 4, 28];
  const unit = (width - left - 4) / starts.length;
  const bars = starts.map((start, t) => {
    const back = (t - start) * unit;
    const rect = (kind: string, x: number, wide: number) =>
      `<rect class="${kind}" x="${x.toFixed(1)}" y="${t * row}" width="${wide.toFixed(1)}" height="${row - 1}"/>`;
    return rect("reach", left + start * unit, back) + rect("error", left + t * unit, unit);
  });
  const height = starts.length * row;
  place.innerHTML = `<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">${bars.join("")}
<text x="${left - 6}" y="12" text-anchor="end">1</text><text x="${left - 6}" y="${height}" text-anchor="end">${starts.length}</text></svg><p class="detail">Each row is a step, at its right end, and the steps before it that its error reaches.</p>`;
}

export const truncation: Figure<Parameters<typeof compute>[0], ReturnType<typeof compute>> = {
  name: "truncation",
  title: "Where the gradient stops",
  code,
  controls: {
    window: range("window, steps", [2, 60, 1], 12),
    stride: range("stride, steps", [1, 60, 1], 6),
    steps: range("steps of the sequence", [20, 60, 1], 60),
    forget: range("forget bias", [0, 6, 0.5], 3),
    seed: range("seed", [1, 20, 1], 1),
  },
  summary({ starts, window, rule }) {
    const reaches = starts.map((start, t) => t - start + 1);
    const said = ({ cosine, length }: typeof rule) => `cosine ${cosine.toFixed(4)}, length ${percent(length)}`;
    return `An error flows back over ${Math.min(...reaches)} to ${Math.max(...reaches)} steps. Of the last step's full gradient the window leaves: ${said(window)}; the rule of 1997: ${said(rule)}.`;
  },
  draw(place, { starts, flow }, { window, stride, steps }) {
    const [above, below] = [element("div"), element("div")];
    place.append(above, below);
    reaches(
      above,
      starts,
      `For each step, the steps before it that its error reaches, with a window of ${window} and a stride of ${Math.min(stride, window)}`,
    );
    const start = starts.at(-1) as number;
    const lines = [
      { name: "full gradient", values: flow.full },
      { name: "window", values: flow.full.map((norm, t) => (t < start ? null : norm)) },
      { name: "rule of 1997", values: flow.rule },
    ];
    const label = `The norm of the last step's error in the cells at each of ${steps} steps, on a logarithmic axis`;
    chart(below, lines, { x: "step; the error comes in at the right", y: "norm in the cells", log: true, least: 0.1, most: 1, label });
  },
};
