/**
 * Discrete error propagation (Bengio, Simard & Frasconi 1994, IEEE TNN 5(2):157-166; Bengio & Frasconi 1994, NIPS 6:75-82): units
 * are thresholds, x = sign(a), and what goes back in time is no derivative but the change of a unit that is wished for, +2, 0 or -2.
 * So it does not vanish. The source's exact rule is not at hand; built, of medium confidence, in the connections of `net.ts`:
 *
 *     outputs   Dx_k = target_k - x_k, targets being +1 and -1; it replaces what is wished from the step after
 *     net       Da_i = margin sign(Dx_i) - a_i: what puts the unit on the other side; 0 where Dx_i = 0
 *     wish      g_j = sum_i w_ij Da_i / sum_k w_ik^2: the least change of the sources of unit i that has this effect
 *     units     Dx_j = 2 sign(g_j) with probability min(1, |g_j| / 2), so that its mean is g_j; otherwise 0, and 0 where x_j is there
 *     weights   Dw_ij = eta sum_t Da_i z_j / sum_k z_k^2
 *
 * The weights change after each sequence. A target counts as +1 if it is nearer to `high` than to `low`, and these two are the
 * outputs. The cost is that of back-propagation.
 */

import { type Create, Diverged } from "../learner.js";
import { randomOf } from "../task.js";
import { type Guessing, shapeOf } from "./guessing.js";
import { Net } from "./net.js";

export interface Discrete extends Pick<Guessing, "architecture" | "selves"> {
  /** Hidden units; 2. */
  hidden?: number;
  /** Outputs of -1 and 1; 0 and 1. */
  low?: number;
  high?: number;
  /** 0.1 */
  eta?: number;
  /** How far beyond its threshold a unit is wished; 1. */
  margin?: number;
}

export const createDiscrete: Create<Discrete> = (task, seed, options) => {
  const { low = 0, high = 1, eta = 0.1, margin = 1 } = options;
  const net = new Net({ ...shapeOf(task, { hidden: 2, ...options }), squash: "sign" });
  const random = randomOf(seed, 0);
  net.draw(random, 1);
  const { units, inputs, weights, start, middle, to } = net;
  const { hidden, outputs } = net.shape;
  const change = new Float64Array(weights.length);
  /** The wishes of the step before and of this one, and Da. */
  const [wish, da] = [new Float64Array(units), new Float64Array(units)];
  /** Over the sources of each unit, the sums of w^2 and of z^2. */
  const [weightSquares, sourceSquares] = [new Float64Array(units), new Float64Array(units)];

  function wishFor(i: number, x: number, a: number): void {
    const g = wish[i]!;
    wish[i] = 0;
    const flips = g * x < 0 && 2 * random.uniform() < Math.abs(g);
    da[i] = flips ? margin * Math.sign(g) - a : 0;
  }

  function send(j: number, from: number, end: number): void {
    for (let k = from; k < end; k++) {
      const i = to[k]!;
      if (da[i] !== 0) wish[j]! += (weights[k]! * da[i]!) / (weightSquares[i]! + Number.MIN_VALUE);
    }
  }

  function squares(t: number): void {
    sourceSquares.fill(0);
    forSources(t, (from, end, z) => {
      for (let k = from; k < end; k++) sourceSquares[to[k]!]! += z * z;
    });
  }

  /** The weights from..end read z at step t. */
  function forSources(t: number, visit: (from: number, end: number, z: number) => void): void {
    const { y, u } = net;
    for (let j = 0; j <= inputs + units; j++) {
      const unit = j - inputs;
      const past = unit < 0 ? u[(t - 1) * inputs + j]! : unit < units ? y[(t - 1) * units + unit]! : 1;
      visit(start[j]!, middle[j]!, past);
      visit(middle[j]!, start[j + 1]!, unit >= 0 && unit < hidden ? y[t * units + unit]! : past);
    }
  }

  function back(t: number): void {
    const { y, net: a } = net;
    const row = t * units;
    for (let i = hidden; i < units; i++) wishFor(i, y[row + i]!, a[row + i]!);
    for (let j = 0; j < hidden; j++) {
      send(j, middle[inputs + j]!, start[inputs + j + 1]!);
      wishFor(j, y[row + j]!, a[row + j]!);
    }
    if (da.every((wished) => wished === 0)) return;
    squares(t);
    forSources(t, (from, end, z) => {
      for (let k = from; k < end; k++) change[k]! += (eta * da[to[k]!]! * z) / (sourceSquares[to[k]!]! + Number.MIN_VALUE);
    });
    for (let j = 0; j < units; j++) send(j, start[inputs + j]!, j < hidden ? middle[inputs + j]! : start[inputs + j + 1]!);
  }

  const sign = (target: number) => (2 * target > low + high ? 1 : -1);
  const run = (sequence: ArrayLike<number>) => net.run(sequence, task.output).map((x) => (x > 0 ? high : low));
  return {
    units: hidden,
    weights: weights.length,
    cost: weights.length,
    learn({ inputs: sequence, targets }) {
      const answers = run(sequence);
      if (!weights.every(Number.isFinite)) throw new Diverged("a weight is no longer finite");
      weightSquares.fill(0);
      for (let k = 0; k < weights.length; k++) weightSquares[to[k]!]! += weights[k]! ** 2;
      change.fill(0);
      wish.fill(0);
      for (let t = net.steps, at = targets.length; t > 0; t--) {
        if (at > 0) {
          at -= outputs;
          for (let k = 0; k < outputs; k++) wish[hidden + k] = 2 * sign(targets[at + k]!);
        }
        back(t);
      }
      for (let k = 0; k < change.length; k++) weights[k]! += change[k]!;
      return answers;
    },
    predict: (examples) => examples.map((example) => run(example.inputs)),
  };
};
