/** The result of `fit`: reports to iterate, or to await until the last. */

import type { Tensor } from "../core/safetensors.js";
import type { Metric } from "../model/metrics.js";
import type { State } from "../model/state.js";
import type { Report } from "./epochs.js";

/** The result of `gradients`. */
export interface Gradients {
  /** The mean loss. */
  loss: number;
  /** By every parameter's name. */
  gradients: Record<string, Tensor>;
  /** For each sequence the gradient of the state that it brought, null where it brought none; absent where none did. */
  states?: (State | null)[];
}

/** The report at the end of an epoch of a `fit` with validation data. */
export interface ValidatedReport<M extends Metric = never> extends Report {
  validationLoss: number;
  /** Empty for a model with heads, whose metrics are in `heads`. */
  metrics: Record<M, number>;
}

/**
 * A training run. Nothing happens until it is iterated, which gives one report after another, or awaited, which trains to the end and
 * gives the last report (`undefined` where there is none: with `epochs: 0`). Do one, not both.
 *
 * Like any promise, it is awaited when an async function returns it: the function gives the last report. `yield*` iterates it.
 */
export type Fit<R = Report> = AsyncGenerator<R, void, undefined> & PromiseLike<R>;

const BOTH = "a fit is either iterated or awaited, and this one is both: await it alone, or keep the last report of the loop";

/** Lets reports also be awaited. */
export function awaitable<R>(reports: AsyncGenerator<R, void, undefined>): Fit<R> {
  const next = reports.next.bind(reports);
  let iterated = false;
  let last: Promise<R> | undefined;
  const finish = async () => {
    let report: R | undefined;
    for (let step = await next(); !step.done; step = await next()) report = step.value;
    return report as R;
  };
  return Object.assign(reports, {
    next(): Promise<IteratorResult<R, void>> {
      if (last) return Promise.reject(new Error(BOTH));
      iterated = true;
      return next();
    },
    // biome-ignore lint/suspicious/noThenProperty: to be awaited is what it is for
    then: ((resolve, reject) => {
      if (!iterated) last ??= finish();
      return (last ?? Promise.reject(new Error(BOTH))).then(resolve, reject);
    }) as PromiseLike<R>["then"],
  });
}
