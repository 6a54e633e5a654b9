/** The knowledge of a row beforehand, its place in each season and its known columns, and the ridge regression of the target on it. */

import { cosinePi } from "../internal.js";

const cosOf = (turns: number) => {
  const part = 2 * (turns - Math.floor(turns));
  return part > 1 ? cosinePi(2 - part) : cosinePi(part);
};
/** The cosines and sines of the first harmonics at a phase, in turns. */
export function* waves(phase: number, harmonics: number): Generator<number> {
  for (let k = 1; k <= harmonics; k++) {
    yield cosOf(k * phase);
    yield cosOf(k * phase - 0.25);
  }
}

/**
 * Ridge regression (Hoerl & Kennard 1970) by Cholesky's decomposition of the normal equations; rows whose target is NaN are left out.
 * @param rows the features of each
 * @param penalty of each feature
 */
export function ridge(targets: Float64Array, rows: readonly (readonly number[])[], penalty: (k: number) => number): Float64Array {
  const width = rows[0]?.length ?? 0;
  const normal = new Float64Array(width * width);
  const right = new Float64Array(width);
  targets.forEach((y, t) => {
    if (Number.isNaN(y)) return;
    const x = rows[t] as number[];
    x.forEach((xi, i) => {
      right[i] = (right[i] as number) + xi * y;
      for (let j = 0; j <= i; j++) normal[i * width + j] = (normal[i * width + j] as number) + xi * (x[j] as number);
    });
  });
  const at = (i: number, j: number) => normal[i * width + j] as number;
  for (let i = 0; i < width; i++) {
    normal[i * width + i] = at(i, i) + penalty(i);
    for (let j = 0; j <= i; j++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      normal[i * width + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(j, j);
    }
  }
  for (let i = 0; i < width; i++) {
    let sum = right[i] as number;
    for (let k = 0; k < i; k++) sum -= at(i, k) * (right[k] as number);
    right[i] = sum / at(i, i);
  }
  for (let i = width - 1; i >= 0; i--) {
    let sum = right[i] as number;
    for (let k = i + 1; k < width; k++) sum -= at(k, i) * (right[k] as number);
    right[i] = sum / at(i, i);
  }
  return right;
}
