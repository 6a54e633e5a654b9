/** memcell/anomaly as its users meet it: rows in, verdicts out; what is refused, and how. */

import { createDetector, type DetectorOptions, loadDetector } from "memcell/anomaly";
import { describe, expect, test } from "vitest";
import { tailOf, thresholdOf } from "../src/anomaly/tail.js";
import { damaged } from "./helpers/damaged.js";
import { random } from "./helpers/random.js";

/** Two sensors with a day of 24 hours and noise. */
function machine(length: number, seed = 1) {
  const next = random(seed);
  const normal = () => next() + next() + next() + next() - 2;
  const wave = (t: number, shift: number) => Math.sin((2 * Math.PI * (t + shift)) / 24);
  const list = (level: number, shift: number) => Float64Array.from({ length }, (_, t) => level + 5 * wave(t, shift) + normal());
  return { heat: list(60, 0), pressure: list(1000, 6) };
}
const rowOf = ({ heat, pressure }: ReturnType<typeof machine>, t: number) => ({ heat: heat[t]!, pressure: pressure[t]! });
const options = { columns: ["heat", "pressure"], season: 24, rate: 0.002, seed: 1 } satisfies DetectorOptions;
// Whole days, so that what comes goes on where they end.
const learned = createDetector(options).fit(machine(1512)).save();

describe("after a table", () => {
  /** The verdicts of 300 rows, of which those from 200 on are changed. */
  function verdicts(change: (table: ReturnType<typeof machine>) => void) {
    const table = machine(300, 2);
    change(table);
    const detector = loadDetector(learned);
    return Array.from({ length: 300 }, (_, t) => detector.step(rowOf(table, t)));
  }

  test("usual rows are usual, and what was expected of them is near", () => {
    const all = verdicts(() => {});
    expect(all.filter(({ anomaly }) => anomaly).length).toBeLessThan(4);
    const table = machine(300, 2);
    const errors = all.map(({ expected, deviation }, t) => (table.heat[t]! - expected.heat!) / deviation.heat!);
    const size = Math.sqrt(errors.reduce((sum, z) => sum + z ** 2, 0) / 300);
    expect(size).toBeGreaterThan(0.7);
    expect(size).toBeLessThan(1.4);
  });

  test.each<[string, string, string, (table: ReturnType<typeof machine>) => void]>([
    ["a spike", "outlier", "pressure", ({ pressure }) => (pressure[200]! += 8)],
    [
      "a slow drift",
      "drift",
      "heat",
      ({ heat }) => {
        for (let t = 200; t < 300; t++) heat[t]! += (t - 200) / 15;
      },
    ],
    [
      "another rhythm",
      "drift",
      "heat",
      ({ heat }) => {
        for (let t = 200; t < 300; t++) heat[t]! += 5 * (Math.sin(t / 2) - Math.sin((2 * Math.PI * t) / 24));
      },
    ],
    ["a sensor that is stuck", "stuck", "heat", ({ heat }) => heat.fill(heat[199]!, 200)],
  ])("%s is one, in its column", (_, anomaly, column, change) => {
    const found = verdicts(change)
      .slice(200)
      .filter((verdict) => verdict.anomaly === anomaly);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.column).toBe(column);
    if (anomaly !== "stuck") expect(found[0]!.score).toBeGreaterThan(found[0]!.threshold);
  });

  test("a shift that stays is found when it comes and while it stays, and is usual in the end", () => {
    const all = verdicts(({ pressure }) => {
      for (let t = 200; t < 300; t++) pressure[t]! += 5;
    });
    expect(all.findIndex(({ anomaly, column }, t) => t >= 200 && anomaly && column === "pressure")).toBeLessThan(203);
    expect(all.slice(200, 240).some(({ anomaly }) => anomaly === "drift")).toBe(true);
    expect(all.slice(280).filter(({ anomaly }) => anomaly).length).toBeLessThan(10);
  });

  test("gaps are no anomalies, and nothing is expected to be learned from them", () => {
    const detector = loadDetector(learned);
    const table = machine(100, 2);
    for (let t = 0; t < 100; t++) {
      const gap = t % 10 === 0 ? null : table.heat[t]!;
      const { anomaly } = detector.step({ heat: gap, pressure: t % 7 === 0 ? NaN : table.pressure[t]! });
      if (gap === null) expect(anomaly === null || anomaly === "drift").toBe(true);
    }
  });

  test("saved at any step, it goes on to the bit", () => {
    const [one, two] = [loadDetector(learned), loadDetector(learned)];
    const table = machine(60, 4);
    for (let t = 0; t < 30; t++) expect(two.step(rowOf(table, t))).toEqual(one.step(rowOf(table, t)));
    const three = loadDetector(two.save());
    for (let t = 30; t < 60; t++) expect(three.step(rowOf(table, t))).toEqual(one.step(rowOf(table, t)));
    expect(three.save()).toEqual(one.save());
  });

  test("rows of objects are the same table", () => {
    const table = machine(1512);
    expect(
      createDetector(options)
        .fit(Array.from({ length: 1512 }, (_, t) => rowOf(table, t)))
        .save(),
    ).toEqual(learned);
  });
});

