import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BCE, DENSE, HUBER, MAE, MSE, QUANTILE } from "../assembly/codes.js";
import type { Kernels } from "../src/core/kernels.js";
import { keys, philox, Random } from "../src/core/random.js";
import { CELLS, type Cell } from "../src/layers/cells.js";
import { f32s, numbers, relativeError } from "./helpers/cases.js";
import { Bench, packWeights, pad4 } from "./helpers/kernels.js";
import { costOf, type LossOptions } from "./helpers/losses.js";
import { Oracle, type Parameters } from "./helpers/oracle.js";

const width = fc.constantFrom(1, 8);
const size = (max: number) => fc.integer({ min: 1, max });
const seed = fc.integer({ min: 1, max: 1e6 });
const check = <T extends [unknown, ...unknown[]]>(...args: [...{ [K in keyof T]: fc.Arbitrary<T[K]> }, (...values: T) => void]) => {
  const run = args.pop() as (...values: T) => void;
  fc.assert(fc.property(...(args as unknown as { [K in keyof T]: fc.Arbitrary<T[K]> }), run), { numRuns: 60, seed: 1997 });
};

/** Panels [slots][rows padded][width] of random numbers, the padded rows zero; and how to look one up. */
function panels(next: () => number, slots: number, rows: number, lanes: number) {
  const at = (slot: number, row: number, lane: number) => (slot * pad4(rows) + row) * lanes + lane;
  const data = new Float32Array(slots * pad4(rows) * lanes);
  for (let slot = 0; slot < slots; slot++) {
    for (let row = 0; row < rows; row++) for (let lane = 0; lane < lanes; lane++) data[at(slot, row, lane)] = next();
  }
  return { data, at, get: (slot: number, row: number, lane: number) => data[at(slot, row, lane)]! };
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const sum = (n: number, term: (i: number) => number) => range(n).reduce((total, i) => total + term(i), 0);

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
    bench.kernels.recurrentForward(h + 4 * H, c + 4 * H, g, 0, h, h, c, w, 0, 0, Infinity, CELLS.lstm.code, 1, 1, 0, H, H, 1);
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
      bench.kernels.activationForward(y, code, 1, x.length, 1);
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
      bench.kernels.inputGradient(pdx, pdy, transposed, slots, pad4(I), pad4(O), lanes);
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

describe("the recurrent layer", () => {
  const layers: [string, Cell, object][] = [
    ["rnn, tanh", CELLS.rnn_tanh, { type: "rnn" }],
    ["rnn, ReLU", CELLS.rnn_relu, { type: "rnn", activation: "relu" }],
    ["lstm", CELLS.lstm, { type: "lstm" }],
    ["gru", CELLS.gru, { type: "gru" }],
  ];
  test.each(layers)("%s: forward, backward and the weights' gradient are the oracle's, from any state", (_, cell, layer) => {
    check(size(11), size(13), size(7), size(3), width, seed, (I, H, T, P, lanes, from) => {
      const next = numbers(from);
      const { groups: G, code } = cell;
      const [Ip, Hp] = [pad4(I), pad4(H)];
      const tensor = (...shape: number[]) => ({
        shape,
        data: f32s(
          shape.reduce((a, b) => a * b, 1),
          next,
          0.7,
        ),
      });
      const gates = cell.input.length;
      const parameters: Parameters = {
        weight_ih_l0: tensor(gates * H, I),
        weight_hh_l0: tensor(gates * H, H),
        bias_ih_l0: tensor(gates * H),
        bias_hh_l0: tensor(gates * H),
      };
      /** Packs what lies by gate and unit into groups; a group without such a gate stays zero. */
      const grouped = (of: Parameters) => {
        const value = (name: string, own: readonly number[], r: number, column: number, columns: number) => {
          const gate = own.indexOf(Math.floor(r / H));
          return gate < 0 || column >= columns ? 0 : of[name]!.data[(gate * H + (r % H)) * columns + column]!;
        };
        return {
          weight: packWeights(H, G, Ip + Hp, (r, k) =>
            k < Ip ? value("weight_ih_l0", cell.input, r, k, I) : value("weight_hh_l0", cell.recurrent, r, k - Ip, H),
          ),
          biasIh: packWeights(H, G, 1, (r) => value("bias_ih_l0", cell.input, r, 0, 1)),
          biasHh: packWeights(H, G, 1, (r) => value("bias_hh_l0", cell.recurrent, r, 0, 1)),
        };
      };
      const x = panels(next, T * P, I, lanes);
      const h = panels(next, (T + 1) * P, H, lanes);
      const c = panels(next, (T + 1) * P, H, lanes);
      const dh = panels(next, T * P, H, lanes);

      const bench = new Bench();
      const packed = grouped(parameters);
      const [w, bih, bhh] = [packed.weight, packed.biasIh, packed.biasHh].map((data) => bench.buffer(data)) as [number, number, number];
      const [bias, wt] = [bench.buffer(G * Hp), bench.buffer(Hp * G * Hp)];
      const [px, ph, pc, pdh] = [x, h, c, dh].map(({ data }) => bench.buffer(data)) as [number, number, number, number];
      const [buffer, dc] = [bench.buffer(T * P * G * Hp * lanes), bench.buffer(P * Hp * lanes)];
      const [dw, dbih, dbhh] = [packed.weight, packed.biasIh, packed.biasHh].map(({ length }) =>
        bench.buffer(new Float32Array(length)),
      ) as [number, number, number];
      const scratch = bench.buffer(bench.kernels.weightGradientScratch(G * Hp) / 4);
      bench.kernels.recurrentBias(bias, bih, bhh, G * Hp);
      bench.kernels.transposeWeights(wt, w, G, G * Hp, Ip, Hp, Ip + Hp);
      const slot = 4 * P * Hp * lanes;
      // biome-ignore format: outputs, inputs, parameters, sizes
      bench.kernels.recurrentForward(ph + slot, pc + slot, buffer, px, ph, ph, pc, w, bias, 0, Infinity, code, T, P, I, H, H, lanes);
      const outputs = bench.read(ph, h.data.length);
      bench.f32.fill(0, dc / 4, (dc + slot) / 4);
      // biome-ignore format: outputs, inputs, parameters, sizes
      bench.kernels.recurrentBackward(buffer, pdh, 0, dc, buffer, ph, pc + slot, pc, wt, 0, 0, 0, Infinity, code, T, P, H, lanes);
      bench.kernels.weightGradient(dw, dbih, dbhh, buffer, px, ph, scratch, code, G * Hp, Ip, Hp, T * P, lanes);
      expect(bench.intact).toBe(true);

      const oracle = new Oracle({ input: { features: I }, layers: [{ ...layer, units: H } as never], output: "every" }, parameters);
      const row = (source: typeof x, t: number, p: number, lane: number, rows: number) =>
        range(rows).map((r) => source.get(t * P + p, r, lane));
      const [expected, got]: [number[], number[]] = [[], []];
      for (const n of range(P * lanes)) {
        const [p, lane] = [Math.floor(n / lanes), n % lanes];
        const states = [{ h: row(h, 0, p, lane, H), c: row(c, 0, p, lane, H) }];
        const run = oracle.run(
          range(T).map((t) => row(x, t, p, lane, I)),
          states,
        );
        run.backward(range(T).map((t) => row(dh, t, p, lane, H)));
        expected.push(...run.outputs.flat(), ...states[0]!.h);
        for (const t of [...range(T), T - 1]) got.push(...range(H).map((u) => outputs[h.at((t + 1) * P + p, u, lane)]!));
      }
      expect(relativeError(got, expected)).toBeLessThan(1e-5);
      // The comparison covers the padding and the groups without weights: zero there.
      const gradient = grouped(oracle.gradients);
      expect(relativeError(bench.read(dw, gradient.weight.length), gradient.weight)).toBeLessThan(1e-5);
      expect(relativeError(bench.read(dbih, G * Hp), gradient.biasIh)).toBeLessThan(1e-5);
      expect(relativeError(bench.read(dbhh, G * Hp), gradient.biasHh)).toBeLessThan(1e-5);
      const padding = range(Hp - H).flatMap((u) => range(T + 1).map((t) => outputs[h.at(t * P, H + u, 0)]!));
      const dead = bench.read(dw, gradient.weight.length).filter((_, i) => gradient.weight[i] === 0);
      expect([...padding, ...dead].every((value) => value === 0)).toBe(true);
    });
  });

  test("the carry takes each sequence's own last slot, zero for those that begin", () => {
    check(size(9), size(6), size(3), width, seed, (H, T, P, lanes, from) => {
      const next = numbers(from);
      const state = panels(next, (T + 1) * P, H, lanes);
      const ends = range(P * lanes).map(() => Math.floor(((next() + 1) / 2) * (T + 2)) - 1);
      const bench = new Bench();
      const [pointer, from0] = [bench.buffer(state.data), bench.integers(ends)];
      bench.kernels.recurrentCarry(pointer, from0, P, H, lanes);
      expect(bench.intact).toBe(true);
      const expected = state.data.slice();
      for (const p of range(P)) {
        for (const u of range(H)) {
          for (const lane of range(lanes)) {
            const end = ends[p * lanes + lane]!;
            expected[state.at(p, u, lane)] = end < 0 ? 0 : state.get(end * P + p, u, lane);
          }
        }
      }
      expect(bench.read(pointer, state.data.length)).toEqual(expected);
    });
  });
});

test("the states of streams: rows of a table to the lanes of panels, and other numbers back, other rows untouched", () => {
  check(size(13), size(4), seed, (N, slots, from) => {
    const next = numbers(from);
    const rows = 8 * slots + 3;
    const table = Float32Array.from({ length: rows * pad4(N) }, next);
    const y = Float32Array.from({ length: slots * pad4(N) * 8 }, next);
    const chosen = range(rows)
      .sort(() => next())
      .slice(0, 8 * slots);
    const bench = new Bench();
    const [t, p, c] = [bench.buffer(table), bench.buffer(y), bench.integers(chosen)];
    bench.kernels.scatterRows(t, c, p, slots, pad4(N));
    const expected = table.slice();
    chosen.forEach((row, n) => {
      for (const r of range(pad4(N))) expected[row * pad4(N) + r] = y[((n >> 3) * pad4(N) + r) * 8 + (n & 7)]!;
    });
    expect(bench.read(t, table.length)).toEqual(expected);
    const back = bench.buffer(y.length);
    bench.kernels.embeddingForward(back, c, t, 0, slots, pad4(N), 8);
    expect(bench.read(back, y.length)).toEqual(y);
    expect(bench.intact).toBe(true);
  });
});

test("embedding: rows gathered and scattered, tokens that repeat included", () => {
  check(size(13), size(9), size(7), width, seed, (N, tokens, slots, lanes, from) => {
    const next = numbers(from);
    const table = range(tokens).map(() => [...f32s(N, next), ...new Array(pad4(N) - N).fill(0)]);
    const bias = f32s(pad4(N), next);
    const drawn = range(slots * lanes).map(() => Math.floor(((next() + 1) / 2) * tokens));
    const dy = panels(next, slots, N, lanes);
    const bench = new Bench();
    const [y, t, w, b] = [bench.buffer(dy.data.length), bench.integers(drawn), bench.buffer(table.flat()), bench.buffer(bias)];
    const [dw, d, scratch] = [bench.buffer(new Float32Array(tokens * pad4(N))), bench.buffer(dy.data), bench.buffer(16)];
    bench.kernels.embeddingForward(y, t, w, b, slots, pad4(N), lanes);
    bench.kernels.embeddingBackward(dw, d, t, scratch, DENSE, slots, pad4(N), lanes);
    expect(bench.intact).toBe(true);
    const expected = new Float32Array(dy.data.length);
    const scattered = new Float64Array(tokens * pad4(N));
    drawn.forEach((token, n) => {
      const [slot, lane] = [Math.floor(n / lanes), n % lanes];
      for (const r of range(pad4(N))) expected[dy.at(slot, r, lane)] = table[token]![r]! + bias[r]!;
      for (const r of range(N)) scattered[token * pad4(N) + r]! += dy.get(slot, r, lane);
    });
    expect(bench.read(y, expected.length)).toEqual(expected);
    expect(relativeError(bench.read(dw, scattered.length), scattered)).toBeLessThan(1e-5);
  });
});

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

describe("optimizers", () => {
  const count = size(3000).map(pad4);
  test("squared norm", () => {
    check(count, seed, (n, from) => {
      const values = f32s(n, numbers(from));
      const bench = new Bench();
      expect(relativeError([bench.kernels.squaredNorm(bench.buffer(values), n)], [sum(n, (i) => values[i]! ** 2)])).toBeLessThan(1e-5);
    });
  });

  test("blend, lerp, sgd with momentum, and adam, as their formulas say", () => {
    check(count, seed, (n, from) => {
      const next = numbers(from);
      const [w, g, m] = [f32s(n, next), f32s(n, next), f32s(n, next)];
      const v = f32s(n, next).map(Math.abs);
      const bench = new Bench();
      const [pw, pm, pg] = [bench.buffer(w), bench.buffer(m), bench.buffer(g)];
      bench.kernels.sgd(pw, pm, pg, n, 1, 0.1, 0.9, false);
      const velocity = range(n).map((i) => 0.9 * m[i]! + g[i]!);
      expect(relativeError(bench.read(pm, n), velocity)).toBeLessThan(1e-6);
      expect(
        relativeError(
          bench.read(pw, n),
          w.map((x, i) => x - 0.1 * velocity[i]!),
        ),
      ).toBeLessThan(1e-6);

      const [aw, am, av, ag] = [bench.buffer(w), bench.buffer(m), bench.buffer(v), bench.buffer(g)];
      bench.kernels.adam(aw, am, av, ag, n, 1, 0.02, 0.9, 0.99, 1e-8, 1.5);
      const first = range(n).map((i) => 0.9 * m[i]! + 0.1 * g[i]!);
      const second = range(n).map((i) => 0.99 * v[i]! + 0.01 * g[i]! ** 2);
      const expected = w.map((x, i) => x - (0.02 * first[i]!) / (Math.sqrt(second[i]!) * 1.5 + 1e-8));
      expect(relativeError(bench.read(am, n), first)).toBeLessThan(1e-5);
      expect(relativeError(bench.read(av, n), second)).toBeLessThan(1e-5);
      expect(relativeError(bench.read(aw, n), expected)).toBeLessThan(1e-5);

      const [y, x] = [bench.buffer(w), bench.buffer(g)];
      bench.kernels.blend(y, x, n, 0.75, -2);
      bench.kernels.blend(x, x, n, 1, -0.25);
      const [mean, same] = [bench.buffer(w), bench.buffer(w)];
      bench.kernels.lerp(same, mean, n, 0.3);
      bench.kernels.lerp(mean, pg, n, 0.3);
      expect([...bench.read(same, n)]).toEqual(w);
      const between = w.map((value, i) => value + 0.3 * (g[i]! - value));
      expect(relativeError(bench.read(mean, n), between)).toBeLessThan(1e-6);
      const both = w.map((value, i) => 0.75 * value - 2 * g[i]!);
      expect(relativeError(bench.read(y, n), both)).toBeLessThan(1e-6);
      expect(
        relativeError(
          bench.read(x, n),
          g.map((value) => 0.75 * value),
        ),
      ).toBeLessThan(1e-6);
      expect(bench.intact).toBe(true);
    });
  });

  test("adam's epsilon stands beside the corrected root", () => {
    const bench = new Bench();
    const [w, m, v, g] = [0, 0, 0, 1].map((value) => bench.buffer(new Float32Array(4).fill(value))) as [number, number, number, number];
    bench.kernels.adam(w, m, v, g, 4, 1, 1, 0, 0, 0.5, 3);
    expect(bench.read(w, 4)[0]).toBeCloseTo(-1 / (1 * 3 + 0.5), 6);
  });

  test("gradients with runs of zeros, scaled: every optimizer as its formula says, what it has no use for as it was", () => {
    check(count, seed, (count, from) => {
      const n = 16 * Math.ceil(count / 4);
      const next = numbers(from);
      const [w, squares] = [f32s(n, next), f32s(n, next).map(Math.abs)];
      // Most vectors of four are zeros, and so are most moments, as those of tokens that are rare.
      const sparse = () => f32s(n, next).map((value, i) => (((i >> 2) * 7 + from) % 5 === 0 ? value : 0));
      const [g, m] = [sparse(), sparse()];
      const scaled = g.map((value) => 0.25 * value);
      const bench = new Bench();
      const run = (kernel: (w: number, first: number, second: number, g: number) => void, expected: (i: number) => number) => {
        const [pw, pm, ps, pg] = [w, m, squares, g].map((values) => bench.buffer(values)) as [number, number, number, number];
        kernel(pw, pm, ps, pg);
        const after = bench.read(pw, n);
        expect(relativeError(after, range(n).map(expected))).toBeLessThan(1e-5);
        expect(bench.intact).toBe(true);
        return bench.read(ps, n);
      };
      const { kernels } = bench;
      run(
        (w, _, __, g) => kernels.sgd(w, 0, g, n, 0.25, 0.1, 0, false),
        (i) => w[i]! - 0.1 * scaled[i]!,
      );
      for (const [decay, gain] of [
        [1, 1],
        [0.9, 0.1],
      ] as const) {
        const s = range(n).map((i) => decay * squares[i]! + gain * scaled[i]! ** 2);
        const left = run(
          (w, _, s, g) => kernels.rootOfSquares(w, s, 0, g, n, 0.25, 0.1, decay, gain, 0, 1e-3),
          (i) => w[i]! - (0.1 * scaled[i]!) / (Math.sqrt(s[i]!) + 1e-3),
        );
        expect(relativeError(left, s)).toBeLessThan(1e-6);
      }
      const v = range(n).map((i) => 0.99 * squares[i]! + 0.01 * scaled[i]! ** 2);
      const left = run(
        (w, m, v, g) => kernels.adam(w, m, v, g, n, 0.25, 0.1, 0.9, 0.99, 1e-3, 1.5),
        (i) => w[i]! - (0.1 * (0.9 * m[i]! + 0.1 * scaled[i]!)) / (Math.sqrt(v[i]!) * 1.5 + 1e-3),
      );
      expect(relativeError(left, v)).toBeLessThan(1e-6);
    });
  });

  test("moments that decay for want of gradients end at zero, not among the subnormals", () => {
    const bench = new Bench();
    const [w, m, v, g] = [
      bench.buffer([1, 1, 1, 1]),
      bench.buffer([1, -1, 1e-20, 0]),
      bench.buffer([1, 1, 1e-20, 0]),
      bench.buffer(new Float32Array(4)),
    ];
    for (let i = 0; i < 100_000; i++) bench.kernels.adam(w, m, v, g, 4, 1, 1e-3, 0.9, 0.999, 1e-8, 1);
    expect([...bench.read(m, 4), ...bench.read(v, 4)].map(Math.abs)).toEqual(new Array(8).fill(0));
  });
});

describe("random numbers", () => {
  // The known answers that the authors publish with Random123.
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])("philox of %j with %j", (counter, [key0, key1], expected) => {
    const block = Uint32Array.from(counter);
    philox(block, key0!, key1!);
    expect([...block]).toEqual(expected);
  });

  test("the dropout kernel draws the same numbers, leaves exactly those under the rate, and does so again", () => {
    check(size(300).map(pad4), fc.constantFrom(0, 0.1, 0.5, 0.9), fc.integer({ min: 0, max: 2 ** 50 }), (n, rate, from) => {
      const bench = new Bench();
      const x = f32s(n, numbers(5)).map((value) => value + 2);
      const [y, px] = [bench.buffer(n), bench.buffer(x)];
      const [key0, key1] = keys(from);
      bench.kernels.dropout(y, px, n, rate, 1 / (1 - rate), 3, 2, key0, key1);
      const first = bench.read(y, n);
      bench.kernels.dropout(px, px, n, rate, 1 / (1 - rate), 3, 2, key0, key1);
      expect(bench.read(px, n)).toEqual(first);
      expect(bench.intact).toBe(true);
      const bound = Math.floor(Math.fround(rate) * 4294967296);
      first.forEach((value, i) => {
        const block = Uint32Array.of(4 * (i >> 4) + (i & 3), 3, 2, 0);
        philox(block, key0, key1);
        const kept = block[(i >> 2) & 3]! >= bound;
        expect(Math.abs(value - (kept ? x[i]! / (1 - rate) : 0))).toBeLessThan(1e-5);
      });
    });
  });

  test("uniform numbers are uniform, permutations are permutations, purposes and seeds differ", () => {
    const random = new Random(5, 1, 0);
    const counts = new Array(10).fill(0);
    for (let i = 0; i < 100_000; i++) counts[Math.floor(10 * random.uniform())]++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect([...new Random(5, 2, 0).permutation(1000)].sort((a, b) => a - b)).toEqual(range(1000));
    const first = [new Random(5, 1, 0), new Random(5, 2, 0), new Random(5, 1, 1), new Random(6, 1, 0), new Random(5 + 2 ** 32, 1, 0)].map(
      (r) => r.bits(),
    );
    expect(new Set(first).size).toBe(5);
  });
});
