/** The product of int8 weights against one in integers, and a rounding in double precision. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Bench, pad4 } from "./helpers/kernels.js";
import { check, range, seed, size, sum, width } from "./helpers/properties.js";

const compiled = (name: string) => new WebAssembly.Module(readFileSync(new URL(`../build/${name}.wasm`, import.meta.url)));

/** Both kinds of activations: the kernels, and the largest integer. */
const KINDS = {
  int16: { module: compiled("int8"), largest: 32767 },
  int8: { module: compiled("int8.relaxed"), largest: 63 },
};
type Kind = keyof typeof KINDS;
/** At both widths. */
const ALL = (["int16", "int8"] as const).flatMap((kind) => [1, 8].map((lanes) => [kind, lanes] as const));

type Int8 = Record<"pack" | "packBytes" | "product" | "scratchBytes", (...numbers: number[]) => number>;

const kernelsOf = (kind: Kind, { kernels: { memory } }: Bench) =>
  new WebAssembly.Instance(KINDS[kind].module, { env: { memory } }).exports as Int8;

/** Rounds to the nearest integer, of two the even one. */
const nearest = (x: number) => {
  const down = Math.floor(x);
  return x - down === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);
};
const { fround } = Math;

interface Shape {
  /** Blocks of G groups of four rows, and which of the groups have weights. */
  blocks: number;
  G: number;
  live: number[];
  /** Columns before those that are multiplied, and these. */
  before: number;
  k: number;
  panels: number;
  lanes: number;
}

/** Packs integers, multiplies, and compares every bit of the result. */
function compare(kind: Kind, shape: Shape, q: (row: number, column: number) => number, x: number[], biased: boolean): void {
  const { blocks, G, live, before, k, panels, lanes } = shape;
  const bench = new Bench();
  const int8 = kernelsOf(kind, bench);
  const [K, rows, columns] = [pad4(k), 4 * G * blocks, pad4(before) + pad4(k)];
  const scale = (row: number) => fround(0.01 + 0.001 * (row % 17));
  const isLive = (row: number) => live.includes((row >> 2) % G);
  const integer = (row: number, column: number) => (isLive(row) && column < k ? q(row, column) : 0);
  // w[rows/(4G)][columns][G][4]
  const placed = (number: (row: number, column: number) => number) =>
    Float32Array.from({ length: rows * columns }, (_, i) => {
      const column = Math.floor(i / (4 * G)) % columns;
      return number(Math.floor(i / (4 * G * columns)) * 4 * G + (i % (4 * G)), column - pad4(before));
    });
  const w = bench.buffer(placed((row, column) => (column < 0 ? 9 : integer(row, column) * scale(row))));
  const scales = bench.buffer(placed((row, column) => (column >= 0 && column < k && isLive(row) ? scale(row) : column < 0 ? 1 : 0)));
  const groups = range(rows / 4).filter((group) => live.includes(group % G));
  const vectors = Math.ceil(groups.length / 2);
  const packed = [bench.buffer(int8.packBytes(K, vectors) / 4), bench.buffer(8 * vectors), 0];
  packed[2] = bench.integers(range(2 * vectors).map((i) => (i < groups.length ? 16 * (groups[i] as number) : -1)));
  const largest = int8.pack(...(packed as [number, number, number]), w, scales, G, pad4(before), K, columns, vectors);
  expect(largest).toBe(Math.max(...range(rows).map((row) => sum(k, (column) => Math.abs(integer(row, column))))));
  const limit = Math.min(KINDS[kind].largest, Math.floor((2 ** 31 - 1) / Math.max(1, largest)));

  const inputs = Float32Array.from({ length: panels * K * lanes }, (_, i) => {
    const column = Math.floor(i / lanes) % K;
    return column < k ? (x[i % x.length] as number) : 0;
  });
  const start = Float32Array.from({ length: panels * rows * lanes }, (_, i) => Math.sin(i));
  const bias = Float32Array.from({ length: rows }, (_, row) => Math.cos(row));
  const [y, xAt, scratch] = [bench.buffer(start), bench.buffer(inputs), bench.buffer(Math.ceil(int8.scratchBytes(K) / 4))];
  const biasAt = biased ? bench.buffer(bias) : 0;
  int8.product(y, xAt, ...(packed as [number, number, number]), biasAt, scratch, limit, panels, K, vectors, rows, lanes);

  const found = bench.read(y, start.length);
  const expected = start.map((before, i) => {
    const [lane, row, panel] = [i % lanes, Math.floor(i / lanes) % rows, Math.floor(i / (lanes * rows))];
    if (!isLive(row)) return before;
    const column = range(K).map((c) => inputs[(panel * K + c) * lanes + lane] as number);
    const top = column.reduce((most, value) => Math.max(most, Math.abs(value)), fround(1e-30));
    const factor = fround(limit / top);
    const rounded = column.map((value) => nearest(fround(value * factor)));
    expect(rounded.every((value) => Math.abs(value) <= limit)).toBe(true);
    const exact = sum(k, (c) => integer(row, c) * (rounded[c] as number));
    expect(Math.abs(exact)).toBeLessThan(2 ** 31);
    return fround((biased ? (bias[row] as number) : before) + fround(fround(exact) * fround(scale(row) * fround(top / limit))));
  });
  expect(found).toEqual(expected);
  expect(bench.intact).toBe(true);
}

