/** From outputs to labels: the decoders against all alignments there are. */

import { describe, expect, test } from "vitest";
import { beamDecode, greedyDecode } from "../src/ctc.js";
import { numbers } from "./helpers/cases.js";
import { alignments, allLabellings, logSoftmax, spelled } from "./helpers/ctc.js";
import { any, refuses } from "./helpers/refusals.js";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const draw = (T: number, O: number, seed: number) => {
  const next = numbers(seed);
  return range(T).map(() => range(O).map(() => 3 * next()));
};

describe("decoding", () => {
  const CASES = [
    [5, 3, 0],
    [6, 3, 2],
    [4, 4, 1],
    [7, 2, 0],
    [1, 5, 4],
    [3, 1, 0],
  ] as const;
  test.each(CASES)("%d steps of %d classes, blank %d: as by all alignments", (T, classes, blank) => {
    for (const seed of range(20)) {
      const y = draw(T, classes, seed + 1);
      const truth = [...allLabellings(y, blank)].sort(([, a], [, b]) => b - a);
      const all = beamDecode(y.flat(), { classes, blank, width: 4096 });
      expect(all.length).toBe(truth.length);
      const found = new Map(all.map(({ labels, logProbability }) => [labels.join(), logProbability]));
      for (const [key, probability] of truth) expect(Math.abs(found.get(key)! - Math.log(probability))).toBeLessThan(1e-9);
      expect(all.map(({ logProbability }) => logProbability)).toEqual(
        all.map(({ logProbability }) => logProbability).sort((a, b) => b - a),
      );
      // A narrow beam gives lower bounds, and never the same labels twice.
      const few = beamDecode(Float32Array.from(y.flat()), { classes, blank, width: 3 });
      expect(few.length).toBe(Math.min(3, truth.length));
      expect(new Set(few.map(({ labels }) => labels.join())).size).toBe(few.length);
      for (const { labels, logProbability } of few) expect(logProbability).toBeLessThan(found.get(labels.join())! + 1e-5);
      const { labels, logProbability } = greedyDecode(y.flat(), { classes, blank });
      const path = y.map((row) => row.indexOf(Math.max(...row)));
      expect(labels).toEqual(spelled(path, blank));
      expect(logProbability).toBeCloseTo(
        path.reduce((sum, k, t) => sum + logSoftmax(y[t]!)[k]!, 0),
        9,
      );
    }
  });

  test("all alignments together may say something else than the likeliest one", () => {
    // Graves 2006: the blank is likeliest at each step, but most of the probability is with one label.
    const y = [0.6, 0.4, 0.6, 0.4].map(Math.log);
    expect(greedyDecode(y, { classes: 2 }).labels).toEqual([]);
    const [best] = beamDecode(y, { classes: 2 });
    expect(best.labels).toEqual([1]);
    expect(best.logProbability).toBeCloseTo(Math.log(0.64), 12);
  });

  test("a long sequence: what the loss says of the labels that were found", () => {
    const y = draw(300, 12, 7);
    const [best] = beamDecode(y.flat(), { classes: 12, blank: 11, width: 64 });
    expect(best.labels.length).toBeGreaterThan(50);
    expect(best.logProbability).toBeLessThan(-alignments(y, best.labels, 11).value + 1e-6);
    expect(best.logProbability).toBeGreaterThan(greedyDecode(y.flat(), { classes: 12, blank: 11 }).logProbability);
  });

  test("no steps spell nothing, for sure", () => {
    expect(greedyDecode([], { classes: 3 })).toEqual({ labels: [], logProbability: 0 });
    expect(beamDecode([], { classes: 3 })).toEqual([{ labels: [], logProbability: 0 }]);
  });

  refuses([
    ["no classes", TypeError, '"classes" expected', () => greedyDecode([1], any({}))],
    [
      "a blank that is no class",
      RangeError,
      '"blank" expected an integer from 0 to 2, got 3',
      () => beamDecode([], { classes: 3, blank: 3 }),
    ],
    [
      "numbers left over",
      RangeError,
      '"logits" expected 3 numbers for each step, got an array of 4',
      () => greedyDecode([1, 2, 3, 4], { classes: 3 }),
    ],
    ["NaN", RangeError, '"logits[1]" expected a finite number, got NaN', () => beamDecode([1, NaN], { classes: 2 })],
    [
      "rows",
      TypeError,
      '"logits[0]" expected a finite number, got an array of 2',
      () =>
        greedyDecode(
          any([
            [1, 2],
            [3, 4],
          ]),
          { classes: 2 },
        ),
    ],
    ["a width of 0", RangeError, '"width" expected an integer from 1 to 65536, got 0', () => beamDecode([1], { classes: 1, width: 0 })],
    ["a width for the greedy one", RangeError, '"width" is not an option', () => greedyDecode([1], any({ classes: 1, width: 2 }))],
  ]);
});
