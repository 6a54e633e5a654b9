/** Initial weights: the kernels against Math in double precision, PyTorch's QR, and the formulas of their authors. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createKernels } from "../src/core/kernels.js";
import { Memory } from "../src/core/memory.js";
import { PURPOSE, Random } from "../src/core/random.js";
import { adam, createModel, createTrainer, dense, gru, type Layer, lstm, normal } from "../src/index.js";
import * as source from "../src/layers/initializers.js";
import { f32s, numbers } from "./helpers/cases.js";
import { Bench, compiled } from "./helpers/kernels.js";

const { checkInitializer, chronoBias, draw, orthonormal, PRESETS } = source;
const kernels = createKernels(compiled);
const parts = { kernels, memory: new Memory(kernels) };
const from = (seed: number) => new Random(seed, PURPOSE.initialize, 0);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const mean = (x: ArrayLike<number>, term: (value: number, i: number) => number = (value) => value) =>
  Array.from(x).reduce((total, value, i) => total + term(value, i), 0) / x.length;

describe("normal numbers", () => {
  /** What the kernel makes of pairs of uniform numbers. */
  function gaussians(pairs: [u: number, v: number][]) {
    const bench = new Bench();
    const x = new Float32Array(8 * Math.ceil(pairs.length / 4)).fill(0.5);
    const at = (i: number) => 8 * (i >> 2) + (i & 3);
    pairs.forEach(([u, v], i) => [u, v].forEach((value, half) => (x[at(i) + 4 * half] = value)));
    const pointer = bench.buffer(x);
    bench.kernels.gaussians(pointer, x.length);
    expect(bench.intact).toBe(true);
    const y = bench.read(pointer, x.length);
    return pairs.map((_, i) => ({ u: x[at(i)]!, v: x[at(i) + 4]!, cosine: y[at(i)]!, sine: y[at(i) + 4]! }));
  }

  test("sine, cosine and logarithm are within their bounds, and exact at the corners", () => {
    const corners = [2 ** -32, 0.25, 0.5, 0.75, 1].flatMap((v) => [v, v * (1 - 2 ** -24), Math.min(1, v * (1 + 2 ** -23))]);
    const grid = [...corners, ...range(3000).map((i) => (i + 1) / 3000)];
    const half = Math.exp(-0.5);
    const u = [...corners, ...range(3000).map((i) => 2 ** (-i / 94))];
    const pairs: [number, number][] = [
      ...grid.map((v) => [half, v] as [number, number]),
      ...u.map((u, i) => [u, grid[i]!] as [number, number]),
    ];
    for (const { u, v, cosine, sine } of gaussians(pairs)) {
      const r = Math.sqrt(-2 * Math.log(u));
      const error = Math.max(Math.abs(cosine - r * Math.cos(2 * Math.PI * v)), Math.abs(sine - r * Math.sin(2 * Math.PI * v)));
      expect(error).toBeLessThan(u === Math.fround(half) ? 2.1e-7 : 3e-7 * Math.max(1, r));
    }
    const [full, quarter, opposite, none] = gaussians([
      [half, 1],
      [half, 0.25],
      [half, 0.5],
      [1, 0.3],
    ]);
    expect(full!.sine).toBe(0);
    expect(opposite!.cosine).toBe(-full!.cosine);
    expect(Math.abs(quarter!.cosine)).toBeLessThan(2e-7);
    expect([none!.cosine, none!.sine].map(Math.abs)).toEqual([0, 0]);
  });

  /** The normal distribution function (Marsaglia 2004). */
  function phi(x: number): number {
    let [sum, term] = [x, x];
    for (let i = 3; Math.abs(term) > 1e-17; i += 2) sum += term *= (x * x) / i;
    return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
  }

  // Four standard errors for the moments; Kolmogorov & Smirnov's distance is below 1.95 / sqrt(n) in 999 cases of 1000.
  test.each([0, 1, 1997, 2 ** 52])("moments, independence and distribution, seed %d", (seed) => {
    const n = 100_000;
    const x = draw(parts, { type: "normal", deviation: 1 }, [n], from(seed));
    for (const [power, expected, deviation] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ] as const)
      expect(Math.abs(mean(x, (value) => value ** power) - expected)).toBeLessThan(4 * Math.sqrt(deviation / n));
    for (const distance of [1, 2, 3, 4, 8]) {
      const correlation = (power: number) =>
        mean(x, (value, i) => (value ** power - (power - 1)) * (x[(i + distance) % n]! ** power - (power - 1)));
      expect(Math.abs(correlation(1))).toBeLessThan(4 / Math.sqrt(n));
      expect(Math.abs(correlation(2))).toBeLessThan(8 / Math.sqrt(n));
    }
    const distances = x.toSorted().map((value, i) => Math.max(Math.abs(phi(value) - i / n), Math.abs(phi(value) - (i + 1) / n)));
    expect(distances.reduce((a, b) => Math.max(a, b))).toBeLessThan(1.95 / Math.sqrt(n));
  });
});

