/** The numbers of every figure, by its name: what the worker computes. */

import * as cell from "./cell/numbers.js";
import * as connectivity from "./connectivity/numbers.js";
import * as evidence from "./evidence/numbers.js";
import * as flow from "./flow/numbers.js";
import * as race from "./race/numbers.js";
import * as stream from "./stream/numbers.js";
import * as truncation from "./truncation/numbers.js";

// biome-ignore lint/suspicious/noExplicitAny: each figure has settings and numbers of its own kind
export const NUMBERS: Record<string, (settings: any) => any> = {
  cell: cell.compute,
  connectivity: connectivity.compute,
  evidence: evidence.compute,
  flow: flow.compute,
  race: race.compute,
  stream: stream.compute,
  truncation: truncation.compute,
};
