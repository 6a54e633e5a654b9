/** How far gradients flow back where windows end them, and what is left of them. */

import { range } from "../kit/controls.js";
import type { Figure } from "../kit/figure.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

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
  draw(place, { starts }, { window, stride }) {
    const [width, row, left] = [720, 4, 64];
    const unit = (width - left - 10) / starts.length;
    const bars = starts.map((start, t) => {
      const back = (t - start) * unit;
      return `<rect class="reach" x="${(left + start * unit).toFixed(1)}" y="${10 + t * row}" width="${(back + unit).toFixed(1)}" height="${row - 1}"/><rect class="error" x="${(left + t * unit).toFixed(1)}" y="${10 + t * row}" width="${unit.toFixed(1)}" height="${row - 1}"/>`;
    });
    const height = 10 + starts.length * row;
    place.innerHTML = `<svg class="chart" viewBox="0 0 ${width} ${height + 30}" role="img" aria-label="For each step, the steps before it that its error reaches, with a window of ${window} and a stride of ${Math.min(stride, window)}">${bars.join("")}
<text x="${(left + width) / 2}" y="${height + 22}" text-anchor="middle">step that the error reaches</text>
<text transform="translate(40 ${height / 2}) rotate(-90)" text-anchor="middle">step of the error, downwards</text></svg>`;
  },
};
