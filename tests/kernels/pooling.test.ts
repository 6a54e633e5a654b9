/** Pooling: kernels against the definition, ragged and with steps past the end that are not finite. */

import { expect, test } from "vitest";
import { numbers, relativeError } from "../helpers/cases.js";
import { Bench, pad4 } from "../helpers/kernels.js";
import { check, panels, range, seed, size, sum, width } from "../helpers/properties.js";

const KINDS = ["last", "max", "mean", "attention"] as const;

test.each(KINDS)("%s: forward and backward, each lane of its own length, none included", (kind) => {
  check(size(9), size(7), size(3), width, seed, (N, T, P, lanes, from) => {
    const next = numbers(from);
    const [x, dy, scores] = [panels(next, T * P, N, lanes), panels(next, P, N, lanes), panels(next, T * P, 1, lanes)];
    const lengths = range(P * lanes).map(() => Math.floor(((next() + 1) / 2) * (T + 1)));
    const past = x.data.slice();
    for (const p of range(P)) {
      for (const lane of range(lanes)) {
        for (const t of range(T).slice(lengths[p * lanes + lane]!)) for (const u of range(N)) past[x.at(t * P + p, u, lane)] = Infinity;
      }
    }
    const bench = new Bench();
    const [px, pdy, pscores, plengths] = [bench.buffer(past), bench.buffer(dy.data), bench.buffer(scores.data), bench.integers(lengths)];
    const [py, pdx] = [bench.buffer(dy.data.length), bench.buffer(x.data.length)];
    const [inner, dscores] = [bench.buffer(Math.max(T, pad4(N)) * P * lanes), bench.buffer(scores.data.length)];
    const attention = kind === "attention";
    if (kind === "last" || kind === "max") {
      bench.kernels.pickForward(py, inner, px, plengths, kind === "max", T, P, pad4(N), lanes);
      bench.kernels.pickBackward(pdx, pdy, inner, T, P * pad4(N) * lanes);
    } else {
      bench.kernels.weighForward(py, inner, px, attention ? pscores : 0, plengths, T, P, pad4(N), lanes);
      bench.kernels.weighBackward(pdx, attention ? dscores : 0, pdy, py, inner, px, T, P, pad4(N), lanes);
    }
    expect(bench.intact).toBe(true);

    const [y, dx, de] = [new Float64Array(dy.data.length), new Float64Array(x.data.length), new Float64Array(scores.data.length)];
    for (const p of range(P)) {
      for (const lane of range(lanes)) {
        const steps = range(lengths[p * lanes + lane]!);
        const total = steps.reduce((all, s) => all + Math.exp(scores.get(s * P + p, 0, lane)), 0);
        const share = (t: number) => (attention ? Math.exp(scores.get(t * P + p, 0, lane)) / total : 1 / steps.length);
        for (const u of range(N)) {
          const value = (t: number) => x.get(t * P + p, u, lane);
          const top = kind === "last" ? steps.length - 1 : steps.reduce((best, t) => (value(t) > value(best) ? t : best), 0);
          const factor = (t: number) => (kind === "last" || kind === "max" ? Number(t === top) : share(t));
          y[dy.at(p, u, lane)] = steps.reduce((all, t) => all + factor(t) * value(t), 0);
          for (const t of steps) dx[x.at(t * P + p, u, lane)] = factor(t) * dy.get(p, u, lane);
        }
        const along = (t: number) => sum(N, (u) => dy.get(p, u, lane) * (x.get(t * P + p, u, lane) - y[dy.at(p, u, lane)]!));
        for (const t of steps) de[scores.at(t * P + p, 0, lane)] = share(t) * along(t);
      }
    }
    expect(relativeError(bench.read(py, y.length), y)).toBeLessThan(1e-5);
    expect(relativeError(bench.read(pdx, dx.length), dx)).toBeLessThan(1e-5);
    if (attention) expect(relativeError(bench.read(dscores, de.length), de)).toBeLessThan(1e-5);
  });
});
