/**
 * A net of plain units, with the connections that are asked for: what the searches, the pseudo-Newton method and the chunker
 * teach. A step has the sub-steps of Hochreiter & Schmidhuber 1997, without which a net of few units cannot have parity at the
 * end of a sequence, since the last element would pass one unit only:
 *
 *     net_i(t) = g_i(t) + sum_j w_ij z_j,   y_i(t) = f(net_i(t)),   y(0) = 0
 *     z = [u(t), hidden(t-1), outputs(t-1), 1] for hidden units;   z = [u(t), hidden(t), outputs(t-1), 1] for output units
 *
 * f is the logistic function, tanh, or the sign of what it is given (1 for zero); g(t), the first `given` inputs, reaches each unit as it is, u(t) are the others.
 *
 * Back from an error dE/dy(t), in one step:
 *
 *     d_i = f'(net_i) dE/dy_i;   first of the outputs, which add w_ij d_i to dE/dy_j of the hidden units, then of these
 *     dE/dw_ij += d_i z_j;   dE/dy_j(t-1) = sum_i w_ij d_i over the connections from the step before
 */

import { Diverged, type Interface } from "../learner.js";
import type { Random } from "../random.js";

export interface Shape {
  features: number;
  hidden: number;
  outputs: number;
  squash: "logistic" | "tanh" | "sign";
  /** Inputs that are added to every unit; 0. */
  given?: number;
  /**
   * Which connections there are; all. Units count from 0, the hidden ones first.
   * @param from a unit, or "input" for any input, or "bias"
   */
  connected?(to: number, from: number | "input" | "bias"): boolean;
}

const SQUASH = {
  logistic: (net: number) => 1 / (1 + Math.exp(-net)),
  tanh: Math.tanh,
  sign: (net: number) => (net < 0 ? -1 : Number.isNaN(net) ? NaN : 1),
};

export class Net {
  /** Column by column: all weights from input 0 to hidden, then to output units, then those from input 1, and so on. */
  readonly weights: Float64Array;
  /** The weights of source j are at start[j]..start[j + 1], from middle[j] on those to output units. */
  readonly start: Int32Array;
  readonly middle: Int32Array;
  /** The unit that a weight leads to. */
  readonly to: Int32Array;
  /** Inputs that have weights. */
  readonly inputs: number;
  readonly given: number;
  /** Hidden and output units. */
  readonly units: number;
  /** [steps + 1, units], the first row zero; the nets that they are of; and u, [steps, inputs]. */
  y = new Float64Array(0);
  net = new Float64Array(0);
  u = new Float64Array(0);
  /** Steps since `begin`. */
  steps = 0;
  readonly #d: Float64Array;

  constructor(readonly shape: Shape) {
    const { features, hidden, outputs, connected = () => true } = shape;
    this.given = shape.given ?? 0;
    this.inputs = features - this.given;
    this.units = hidden + outputs;
    const sources = this.inputs + this.units + 1;
    const to: number[] = [];
    this.start = new Int32Array(sources + 1);
    this.middle = new Int32Array(sources);
    for (let j = 0; j < sources; j++) {
      const from = j < this.inputs ? "input" : j === sources - 1 ? "bias" : j - this.inputs;
      for (let i = 0; i < this.units; i++) {
        if (i === hidden) this.middle[j] = to.length;
        if (connected(i, from)) to.push(i);
      }
      this.start[j + 1] = to.length;
    }
    this.to = Int32Array.from(to);
    this.weights = new Float64Array(to.length);
    this.#d = new Float64Array(this.units);
  }

  /** Every weight uniform in [-range, range]. */
  draw(random: Random, range: number): void {
    for (let k = 0; k < this.weights.length; k++) this.weights[k] = range * (2 * random.uniform() - 1);
  }

  begin(): void {
    this.steps = 0;
  }

  /** One step on the features from `offset` on. */
  step(features: ArrayLike<number>, offset: number): void {
    const { inputs, given, units, steps } = this;
    this.#reserve(steps + 1);
    const { u, net } = this;
    const row = (steps + 1) * units;
    for (let i = 0; i < units; i++) net[row + i] = 0;
    for (let g = 0; g < given; g++) for (let i = 0; i < units; i++) net[row + i]! += features[offset + g]!;
    for (let j = 0; j < inputs; j++) u[steps * inputs + j] = features[offset + given + j]!;
    if (this.shape.hidden > 0) this.#layer(0, this.shape.hidden, steps * units);
    this.#layer(this.shape.hidden, units, row);
    this.steps++;
  }

