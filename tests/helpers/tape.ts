/** Reverse-mode differentiation of vectors in double precision: what the oracle computes with. Never made faster. */

export type Vector = number[];

/** A vector, and the gradient of the loss by it. */
export interface Var {
  v: Vector;
  d: Vector;
}

export const zeros = (n: number): Vector => new Array(n).fill(0);
export const constant = (v: Vector): Var => ({ v, d: zeros(v.length) });

export class Tape {
  readonly #back: (() => void)[] = [];

  /** A value whose gradient `back` sends on. */
  push(v: Vector, back: (d: Vector) => void): Var {
    const result = constant(v);
    this.#back.push(() => back(result.d));
    return result;
  }

  backward(): void {
    for (const back of this.#back.reverse()) back();
  }

  add(...terms: Var[]): Var {
    return this.push(
      terms[0]!.v.map((_, i) => terms.reduce((sum, { v }) => sum + v[i]!, 0)),
      (d) => terms.forEach((term) => d.forEach((value, i) => (term.d[i]! += value))),
    );
  }

  mul(a: Var, b: Var): Var {
    return this.push(
      a.v.map((value, i) => value * b.v[i]!),
      (d) =>
        d.forEach((value, i) => {
          a.d[i]! += value * b.v[i]!;
          b.d[i]! += value * a.v[i]!;
        }),
    );
  }

  /** f of each number, with its slope there. */
  map(x: Var, f: (x: number) => number, slope: (x: number) => number): Var {
    return this.push(x.v.map(f), (d) => d.forEach((value, i) => (x.d[i]! += value * slope(x.v[i]!))));
  }

  /** W x, row by row; `W` flat. */
  product(W: Var, x: Var): Var {
    const columns = x.v.length;
    const rows = columns === 0 ? 0 : W.v.length / columns;
    return this.push(
      zeros(rows).map((_, r) => x.v.reduce((sum, value, j) => sum + W.v[r * columns + j]! * value, 0)),
      (d) =>
        d.forEach((value, r) =>
          x.v.forEach((input, j) => {
            W.d[r * columns + j]! += value * input;
            x.d[j]! += value * W.v[r * columns + j]!;
          }),
        ),
    );
  }

  slice(x: Var, from: number, count: number): Var {
    return this.push(x.v.slice(from, from + count), (d) => d.forEach((value, i) => (x.d[from + i]! += value)));
  }

  concat(parts: Var[]): Var {
    return this.push(
      parts.flatMap(({ v }) => v),
      (d) => {
        let at = 0;
        for (const part of parts) for (let i = 0; i < part.v.length; i++) part.d[i]! += d[at++]!;
      },
    );
  }

  softmax(x: Var): Var {
    const powers = x.v.map((value) => Math.exp(value - Math.max(...x.v)));
    const p = powers.map((power) => power / powers.reduce((a, b) => a + b, 0));
    return this.push(p, (d) => {
      const along = d.reduce((sum, value, i) => sum + value * p[i]!, 0);
      d.forEach((value, i) => (x.d[i]! += p[i]! * (value - along)));
    });
  }

  /** Mean 0 and variance 1 over all numbers. */
  normalize(x: Var): Var {
    const n = x.v.length;
    const mean = (v: Vector) => v.reduce((a, b) => a + b, 0) / n;
    const mu = mean(x.v);
    const s = 1 / Math.sqrt(mean(x.v.map((value) => (value - mu) ** 2)) + 1e-5);
    const y = x.v.map((value) => (value - mu) * s);
    return this.push(y, (d) => {
      const [total, along] = [mean(d), mean(d.map((value, i) => value * y[i]!))];
      d.forEach((value, i) => (x.d[i]! += s * (value - total - y[i]! * along)));
    });
  }
}
