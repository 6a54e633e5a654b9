/** The layout of a window's sequences side by side in memory. */

import { PANEL } from "../../assembly/codes.js";

export interface Lanes {
  /** The most sequences it can hold. */
  batch: number;
  /** Lanes of a panel: 1 or 8. */
  width: number;
  panels: number;
}

/** Runs up to 6 sequences one by one: eight lanes cost as much as 7 single ones (training, H = 32 to 128). */
export function lanesFor(batch: number): Lanes {
  const width = batch <= 6 ? 1 : PANEL;
  return { batch, width, panels: Math.ceil(batch / width) };
}

/** The purpose of running a window: outputs; outputs and their loss; or an update as well. */
export type Mode = "infer" | "score" | "train";
