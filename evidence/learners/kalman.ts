/**
 * Decoupled extended Kalman filter (Puskorius & Feldkamp 1991, IJCNN; 1994, IEEE Transactions on Neural Networks 5(2):279-297): the
 * weights are the state that is estimated, the targets what is observed of it. The weights fall into groups g that are taken for
 * independent of each other; with xi = target - y and H_g = dy/dw_g, [weights of g][outputs],
 *
 *     A = (R I + sum_g H_g^T P_g H_g)^-1,   K_g = P_g H_g A,   w_g += K_g xi,   P_g += Q I - K_g H_g^T P_g
 *
 * at every step that has a target. One group of all weights is the global filter. H is RTRL's, its memory discounted by d at each
 * step (rtrl.ts): so the source has it (of medium confidence), and Hochreiter & Schmidhuber 1997 say that this is what rules out
 * very long lags. The starts and ends of P, Q and R are those of a course's published program; that R and Q go from one to the other
 * geometrically, and by the number of sequences, was chosen here, as was d.
 */

import { inverse, Matrix } from "ml-matrix";
import { type Create, Diverged } from "../learner.js";
import { randomOf } from "../task.js";
import { type Descent, shapeOfDescent, targetsAt } from "./descent.js";
import { learnerOf } from "./guessing.js";
import { Net } from "./net.js";
import { sensitivities } from "./rtrl.js";

export interface Kalman extends Omit<Descent, "rate"> {
  /** A group for each unit, of the weights that lead to it, or one for all; "unit". */
  groups?: "unit" | "all";
  /** d; 0.95. */
  discount?: number;
  /** P begins as so many times I; 100. */
  P?: number;
  /** At the start and at the end; 100, 5. */
  R?: readonly [number, number];
  /** 1e-2, 1e-6 */
  Q?: readonly [number, number];
  /** Sequences from start to end; 1,000. */
  annealed?: number;
}

interface Group {
  /** Of all weights. */
  indices: Int32Array;
  /** [n][n] */
  P: Float64Array;
  /** P H, and K: [n][outputs] */
  PH: Float64Array;
  K: Float64Array;
}

/** The filter alone, on any model whose weights it is given. */
export class Filter {
  readonly groups: readonly Group[];
  readonly #S: Matrix;

  /** @param groups the indices of the weights of each */
  constructor(
    groups: readonly (readonly number[])[],
    readonly outputs: number,
    P: number,
  ) {
    this.#S = new Matrix(outputs, outputs);
    this.groups = groups.map((indices) => {
      const n = indices.length;
      const group = { indices: Int32Array.from(indices), P: new Float64Array(n * n), PH: new Float64Array(n * outputs) };
      for (let i = 0; i < n; i++) group.P[i * n + i] = P;
      return { ...group, K: new Float64Array(n * outputs) };
    });
  }

  /**
   * @param weights changed
   * @param H dy/dw: that of output o begins at H[from + o * weights.length]
   * @param xi [outputs]
   */
  update(weights: Float64Array, H: Float64Array, from: number, xi: Float64Array, R: number, Q: number): void {
    const { groups, outputs: O } = this;
    const W = weights.length;
    const S = this.#S.fill(0);
    for (let o = 0; o < O; o++) S.set(o, o, R);
    for (const { indices, P, PH } of groups) {
      const n = indices.length;
      PH.fill(0);
      for (let i = 0; i < n; i++)
        for (let o = 0; o < O; o++) {
          let sum = 0;
          for (let j = 0; j < n; j++) sum += P[i * n + j]! * H[from + o * W + indices[j]!]!;
          PH[i * O + o] = sum;
        }
      for (let a = 0; a < O; a++)
        for (let b = 0; b < O; b++) {
          let sum = S.get(a, b);
          for (let i = 0; i < n; i++) sum += H[from + a * W + indices[i]!]! * PH[i * O + b]!;
          S.set(a, b, sum);
        }
    }
    if (!S.to1DArray().every(Number.isFinite)) throw new Diverged("the filter is no longer finite");
    const A = inverse(S);
    for (const { indices, P, PH, K } of groups) {
      const n = indices.length;
      for (let i = 0; i < n; i++)
        for (let b = 0; b < O; b++) {
          let sum = 0;
          for (let a = 0; a < O; a++) sum += PH[i * O + a]! * A.get(a, b);
          K[i * O + b] = sum;
          weights[indices[i]!]! += sum * xi[b]!;
        }
      for (let i = 0; i < n; i++) {
        // Both halves from one sum: rounding must not make P unsymmetrical.
        for (let j = 0; j <= i; j++) {
          let sum = P[i * n + j]!;
          for (let o = 0; o < O; o++) sum -= K[i * O + o]! * PH[j * O + o]!;
          P[i * n + j] = sum;
          P[j * n + i] = sum;
        }
        P[i * n + i]! += Q;
      }
    }
  }
}

export const createKalman: Create<Kalman> = (task, seed, options) => {
  const { groups = "unit", discount = 0.95, P = 100, R = [100, 5], Q = [1e-2, 1e-6], annealed = 1000, range = 0.2 } = options;
  const net = new Net(shapeOfDescent(task, options));
  net.draw(randomOf(seed, 0), range);
  const { weights, units, to } = net;
  const { features, hidden, outputs: O } = net.shape;
  const all = Array.from(weights, (_, k) => k);
  const ofUnits = Array.from({ length: units }, (_, unit) => all.filter((k) => to[k] === unit));
  const filter = new Filter(groups === "all" ? [all] : ofUnits, O, P);
  const { begin, step } = sensitivities(net, discount);
  const xi = new Float64Array(O);
  let learned = 0;
  const annealing = ([start, end]: readonly [number, number]) => start * (end / start) ** Math.min(1, learned / annealed);
  return {
    ...learnerOf(net, task),
    weights: weights.length,
    cost: units * weights.length + filter.groups.reduce((sum, { indices: { length } }) => sum + length * length * O, 0),
    learn({ inputs, targets }) {
      const steps = inputs.length / features;
      const outputs = new Float64Array(targets.length);
      const [r, q] = [annealing(R), annealing(Q)];
      let at = 0;
      begin();
      for (let t = 1; t <= steps; t++) {
        const p = step(inputs, (t - 1) * features);
        const goal = targetsAt(task, targets, t, steps);
        if (!goal) continue;
        for (let o = 0; o < O; o++) {
          outputs[at] = net.y[t * units + hidden + o]!;
          xi[o] = goal[o]! - outputs[at++]!;
        }
        filter.update(weights, p, hidden * weights.length, xi, r, q);
      }
      learned++;
      return outputs;
    },
  };
};
