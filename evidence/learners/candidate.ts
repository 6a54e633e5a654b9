/**
 * What a candidate of recurrent cascade correlation (cascade.ts) ascends: S, the magnitude of the covariance between its output V
 * and the errors E that the net has left, summed over outputs o. p is a step that has a target, of any sequence of the set.
 *
 *     V(t) = f(sum_j w_j z_j(t) + w_s V(t-1)),   V(0) = 0;   f(x) = 1 / (1 + e^-x) - 1/2;   E_po = y_o - target_o
 *     S = sum_o |sum_p (V_p - mean V) (E_po - mean E_o)|
 *     dS/dw = sum_o sign_o sum_p (E_po - mean E_o) dV_p/dw,   sign_o that of the inner sum of S
 *     dV(t)/dw_j = f' (z_j(t) + w_s dV(t-1)/dw_j),   dV(t)/dw_s = f' (V(t-1) + w_s dV(t-1)/dw_s)
 */

export const f = (net: number) => 1 / (1 + Math.exp(-net)) - 0.5;

/** sum_j w_j z_j of `count` weights from `from` on, and sources from `at` on. */
export function dot(w: Float64Array, from: number, z: Float64Array, at: number, count: number): number {
  let sum = 0;
  for (let j = 0; j < count; j++) sum += w[from + j]! * z[at + j]!;
  return sum;
}

/** What units read in one sequence, [steps x sources]. */
export interface Sources {
  z: Float64Array;
  steps: number;
  /** The first step that has a target. */
  first: number;
}

/** A candidate's S and dS/dw on sequences of which E_po - mean E_o is `residuals`, [patterns x outputs]. */
export function covariance(w: Float64Array, set: readonly Sources[], residuals: Float64Array, outputs: number) {
  const J = w.length - 1;
  const self = w[J]!;
  // The mean of V has no part in the sums, since the residuals of an output add up to 0.
  const sums = new Float64Array(outputs);
  let k = 0;
  const all = set.map(({ z, steps, first }) => {
    const V = new Float64Array(steps);
    for (let t = 0; t < steps; t++) {
      V[t] = f(dot(w, 0, z, t * J, J) + (t > 0 ? self * V[t - 1]! : 0));
      for (let o = 0; t >= first && o < outputs; o++) sums[o]! += V[t]! * residuals[k++]!;
    }
    return V;
  });
  const gradient = new Float64Array(J + 1);
  k = 0;
  set.forEach(({ z, steps, first }, n) => {
    const V = all[n]!;
    const dV = new Float64Array(J + 1);
    for (let t = 0; t < steps; t++) {
      const prime = 0.25 - V[t]! ** 2;
      for (let j = 0; j < J; j++) dV[j] = prime * (z[t * J + j]! + self * dV[j]!);
      dV[J] = prime * ((V[t - 1] ?? 0) + self * dV[J]!);
      if (t < first) continue;
      let pull = 0;
      for (let o = 0; o < outputs; o++) pull += Math.sign(sums[o]!) * residuals[k++]!;
      for (let j = 0; j <= J; j++) gradient[j]! += pull * dV[j]!;
    }
  });
  return { S: sums.reduce((S, sum) => S + Math.abs(sum), 0), gradient };
}
