/** One direction of the original LSTM's memory cell blocks: its sizes, and its parameters' places in memory. */

import type { Reading } from "./reading.js";

export interface BlocksPlan {
  blocks: number;
  cellsPerBlock: number;
  outputGate: boolean;
  bias: "all" | "gates" | "none";
  reader: Reading;
  /** All rows, padded: cells, input gates, output gates. `read` of them, which come first, are inputs of the recurrent weights. */
  rows: number;
  read: number;
  /** [N/4][I + R][4], [N] */
  weight: number;
  bias0: number;
  functions: number;
}
