/** Activations and products: kernels against double precision. */

import { describe, expect, test } from "vitest";
import { DENSE } from "../../assembly/codes.js";
import { CELLS } from "../../src/layers/cells.js";
import { f32s, numbers, relativeError } from "../helpers/cases.js";
import { Bench, packWeights, pad4 } from "../helpers/kernels.js";
import { check, panels, range, seed, size, sum, width } from "../helpers/properties.js";

describe("activations, as the LSTM cell uses them", () => {
  /** With no inputs, the gates' buffer goes from pre-activations to i, f, g, o. */
  function gates(x: number[]) {
    const bench = new Bench();
    const H = 4 * Math.ceil(x.length / 4);
    const values = new Float32Array(4 * H);
    x.forEach((value, u) => range(4).forEach((gate) => (values[(u >> 2) * 16 + gate * 4 + (u & 3)] = value)));
    const [h, c, g, w] = [
      bench.buffer(new Float32Array(2 * H)),
      bench.buffer(new Float32Array(2 * H)),
      bench.buffer(values),
      bench.buffer(new Float32Array(4 * H * H)),
    ];
    // biome-ignore format: outputs, inputs, parameters, sizes
    bench.kernels.recurrentForward(h + 4 * H, c + 4 * H, g, 0, h, h, c, w, 0, 0, Infinity, 0, CELLS.lstm.code, 1, 1, 0, H, H, 1);
    const out = bench.read(g, 4 * H);
    return x.map((_, u) => range(4).map((gate) => out[(u >> 2) * 16 + gate * 4 + (u & 3)]!));
  }

  // Both ways to them: the LSTM's own, and `activate` of dense layers and variants.
  const FUNCTIONS = {
    "the logistic function": { gate: 0, code: 1, exact: (x: number) => 1 / (1 + Math.exp(-x)), absolute: 1.1e-7, relative: 2e-6, least: 0 },
    tanh: { gate: 2, code: 2, exact: Math.tanh, absolute: 1.2e-7, relative: 3e-7, least: -1 },
  };

  describe.each(Object.entries(FUNCTIONS))("%s", (_, { gate, code, exact, absolute, relative, least }) => {
    function activated(x: Float32Array): Float32Array {
      const bench = new Bench();
      const y = bench.buffer(x);
      bench.kernels.activationForward(y, code, 0, 1, x.length, 1);
      return bench.read(y, x.length);
    }

    test("within its bounds: every 977th f32 from 2^-12 to 64, every one where it reaches its ends", () => {
      const bits = Array.from({ length: Math.floor((18 << 23) / 977) }, (_, i) => (115 << 23) + 977 * i);
      const near = Array.from({ length: 1 << 16 }, (_, i) => new Int32Array(Float32Array.of(gate ? 8.8 : 16.95).buffer)[0]! + i);
      for (const sign of [1, -1]) {
        const x = new Float32Array(Int32Array.from([...bits, ...near]).buffer).map((value) => sign * value);
        const y = activated(x);
        let [away, share] = [0, 0];
        x.forEach((value, i) => {
          const error = Math.abs(y[i]! - exact(value));
          away = Math.max(away, error);
          if (y[i] !== 0) share = Math.max(share, error / Math.abs(exact(value)));
          if (!(y[i]! >= least && y[i]! <= 1)) throw new Error(`${value} gives ${y[i]}`);
        });
        expect(away).toBeLessThan(absolute);
        expect(share).toBeLessThan(relative);
      }
    });

    test("its ends exactly, beyond them and at infinity; what is no number stays so; both kernels the same", () => {
      const x = [17, 20, 40, 88, 89, 100, 127, 128, 1e4, 3.4e38, Infinity, -40, -88, -89, -100, -128, -1e4, -3.4e38, -Infinity];
      const y = activated(Float32Array.from([...x, NaN]));
      expect([...y]).toEqual([...x.map((value) => (value > 0 ? 1 : least)), NaN]);
      const inner = [0, 1e-38, 1e-30, -1e-30, 0.3, -0.3, 1.25, -1.25, 5, -5, 9, -9, -17, -20, -39];
      expect(gates([...x, ...inner]).map((of) => of[gate])).toEqual([...activated(Float32Array.from([...x, ...inner]))]);
    });
  });

  test("tanh is odd, to the bit", () => {
    const x = range(400).map((i) => Math.fround((i + 1) / 37.3));
    expect(gates(x.map((value) => -value)).map(([, , g]) => g)).toEqual(gates(x).map(([, , g]) => -g!));
  });

  test("exp and log, through the softmax of two logits, within 3e-7", () => {
    for (const difference of [0, 1e-3, 0.3, 1, 5, 20, 60, 86, 100, 1e6]) {
      const bench = new Bench();
      const [dy, y] = [bench.buffer(4), bench.buffer([0, -difference, 7, 7])];
      const [target, weight] = [bench.integers([1]), bench.buffer([1])];
      const loss = bench.kernels.softmaxCrossEntropy(dy, y, target, weight, 0, 0, 1, 2, 1, 1);
      const total = 1 + Math.exp(-difference);
      const expected = Math.log(total) + difference;
      expect(Math.abs(loss - expected)).toBeLessThan(3e-7 * Math.max(1, expected));
      const [first, second, ...padding] = bench.read(dy, 4);
      expect(Math.abs(first! - 1 / total)).toBeLessThan(3e-7);
      expect(Math.abs(second! - (Math.exp(-difference) / total - 1))).toBeLessThan(3e-7);
      if (difference > 87) expect(second).toBe(-1);
      expect(padding).toEqual([0, 0]);
    }
  });
});

