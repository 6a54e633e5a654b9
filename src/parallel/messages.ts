/** What is said between the thread that owns a model and those that help it. All pointers are into the one memory. */

import type { Lanes, Mode } from "../core/lanes.js";
import type { Config } from "../model/config.js";
import type { Loss } from "../model/losses.js";

/** The first: whose work it will be. */
export interface Begin {
  type: "begin";
  /** The kernels, of the variant "shared". */
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  config: Config;
}

/** A network like one that the owner has made: in the same regions. */
export interface Build {
  type: "build";
  id: number;
  T: number;
  lanes: Lanes;
  mode: Mode;
  seed: number;
  regions: number[];
  /** Of the model, or of what stands beside it. */
  params: number;
  derived: number;
}

/** It is no longer needed. */
export interface Drop {
  type: "drop";
  id: number;
}

/** A window forward, its inputs written; to learn, also back. Answered with the loss. */
export interface Run {
  type: "run";
  id: number;
  T: number;
  learn?: Learn;
}

export interface Learn {
  /** Of which what is drawn at random is a function. */
  mask: number;
  loss: Required<Loss>;
  /** What the sum of the loss is multiplied with. */
  scale: number;
  /** Region for the gradients. */
  gradients: number;
  full: boolean;
}

export type Message = Begin | Build | Drop | Run;

/** The answer to Run. */
export type Answer = { loss: number } | { error: unknown };
