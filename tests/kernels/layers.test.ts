/** The recurrent layer and the embedding, and the rows of streams: kernels against the oracle. */

import { describe, expect, test } from "vitest";
import { DENSE } from "../../assembly/codes.js";
import { CELLS, type Cell, gruCell, lstmCell } from "../../src/layers/cells.js";
import { f32s, numbers, relativeError } from "../helpers/cases.js";
import { Bench, packWeights, pad4 } from "../helpers/kernels.js";
import { Oracle, type Parameters } from "../helpers/oracle.js";
import { check, panels, range, seed, size, width } from "../helpers/properties.js";

const OTHER = { gateActivation: "hardSigmoid", alpha: 0.3, inputActivation: "logistic", outputActivation: "logistic" } as const;

describe("the recurrent layer", () => {
  const layers: [string, Cell, object][] = [
    ["rnn, tanh", CELLS.rnn_tanh, { type: "rnn" }],
    ["rnn, ReLU", CELLS.rnn_relu, { type: "rnn", activation: "relu" }],
    ["lstm", CELLS.lstm, { type: "lstm" }],
    ["gru", CELLS.gru, { type: "gru" }],
    ["lstm, hard gates, logistic in and out", lstmCell(undefined, 0, OTHER), { type: "lstm", ...OTHER }],
    ["gru, hard gates, logistic", gruCell(OTHER), { type: "gru", ...OTHER }],
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
      bench.kernels.recurrentForward(ph + slot, pc + slot, buffer, px, ph, ph, pc, w, bias, 0, Infinity, cell.alpha, code, T, P, I, H, H, lanes);
      const outputs = bench.read(ph, h.data.length);
      bench.f32.fill(0, dc / 4, (dc + slot) / 4);
      // biome-ignore format: outputs, inputs, parameters, sizes
      bench.kernels.recurrentBackward(buffer, pdh, 0, dc, buffer, ph, pc + slot, pc, wt, 0, 0, 0, Infinity, cell.alpha, code, T, P, H, lanes);
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
    bench.kernels.embeddingForward(back, c, t, 0, 1, 0, slots, pad4(N), 8);
    expect(bench.read(back, y.length)).toEqual(y);
    expect(bench.intact).toBe(true);
  });
});

test("embedding: rows of several inputs are added up, and their gradients sent to all", () => {
  check(size(13), size(9), size(4), width, seed, (N, tokens, inputs, lanes, from) => {
    const next = numbers(from);
    const slots = 3;
    const apart = 4 * (slots * lanes + 8);
    const table = range(inputs * tokens).map(() => [...f32s(N, next), ...new Array(pad4(N) - N).fill(0)]);
    const drawn = range((inputs * apart) / 4).map((i) => Math.floor((4 * i) / apart) * tokens + Math.floor(((next() + 1) / 2) * tokens));
    const dy = panels(next, slots, N, lanes);
    const bench = new Bench();
    const [y, t, w] = [bench.buffer(dy.data.length), bench.integers(drawn), bench.buffer(table.flat())];
    const [dw, d, scratch] = [bench.buffer(new Float32Array(table.flat().length)), bench.buffer(dy.data), bench.buffer(16)];
    bench.kernels.embeddingForward(y, t, w, 0, inputs, apart, slots, pad4(N), lanes);
    bench.kernels.embeddingBackward(dw, d, t, scratch, DENSE, inputs, apart, slots, pad4(N), lanes);
    expect(bench.intact).toBe(true);
    const [expected, scattered] = [new Float64Array(dy.data.length), new Float64Array(table.flat().length)];
    for (const [input, slot, lane, r] of range(inputs * slots * lanes * pad4(N)).map((i) => [
      Math.floor(i / (slots * lanes * pad4(N))),
      Math.floor(i / (lanes * pad4(N))) % slots,
      Math.floor(i / pad4(N)) % lanes,
      i % pad4(N),
    ]) as [number, number, number, number][]) {
      const token = drawn[(input * apart) / 4 + slot * lanes + lane]!;
      expected[dy.at(slot, r, lane)]! += table[token]![r]!;
      scattered[token * pad4(N) + r]! += dy.data[dy.at(slot, r, lane)]!;
    }
    expect(relativeError(bench.read(y, expected.length), expected)).toBeLessThan(1e-6);
    expect(relativeError(bench.read(dw, scattered.length), scattered)).toBeLessThan(1e-6);
  });
});

test("gaps take the value of the step before", () => {
  check(size(5), size(9), seed, (blocks, T, from) => {
    const next = numbers(from);
    const count = 4 * blocks;
    const x = f32s(count * (T + 1), next).map((value, i) => (i >= count && next() > 0 ? NaN : value));
    const bench = new Bench();
    const pointer = bench.buffer(x);
    bench.kernels.fillGaps(pointer, T, count);
    for (let i = count; i < x.length; i++) if (Number.isNaN(x[i])) x[i] = x[i - count]!;
    expect([...bench.read(pointer, x.length)]).toEqual(x);
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
    bench.kernels.embeddingForward(y, t, w, b, 1, 0, slots, pad4(N), lanes);
    bench.kernels.embeddingBackward(dw, d, t, scratch, DENSE, 1, 0, slots, pad4(N), lanes);
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
