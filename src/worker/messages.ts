/** Messages between a page and the worker that trains for it. */

import type { Tensor } from "../core/safetensors.js";
import type { Report } from "../training/epochs.js";
import type { CheckedTrainerOptions } from "../training/trainerOptions.js";

/** The first message: the trainer to make. */
export interface Create {
  type: "create";
  /** A model's file; or a trainer's, to be resumed. */
  bytes: Uint8Array;
  resumes: boolean;
  /** All options of the trainer. */
  options: CheckedTrainerOptions;
  threads: number | undefined;
}

/** Calls a method of the trainer, or of its fit: `next`, `return`. The Reply has the same number. */
export interface Call {
  type: "call";
  id: number;
  method: Method;
  values: unknown[];
}

export type Method = "fit" | "next" | "return" | "step" | "gradients" | "evaluate" | "predict" | "averaged" | "save" | "rewind";

/** The signal of the fit was aborted. */
interface Abort {
  type: "abort";
}

/** The result from the page's iterable, in answer to Pull. */
export interface Pulled {
  type: "pulled";
  id: number;
  result?: IteratorResult<unknown>;
  error?: unknown;
}

/** The learning rate was set. */
export interface Rate {
  type: "rate";
  value: number;
}

export type Message = Create | Call | Abort | Pulled | Rate;

export interface Reply {
  type: "reply";
  id: number;
  value?: unknown;
  error?: unknown;
  /** Present if the call may have changed these values. */
  changed?: Changed;
}

export interface Changed {
  parameters: Record<string, Tensor>;
  updates: number;
  epochs: number;
}

/** Asks the page's iterable to begin, or for its next sequence, or to end. */
export interface Pull {
  type: "pull";
  id: number;
  method: "open" | "next" | "return";
}

/** Stands for sequences that come from an iterable of the page. */
export const STREAMED = "streamed";

export type Answer = Reply | Pull;

export type Next = IteratorResult<Report, void>;
