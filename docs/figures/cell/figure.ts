/** One step of a cell as a diagram, with its values along the edges. */

import { choice, range } from "../kit/controls.js";
import type { Figure } from "../kit/figure.js";
import { told } from "../kit/words.js";
import { diagram } from "./diagram.js";
import type { compute } from "./numbers.js";
import code from "./numbers.ts?code";

const HELD = ["free", "open", "shut"];

type Values = Record<string, number[]>;

export const cell: Figure<Parameters<typeof compute>[0] & { step: number }, ReturnType<typeof compute>> = {
  name: "cell",
  title: "A step of a cell",
  code,
  controls: {
    cell: choice("cell", ["lstm", "lstm of 1997", "gru", "rnn"]),
    signal: choice("input", ["pulses", "one pulse", "triangle"]),
    input: choice("input gate (gru: r)", HELD),
    forget: choice("forget gate (gru: z)", HELD),
    output: choice("output gate", HELD),
    step: range("step", [1, 24, 1], 4),
  },
  summary(values, { step }) {
    const { c, h } = values as unknown as Values;
    const at = (t: number) => `${c ? `the cell holds ${told(c[t] ?? 0)} and ` : ""}the output is ${told(h?.[t] ?? 0)}`;
    return `At step ${step} ${at(step - 1)}; at the last, 24, ${at(23)}.`;
  },
  draw(place, values, { cell, step, input, forget, output }) {
    const at = (t: number) => Object.fromEntries(Object.entries(values as unknown as Values).map(([name, each]) => [name, each[t] ?? 0]));
    const held = { i: input, in: input, r: input, f: forget, z: forget, o: output };
    diagram(place, cell, at(step - 1), at(step - 2), held);
  },
};
