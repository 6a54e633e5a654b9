/** CTC: the oracle against all paths and finite differences, the kernel against the oracle and PyTorch. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { numbers, relativeError } from "../helpers/cases.js";
import { alignments, allLabellings } from "../helpers/ctc.js";
import { Bench, pad4 } from "../helpers/kernels.js";
import { check, panels, range, seed, size, width } from "../helpers/properties.js";

interface Vector {
  name: string;
  outputs: number;
  blank: number;
  labels: number[];
  logits: number[];
  loss: number;
  gradient: number[];
}
/** Made by vectors/ctc.py. */
const vectors: Vector[] = JSON.parse(readFileSync(new URL("../vectors/ctc.json", import.meta.url), "utf8"));

interface One {
  y: number[][];
  labels: number[];
  weight?: number;
}

/** Runs the kernel on sequences side by side. */
function run(sequences: One[], blank: number, lanes: number, scale = 1) {
  const O = sequences[0]!.y[0]!.length;
  const P = Math.ceil(sequences.length / lanes);
  const T = Math.max(...sequences.map(({ y }) => y.length));
  const of = (p: number, lane: number) => sequences[p * lanes + lane];
  const y = panels(() => 7, T * P, O, lanes);
  const place = (t: number, n: number, k: number) => y.at(t * P + Math.floor(n / lanes), k, n % lanes);
  sequences.forEach((sequence, n) => sequence.y.forEach((row, t) => row.forEach((logit, k) => (y.data[place(t, n, k)] = logit))));
  const target = range(T * P * lanes).map((i) => of(Math.floor(i / lanes) % P, i % lanes)?.labels[Math.floor(i / lanes / P)] ?? -1);
  const every = (value: (one: One | undefined) => number) => range(P * lanes).map((n) => value(sequences[n]));
  const bench = new Bench();
  const [dy, py] = [bench.buffer(y.data.length), bench.buffer(y.data)];
  const labels = bench.integers(target);
  const weight = bench.buffer(every((one) => (one ? (one.weight ?? 1) : 0)));
  const lengths = bench.integers(every((one) => one?.y.length ?? 0));
  const longest = Math.max(...sequences.map(({ labels }) => labels.length));
  const scratch = bench.buffer(pad4(T * P * lanes) + (T + 4) * (pad4(2 * longest + 1) + 8));
  const loss = bench.kernels.ctcLoss(dy, py, labels, weight, lengths, scratch, blank, T, P, O, lanes, scale);
  expect(bench.intact).toBe(true);
  const gradient = bench.read(dy, y.data.length);
  const slopes = sequences.map((one, n) => one.y.map((row, t) => row.map((_, k) => gradient[place(t, n, k)]!)));
  // Nothing in the padding, past the ends, or where there is no sequence.
  sequences.forEach((one, n) => one.y.forEach((row, t) => row.forEach((_, k) => (gradient[place(t, n, k)] = 0))));
  expect(gradient.every((value) => value === 0)).toBe(true);
  expect(gradient.length).toBe(T * P * pad4(O) * lanes);
  return { loss, slopes };
}

/** A sequence with room for its labels. */
function draw(next: () => number, O: number, blank: number, spare: number, most: number): One {
  const at = (n: number) => Math.floor(((next() + 1) / 2) * n);
  const labels = O === 1 ? [] : range(at(most + 1)).map(() => (blank + 1 + at(O - 1)) % O);
  const repeats = labels.filter((label, i) => label === labels[i - 1]).length;
  const T = Math.max(1, labels.length + repeats + at(spare + 1));
  return { y: range(T).map(() => range(O).map(() => Math.fround(3 * next()))), labels };
}

describe("the oracle", () => {
  test("adds up all paths, and its gradient is that of finite differences", () => {
    const next = numbers(3);
    for (const [O, blank] of [
      [3, 0],
      [3, 2],
      [2, 1],
      [4, 1],
    ] as const) {
      const y = range(5).map(() => range(O).map(() => 2 * next()));
      const all = allLabellings(y, blank);
      expect([...all.values()].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
      for (const [key, probability] of all) {
        const labels = key === "" ? [] : key.split(",").map(Number);
        const { value, slope } = alignments(y, labels, blank);
        expect(Math.abs(value + Math.log(probability))).toBeLessThan(1e-10);
        if (labels.length === 3) continue;
        const e = 1e-4;
        slope.forEach((row, t) =>
          row.forEach((analytic, k) => {
            const along = (h: number) =>
              alignments(
                y.map((r, i) => r.map((v, j) => (i === t && j === k ? v + h : v))),
                labels,
                blank,
              ).value;
            const numeric = (8 * (along(e) - along(-e)) - (along(2 * e) - along(-2 * e))) / (12 * e);
            expect(Math.abs(numeric - analytic)).toBeLessThan(1e-7);
          }),
        );
      }
    }
  });
});

describe.each([1, 8])("PyTorch's CTCLoss, width %d", (lanes) => {
  test.each(vectors.map((vector) => [vector.name, vector] as const))("%s", (_, { outputs, blank, labels, logits, loss, gradient }) => {
    const y = range(logits.length / outputs).map((t) => logits.slice(t * outputs, (t + 1) * outputs));
    const result = run([{ y, labels }], blank, lanes);
    expect(Math.abs(result.loss - loss)).toBeLessThan(1e-5 * Math.max(1, loss));
    expect(relativeError(result.slopes.flat(2), gradient)).toBeLessThan(1e-4);
    result.slopes.flat(2).forEach((d, i) => expect(Math.abs(d - gradient[i]!)).toBeLessThan(1e-5));
    const own = alignments(y, labels, blank);
    expect(Math.abs(own.value - loss)).toBeLessThan(1e-9 * Math.max(1, loss));
    own.slope.flat().forEach((d, i) => expect(Math.abs(d - gradient[i]!)).toBeLessThan(1e-8));
  });
});

test("ragged sequences side by side, with weights", () => {
  check(size(9), size(11), width, fc.integer({ min: 0, max: 8 }), seed, (O, count, lanes, other, from) => {
    const next = numbers(from);
    const blank = other % O;
    const sequences = range(count).map((n) => ({ ...draw(next, O, blank, 6, 7), weight: n === 1 ? 0 : Math.fround(Math.abs(next())) }));
    const { loss, slopes } = run(sequences, blank, lanes, 0.125);
    const costs = sequences.map(({ y, labels }) => alignments(y, labels, blank));
    const expected = costs.reduce((sum, { value }, n) => sum + 0.125 * sequences[n]!.weight * value, 0);
    expect(Math.abs(loss - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
    slopes.forEach((slope, n) => {
      const goal = costs[n]!.slope.flat();
      slope.flat().forEach((d, i) => expect(Math.abs(d - 0.125 * sequences[n]!.weight * goal[i]!)).toBeLessThan(1e-6));
    });
  });
});

test("500 steps and 200 labels of 40: nothing is lost", () => {
  const next = numbers(8);
  for (const spare of [0, 300]) {
    const y = range(250 + spare).map(() => range(40).map(() => Math.fround(4 * next())));
    const labels = range(200).map((i) => 1 + ((7 * i + Math.floor(i / 9)) % 39));
    const { loss, slopes } = run([{ y, labels }], 0, 1);
    const expected = alignments(y, labels, 0);
    expect(loss).toBeGreaterThan(200);
    expect(Math.abs(loss / expected.value - 1)).toBeLessThan(1e-6);
    slopes[0]!.forEach((row, t) => row.forEach((d, k) => expect(Math.abs(d - expected.slope[t]![k]!)).toBeLessThan(2e-5)));
  }
});
