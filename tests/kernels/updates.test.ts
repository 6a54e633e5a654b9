/** Optimizers and random numbers: kernels against their equations. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keys, philox, Random } from "../../src/core/random.js";
import { f32s, numbers, relativeError } from "../helpers/cases.js";
import { Bench, pad4 } from "../helpers/kernels.js";
import { check, range, seed, size, sum } from "../helpers/properties.js";

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
