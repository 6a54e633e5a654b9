/** What a page and the worker that trains for it say to each other. */

import type { Tensor } from "../core/safetensors.js";
import type { Report } from "../training/epochs.js";
import type { CheckedTrainerOptions } from "../training/trainerOptions.js";

/** The first: the trainer to be. */
export interface Create {
  type: "create";
  /** A model's file; or a trainer's, which it resumes. */
  bytes: Uint8Array;
  resumes: boolean;
  /** All of the trainer's. */
  options: CheckedTrainerOptions;
  threads: number | undefined;
}

/** A method of the trainer; or of its fit: `next`, `return`. Answered by a Reply with the same number. */
export interface Call {
  type: "call";
  id: number;
  method: Method;
  values: unknown[];
}

export type Method = "fit" | "next" | "return" | "step" | "gradients" | "evaluate" | "predict" | "averaged" | "save" | "rewind";

/** The signal of the fit was aborted. */
export interface Abort {
  type: "abort";
}

/** What the page's iterable gave, in answer to Pull. */
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
  /** After what changes them. */
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

/** In place of sequences that the page has an iterable for. */
export const STREAMED = "streamed";

export type Answer = Reply | Pull;

export type Next = IteratorResult<Report, void>;
