/**
 * Quickprop (Fahlman 1988, An empirical study of learning speed in back-propagation networks, CMU-CS-88-162): of each weight on
 * its own the slopes of two epochs are taken for two points of the derivative of a parabola, and the step leads to its lowest point.
 *
 *     s(t) = dE/dw + decay w,   r = s(t) / s(t-1)
 *     dw(t) = min(r / (1 - r), mu) dw(t-1),   mu dw(t-1) for r > 1;   and -epsilon s(t), unless dw(t-1) has gone beyond the lowest point
 */

const MU = 1.75;
/** The r from which on r / (1 - r) is no longer below mu. */
const SHRINK = MU / (1 + MU);

export class Quickprop {
  readonly #step: Float64Array;
  readonly #slope: Float64Array;

  constructor(
    readonly weights: Float64Array,
    readonly decay = 0,
  ) {
    this.#step = new Float64Array(weights.length);
    this.#slope = new Float64Array(weights.length);
  }

  /** @param gradient dE/dw over the whole epoch */
  descend(gradient: Float64Array, epsilon: number): void {
    const { weights, decay } = this;
    for (let i = 0; i < weights.length; i++) {
      const before = this.#step[i]!;
      const slope = gradient[i]! + decay * weights[i]!;
      const r = slope / this.#slope[i]!;
      let step = before === 0 ? 0 : (r < SHRINK ? r / (1 - r) : MU) * before;
      if (before * slope <= 0) step -= epsilon * slope;
      weights[i]! += step;
      this.#step[i] = step;
      this.#slope[i] = slope;
    }
  }
}
