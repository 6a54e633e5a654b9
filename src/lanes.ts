/** How the sequences of a window lie side by side in memory. */

import type { Config } from "./layers.js";
import { type Layout, pad4, Table } from "./layout.js";

/** How a window's sequences lie side by side. */
export interface Lanes {
  /** Sequences that there is room for. */
  batch: number;
  /** 1 or 8. */
  width: number;
  panels: number;
}

/** Up to 5 sequences run one by one: eight lanes cost as much as 5.6 single ones (measured at H = 64 and 128). */
export function lanesFor(batch: number): Lanes {
  const width = batch <= 5 ? 1 : 8;
  return { batch, width, panels: Math.ceil(batch / width) };
}

/** What a window is run for: outputs; outputs and their loss; or an update as well. */
export type Mode = "infer" | "score" | "train";

/**
 * The buffers of a window of up to T steps, named by the layer's position. `h`, `c` cross windows; `ends`, `input`, `gates`,
 * `output`, `gradient`, `target` and `counts` go from the forward to the backward pass; `dc` and `scratch` die in a call.
 */
export function planWindow(config: Config, layout: Layout, T: number, lanes: Lanes, mode: Mode, scratchBytes: number): Table {
  const { width, panels: P } = lanes;
  const table = new Table();
  const last = layout.layers.length - 1;
  table.add("ends", P, width);
  table.add("input", T, P, "tokens" in config.input ? 1 : pad4(config.input.features), width);
  layout.layers.forEach((layer, i) => {
    const rows = pad4(layer.units);
    if (layer.type === "recurrent") {
      for (const state of layer.cell.states) table.add(`${state}${i}`, T + 1, P, rows, width);
      table.add(`gates${i}`, T, P, layer.cell.groups * rows, width);
      if (mode === "train") table.add(`dc${i}`, P, rows, width);
    } else if (layer.type !== "dropout" || mode === "train") {
      table.add(`output${i}`, T, P, rows, width);
    }
    if (layer.type !== "dropout" && (mode === "train" || (mode === "score" && i === last))) {
      table.add(`gradient${i}`, T, P, rows, width);
    }
  });
  if (mode !== "infer") {
    table.add("target", T, P, pad4(layout.outputs), width);
    table.add("counts", T, P, width);
    table.add("scratch", scratchBytes / 4);
  }
  return table;
}