describe("orthonormal rows and columns", () => {
  /** The largest entry of Q^T Q - I (Q Q^T - I when it is wide), and of Q^T A below the diagonal, beside its smallest on it. */
  function errors(q: ArrayLike<number>, a: ArrayLike<number>, rows: number, columns: number) {
    const vectors = (x: ArrayLike<number>) =>
      range(Math.min(rows, columns)).map((i) =>
        Float64Array.from({ length: Math.max(rows, columns) }, (_, k) => x[rows < columns ? i * columns + k : k * columns + i]!),
      );
    const product = (x: Float64Array, y: Float64Array) => {
      let sum = 0;
      for (let k = 0; k < x.length; k++) sum += x[k]! * y[k]!;
      return sum;
    };
    const [Q, A] = [vectors(q), vectors(a)];
    const lengths = A.map((v) => Math.sqrt(product(v, v)));
    let [identity, below, diagonal] = [0, 0, Infinity];
    for (const [i, v] of Q.entries()) {
      diagonal = Math.min(diagonal, product(v, A[i]!));
      for (let j = 0; j <= i; j++) {
        identity = Math.max(identity, Math.abs(product(v, Q[j]!) - (i === j ? 1 : 0)));
        if (j < i) below = Math.max(below, Math.abs(product(v, A[j]!)) / lengths[j]!);
      }
    }
    return { identity, below, diagonal };
  }

  test.each([
    [1, 1],
    [1, 9],
    [9, 1],
    [2, 3],
    [7, 5],
    [16, 16],
    [17, 17],
    [3, 64],
    [131, 130],
    [256, 64],
    [64, 255],
    [300, 300],
    [1024, 256],
  ])("%d x %d: the Q of a QR with a positive diagonal, to 1e-6", (rows, columns) => {
    const normal = draw(parts, { type: "normal", deviation: 1 }, [rows, columns], from(3));
    const q = draw(parts, { type: "orthogonal", gain: 1 }, [rows, columns], from(3));
    expect(q).toEqual(orthonormal(parts, normal, rows, columns));
    const { identity, below, diagonal } = errors(q, normal, rows, columns);
    expect(identity).toBeLessThan(1e-6);
    expect(below).toBeLessThan(1e-6);
    expect(diagonal).toBeGreaterThan(0);
  });

  test("rows that are nearly the same, which one pass does not part, and rows of zeros, which stay", () => {
    const next = numbers(4);
    const base = f32s(50, next);
    const matrix = Float32Array.from(range(20).flatMap(() => base.map((value) => value + 1e-4 * next())));
    expect(errors(orthonormal(parts, matrix, 20, 50), matrix, 20, 50).identity).toBeLessThan(1e-6);
    expect(orthonormal(parts, Float32Array.of(0, 0, 0, 0, 3, 4), 2, 3)).toEqual(
      Float32Array.of(0, 0, 0, 0, Math.fround(0.6), Math.fround(0.8)),
    );
  });

  /** Made by vectors/orthogonal.py. */
  const vectors: { rows: number; columns: number; matrix: number[]; orthogonal: number[] }[] = JSON.parse(
    readFileSync(new URL("vectors/orthogonal.json", import.meta.url), "utf8"),
  );
  test.each(vectors.map((vector) => [vector.rows, vector.columns, vector] as const))(
    "%d x %d as PyTorch's orthogonal_",
    (rows, columns, vector) => {
      const q = orthonormal(parts, Float32Array.from(vector.matrix), rows, columns);
      vector.orthogonal.forEach((expected, i) => expect(Math.abs(q[i]! - expected)).toBeLessThan(1e-6));
    },
  );

  test.each([
    [1, 16],
    [3, 16],
    [5, 48],
    [29, 32],
  ])("the kernel writes %d rows of %d and nothing else", (rows, columns) => {
    const bench = new Bench();
    // The last three columns are padding.
    const x = f32s(rows * columns, numbers(rows)).map((value, i) => (i % columns < columns - 3 ? value : 0));
    const pointer = bench.buffer(x);
    bench.kernels.orthonormalRows(pointer, rows, columns);
    expect(bench.intact).toBe(true);
    const padding = bench.read(pointer, x.length).filter((_, i) => i % columns >= columns - 3);
    expect(padding.every((value) => value === 0)).toBe(true);
  });
});