const random = (from: number) => {
  let state = from;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2147483648 - 1;
  };
};

test.each(["int16", "int8"] as const)("every bit, whatever the sizes and the groups (%s)", (kind) => {
  check(size(6), size(4), size(40), size(20), width, seed, (blocks, mask, k, panels, lanes, from) => {
    const next = random(from);
    const G = from % 2 ? 4 : 1;
    const live = G === 1 ? [0] : range(4).filter((group) => (mask >> group) & 1 || group === from % 4);
    const integers = range(4 * G * blocks * k).map(() => Math.round(127 * next()));
    const x = range(997).map(() => fround(10 ** (3 * next()) * next()));
    const shape = { blocks, G, live, before: from % 7, k, panels, lanes };
    compare(kind, shape, (row, column) => integers[row * k + column] as number, x, from % 3 > 0);
  });
});

test.each(ALL)("the largest sums do not overflow, and the widest rows are not wrong (%s, width %i)", (kind, lanes) => {
  const shape = { blocks: 1, G: 1, live: [0], before: 0, panels: 1, lanes };
  // 127 times 32767 over 516 columns is the most that fits, or 127 times 63 over 268,000; beyond, activations have fewer bits.
  for (const k of kind === "int16" ? [516, 520, 4096, 20_000] : [4096, 270_000]) {
    compare(kind, { ...shape, k }, () => 127, [1], true);
    compare(kind, { ...shape, k }, () => -127, [-3], false);
    compare(kind, { ...shape, k }, (row, column) => ((row + column) & 1 ? 127 : -127), [1, -1], false);
  }
});

test.each(ALL)(
  "a lane of zeros gives the bias, one that is not finite gives NaN, and no other is touched (%s, width %i)",
  (kind, lanes) => {
    const shape = { blocks: 2, G: 4, live: [0, 1, 2, 3], before: 0, k: 8, panels: 1, lanes };
    compare(kind, shape, (row, column) => row - column, [0], true);
    compare(kind, shape, () => 1, [1e-35], true);
    for (const bad of [NaN, Infinity, -Infinity]) {
      const bench = new Bench();
      const int8 = kernelsOf(kind, bench);
      const [w, scales] = [bench.buffer(new Float32Array(8 * 8).fill(1)), bench.buffer(new Float32Array(8 * 8).fill(0.5))];
      const packed = [bench.buffer(int8.packBytes(8, 1) / 4), bench.buffer(8), bench.integers([0, 16])] as const;
      int8.pack(...packed, w, scales, 1, 0, 8, 8, 1);
      const x = new Float32Array(8 * lanes).fill(1);
      x[3 * lanes] = bad;
      const [y, scratch] = [bench.buffer(new Float32Array(8 * lanes)), bench.buffer(int8.scratchBytes(8) / 4)];
      int8.product(y, bench.buffer(x), ...packed, 0, scratch, 60, 1, 8, 1, 8, lanes);
      const found = bench.read(y, 8 * lanes);
      found.forEach((value, i) => (i % lanes === 0 ? expect(value).toBeNaN() : expect(value).toBe(8)));
    }
  },
);
