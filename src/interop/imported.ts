/** Models from files of other makers. */

import type { Model, TensorFile } from "./core.js";

/** A model from elsewhere. */
export interface Imported {
  /** With the parameters of the file. */
  model: Model;
  /** Facts that the file does not tell, each with the assumption made. Empty where you gave the configuration. */
  unknown: string[];
  /** Biases that the file does not have, now 0. */
  zeroed: string[];
  /** Tensors that were not used. */
  unused: string[];
  /** Tensors whose dtype is not supported, such as integers. */
  skipped: TensorFile["skipped"];
}
