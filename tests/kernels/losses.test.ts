/** Losses and their gradients: kernels against their equations. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BCE, HUBER, MAE, MSE, QUANTILE } from "../../assembly/codes.js";
import type { Kernels } from "../../src/core/kernels.js";
import { f32s, numbers, relativeError } from "../helpers/cases.js";
import { Bench, pad4 } from "../helpers/kernels.js";
import { costOf, type LossOptions } from "../helpers/losses.js";
import { check, panels, range, seed, size, sum, width } from "../helpers/properties.js";

describe("losses", () => {
  /** Runs a loss on random panels with random weights, some 0, and compares it with the sum over steps of their cost. */
  function compare(
    [O, slots, lanes, from]: [number, number, number, number],
    draw: (next: () => number) => { loss: LossOptions; perOutput?: number[]; per?: number; copies?: number; target(): number },
    run: (kernels: Kernels, dy: number, y: number, target: number, weight: number, each: number, perOutput: number) => number,
  ) {
    const next = numbers(from);
    const { loss, perOutput, copies = 1, per = O / copies, target } = draw(next);
    const y = panels(() => 4 * next(), slots, O, lanes);
    const classes = loss.type === "crossEntropy";
    const goals = panels(target, slots, O, lanes);
    // Each target stands in the rows of all its outputs.
    for (const slot of range(slots))
      for (const r of range(O)) for (const l of range(lanes)) goals.data[goals.at(slot, r, l)] = goals.get(slot, r - (r % copies), l);
    const goal = (slot: number, lane: number) =>
      classes ? goals.get(slot, 0, lane) : range(per).map((r) => goals.get(slot, r * copies, lane));
    const weight = f32s(slots * lanes, next, 2).map((value) => Math.max(0, value + 1));
    const bench = new Bench();
    const steps = range(slots * lanes).map((n) => [Math.floor(n / lanes), n % lanes] as const);
    const ptarget = classes ? bench.integers(steps.map(([slot, lane]) => goal(slot, lane) as number)) : bench.buffer(goals.data);
    const option = perOutput ? bench.buffer([...perOutput, ...new Array(pad4(O) - O).fill(0)]) : 0;
    const [dy, py, pweight] = [bench.buffer(y.data.length), bench.buffer(y.data), bench.buffer(weight)];
    // How much each number counts, in the rows of all its outputs; half of the time.
    const shares = panels(() => Math.max(0, next() + 0.5), slots, O, lanes);
    const own = (slot: number, r: number, lane: number) => shares.get(slot, r - (r % copies), lane);
    for (const [slot, lane] of steps) for (const r of range(O)) shares.data[shares.at(slot, r, lane)] = own(slot, r, lane);
    const apart = !classes && from % 2 === 0;
    const value = run(bench.kernels, dy, py, ptarget, pweight, apart ? bench.buffer(shares.data) : 0, option);
    expect(bench.intact).toBe(true);
    const gradient = new Float32Array(y.data.length);
    const expected = sum(steps.length, (n) => {
      const [slot, lane] = steps[n]!;
      const outputs = range(O).map((r) => y.get(slot, r, lane));
      const cost = costOf(loss, outputs, goal(slot, lane), apart ? range(per).map((k) => own(slot, k * copies, lane)) : undefined);
      for (const r of range(O)) gradient[y.at(slot, r, lane)] = 0.125 * weight[n]! * cost.slope[r]!;
      return 0.125 * weight[n]! * cost.value;
    });
    expect(Math.abs(value - expected)).toBeLessThan(1e-5 * Math.max(1, Math.abs(expected)));
    expect(relativeError(bench.read(dy, gradient.length), gradient)).toBeLessThan(1e-5);
  }

  test.each(Object.entries({ mse: MSE, mae: MAE, huber: HUBER, binaryCrossEntropy: BCE }))("%s", (type, code) => {
    check(size(11), size(7), width, seed, (O, slots, lanes, from) => {
      compare(
        [O, slots, lanes, from],
        (next) => {
          const delta = Math.fround(0.1 + Math.abs(next()));
          return {
            loss: { type, delta },
            ...(type === "huber" && { perOutput: new Array(O).fill(delta) }),
            target: () => (type.includes("binary") ? Math.abs(next()) : 3 * next()),
          };
        },
        (kernels, dy, y, target, weight, each, perOutput) =>
          kernels.elementwiseLoss(dy, y, target, weight, each, perOutput, code, slots, O, lanes, 0.125),
      );
    });
  });

  test("binary cross-entropy at the ends, huber at its corner, and none of them in the padding", () => {
    const bench = new Bench();
    const y = [-80, 80, 30, -1.5, 0];
    const delta = bench.buffer(new Float32Array(8).fill(2.5));
    const [dy, py, target, weight] = [
      bench.buffer(8),
      bench.buffer([...y, 0, 0, 0]),
      bench.buffer([0, 1, 0, 1, 0.5, 0, 0, 0]),
      bench.buffer([1]),
    ];
    const bce = bench.kernels.elementwiseLoss(dy, py, target, weight, 0, 0, BCE, 1, 5, 1, 1);
    expect(Math.abs(bce - (30 + Math.log(1 + Math.exp(1.5)) + Math.log(2)))).toBeLessThan(1e-5);
    bench.read(dy, 8).forEach((d, i) => expect(Math.abs(d - [0, 0, 1, 1 / (1 + Math.exp(1.5)) - 1, 0, 0, 0, 0][i]!)).toBeLessThan(1e-6));
    const huber = bench.kernels.elementwiseLoss(dy, py, target, weight, 0, delta, HUBER, 1, 5, 1, 1);
    const expected = [80, 79, 30].map((size) => 2.5 * (size - 1.25)).concat(2.5 * 1.25, 0.125);
    expect(Math.abs(huber - expected.reduce((a, b) => a + b))).toBeLessThan(1e-3);
    expect([...bench.read(dy, 8)]).toEqual([-2.5, 2.5, 2.5, -2.5, -0.5, 0, 0, 0]);
    bench.kernels.elementwiseLoss(dy, py, target, weight, 0, 0, MAE, 1, 5, 1, 1);
    expect([...bench.read(dy, 8)]).toEqual([-1, 1, 1, -1, -1, 0, 0, 0]);
    expect(bench.intact).toBe(true);
  });

  test("quantiles, one and several", () => {
    check(size(4), size(4), size(7), width, seed, (targets, Q, slots, lanes, from) => {
      const O = targets * Q;
      compare(
        [O, slots, lanes, from],
        (next) => {
          const quantiles = f32s(Q, next, 0.49).map((value) => Math.fround(value + 0.5));
          return {
            loss: { type: "quantile", quantiles },
            perOutput: range(O).map((k) => quantiles[k % Q]!),
            copies: Q,
            target: () => 3 * next(),
          };
        },
        (kernels, dy, y, target, weight, each, perOutput) =>
          kernels.elementwiseLoss(dy, y, target, weight, each, perOutput, QUANTILE, slots, O, lanes, 0.125),
      );
    });
  });

  test("the likelihood of normal distributions", () => {
    check(size(6), size(7), width, seed, (D, slots, lanes, from) => {
      compare(
        [2 * D, slots, lanes, from],
        (next) => ({ loss: { type: "gaussianNLL" }, per: D, target: () => 3 * next() }),
        (kernels, dy, y, target, weight, each) => kernels.gaussianLoss(dy, y, target, weight, each, slots, 2 * D, lanes, 0.125),
      );
    });
  });

  test("softmax cross-entropy: plain, with weighted classes, smoothed, and both", () => {
    check(
      fc.integer({ min: 2, max: 21 }),
      size(7),
      width,
      seed,
      fc.boolean(),
      fc.constantFrom(0, 0.125),
      (O, slots, lanes, from, weighted, labelSmoothing) => {
        compare(
          [O, slots, lanes, from],
          (next) => {
            const classWeights = f32s(O, next).map((value) => (weighted ? Math.max(0, value + 0.8) : 1));
            const target = () => Math.floor(((next() + 1) / 2) * O);
            const loss = { type: "crossEntropy", classWeights, labelSmoothing };
            return { loss, target, ...((weighted || labelSmoothing > 0) && { perOutput: classWeights }) };
          },
          (kernels, dy, y, target, weight, _, perOutput) =>
            kernels.softmaxCrossEntropy(dy, y, target, weight, perOutput, labelSmoothing, slots, O, lanes, 0.125),
        );
      },
    );
  });

  test("accuracy, of classes and of signs", () => {
    check(size(9), size(7), width, seed, fc.boolean(), (O, slots, lanes, from, classes) => {
      const next = numbers(from);
      const y = panels(next, slots, O, lanes);
      const goals = panels(() => Math.abs(next()), slots, O, lanes);
      const target = range(slots * lanes).map(() => Math.floor(((next() + 1) / 2) * O));
      const [weight, classWeight] = [f32s(slots * lanes, next).map(Math.abs), f32s(O, next).map(Math.abs)];
      const bench = new Bench();
      const ptarget = classes ? bench.integers(target) : bench.buffer(goals.data);
      const [py, pweight, pclass] = [bench.buffer(y.data), bench.buffer(weight), classes ? bench.buffer(classWeight) : 0];
      const share = panels(() => Math.abs(next()), slots, O, lanes);
      const each = !classes && from % 2 === 0 ? bench.buffer(share.data) : 0;
      const value = bench.kernels.accuracy(py, ptarget, pweight, each, pclass, classes, slots, O, lanes, 0.5);
      expect(bench.intact).toBe(true);
      const expected = sum(slots * lanes, (n) => {
        const at = (r: number) => [Math.floor(n / lanes), r, n % lanes] as const;
        const logits = range(O).map((r) => y.get(...at(r)));
        const signs = sum(O, (r) => (logits[r]! >= 0 === goals.get(...at(r)) >= 0.5 ? (each ? share.get(...at(r)) : 1) : 0));
        const best = logits.indexOf(Math.max(...logits));
        return 0.5 * weight[n]! * (classes ? (best === target[n] ? classWeight[best]! : 0) : signs);
      });
      expect(Math.abs(value - expected)).toBeLessThan(1e-5 * Math.max(1, expected));
    });
  });

  test("softmax with a temperature", () => {
    check(size(21), seed, (O, from) => {
      const next = numbers(from);
      const bench = new Bench();
      const logits = f32s(O, next, 5);
      const [p, l] = [bench.buffer(pad4(O)), bench.buffer([...logits, ...new Array(pad4(O) - O).fill(99)])];
      bench.kernels.softmax(p, l, O, 1 / 0.7);
      const total = sum(O, (r) => Math.exp(logits[r]! / 0.7));
      expect(
        relativeError(
          bench.read(p, O),
          logits.map((logit) => Math.exp(logit / 0.7) / total),
        ),
      ).toBeLessThan(1e-5);
      expect(bench.intact).toBe(true);
    });
  });
});