describe("initializers", () => {
  const [rows, columns] = [96, 64];
  const both = rows + columns;
  // What to draw, the variance and the bound that its authors give it, and the first bits of its SHA-256 for seed 7, 5 x 3: they
  // change only with the initial weights of every model.
  test.each([
    [source.uniform({ bound: 0.3 }), 0.03, 0.3, "5b2b9968"],
    [source.normal({ deviation: 0.02 }), 0.0004, Infinity, "9edac52c"],
    ["xavierUniform", 2 / both, Math.sqrt(6 / both), "fd32f184"],
    [source.xavierUniform({ gain: 2 }), 8 / both, 2 * Math.sqrt(6 / both), "83d815ab"],
    ["xavierNormal", 2 / both, Infinity, "52a49720"],
    [source.xavierNormal({ gain: 0.5 }), 0.5 / both, Infinity, "c95b6447"],
    [source.heUniform(), 2 / columns, Math.sqrt(6 / columns), "6d77aa25"],
    [source.heNormal(), 2 / columns, Infinity, "50323eed"],
    ["orthogonal", 1 / rows, 1, "2dc26898"],
    [source.orthogonal({ gain: 3 }), 9 / rows, 3, "e1433d3f"],
    [{ type: "constant", value: -0.25 }, 0.0625, 0.25, "8b3a98ea"],
  ])("%j", async (given, variance, bound, hash) => {
    const initializer = checkInitializer("initializer", given);
    const used = parts.memory.used;
    const x = draw(parts, initializer, [rows, columns], from(7));
    expect(parts.memory.used).toBe(used);
    expect(x).toHaveLength(rows * columns);
    expect(draw(parts, initializer, [rows, columns], from(7))).toEqual(x);
    // The second moment of 6144 numbers is off by 2 % of a normal's variance, at one standard error.
    expect(Math.abs(mean(x, (value) => value ** 2) / variance - 1)).toBeLessThan(0.06);
    if (initializer.type !== "constant") {
      expect(draw(parts, initializer, [rows, columns], from(8))).not.toEqual(x);
      expect(Math.abs(mean(x))).toBeLessThan(4 * Math.sqrt(variance / x.length));
    }
    const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeLessThanOrEqual(Math.fround(bound));
    if (initializer.type.endsWith("niform")) expect(largest).toBeGreaterThan(0.99 * bound);
    if (bound === Infinity) expect(largest).toBeGreaterThan(3 * Math.sqrt(variance));
    const bits = new Uint8Array(draw(parts, initializer, [5, 3], from(7)).buffer);
    const digest = new DataView(await crypto.subtle.digest("SHA-256", bits));
    expect(digest.getUint32(0).toString(16).padStart(8, "0")).toBe(hash);
  });

  test("a vector has one column", () => {
    expect(draw(parts, checkInitializer("i", "heNormal"), [9], from(2))).toEqual(
      draw(parts, checkInitializer("i", "heNormal"), [9, 1], from(2)),
    );
  });
});

