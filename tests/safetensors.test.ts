import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createModel, dense, loadModel, lstm, readSafetensors, writeSafetensors } from "../src/index.js";

/** A file from its header and its data. */
function file(header: unknown, data: ArrayLike<number> = [], headerSize?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + 4 * data.length);
  new DataView(bytes.buffer).setBigUint64(0, headerSize ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(new Uint8Array(Float32Array.from(data).buffer), 8 + json.length);
  return bytes;
}
const F32 = (shape: number[], begin: number, end: number) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

test("what is written is read, whatever the names and shapes", () => {
  const dimension = fc.integer({ min: 0, max: 4 });
  const tensor = fc
    .tuple(fc.array(dimension, { maxLength: 3 }), fc.array(fc.float({ noNaN: true }), { minLength: 64, maxLength: 64 }))
    .map(([shape, pool]) => ({
      shape,
      data: Float32Array.from(
        pool.slice(
          0,
          shape.reduce((a, b) => a * b, 1),
        ),
      ),
    }));
  const name = fc.string({ minLength: 1 }).filter((text) => text !== "__metadata__" && text !== "__proto__" && !/^\d+$/.test(text));
  fc.assert(
    fc.property(fc.dictionary(name, tensor, { maxKeys: 5 }), fc.dictionary(name, fc.string(), { maxKeys: 3 }), (tensors, metadata) => {
      const bytes = writeSafetensors({ tensors, metadata });
      const back = readSafetensors(bytes);
      expect({ ...back.tensors }).toEqual({ ...tensors });
      expect({ ...back.metadata }).toEqual({ ...metadata });
      expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
    }),
    { seed: 1997 },
  );
});

test("a file at an odd offset of a larger buffer is read", () => {
  const bytes = file({ a: F32([2], 0, 8) }, [1.5, -2]);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect([...readSafetensors(shifted.subarray(3)).tensors.a!.data]).toEqual([1.5, -2]);
});

