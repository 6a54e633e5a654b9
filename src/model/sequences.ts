/** The user's data, checked and flattened, from which windows are cut. */

import { arrayLike, atLeast0, fail, isObject, options } from "../core/check.js";
import type { Inputs } from "./columns.js";
import type { Engine } from "./engine.js";
import { flatten, type Series } from "./flatten.js";
import { eachHead, type Head } from "./heads.js";
import { checkLabels } from "./labels.js";
import { type Loss, ruleOf } from "./losses.js";
import { type Scaler, scaleOfHead } from "./scale.js";
import { checkState, type State } from "./state.js";

/** Numbers of a sequence; where the model has heads those of each, by name. */
export type ByHead = Series | number | Readonly<Record<string, Series | number | null>>;

/** The target of a step; where the model has heads that of each by name, `null` for none. */
export type StepTarget = ArrayLike<number> | number | Readonly<Record<string, ArrayLike<number> | number | null>>;

/**
 * One sequence. Lengths may differ from sequence to sequence.
 *
 * - `inputs`: `features` numbers for each step, or one token. With columns an array for each column by name (fastest), or for each step an
 *   object, or a row in the order of the columns.
 * - `targets`: the loss's targets for each step, or for the last step alone where the model's output is "last": `outputs` numbers, or
 *   with cross-entropy one class. With `ctc` the labels of the sequence, as many as there are.
 * - `weights`: a weight for each step that has targets, or for each of their numbers, 0 or more; with `ctc` one number for the sequence.
 *   Means are over the sum of weights. A weight of 0 means that there is no target: any number may stand in its place, even NaN.
 *
 * Where the model has heads, `targets` and `weights` go by their names, for each as above. Targets that are `null` are not there.
 */
export interface Sequence<I extends Inputs = Inputs, N extends ByHead = Series | number> {
  /** `features` numbers for each step, or a token, or the values of the columns. */
  inputs: I;
  /** Needed to learn and to evaluate. Where the loss is cross-entropy, classes by index from 0. */
  targets?: N;
  /** How much each target counts. Default: all 1. */
  weights?: N;
  /**
   * The state to begin from, as `predict` with `states` or a stream's `state()` gave it; default: zeros. Also the states of both
   * directions, PyTorch's `h_0` and `c_0`.
   */
  state?: Readonly<Record<string, ArrayLike<number>>>;
}

/** A sequence of a model with heads, or without. */
export type AnySequence = Sequence<Inputs, ByHead>;

/** The checked targets of a head. */
export interface Targets {
  targets: ArrayLike<number>;
  /** Weight of each step that has a target; 0 where the target is ignored. Absent where all are 1. */
  weights?: ArrayLike<number>;
  /** Weights of the single numbers of the targets, on top of their step's; absent where all are 1. */
  each?: Float32Array;
}

/** A checked sequence: flat numbers. */
export interface Checked {
  inputs: ArrayLike<number>;
  /** For each head; none where no targets are needed. */
  goals: readonly Targets[];
  length: number;
  /** The state that it begins from; absent for zeros. */
  state?: State;
}

/** The facts by which sequences are checked: a model, and a loss for each head, absent where no targets are needed. */
export interface Demands {
  engine: Pick<Engine, "config" | "layout">;
  losses?: readonly Required<Loss>[];
  /** Whether the sequences are done with before the call returns that brought them: then flat numbers are not copied. */
  lent?: boolean;
}

/** A helpful error for users who give a row for each step, most often one-hot, instead of the index of a class. */
function checkClasses(path: string, value: unknown, steps: number, classes: number): void {
  const list = arrayLike(path, typeof value === "number" ? [value] : value, "an array or a typed array");
  const nested = isObject(list[0]);
  const row = nested ? arrayLike(`${path}, step 0`, list[0], "a class index") : list;
  const wide = nested && row.length !== 1;
  if (!wide && list.length === steps) return;
  const oneHot = row.length >= classes && Array.from(row).every((number) => number === 0 || number === 1);
  const what = wide ? "a class index" : `${steps} class ind${steps > 1 ? "ices" : "ex"}`;
  const hint = oneHot ? " (of a one-hot row the index of its 1)" : "";
  fail(RangeError, wide ? `${path}, step 0` : path, `${what} from 0 to ${classes - 1}${hint}`, wide ? row : value);
}