// What Keras and PyTorch start with; the size is the units of a recurrent layer, the inputs of a dense one.
test.each([
  ["pytorch", "input", 25, [100, 90], 1 / 75, 0.2],
  ["pytorch", "recurrent", 25, [100, 25], 1 / 75, 0.2],
  ["pytorch", "bias", 25, [100], 1 / 75, 0.2],
  ["pytorch", "dense", 64, [80, 64], 1 / 192, 0.125],
  ["pytorch", "embedding", 0, [90, 80], 1, Infinity],
  ["keras", "input", 25, [100, 90], 2 / 190, Math.sqrt(6 / 190)],
  ["keras", "recurrent", 25, [100, 25], 1 / 100, 1],
  ["keras", "bias", 25, [100], 0, 0],
  ["keras", "gain", 25, [25], 1, 1],
  ["pytorch", "shift", 25, [25], 0, 0],
  ["keras", "spread", 25, [100], 1 / 75, 0.2],
  ["keras", "dense", 64, [80, 64], 2 / 144, Math.sqrt(6 / 144)],
  ["keras", "embedding", 0, [90, 80], 0.0025 / 3, 0.05],
] as const)("%s, %s", (preset, role, size, shape, variance, bound) => {
  const initializer = PRESETS[preset][role](size);
  expect(checkInitializer("initializer", initializer)).toEqual(initializer);
  const x = draw(parts, initializer, shape, from(5));
  // Four standard errors of a normal's variance, at most.
  expect(Math.abs(mean(x, (value) => value ** 2) - variance)).toBeLessThanOrEqual(4 * variance * Math.sqrt(2 / x.length));
  expect(x.reduce((most, value) => Math.max(most, Math.abs(value)), 0)).toBeLessThanOrEqual(Math.fround(bound));
});

test.each([2, 3, 100, 1e6])("chrono initialisation for %d steps: logarithms of uniform numbers", (longest) => {
  const random = from(6);
  const bias = chronoBias(parts, 1001, longest, from(6));
  expect(bias).toHaveLength(1001);
  bias.forEach((value) => {
    const expected = Math.log(Math.fround(1 + (longest - 2) * random.uniform()));
    expect(Math.abs(value - expected)).toBeLessThan(2e-7 * Math.max(1, expected));
  });
  expect(new Set(bias).size > 500).toBe(longest > 2);
  const bench = new Bench();
  const pointer = bench.buffer([1, 2, 3, 4]);
  bench.kernels.logarithms(pointer, 4);
  expect(bench.intact).toBe(true);
});

describe("a model's initial parameters", () => {
  const parametersOf = (layer: Layer, initial?: "pytorch" | "keras") =>
    createModel({ input: { features: 6 }, layers: [layer, dense({ units: 3 })], seed: 4, ...(initial && { initial }) }).parameters();
  const rows = (tensor: { data: Float32Array } | undefined, from: number) => [...tensor!.data.slice(from, from + 5)];

  test("keras: Glorot's inputs, orthonormal recurrent columns, zero biases, forget gates open", () => {
    const { weight_ih_l0: w, weight_hh_l0: r, ...rest } = parametersOf(lstm({ units: 5 }), "keras");
    expect(Math.max(...w!.data.map(Math.abs))).toBeLessThanOrEqual(Math.sqrt(6 / 26));
    for (let j = 0; j < 5; j++) {
      for (let k = 0; k < 5; k++) {
        const product = Array.from({ length: 20 }, (_, row) => r!.data[5 * row + j]! * r!.data[5 * row + k]!).reduce((a, b) => a + b);
        expect(product).toBeCloseTo(Number(j === k), 5);
      }
    }
    expect([...rest.bias_ih_l0!.data]).toEqual(Array.from({ length: 20 }, (_, row) => Number(row >= 5 && row < 10)));
    expect(rest.bias_hh_l0!.data.every((bias) => bias === 0)).toBe(true);
    expect(rest["dense.bias"]!.data.every((bias) => bias === 0)).toBe(true);
  });

  test("a layer's own come first; what is not given is the model's", () => {
    const initial = { weights: normal({ deviation: 0.01 }), bias: { type: "constant", value: 0.5 } } as const;
    const { weight_ih_l0: w, bias_ih_l0: b, weight_hh_l0: r } = parametersOf(gru({ units: 5, initial }));
    expect(Math.max(...w!.data.map(Math.abs))).toBeLessThan(0.05);
    expect(b!.data.every((bias) => bias === 0.5)).toBe(true);
    expect(r).toEqual(parametersOf(gru({ units: 5 })).weight_hh_l0);
  });

  test("the forget bias is the sum of both biases, also without input gate, also of normalised gates", () => {
    for (const [layer, from] of [
      [lstm({ units: 5, forgetBias: 2 }), 5],
      [lstm({ units: 5, forgetBias: 2, layerNorm: true }), 5],
      [lstm({ units: 5, forgetBias: 2, coupled: true }), 0],
    ] as const) {
      const { bias_ih_l0: ih, bias_hh_l0: hh } = parametersOf(layer);
      expect(rows(ih, from)).toEqual([2, 2, 2, 2, 2]);
      expect(rows(hh, from)).toEqual([0, 0, 0, 0, 0]);
      expect(rows(ih, from + 5)).not.toContain(0);
    }
  });

  test.each([false, true])("chrono: forget biases are logarithms of lags, input biases their negatives; normalised: %s", (layerNorm) => {
    const { bias_ih_l0: ih, bias_hh_l0: hh } = parametersOf(lstm({ units: 5, chrono: 100, layerNorm }));
    const forget = rows(ih, 5);
    expect(rows(ih, 0)).toEqual(forget.map((bias) => -bias));
    expect(
      rows(hh, 0)
        .concat(rows(hh, 5))
        .every((bias) => Math.abs(bias) === 0),
    ).toBe(true);
    for (const bias of forget) {
      expect(bias).toBeGreaterThan(0);
      expect(bias).toBeLessThan(Math.log(99));
    }
  });

  test("normalised gates: biases as those of other gates, keras's spread around its own, and the cell's always spread", () => {
    const spread = (data: Float32Array) => new Set(data).size > 1 && data.every((bias) => bias !== 0 && Math.abs(bias) <= Math.fround(0.5));
    for (const preset of ["pytorch", "keras"] as const) {
      const { bias_ih_l0: ih, bias_hh_l0: hh, bias_c_l0: c } = parametersOf(lstm({ units: 4, layerNorm: true }), preset);
      const forget = ({ data }: { data: Float32Array }) => [...data.slice(4, 8)];
      const others = ({ data }: { data: Float32Array }) => Float32Array.of(...data.slice(0, 4), ...data.slice(8));
      expect([others(ih!), others(hh!), c!.data].every(spread)).toBe(true);
      if (preset === "keras") expect([forget(ih!), forget(hh!)]).toEqual([Array(4).fill(1), Array(4).fill(0)]);
      else expect([ih!, hh!].every(({ data }) => spread(data))).toBe(true);
    }
    const {
      bias_ih_l0: ih,
      bias_hh_l0: hh,
      bias_c_l0: c,
    } = parametersOf(lstm({ units: 4, layerNorm: true, initial: { bias: { type: "constant", value: 0.25 } } }));
    expect([...ih!.data, ...hh!.data].every((bias) => bias === 0.25)).toBe(true);
    expect(spread(c!.data)).toBe(true);
  });
});