describe("hostile and damaged files", () => {
  const good = file({ a: F32([2], 0, 8), b: F32([1], 8, 12) }, [1, 2, 3]);
  const cases: [string, Uint8Array, RegExp][] = [
    ["empty", new Uint8Array(0), /ends within its first 8 bytes/],
    ["shorter than its length field", good.subarray(0, 5), /ends within its first 8 bytes/],
    ["a header beyond the end", file({}, [], 999n), /header of 999 bytes goes past its end/],
    ["a header of 10 GB", file({}, [], 10_000_000_000n), /header of 10000000000 bytes/],
    ["a header of 2^64 - 1", file({}, [], 2n ** 64n - 1n), /header of 18446744073709551615 bytes/],
    ["a header that is not JSON", file("{nonsense"), /not JSON/],
    ["a header that is not UTF-8", new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), /not JSON/],
    ["a header whose string does not end", file('{"a'), /not JSON/],
    ["a header of brackets", file(`{"a":${"[".repeat(10_000)}${"]".repeat(10_000)}}`), /little but brackets/],
    ["a header that is an array", file([1, 2]), /not a JSON object/],
    ["a header that is null", file("null"), /not a JSON object/],
    ["a tensor that is null", file({ a: null }), /"a" has no dtype/],
    ["a dtype that is no text", file({ a: { ...F32([1], 0, 4), dtype: 32 } }, [1]), /"a" has no dtype/],
    ["a dtype of other size", file({ a: { ...F32([1], 0, 4), dtype: "F64" } }, [1]), /"a" of shape \[1\] takes 8 bytes, but has 4/],
    ["no shape", file({ a: { dtype: "F32", data_offsets: [0, 4] } }, [1]), /"a" has no shape/],
    ["a negative dimension", file({ a: F32([-1], 0, 4) }, [1]), /"a" has no shape/],
    ["a fraction of a dimension", file({ a: F32([0.5], 0, 4) }, [1]), /"a" has no shape/],
    ["no offsets", file({ a: { dtype: "F32", shape: [1] } }, [1]), /"a" has no data_offsets/],
    ["three offsets", file({ a: { ...F32([1], 0, 4), data_offsets: [0, 4, 8] } }, [1]), /"a" has no data_offsets/],
    ["offsets the wrong way round", file({ a: F32([1], 4, 0) }, [1]), /"a" lies at 4 to 0/],
    [
      "a tensor of 10 GB",
      file({ a: F32([2_500_000_000], 0, 10_000_000_000) }, [1]),
      /"a" lies at 0 to 10000000000, outside of the data of 4 bytes/,
    ],
    ["a shape that does not fit its bytes", file({ a: F32([3], 0, 8) }, [1, 2]), /"a" of shape \[3\] takes 12 bytes, but has 8/],
    ["a shape whose product overflows", file({ a: F32([2 ** 52, 2 ** 52, 0], 0, 4) }, [1]), /"a" of shape/],
    ["tensors that overlap", file({ a: F32([2], 0, 8), b: F32([1], 4, 8) }, [1, 2]), /"b" overlaps the one before it/],
    ["a hole", file({ a: F32([1], 0, 4), b: F32([1], 8, 12) }, [1, 2, 3]), /a hole of 4 bytes before tensor "b"/],
    ["data left over", file({ a: F32([1], 0, 4) }, [1, 2]), /tensors end at 4, its data at 8/],
    ["data cut off", good.subarray(0, good.length - 4), /outside of the data/],
    [
      "a name twice",
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', [1]),
      /a name twice/,
    ],
    [
      "a name twice, once escaped",
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', [1]),
      /a name twice/,
    ],
    ["metadata that are not strings", file({ __metadata__: { a: 1 } }), /__metadata__ is not an object of strings/],
    ["metadata that are null", file({ __metadata__: null }), /__metadata__ is not an object of strings/],
  ];
  test.each(cases)("%s", (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
    expect(() => readSafetensors(bytes)).toThrow(RangeError);
    expect(() => loadModel(bytes)).toThrow(RangeError);
  });

  test("any cut and any changed byte of a model either throws a RangeError or a TypeError, or loads", () => {
    const bytes = createModel({ input: { features: 1 }, layers: [lstm({ units: 2 }), dense({ units: 1 })] }).save();
    const attempt = (damaged: Uint8Array) => {
      try {
        loadModel(damaged);
      } catch (error) {
        expect(error instanceof RangeError || error instanceof TypeError, String(error)).toBe(true);
      }
    };
    for (let length = 0; length < bytes.length; length++) expect(() => loadModel(bytes.subarray(0, length))).toThrow(RangeError);
    for (let at = 0; at < bytes.length; at++) {
      for (const value of [0, 0x22, 0x39, 0x7d, 0xff]) attempt(bytes.with(at, value));
    }
  });

  test("the wrong kind is a TypeError", () => {
    for (const value of [undefined, null, 5, "bytes", [1, 2], {}]) expect(() => readSafetensors(value as never)).toThrow(TypeError);
  });
});

test("F64, F16 and BF16 are read as f32, others are skipped and told", () => {
  // Numbers that these dtypes have: zeros, the least and the largest, infinities, no number.
  const halves = [0x0000, 0x8000, 0x0001, 0x03ff, 0x0400, 0x3c01, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7e00];
  const bfloats = [0x0000, 0x8000, 0x0001, 0x3f80, 0xc049, 0x7f7f, 0xff80, 0x7fc0];
  const parts: [string, string, ArrayBufferView][] = [
    ["double", "F64", Float64Array.of(1 / 3, -2, 1e300)],
    ["half", "F16", Uint16Array.from(halves)],
    ["bfloat", "BF16", Uint16Array.from(bfloats)],
    ["steps", "I64", BigInt64Array.of(7n)],
    ["mask", "BOOL", Uint8Array.of(1, 0, 1)],
    ["new", "constructor", Uint8Array.of(9)],
  ];
  const header: Record<string, object> = {};
  let size = 0;
  for (const [name, dtype, data] of parts) {
    header[name] = { dtype, shape: [(data as Uint8Array).length], data_offsets: [size, (size += data.byteLength)] };
  }
  const head = file(header);
  const bytes = new Uint8Array(head.length + size);
  bytes.set(head);
  let at = head.length;
  for (const [, , { buffer, byteLength }] of parts) {
    bytes.set(new Uint8Array(buffer as ArrayBuffer), at);
    at += byteLength;
  }
  const { tensors, skipped } = readSafetensors(bytes);
  expect({ ...skipped }).toEqual({
    steps: { dtype: "I64", shape: [1] },
    mask: { dtype: "BOOL", shape: [3] },
    new: { dtype: "constructor", shape: [1] },
  });
  expect(Object.keys(tensors)).toEqual(["double", "half", "bfloat"]);
  expect([...tensors.double!.data]).toEqual([Math.fround(1 / 3), -2, Infinity]);
  expect([...tensors.half!.data]).toEqual([
    0,
    -0,
    2 ** -24,
    1023 * 2 ** -24,
    2 ** -14,
    1 + 2 ** -10,
    65504,
    -65504,
    Infinity,
    -Infinity,
    NaN,
  ]);
  expect([...tensors.bfloat!.data]).toEqual([0, -0, 2 ** -133, 1, -3.140625, 255 * 2 ** 120, -Infinity, NaN]);
});

