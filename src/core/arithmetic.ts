/** Functions made of + - * / only: the last bits of Math's may differ between engines. */

/** The count of numbers in a tensor of this shape. */
export const product = (shape: readonly number[]) => shape.reduce((all, n) => all * n, 1);

/** base^n for an integer n >= 0, by repeated squaring. */
export function power(base: number, n: number): number {
  let result = 1;
  for (let factor = base, left = n; left > 0; left = Math.floor(left / 2), factor *= factor) {
    if (left % 2 === 1) result *= factor;
  }
  return result;
}

/** The n-th root of x in (0, 1], by Newton's method: from 1 the value falls until it has converged. */
export function root(x: number, n: number): number {
  for (let r = 1; ; ) {
    const next = r - (r - x / power(r, n - 1)) / n;
    if (!(next < r)) return r;
    r = next;
  }
}

/** cos(pi x) for x in [0, 1], by Taylor's series: within 2e-16. */
export function cosine(x: number): number {
  if (x > 0.5) return -cosine(1 - x);
  const square = Math.PI * x * (Math.PI * x);
  let sum = 1;
  for (let k = 22; k > 0; k -= 2) sum = 1 - (square / (k * (k - 1))) * sum;
  return sum;
}

/** e^x, by e^x = 2^n e^r and Taylor's series: within 1e-15 of it for x from -30 to 30, and a little more beyond; 0 below -709. */
export function exponential(x: number): number {
  const bounded = Math.max(-745, Math.min(x, 710));
  const n = Math.round(bounded / Math.LN2);
  const r = bounded - n * Math.LN2;
  let sum = 1;
  for (let k = 16; k > 0; k--) sum = 1 + (r / k) * sum;
  return n < 0 ? sum / power(2, -n) : sum * power(2, n);
}