// What has no variance multiplies the gradient by up to 316 at each normalisation: once is much, at every step it overflows.
describe("sequences that begin with zeros have an ordinary gradient", () => {
  const normed = (options: object = {}) => [lstm({ units: 24, layerNorm: true, ...options })];
  const cases: [string, Layer[], number][] = [
    ["one layer", normed(), 40],
    ["two layers", [...normed(), ...normed()], 40],
    ["a forget bias", normed({ forgetBias: 1 }), 40],
    ["chrono", normed({ chrono: 100 }), 40],
    ["a projection", normed({ projection: 9 }), 40],
    ["coupled gates, peepholes", normed({ coupled: true, peepholes: true }), 40],
    ["biases that are all 0", normed({ initial: { bias: { type: "constant", value: 0 } } }), 10_000],
    ["biases that are all alike", normed({ initial: { bias: { type: "constant", value: 0.5 } } }), 10_000],
  ];
  test.each(cases)("%s", (_, layers, bound) => {
    for (const initial of ["pytorch", "keras"] as const) {
      const model = createModel({ input: { features: 3 }, layers: [...layers, dense({ units: 1 })], initial, seed: 2 });
      const trainer = createTrainer(model, { loss: "mse", optimizer: adam() });
      const next = numbers(5);
      const [inputs, targets] = [f32s(15, next), f32s(25, next)];
      for (let zeros = 0; zeros <= 20; zeros++) {
        const sequence = { inputs: [...new Array(3 * zeros).fill(0), ...inputs], targets: targets.slice(0, zeros + 5) };
        const all = Object.values(trainer.gradients([sequence]).gradients).flatMap(({ data }) => [...data]);
        expect(Math.sqrt(all.reduce((sum, d) => sum + d * d, 0)), `${initial}, ${zeros} zeros`).toBeLessThan(bound);
      }
    }
  });
});
