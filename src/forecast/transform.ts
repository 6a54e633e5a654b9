/** Box and Cox's transform (1964), (y^lambda - 1) / lambda, or the logarithm; in + - * / alone, so that every engine gives the same bits. */

import { exp } from "../internal.js";

/** ln x of a positive number: x = m 2^n with m in [1/sqrt 2, sqrt 2], ln m by the series of artanh. */
export function logarithm(x: number): number {
  let n = 0;
  for (; x > Math.SQRT2; n++) x /= 2;
  for (; x < Math.SQRT1_2; n--) x *= 2;
  const z = (x - 1) / (x + 1);
  let sum = 0;
  for (let k = 27; k > 0; k -= 2) sum = sum * z * z + 1 / k;
  return 2 * z * sum + n * Math.LN2;
}

export const transformed = (y: number, lambda: number) =>
  lambda === 1 || Number.isNaN(y) ? y : lambda === 0 ? logarithm(y) : (exp(lambda * logarithm(y)) - 1) / lambda;

/** Beyond what the transform reaches, the nearest that it does. */
export function restored(z: number, lambda: number): number {
  if (lambda === 1) return z;
  return lambda === 0 ? exp(z) : exp(logarithm(Math.max(lambda * z + 1, 1e-12)) / lambda);
}

/** The exponent from -1 to 1 of the largest likelihood under a normal distribution. */
export function boxCoxExponent(values: ArrayLike<number>): number {
  const known = Array.from(values).filter((value) => !Number.isNaN(value));
  const logs = known.reduce((sum, value) => sum + logarithm(value), 0) / known.length;
  const likelihood = (lambda: number) => {
    const of = known.map((value) => transformed(value, lambda));
    const mean = of.reduce((sum, value) => sum + value, 0) / of.length;
    const variance = of.reduce((sum, value) => sum + (value - mean) ** 2, 0) / of.length;
    return (lambda - 1) * logs - logarithm(variance || 1e-300) / 2;
  };
  return [-1, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1].reduce((best, lambda) => (likelihood(lambda) > likelihood(best) ? lambda : best));
}
