/**
 * A net of one hidden layer, for learners whose memory lies before it: h = f(W z + b), y = f(V h + c), f logistic. Back from
 * e = dE/dy: d_y = f' e, d_h = f' V^T d_y, dz = W^T d_h. The hidden units and outputs of each step are kept by the caller.
 */

import type { Random } from "../random.js";

const logistic = (x: number) => 1 / (1 + Math.exp(-x));

export class Perceptron {
  /** W [hidden][inputs + 1], then V [outputs][hidden + 1]; the last of a row is the bias. */
  readonly weights: Float64Array;
  readonly gradient: Float64Array;
  readonly #d: Float64Array;

  constructor(
    readonly inputs: number,
    readonly hidden: number,
    readonly outputs: number,
    random: Random,
    range: number,
  ) {
    this.weights = Float64Array.from({ length: hidden * (inputs + 1) + outputs * (hidden + 1) }, () => range * (2 * random.uniform() - 1));
    this.gradient = new Float64Array(this.weights.length);
    this.#d = new Float64Array(hidden + outputs);
  }

  /** Writes the hidden units and outputs into `to`. */
  forward(z: Float64Array, to: Float64Array): void {
    const { inputs, hidden, outputs, weights } = this;
    let at = 0;
    for (let j = 0; j < hidden; j++) {
      let net = weights[at + inputs]!;
      for (let i = 0; i < inputs; i++) net += weights[at + i]! * z[i]!;
      to[j] = logistic(net);
      at += inputs + 1;
    }
    for (let k = 0; k < outputs; k++) {
      let net = weights[at + hidden]!;
      for (let j = 0; j < hidden; j++) net += weights[at + j]! * to[j]!;
      to[hidden + k] = logistic(net);
      at += hidden + 1;
    }
  }

  /** Adds to `gradient`, and writes dE/dz. */
  back(z: Float64Array, units: Float64Array, e: ArrayLike<number>, dz?: Float64Array): void {
    const { inputs, hidden, outputs, weights, gradient } = this;
    const d = this.#d.fill(0);
    const second = hidden * (inputs + 1);
    for (let k = 0; k < outputs; k++) {
      const y = units[hidden + k]!;
      const dy = y * (1 - y) * e[k]!;
      const at = second + k * (hidden + 1);
      for (let j = 0; j < hidden; j++) {
        gradient[at + j]! += dy * units[j]!;
        d[j]! += dy * weights[at + j]!;
      }
      gradient[at + hidden]! += dy;
    }
    dz?.fill(0);
    for (let j = 0; j < hidden; j++) {
      const h = units[j]!;
      const dh = h * (1 - h) * d[j]!;
      const at = j * (inputs + 1);
      for (let i = 0; i < inputs; i++) {
        gradient[at + i]! += dh * z[i]!;
        if (dz) dz[i]! += dh * weights[at + i]!;
      }
      gradient[at + inputs]! += dh;
    }
  }

  descend(rate: number): void {
    for (let i = 0; i < this.weights.length; i++) this.weights[i]! -= rate * this.gradient[i]!;
  }
}