describe("products", () => {
  test("dense forward, input gradient and weight gradient, one group of rows", () => {
    check(size(30), size(30), size(40), width, seed, (I, O, slots, lanes, from) => {
      const next = numbers(from);
      const x = panels(next, slots, I, lanes);
      const dy = panels(next, slots, O, lanes);
      const w = range(O).map(() => f32s(I, next));
      const b = f32s(O, next);
      const bench = new Bench();
      const packed = bench.buffer(packWeights(O, 1, pad4(I), (r, k) => w[r]?.[k] ?? 0));
      const transposed = bench.buffer(pad4(I) * pad4(O));
      const bias = bench.buffer([...b, ...new Array(pad4(O) - O).fill(0)]);
      const [px, pdy] = [bench.buffer(x.data), bench.buffer(dy.data)];
      const [py, pdx] = [bench.buffer(slots * pad4(O) * lanes), bench.buffer(slots * pad4(I) * lanes)];
      const [dw, db] = [bench.buffer(new Float32Array(pad4(O) * pad4(I)).fill(0.5)), bench.buffer(new Float32Array(pad4(O)).fill(0.25))];
      const scratch = bench.buffer(bench.kernels.weightGradientScratch(pad4(O)) / 4);
      bench.kernels.denseForward(py, px, packed, bias, slots, pad4(I), pad4(O), lanes);
      bench.kernels.transposeWeights(transposed, packed, 1, pad4(O), 0, pad4(I), pad4(I));
      bench.kernels.matmul(pdx, pdy, transposed, slots, pad4(O), pad4(I), lanes);
      bench.kernels.weightGradient(dw, db, 0, pdy, px, 0, scratch, DENSE, pad4(O), pad4(I), 0, slots, lanes);
      expect(bench.intact).toBe(true);

      const y = panels(() => 0, slots, O, lanes);
      const dx = panels(() => 0, slots, I, lanes);
      for (const slot of range(slots)) {
        for (const lane of range(lanes)) {
          for (const r of range(O)) y.data[y.at(slot, r, lane)] = b[r]! + sum(I, (k) => w[r]![k]! * x.get(slot, k, lane));
          for (const k of range(I)) dx.data[dx.at(slot, k, lane)] = sum(O, (r) => w[r]![k]! * dy.get(slot, r, lane));
        }
      }
      const over = (term: (slot: number, lane: number) => number) => sum(slots * lanes, (n) => term(Math.floor(n / lanes), n % lanes));
      const dwExpected = packWeights(O, 1, pad4(I), (r, k) => (k < I ? over((s, l) => dy.get(s, r, l) * x.get(s, k, l)) : 0)).map(
        (v) => v + 0.5,
      );
      const dbExpected = range(pad4(O)).map((r) => 0.25 + (r < O ? over((s, l) => dy.get(s, r, l)) : 0));
      expect(relativeError(bench.read(py, y.data.length), y.data)).toBeLessThan(1e-5);
      expect(relativeError(bench.read(pdx, dx.data.length), dx.data)).toBeLessThan(1e-5);
      expect(relativeError(bench.read(dw, dwExpected.length), dwExpected)).toBeLessThan(1e-5);
      expect(relativeError(bench.read(db, dbExpected.length), dbExpected)).toBeLessThan(1e-5);
    });
  });
});
