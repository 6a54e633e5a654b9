/**
 * Additive Holt-Winters smoothing with a damped trend (Holt 1957, Winters 1960, Gardner & McKenzie 1985), in error-correction form
 * (Hyndman, Koehler, Ord & Snyder 2008):
 *   e = y - (l + phi b + s[t mod m]);  l = l + phi b + alpha e;  b = phi b + beta e;  s[t mod m] += gamma e
 * A forecast of h steps is l + (phi + ... + phi^h) b + s[(t + h) mod m]. A gap moves the level on by its trend.
 */
export interface Smoothing {
  alpha: number;
  beta: number;
  gamma: number;
  phi: number;
  /** Steps of a season; 0 for none. */
  season: number;
}

export class Smoother {
  readonly of: Smoothing;
  level = 0;
  trend = 0;
  readonly seasonal: Float64Array;
  /** Steps taken, and with them the place in the season. */
  at = 0;

  /** @param start the first values, which level and seasonal pattern begin with */
  constructor(of: Smoothing, start: ArrayLike<number>) {
    const { season: m } = of;
    this.of = of;
    const mean = (from: number, to: number, every = 1) => {
      let sum = 0;
      let n = 0;
      for (let i = from; i < Math.min(to, start.length); i += every) {
        if (Number.isNaN(start[i])) continue;
        sum += start[i] as number;
        n++;
      }
      return n ? sum / n : 0;
    };
    const cycles = m && Math.min(4, Math.floor(start.length / m));
    this.level = mean(0, cycles ? m * cycles : 10);
    this.seasonal = Float64Array.from({ length: m }, (_, i) => (cycles ? mean(i, m * cycles, m) - this.level : 0));
    if (cycles > 1) {
      this.trend = of.beta > 0 ? (mean(m * (cycles - 1), m * cycles) - mean(0, m)) / (m * (cycles - 1)) : 0;
      this.level -= (this.trend * m * cycles) / 2;
    }
  }

  /** The forecasts of the next steps, written to `to[from]` and on. */
  forecast(to: Float64Array, from: number, horizon: number): void {
    const { season, phi } = this.of;
    let [level, step] = [this.level, phi];
    for (let h = 0; h < horizon; h++, step *= phi) {
      level += step * this.trend;
      to[from + h] = level + (season ? (this.seasonal[(this.at + h) % season] as number) : 0);
    }
  }

  /** Takes the next value, NaN for a gap; returns the error of the forecast of it, 0 in a gap. */
  step(value: number): number {
    const { alpha, beta, gamma, phi, season } = this.of;
    const place = season ? this.at++ % season : 0;
    const before = this.level + phi * this.trend;
    const error = Number.isNaN(value) ? 0 : value - before - (season ? (this.seasonal[place] as number) : 0);
    this.level = before + alpha * error;
    this.trend = phi * this.trend + beta * error;
    if (season) this.seasonal[place] = (this.seasonal[place] as number) + gamma * error;
    return error;
  }
}

const GRID = {
  alpha: [0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 1],
  beta: [0, 0.0005, 0.002, 0.01, 0.05, 0.2],
  gamma: [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.35],
  phi: [0.7, 0.8, 0.9, 0.95, 0.98, 1],
} as const;

/** The mean absolute error of forecasts 1, half and all of `horizon` steps ahead, but for a first tenth to warm up. */
function errorOf(of: Smoothing, values: ArrayLike<number>, horizon: number): number {
  const smoother = new Smoother(of, values);
  const next = new Float64Array(horizon);
  const far = [...new Set([0, horizon >> 1, horizon - 1])];
  let sum = 0;
  let n = 0;
  for (let t = 0; t < values.length; t++) {
    smoother.step(values[t] as number);
    if (t < values.length / 10) continue;
    smoother.forecast(next, 0, horizon);
    for (const h of far) {
      const error = (values[t + 1 + h] as number) - (next[h] as number);
      if (Number.isNaN(error)) continue;
      sum += Math.abs(error);
      n++;
    }
  }
  return n ? sum / n : Infinity;
}

/** The parameters of the least error on all series, by coordinate descent over a grid. Deterministic. */
export function fitSmoothing(series: readonly ArrayLike<number>[], season: number, horizon: number): Smoothing {
  let best: Smoothing = { alpha: 0.2, beta: 0, gamma: season ? 0.05 : 0, phi: 0.98, season };
  const error = (of: Smoothing) => series.reduce((sum, values) => sum + errorOf(of, values, horizon), 0);
  let least = error(best);
  for (let round = 0; round < 3; round++) {
    const before = least;
    for (const name of ["alpha", "gamma", "beta", "phi"] as const) {
      if (name === "gamma" && !season) continue;
      for (const value of GRID[name]) {
        const other = { ...best, [name]: value };
        const own = value === best[name] ? Infinity : error(other);
        if (!(own < least)) continue;
        least = own;
        best = other;
      }
    }
    if (least === before) break;
  }
  return best;
}
