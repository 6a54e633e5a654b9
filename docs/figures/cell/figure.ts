/** One step of a cell as a diagram, with its values along the edges. */

import { choice } from "../kit/controls.js";
import { element } from "../kit/dom.js";
import type { Figure } from "../kit/figure.js";
import { diagram } from "./diagram.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

const HELD = ["free", "open", "shut"];

type Values = Record<string, number[]>;
const shown = (value: number | undefined) => (value ?? 0).toFixed(3);

export const cell: Figure<Parameters<typeof compute>[0], ReturnType<typeof compute>> = {
  name: "cell",
  title: "A step of a cell",
  code,
  controls: {
    cell: choice("cell", ["lstm", "lstm of 1997", "gru", "rnn"]),
    signal: choice("input", ["pulses", "one pulse", "triangle"]),
    input: choice("input gate (of a gru: reset)", HELD),
    forget: choice("forget gate (of a gru: z)", HELD),
    output: choice("output gate", HELD),
  },
  summary(values) {
    const { c, h } = values as unknown as Values;
    return `After 24 steps${c ? ` the cell holds ${shown(c.at(-1))} and` : ""} the output is ${shown(h?.at(-1))}.`;
  },
  draw(place, values, settings) {
    const all = values as unknown as Values;
    const picture = element("div");
    const id = "cell-step";
    const slider = element("input", { id, type: "range", min: "1", max: "24", value: "4" });
    const number = element("output", { for: id });
    const show = () => {
      const t = Number(slider.value) - 1;
      number.textContent = slider.value;
      const at = Object.fromEntries(Object.entries(all).map(([name, each]) => [name, each[t] ?? 0]));
      const before = { c: t > 0 ? (all.c?.[t - 1] ?? 0) : 0, h: t > 0 ? (all.h?.[t - 1] ?? 0) : 0 };
      picture.innerHTML = diagram(settings.cell, at, before);
    };
    slider.addEventListener("input", show);
    show();
    place.append(picture, element("div", { class: "control range" }, element("label", { for: id }, "step"), slider, number));
  },
};
