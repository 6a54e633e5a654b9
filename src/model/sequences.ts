/** The user's data, checked and flattened, from which windows are cut. */

import { arrayLike, atLeast0, fail, isObject, options } from "../core/check.js";
import type { Inputs } from "./columns.js";
import type { Config } from "./config.js";
import type { Engine } from "./engine.js";
import { flatten, type Series } from "./flatten.js";
import { checkLabels } from "./labels.js";
import type { Layout } from "./layout.js";
import { type Loss, ruleOf } from "./losses.js";
import { checkState, type State } from "./state.js";

/**
 * One sequence. Lengths may differ from sequence to sequence.
 *
 * `inputs` has `features` numbers for each step, or one token; or the values of the model's columns: an array for each by name (fastest),
 * or for each step an object, or a row in the order of the columns. `targets` has the loss's targets for each step (or for the last step
 * alone, where the model's output is "last"): `outputs` numbers, or with cross-entropy one class. With `ctc` it has the labels of the
 * sequence, as many as there are, and `weights` one number for all of it. Otherwise `weights` has a weight for each of
 * these steps, or for each of their numbers, 0 or more. Means are over the sum of weights. A weight of 0 means that there is no
 * target: any number may stand in its place, even NaN. Default: all 1.
 */
export interface Sequence<I extends Inputs = Inputs> {
  inputs: I;
  targets?: Series | number;
  weights?: Series | number;
  /**
   * The state to begin from, as `predict` with `states` or a stream's `state()` gave it; default: zeros. Also the states of both
   * directions, PyTorch's `h_0` and `c_0`.
   */
  state?: Readonly<Record<string, ArrayLike<number>>>;
}

/** A checked sequence: flat numbers. */
export interface Checked {
  inputs: ArrayLike<number>;
  targets: ArrayLike<number>;
  /** Weight of each step that has a target; 0 where the target is ignored. */
  weights: ArrayLike<number>;
  /** Weights of the single numbers of the targets, on top of their step's; absent where all are 1. */
  each?: Float32Array;
  length: number;
  /** The state that it begins from; absent for zeros. */
  state?: State;
}

/** The facts by which sequences are checked: a model, and a loss, which is absent where no targets are needed. */
export interface Demands {
  engine: Pick<Engine, "config" | "layout">;
  loss?: Required<Loss>;
}

/** The facts by which targets are checked. */
export interface TargetDemands {
  config: Config;
  layout: Pick<Layout, "outputs">;
  loss: Required<Loss>;
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
  const { engine, loss } = demands;
  const { config, layout } = engine;
  const checked = layout.input.check(`${path}.inputs`, inputs, config.scaler.inputs);
  const length = checked.length / layout.input.per;
  if (length === 0) fail(RangeError, `${path}.inputs`, "at least one step", inputs);
  const begins = state === undefined ? {} : { state: checkState(`${path}.state`, state, layout.states) };
  if (!loss) return { inputs: checked, targets: [], weights: [], length, ...begins };

  const steps = config.output === "every" ? length : 1;
  return { inputs: checked, length, ...begins, ...checkTargets(path, targets, weights, { config, layout, loss }, steps) };
}

/** The targets of `steps` steps, and their weights. */
export function checkTargets(
  path: string,
  targets: unknown,
  weights: unknown,
  { config, layout, loss }: TargetDemands,
  steps: number,
): Pick<Checked, "targets" | "weights" | "each"> {
  const rule = ruleOf(loss);
  const { per, classes, refuse, ignored } = rule.targets(loss, layout.outputs);
  if (rule.labels) return checkLabels(path, targets, weights, refuse, steps);
  const weight = new Float32Array(steps).fill(1);
  let each: Float32Array | undefined;
  if (weights !== undefined) {
    const given = typeof weights === "number" ? [weights] : arrayLike(`${path}.weights`, weights, "an array or a typed array");
    const apart = per > 1 && !classes && (isObject(given[0]) || given.length === per * steps);
    const flat = flatten(`${path}.weights`, weights, apart ? per : 1, "number", atLeast0, Float32Array, undefined, steps);
    if (apart) each = flat;
    else weight.set(flat);
  }
  const ignores = "missing" in loss && loss.missing === "ignore";
  // A missing target may have any value.
  const absent = (value: number, number: number) =>
    weight[Math.floor(number / per)] === 0 || each?.[number] === 0 || (ignores && Number.isNaN(value));
  const sparse = weights !== undefined || ignores;
  const check = sparse ? (value: number, number: number) => (absent(value, number) ? undefined : refuse(value)) : refuse;
  const numbers = classes ? Int32Array : Float32Array;
  const { targets: scale } = config.scaler;
  if (classes) checkClasses(`${path}.targets`, targets, steps, layout.outputs);
  const goals = flatten<Int32Array | Float32Array>(`${path}.targets`, targets, per, "number", check, numbers, scale, steps);
  if (classes) {
    goals.forEach((goal, step) => {
      if (goal === ignored) weight[step] = 0;
    });
  } else if (sparse) {
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