/** @throws TypeError, RangeError with the path of the value, its step and feature */
export function checkSequence(path: string, value: unknown, demands: Demands): Checked {
  const { inputs, targets, weights, state } = options(path, value, ["inputs", "targets", "weights", "state"]);
  const { engine, losses, lent } = demands;
  const { config, layout } = engine;
  const checked = layout.input.check(`${path}.inputs`, inputs, config.scaler.inputs, undefined, lent);
  const length = checked.length / layout.input.per;
  if (length === 0) fail(RangeError, `${path}.inputs`, "at least one step", inputs);
  const begins = state === undefined ? {} : { state: checkState(`${path}.state`, state, layout.states()) };
  if (!losses) return { inputs: checked, goals: [], length, ...begins };

  const steps = config.output === "every" ? length : 1;
  const goals = checkGoals(path, targets, weights, layout.heads, losses, config.scaler, steps, lent);
  return { inputs: checked, goals, length, ...begins };
}

/** The targets of `steps` steps, and their weights, for each head. */
export function checkGoals(
  path: string,
  targets: unknown,
  weights: unknown,
  heads: readonly Head[],
  losses: readonly Required<Loss>[],
  scaler: Scaler,
  steps: number,
  lent?: boolean,
): Targets[] {
  const given = weights === undefined ? [] : eachHead(`${path}.weights`, weights, heads, (path, weights) => ({ path, weights }));
  return eachHead(`${path}.targets`, targets, heads, (at, own, head, i) => {
    if (own === null && head.name) return { targets: [], weights: new Float32Array(steps) };
    return checkTargets(at, own, given[i] ?? { path: "", weights: undefined }, losses[i] as Required<Loss>, head, scaler, steps, lent);
  });
}

/** The targets of `steps` steps of a head, and their weights. */
function checkTargets(
  path: string,
  targets: unknown,
  { path: place, weights }: { path: string; weights: unknown },
  loss: Required<Loss>,
  { name, outputs }: Head,
  scaler: Scaler,
  steps: number,
  lent?: boolean,
): Targets {
  const rule = ruleOf(loss);
  const { per, classes, refuse, ignored } = rule.targets(loss, outputs);
  if (rule.labels) return checkLabels(path, targets, place, weights, refuse, steps);
  const ignores = "missing" in loss && loss.missing === "ignore";
  const sparse = weights !== undefined || ignores;
  const { targets: scale } = scaleOfHead(scaler, name);
  const flat = (refuse: (value: number, index: number) => string | undefined, numbers: typeof Int32Array | typeof Float32Array) =>
    flatten<Int32Array | Float32Array>(path, targets, per, "number", refuse, numbers, scale, steps, lent);
  if (!classes && !sparse) return { targets: flat(refuse, Float32Array) };
  const weight = new Float32Array(steps).fill(1);
  let each: Float32Array | undefined;
  if (weights !== undefined) {
    const given = typeof weights === "number" ? [weights] : arrayLike(place, weights, "an array or a typed array");
    const apart = per > 1 && !classes && (isObject(given[0]) || given.length === per * steps);
    const shares = flatten(place, weights, apart ? per : 1, "number", atLeast0, Float32Array, undefined, steps);
    if (apart) each = shares;
    else weight.set(shares);
  }
  // A missing target may have any value.
  const absent = (value: number, number: number) =>
    weight[Math.floor(number / per)] === 0 || each?.[number] === 0 || (ignores && Number.isNaN(value));
  const check = sparse ? (value: number, number: number) => (absent(value, number) ? undefined : refuse(value)) : refuse;
  if (classes) checkClasses(path, targets, steps, outputs);
  const goals = flat(check, classes ? Int32Array : Float32Array);
  if (classes) {
    goals.forEach((goal, step) => {
      if (goal === ignored) weight[step] = 0;
    });
  } else {
    const shares = each ?? new Float32Array(goals.length).fill(1);
    goals.forEach((goal, number) => {
      if (!absent(goal, number)) return;
      each = shares;
      [shares[number], goals[number]] = [0, 0];
    });
    // A step counts if one of its numbers does; with one number a step, that number's weight is the step's.
    for (let step = 0; each && step < steps; step++) {
      const most = Math.max(...each.subarray(step * per, (step + 1) * per));
      if (per === 1 || most === 0) weight[step] = (weight[step] as number) * most;
    }
    if (per === 1) each = undefined;
  }
  return { targets: goals, weights: weight, ...(each && { each }) };
}

/** The sequences of an array or an iterable, all checked. */
export function checkSequences(path: string, value: unknown, demands: Demands, atLeast = 1): Checked[] {
  if (!isObject(value) || !(Symbol.iterator in value) || ArrayBuffer.isView(value)) {
    fail(TypeError, path, "sequences: an array or an iterable of { inputs, targets }", value);
  }
  const list = Array.from(value as Iterable<unknown>, (sequence, i) => checkSequence(`${path}[${i}]`, sequence, demands));
  if (list.length < atLeast) fail(RangeError, path, "at least one sequence", value);
  return list;
}