describe("models from files", () => {
  const model = createModel({ input: { features: 2 }, layers: [lstm({ units: 3 }), dense({ units: 1 })], seed: 1 });
  const { tensors } = readSafetensors(model.save());
  const { seed: _, ...config } = model.config;
  const bare = (changes: object) =>
    writeSafetensors({ tensors: Object.fromEntries(Object.entries({ ...tensors, ...changes }).filter(([, t]) => t)), metadata: {} });

  test("PyTorch's names and shapes", () => {
    expect(Object.entries(tensors).map(([name, { shape }]) => [name, [...shape]])).toEqual([
      ["weight_ih_l0", [12, 2]],
      ["weight_hh_l0", [12, 3]],
      ["bias_ih_l0", [12]],
      ["bias_hh_l0", [12]],
      ["dense.weight", [1, 3]],
      ["dense.bias", [1]],
    ]);
  });

  test("a file of another program, with the configuration beside it", () => {
    const loaded = loadModel(bare({}), { config });
    expect(loaded.predict([{ inputs: [1, 2, 3, 4] }])).toEqual(model.predict([{ inputs: [1, 2, 3, 4] }]));
  });

  test.each([
    ["no configuration", bare({}), undefined, /was not written by memcell: give the configuration/],
    ["a tensor is missing", bare({ weight_hh_l0: undefined }), config, /has no tensor "weight_hh_l0"/],
    [
      "a tensor too many",
      bare({ extra: { shape: [1], data: Float32Array.of(1) } }),
      config,
      /"parameters.extra" is no parameter of this model, which has weight_ih_l0/,
    ],
    [
      "another shape",
      bare({ "dense.bias": { shape: [2], data: Float32Array.of(1, 2) } }),
      config,
      /"parameters.dense.bias.shape" expected \[1\], got \[2\]/,
    ],
    [
      "a transposed weight",
      bare({ "dense.weight": { shape: [3, 1], data: Float32Array.of(1, 2, 3) } }),
      config,
      /expected \[1,3\], got \[3,1\]/,
    ],
    [
      "not a number",
      bare({ "dense.bias": { shape: [1], data: Float32Array.of(NaN) } }),
      config,
      /"parameters.dense.bias.data\[0\]" expected a finite number, got NaN/,
    ],
  ])("refused: %s", (_, bytes, given, message) => {
    expect(() => loadModel(bytes, given ? { config: given } : {})).toThrow(message);
  });

  test("setParameters changes all or nothing", () => {
    const model = createModel(config);
    const before = model.parameters();
    const good = { ...before["dense.bias"]!, data: Float32Array.of(9) };
    expect(() => model.setParameters({ "dense.bias": good, weight_hh_l0: good })).toThrow(
      '"parameters.weight_hh_l0.shape" expected [12,3], got [1]',
    );
    expect(model.parameters()).toEqual(before);
    model.setParameters({ "dense.bias": good });
    expect(model.parameters()["dense.bias"]!.data[0]).toBe(9);
  });
});
