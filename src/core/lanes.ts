/** How the sequences of a window lie side by side in memory. */

import { PANEL } from "../../assembly/codes.js";

export interface Lanes {
  /** Sequences that there is room for. */
  batch: number;
  /** 1 or 8. */
  width: number;
  panels: number;
}

/** Up to 6 sequences run one by one: eight lanes cost as much as 7 single ones (training, H = 32 to 128). */
export function lanesFor(batch: number): Lanes {
  const width = batch <= 6 ? 1 : PANEL;
  return { batch, width, panels: Math.ceil(batch / width) };
}

/** What a window is run for: outputs; outputs and their loss; or an update as well. */
export type Mode = "infer" | "score" | "train";