test("without a table it learns first, and then keeps the rate that was asked for", () => {
  const detector = createDetector({ ...options, rate: 0.01 });
  const table = machine(6000, 7);
  const all = Array.from({ length: 6000 }, (_, t) => detector.step(rowOf(table, t)));
  expect(all.slice(0, 300).every(({ anomaly, threshold }) => anomaly === null && Number.isNaN(threshold))).toBe(true);
  const share = all.slice(400).filter(({ anomaly }) => anomaly).length / 5600;
  expect(share).toBeGreaterThan(0.003);
  expect(share).toBeLessThan(0.015);
});

test("the threshold of a tail: of exponential scores what their distribution says, beyond all that were seen", () => {
  const next = random(3);
  const tail = tailOf(Array.from({ length: 4000 }, () => -Math.log(1 - next())));
  for (const rate of [0.01, 0.001, 0.0001]) expect(thresholdOf(tail, rate) / -Math.log(rate)).toBeCloseTo(1, 0);
  expect(thresholdOf(tailOf([1, 1, 1]), 0.01)).toBe(Infinity);
});

describe("bad input is refused", () => {
  test.each<[string, object, string]>([
    ["no columns", { columns: [] }, '"columns" expected one name or more'],
    ["a column twice", { columns: ["a", "a"] }, '"columns" expected one name or more, each another'],
    ["a rate of 0", { rate: 0 }, '"rate" expected a number in (0, 0.2], got 0'],
    ["an option that is none", { threshold: 3 }, '"threshold" is not an option'],
  ])("%s", (_, more, message) => expect(() => createDetector({ columns: ["a"], ...more })).toThrow(message));

  test.each<[string, unknown, string]>([
    ["no row", 3, '"row" expected an object with heat, pressure, got 3'],
    ["a label", { heat: "hot", pressure: 1 }, '"row.heat" expected a number, or null for a gap, got "hot"'],
    ["an infinite number", { heat: 1, pressure: Infinity }, '"row.pressure" expected a finite number, or null for a gap, got Infinity'],
  ])("%s", (_, row, message) => expect(() => loadDetector(learned).step(row as never)).toThrow(message));

  test.each<[string, unknown, string]>([
    ["a short table", machine(50), '"table" expected at least 100 rows, got 50'],
    ["a column that is not there", { heat: new Float64Array(200) }, '"table.pressure" expected an array or a typed array, got undefined'],
    ["a column of gaps", { ...machine(200), heat: Array(200).fill(null) }, '"table.heat" expected numbers, not gaps alone'],
    ["columns of unequal lengths", { ...machine(200), pressure: [1] }, '"table.pressure" expected 200 rows, as many as heat has'],
    ["a number that is none", { ...machine(200), heat: Array(200).fill("x") }, '"table, row 0.heat" expected a number'],
  ])("%s", (_, table, message) => expect(() => createDetector(options).fit(table as never)).toThrow(message));

  test("files that are none", () => {
    for (const file of [new Uint8Array(3), new Uint8Array(100), learned.slice(0, 500), learned.slice(4)])
      expect(() => loadDetector(file)).toThrow(RangeError);
    expect(() => loadDetector("x" as never)).toThrow(TypeError);
  });

  test("damaged files are refused in words, when they are loaded or used", () => {
    const small = createDetector({ columns: ["a"], season: 3, units: 2 })
      .fit({ a: Array.from({ length: 100 }, (_, t) => (t * 7) % 11) })
      .save();
    const length = new DataView(small.buffer).getUint32(0, true);
    const wordless: string[] = [];
    for (const json of damaged(new TextDecoder().decode(small.subarray(4, 4 + length)))) {
      const text = new TextEncoder().encode(json);
      const file = new Uint8Array(4 + text.length + small.length - 4 - length);
      new DataView(file.buffer).setUint32(0, text.length, true);
      file.set(text, 4);
      file.set(small.subarray(4 + length), 4 + text.length);
      try {
        const detector = loadDetector(file);
        for (let t = 0; t < 3; t++) detector.step({ a: t });
      } catch (error) {
        if (!/^"/.test((error as Error).message)) wordless.push((error as Error).message);
      }
    }
    expect(wordless).toEqual([]);
  });
});