  /** Units `first` to `end` of this step, of hidden units that stand in row `hiddenRow` of y. */
  #layer(first: number, end: number, hiddenRow: number): void {
    const { inputs, units, steps, shape, start, middle, to, weights, y, u, net } = this;
    const row = (steps + 1) * units;
    const outputs = first > 0 || shape.hidden === 0;
    for (let j = 0; j <= inputs + units; j++) {
      const unit = j - inputs;
      const z = unit < 0 ? u[steps * inputs + j]! : unit === units ? 1 : y[(unit < shape.hidden ? hiddenRow : steps * units) + unit]!;
      if (z === 0) continue;
      for (let k = outputs ? middle[j]! : start[j]!, last = outputs ? start[j + 1]! : middle[j]!; k < last; k++)
        net[row + to[k]!]! += weights[k]! * z;
    }
    for (let i = first; i < end; i++) {
      const value = SQUASH[shape.squash](net[row + i]!);
      if (Number.isNaN(value)) throw new Diverged("an activation is no longer finite");
      y[row + i] = value;
    }
  }

  #reserve(steps: number): void {
    if (this.u.length >= steps * this.inputs && this.y.length >= (steps + 1) * this.units) return;
    const grow = (old: Float64Array, length: number) => {
      const longer = new Float64Array(2 * length);
      longer.set(old);
      return longer;
    };
    this.y = grow(this.y, (steps + 1) * this.units);
    this.net = grow(this.net, (steps + 1) * this.units);
    this.u = grow(this.u, steps * this.inputs);
  }

  /** A whole sequence. @returns its outputs, a copy: of every step, or of the last */
  run(inputs: ArrayLike<number>, output: Interface["output"]): Float64Array {
    const { features, hidden, outputs } = this.shape;
    this.begin();
    for (let at = 0; at < inputs.length; at += features) this.step(inputs, at);
    const result = new Float64Array(output === "last" ? outputs : this.steps * outputs);
    const first = output === "last" ? this.steps : 1;
    for (let t = first; t <= this.steps; t++)
      for (let k = 0; k < outputs; k++) result[(t - first) * outputs + k] = this.y[t * this.units + hidden + k]!;
    return result;
  }

  /**
   * One step back, from step t (the first is 1).
   * @param dy dE/dy(t) [units], and afterwards dE/dy(t-1)
   * @param gradient [weights], added to
   */
  back(t: number, dy: Float64Array, gradient: Float64Array): void {
    const { inputs, units, y, u, to, weights, start, middle, shape } = this;
    const d = this.#d;
    const [row, before] = [t * units, (t - 1) * units];
    for (let i = shape.hidden; i < units; i++) d[i] = dy[i]! * slope(y[row + i]!, shape.squash);
    for (let j = 0; j < shape.hidden; j++) {
      let error = dy[j]!;
      for (let k = middle[inputs + j]!, end = start[inputs + j + 1]!; k < end; k++) error += weights[k]! * d[to[k]!]!;
      d[j] = error * slope(y[row + j]!, shape.squash);
    }
    for (let j = 0; j <= inputs + units; j++) {
      const unit = j - inputs;
      const hidden = unit >= 0 && unit < shape.hidden;
      const past = unit < 0 ? u[(t - 1) * inputs + j]! : unit < units ? y[before + unit]! : 1;
      const [from, mid, end] = [start[j]!, middle[j]!, start[j + 1]!];
      if (past !== 0) for (let k = from; k < mid; k++) gradient[k]! += d[to[k]!]! * past;
      const now = hidden ? y[row + unit]! : past;
      if (now !== 0) for (let k = mid; k < end; k++) gradient[k]! += d[to[k]!]! * now;
      if (unit < 0 || unit >= units) continue;
      let error = 0;
      for (let k = from; k < (hidden ? mid : end); k++) error += weights[k]! * d[to[k]!]!;
      dy[unit] = error;
    }
  }
}

/** f' by f, for those that have one. */
export const slope = (y: number, squash: Shape["squash"]) => (squash === "tanh" ? 1 - y * y : y * (1 - y));

/** Half the sum of squared errors. */
export function halfSquares(outputs: ArrayLike<number>, targets: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < targets.length; k++) sum += (targets[k]! - outputs[k]!) ** 2;
  return sum / 2;
}

/** The largest |target - output|. */
export function largestError(outputs: ArrayLike<number>, targets: ArrayLike<number>): number {
  let largest = 0;
  for (let k = 0; k < targets.length; k++) largest = Math.max(largest, Math.abs(targets[k]! - outputs[k]!));
  return largest;
}
