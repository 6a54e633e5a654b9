/** Files of half the size: each number rounded to the nearest, halves to even, and none to infinity. */

import { describe, expect, test } from "vitest";
import { bfloat, half, toBfloat, toHalf } from "../src/core/floats.js";
import { createModel, dense, embedding, gru, loadModel, lstm, readSafetensors, writeSafetensors } from "../src/index.js";

const FORMATS = [
  { name: "float16", read: half, write: toHalf, infinity: 0x7c00, nan: 0x7e00 },
  { name: "bfloat16", read: bfloat, write: toBfloat, infinity: 0x7f80, nan: 0x7fc0 },
];

/** The f32 next to a positive one. */
function next(value: number, by: 1 | -1): number {
  const bits = Int32Array.of(0);
  const float = new Float32Array(bits.buffer);
  float[0] = value;
  bits[0]! += by;
  return float[0]!;
}

describe.each(FORMATS)("$name", ({ read, write, infinity, nan }) => {
  test("every number is kept, and between two of them the nearer is taken, of two as near the even one", () => {
    let wrong = 0;
    const differs = (value: number, bits: number) => Number(write(value) !== bits) + Number(write(-value) !== (bits | 0x8000));
    for (let bits = 0; bits < infinity; bits++) {
      const value = read(bits);
      wrong += differs(value, bits);
      // Past the largest one, infinity takes the place of the number that would come next.
      const above = bits + 1 < infinity ? read(bits + 1) : 2 * value - read(bits - 1);
      const middle = value / 2 + above / 2;
      if (Math.fround(middle) !== middle) continue;
      wrong += differs(middle, bits + (bits & 1)) + differs(next(middle, -1), bits) + differs(next(middle, 1), bits + 1);
    }
    expect(wrong).toBe(0);
    expect([Infinity, -Infinity, NaN].map(write)).toEqual([infinity, infinity | 0x8000, nan]);
  });
});

const models = [
  createModel({ input: { features: 3 }, layers: [lstm({ units: 32 }), dense({ units: 1 })], seed: 4 }),
  createModel({ input: { tokens: 9 }, layers: [embedding({ units: 5 }), gru({ units: 7, direction: "reverse" })], seed: 5 }),
];

test.each(FORMATS)("a model in $name takes half the bytes, loads as ever, and is the same when saved again", ({ name, read, write }) => {
  const dtype = name as "float16";
  for (const model of models) {
    const [bytes, whole] = [model.save({ dtype }), model.save()];
    const values = Object.values(model.parameters()).reduce((sum, { data }) => sum + data.length, 0);
    expect(whole.length - bytes.length).toBeGreaterThan(2 * values - 100);
    const loaded = loadModel(bytes);
    expect(loaded.config).toEqual(model.config);
    for (const [key, { data }] of Object.entries(model.parameters())) {
      expect(loaded.parameters()[key]!.data).toEqual(data.map((value) => read(write(value))));
    }
    expect(loaded.save({ dtype })).toEqual(bytes);
  }
});

test("a number that would become infinite is refused, one that is infinite stays it", () => {
  const tensors = (...data: number[]) => ({ tensors: { a: { shape: [data.length], data: Float32Array.from(data) } } });
  expect(() => writeSafetensors(tensors(0, 1, -65520), { dtype: "float16" })).toThrow(
    '"tensors.a.data[2]" expected a number of at most 65504 in size, for float16, got -65520',
  );
  expect(() => writeSafetensors(tensors(3.4e38), { dtype: "bfloat16" })).toThrow('"tensors.a.data[0]" expected a number of at most 3.38');
  const odd = [65504, Infinity, -Infinity, NaN];
  expect([...readSafetensors(writeSafetensors(tensors(...odd), { dtype: "float16" })).tensors.a!.data]).toEqual(odd);
  const [model] = models as [(typeof models)[0]];
  expect(() => model.save({ dtype: "int8" as never })).toThrow('"dtype" expected one of "float32", "float16", "bfloat16", got "int8"');
  expect(() => model.save({ type: "float16" } as never)).toThrow('"type" is not an option; the options are dtype');
});
