/** Success against lag, from the committed results. */

import { choice } from "../kit/controls.js";
import { escaped } from "../kit/dom.js";
import type { Figure } from "../kit/figure.js";
import { percent } from "../kit/words.js";
import type { compute } from "./numbers.js";
import code from "./program.ts?code";

export const evidence: Figure<Parameters<typeof compute>[0], ReturnType<typeof compute>> = {
  name: "evidence",
  title: "Success against lag, from the results in the repository",
  code,
  controls: {
    task: choice("task", ["one of two symbols, past distractors", "one of two symbols, past always the same", "adding", "two sequences"]),
  },
  summary({ x, curves }) {
    const most = Math.max(...x.values);
    const able = curves.filter(({ y }) => (y.at(-1) ?? 0) > 0).map(({ name, y }) => `${name} (${percent(y.at(-1) as number)})`);
    return `${curves.length} learners were tried. At the longest lag, ${most}, there learned: ${able.join(", ") || "none"}.`;
  },
  draw(place, { x, curves }) {
    const head = x.values.map((lag) => `<th scope="col">${lag}</th>`).join("");
    const cell = (share: number | null) =>
      `<td style="--share: ${Math.round(55 * (share ?? 0))}%">${share === null ? "–" : percent(share)}</td>`;
    const rows = curves.map(
      ({ name, y }) => `<tr><th scope="row">${escaped(name)}</th>${x.values.map((_, i) => cell(y[i] ?? null)).join("")}</tr>`,
    );
    place.innerHTML = `<div class="wide" tabindex="0" role="region" aria-label="Share of trials that learned"><table><thead><tr><th scope="col">lag, steps</th>${head}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
  },
};
