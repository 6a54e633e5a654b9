/** Messages between the thread that owns a model and its helpers. All pointers are into the one shared memory. */

import type { Lanes, Mode } from "../core/lanes.js";
import type { Config } from "../model/config.js";
import type { Loss } from "../model/losses.js";

/** The first message: the model to work on. */
export interface Begin {
  type: "begin";
  /** The kernels, of the variant "shared". */
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  config: Config;
}

/** Builds a network like one of the owner's, in the same regions. */
export interface Build {
  type: "build";
  id: number;
  T: number;
  lanes: Lanes;
  mode: Mode;
  seed: number;
  lowest: number;
  regions: number[];
  /** Of the model, or of a set of parameters beside it. */
  params: number;
  derived: number;
}

/** The network is no longer needed. */
interface Drop {
  type: "drop";
  id: number;
}

/** Runs a window forward, its inputs already written; to learn, also back. The answer has the losses. */
export interface Run {
  type: "run";
  id: number;
  T: number;
  learn?: Learn;
}

export interface Learn {
  /** The number from which random masks are drawn. */
  mask: number;
  /** For each head its loss, and the factor on the sum of that. */
  losses: readonly Required<Loss>[];
  scales: readonly number[];
  /** Region for the gradients. */
  gradients: number;
  full: boolean;
}

export type Message = Begin | Build | Drop | Run;

/** The answer to Run. */
export type Answer = { losses: number[] } | { error: unknown };
