/**
 * The time-weighted pseudo-Newton method (Bengio, Simard & Frasconi 1994, IEEE TNN 5(2):157-166): a net in time is one of as many
 * weights as there are steps, w_ij(t), each with a rate by its own curvature; so that where the gradient has all but vanished, far
 * back in time, the curvature has vanished as well, and the step is no shorter for it as long as mu allows. E = 1/2 sum (target - y)^2.
 *
 *     dw_ij = - sum_t eta / (|d2E/dw_ij(t)^2| + mu) dE/dw_ij(t)
 *
 * Built, of medium confidence: the diagonal of the second derivatives, sent back in the manner of Gauss & Newton, without f''
 * (Becker & LeCun 1989). With d_i = dE/dnet_i and c_i = d2E/dnet_i^2, back from step t as in `net.ts`:
 *
 *     d_i = f' dE/dy_i,     dE/dy_j = sum_i w_ij d_i,       dE/dw_ij(t) = d_i z_j
 *     c_i = f'^2 d2E/dy_i^2,  d2E/dy_j^2 = sum_i w_ij^2 c_i,  d2E/dw_ij(t)^2 = c_i z_j^2;  at a target d2E/dy^2 is 1
 *
 * The weights change after each sequence. The source's eta, mu and net are not known: those here are ours.
 */

import type { Create } from "../learner.js";
import { randomOf } from "../task.js";
import { type Guessing, learnerOf, shapeOf } from "./guessing.js";
import { Net, slope } from "./net.js";

export interface PseudoNewton extends Pick<Guessing, "architecture" | "selves"> {
  /** Hidden units; 5. */
  hidden?: number;
  /** Of all units; "logistic", but "tanh" for the net of the latch problem. */
  squash?: "logistic" | "tanh";
  /** 0.02 */
  eta?: number;
  /** 0.01 */
  mu?: number;
  /** Weights are uniform in [-range, range] at the start; 1. */
  range?: number;
}

export const createPseudoNewton: Create<PseudoNewton> = (task, seed, options) => {
  const { eta = 0.02, mu = 0.01, range = 1 } = options;
  const shape = shapeOf(task, { hidden: 5, ...options });
  if (options.squash) shape.squash = options.squash;
  const net = new Net(shape);
  net.draw(randomOf(seed, 0), range);
  const { units, inputs, weights, start, middle, to } = net;
  const { hidden, outputs } = shape;
  const change = new Float64Array(weights.length);
  const [dy, cy, d, c] = [0, 1, 2, 3].map(() => new Float64Array(units)) as [Float64Array, Float64Array, Float64Array, Float64Array];

  /** Adds to dy and cy of unit j what comes back by its weights from..end. */
  function backTo(j: number, from: number, end: number): void {
    let [error, curvature] = [0, 0];
    for (let k = from; k < end; k++) {
      const w = weights[k]!;
      error += w * d[to[k]!]!;
      curvature += w * w * c[to[k]!]!;
    }
    dy[j]! += error;
    cy[j]! += curvature;
  }

  function throughUnit(i: number, y: number): void {
    const f = slope(y, shape.squash);
    d[i] = f * dy[i]!;
    c[i] = f * f * cy[i]!;
    dy[i] = 0;
    cy[i] = 0;
  }

  function step(from: number, end: number, z: number): void {
    if (z === 0) return;
    for (let k = from; k < end; k++) change[k]! -= (eta / (c[to[k]!]! * z * z + mu)) * d[to[k]!]! * z;
  }

  function back(t: number): void {
    const { y, u } = net;
    const [row, before] = [t * units, (t - 1) * units];
    for (let i = hidden; i < units; i++) throughUnit(i, y[row + i]!);
    for (let j = 0; j < hidden; j++) {
      backTo(j, middle[inputs + j]!, start[inputs + j + 1]!);
      throughUnit(j, y[row + j]!);
    }
    for (let j = 0; j <= inputs + units; j++) {
      const unit = j - inputs;
      const isHidden = unit >= 0 && unit < hidden;
      const past = unit < 0 ? u[(t - 1) * inputs + j]! : unit < units ? y[before + unit]! : 1;
      step(start[j]!, middle[j]!, past);
      step(middle[j]!, start[j + 1]!, isHidden ? y[row + unit]! : past);
      if (unit >= 0 && unit < units) backTo(unit, start[j]!, isHidden ? middle[j]! : start[j + 1]!);
    }
  }

  return {
    ...learnerOf(net, task),
    weights: weights.length,
    cost: 2 * weights.length,
    learn({ inputs: sequence, targets }) {
      const answers = net.run(sequence, task.output);
      change.fill(0);
      dy.fill(0);
      cy.fill(0);
      for (let t = net.steps, at = targets.length; t > 0; t--) {
        if (at > 0) {
          at -= outputs;
          for (let k = 0; k < outputs; k++) {
            dy[hidden + k]! += answers[at + k]! - targets[at + k]!;
            cy[hidden + k]! += 1;
          }
        }
        back(t);
      }
      for (let k = 0; k < change.length; k++) weights[k]! += change[k]!;
      return answers;
    },
  };
};
