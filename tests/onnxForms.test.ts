/** What other exporters write where memcell has one layer: functions, quantised weights, PyTorch's newer graphs. */

import { describe, expect, test } from "vitest";
import { createModel, dense, gru, lstm, type Model } from "../src/index.js";
import { fromOnnx } from "../src/onnx.js";
import { fileOf, localFunction, node, tensor } from "./helpers/protobufGraph.js";

const [I, H] = [3, 4];
const sequences = [1, 4, 6].map((length) => ({ inputs: Array.from({ length: I * length }, (_, i) => Math.sin(i + length)) }));
const waves = (count: number, phase: number) => Array.from({ length: count }, (_, i) => Math.fround(0.7 * Math.sin(1 + phase + 1.7 * i)));

/** memcell's model with the parameters given. */
function modelOf(layers: Parameters<typeof createModel>[0]["layers"], parameters: Record<string, ArrayLike<number>>): Model {
  const model = createModel({ input: { features: I }, layers });
  const own = Object.entries(model.parameters()).map(([name, { shape, data }]) => [
    name,
    { shape, data: Float32Array.from(parameters[name] ?? data) },
  ]);
  model.setParameters(Object.fromEntries(own));
  return model;
}
/** Rows of gates in ONNX's order out of PyTorch's, i f g o as i o f g. */
const reordered = (list: number[], gates: number[]) => {
  const each = list.length / gates.length;
  return gates.flatMap((gate) => list.slice(gate * each, (gate + 1) * each));
};
const IOFC = [0, 3, 1, 2];

function apart(model: Model, file: Uint8Array): number {
  const expected = model.predict(sequences);
  return Math.max(
    ...fromOnnx(file)
      .model.predict(sequences)
      .flatMap((y, b) => Array.from(y, (value, i) => Math.abs(value - expected[b]![i]!))),
  );
}

test("functions of the file's own, within each other, with attributes that the node gives", () => {
  const [W, b] = [waves(I * 2, 1), waves(2, 2)];
  const nodes = [node("Linear", ["input", "W", "b"], ["z"], { transposed: 1 }, "pkg"), node("Act", ["z"], ["y"], {}, "pkg")];
  const functions = [
    localFunction(
      "pkg",
      "Linear",
      ["x", "w", "input"],
      ["z"],
      ["transposed"],
      [node("Gemm", ["x", "w", "input"], ["z"], { transB: { of: "transposed" } })],
    ),
    localFunction("pkg", "Act", ["x"], ["out"], [], [node("Twice", ["x"], ["out"], {}, "pkg")]),
    localFunction("pkg", "Twice", ["x"], ["out"], [], [node("Tanh", ["x"], ["out"])]),
  ];
  const file = fileOf({ input: ["B", I] }, { y: ["B", 2] }, [...nodes, tensor("W", [2, I], W), tensor("b", [2], b)], functions);
  const model = modelOf([dense({ units: 2, activation: "tanh" })], { "dense.weight": W, "dense.bias": b });
  expect(apart(model, file)).toBe(0);
});

/** PyTorch's exporter since 2025: states expanded to the batch, weights put together in the graph. */
test("PyTorch 2's LSTM: states by Shape and Expand, parameters by Slice, Concat and Unsqueeze", () => {
  const [ih, hh, bi, bh, fc, fb] = [
    waves(4 * H * I, 1),
    waves(4 * H * H, 2),
    waves(4 * H, 3),
    waves(4 * H, 4),
    waves(2 * H, 5),
    waves(2, 6),
  ];
  const gates = (name: string) => {
    const parts = IOFC.map((gate, k) => [
      tensor(`${name}_from${k}`, [1], [gate * H], 7),
      tensor(`${name}_to${k}`, [1], [(gate + 1) * H], 7),
      node("Slice", [name, `${name}_from${k}`, `${name}_to${k}`, "zero"], [`${name}_${k}`]),
    ]);
    return [
      ...parts.flat(),
      node(
        "Concat",
        IOFC.map((_, k) => `${name}_${k}`),
        [`${name}_onnx`],
        { axis: 0 },
      ),
    ];
  };
  const parts = [
    tensor("ih", [4 * H, I], ih),
    tensor("hh", [4 * H, H], hh),
    tensor("bi", [4 * H], bi),
    tensor("bh", [4 * H], bh),
    tensor("fc", [2, H], fc),
    tensor("fb", [2], fb),
    tensor("zero", [1], [0], 7),
    tensor("one", [1], [1], 7),
    tensor("H", [1], [H], 7),
    tensor("nil", [], [0]),
    tensor("ends", [1], [2 ** 40], 7),
    node("Shape", ["x"], ["batch"], { start: 0, end: 1 }),
    node("Concat", ["one", "batch", "H"], ["sizes"], { axis: 0 }),
    node("Expand", ["nil", "sizes"], ["h0"]),
    node("Identity", ["h0"], ["c0"]),
    node("Slice", ["h0", "zero", "one", "zero"], ["h0_0"]),
    ...["ih", "hh", "bi", "bh"].flatMap(gates),
    node("Unsqueeze", ["ih_onnx", "zero"], ["W"]),
    node("Unsqueeze", ["hh_onnx", "zero"], ["R"]),
    node("Concat", ["bi_onnx", "bh_onnx"], ["biases"], { axis: 0 }),
    node("Unsqueeze", ["biases", "zero"], ["B"]),
    node("Transpose", ["x"], ["turned"], { perm: [1, 0, 2] }),
    node("LSTM", ["turned", "W", "R", "B", "", "h0_0", "c0"], ["Y", "Y_h", "Y_c"], { hidden_size: H }),
    node("Squeeze", ["Y", "one"], ["steps"]),
    node("Transpose", ["steps"], ["out"], { perm: [1, 0, 2] }),
    node("Transpose", ["fc"], ["kernel"], { perm: [1, 0] }),
    node("MatMul", ["out", "kernel"], ["product"]),
    node("Add", ["product", "fb"], ["y"]),
  ];
  const model = modelOf([lstm({ units: H }), dense({ units: 2 })], {
    weight_ih_l0: ih,
    weight_hh_l0: hh,
    bias_ih_l0: bi,
    bias_hh_l0: bh,
    "dense.weight": fc,
    "dense.bias": fb,
  });
  expect(apart(model, fileOf({ x: ["B", "T", I] }, { y: ["B", "T", 2] }, parts))).toBeLessThan(1e-6);
});

describe("quantised files", () => {
  const [scale, zero] = [0.01, 120];
  const q = (count: number, phase: number) => waves(count, phase).map((value) => Math.round(value / scale) + zero);
  const meant = (list: number[]) => list.map((value) => (value - zero) * Math.fround(scale));
  const turned = (list: number[], rows: number) => list.map((_, i) => list[(i % rows) * (list.length / rows) + Math.floor(i / rows)]!);

  test("DynamicQuantizeLSTM, and MatMulInteger of DynamicQuantizeLinear", () => {
    const [ih, hh, fc] = [q(4 * H * I, 1), q(4 * H * H, 2), q(2 * H, 3)];
    const bias = [...waves(4 * H, 4), ...waves(4 * H, 5)];
    const onnx = (list: number[]) => turned(reordered(list, IOFC), 4 * H);
    const parts = [
      tensor("W", [1, I, 4 * H], onnx(ih), 2),
      tensor("R", [1, H, 4 * H], onnx(hh), 2),
      tensor("B", [1, 8 * H], [...reordered(bias.slice(0, 4 * H), IOFC), ...reordered(bias.slice(4 * H), IOFC)]),
      tensor("s", [1], [scale]),
      tensor("z", [1], [zero], 2),
      tensor("one", [1], [1], 7),
      node("DynamicQuantizeLSTM", ["x", "W", "R", "B", "", "", "", "", "s", "z", "s", "z"], ["Y"], { hidden_size: H }, "com.microsoft"),
      node("Squeeze", ["Y", "one"], ["h"]),
      tensor("fc", [H, 2], turned(fc, 2), 2),
      tensor("fs", [], [scale]),
      tensor("fz", [], [zero], 2),
      node("DynamicQuantizeLinear", ["h"], ["hq", "hs", "hz"]),
      node("MatMulInteger", ["hq", "fc", "hz", "fz"], ["integers"]),
      node("Cast", ["integers"], ["floats"], { to: 1 }),
      node("Mul", ["hs", "fs"], ["scales"]),
      node("Mul", ["floats", "scales"], ["y"]),
    ];
    const model = modelOf([lstm({ units: H }), dense({ units: 2, bias: false })], {
      weight_ih_l0: meant(ih),
      weight_hh_l0: meant(hh),
      bias_ih_l0: bias.slice(0, 4 * H),
      bias_hh_l0: bias.slice(4 * H),
      "dense.weight": meant(fc),
    });
    const file = fileOf({ x: ["T", "B", I] }, { y: ["T", "B", 2] }, parts);
    expect(apart(model, file)).toBeLessThan(1e-6);
    expect(fromOnnx(file).unknown).toContain("what layers compute is not rounded to integers, as it is in the file");
  });

  test("DequantizeLinear, of numbers with a scale for each row, and of what layers compute", () => {
    const W = q(2 * I, 1);
    const scales = [0.01, 0.02];
    const parts = [
      tensor("W", [2, I], W, 2),
      tensor("s", [2], scales),
      tensor("z", [2], [zero, zero], 2),
      tensor("xs", [], [0.1]),
      node("DequantizeLinear", ["W", "s", "z"], ["kernel"], { axis: 0 }),
      node("QuantizeLinear", ["x", "xs"], ["xq"]),
      node("DequantizeLinear", ["xq", "xs"], ["x_"]),
      node("Gemm", ["x_", "kernel"], ["y"], { transB: 1 }),
    ];
    const model = modelOf([dense({ units: 2, bias: false })], {
      "dense.weight": W.map((value, i) => (value - zero) * Math.fround(scales[Math.floor(i / I)]!)),
    });
    expect(apart(model, fileOf({ x: ["B", I] }, { y: ["B", 2] }, parts))).toBeLessThan(1e-6);
  });
});

describe("what has no layer is named", () => {
  const files: Record<string, [parts: ReturnType<typeof node>[], message: RegExp, more?: ReturnType<typeof node>[]]> = {
    Gelu: [[node("Gelu", ["x"], ["y"])], /"y" \(Gelu\) that memcell has no layer for/],
    "silu, written out": [[node("Sigmoid", ["x"], ["s"]), node("Mul", ["s", "x"], ["y"])], /"y" \(Mul\) that memcell has no layer for/],
    "softplus, of functions": [[node("Softplus", ["x"], ["y"], {}, "pkg")], /\(Softplus\) of "pkg", expected one of ONNX's own operators/],
    "functions that call themselves": [
      [node("F", ["x"], ["y"], {}, "pkg")],
      /functions in each other, expected at most 32/,
      [localFunction("pkg", "F", ["x"], ["y"], [], [node("F", ["x"], ["y"], {}, "pkg")])],
    ],
    "functions that call two others, each of which calls two more": [
      [node("F0", ["x"], ["y"], {}, "pkg")],
      /too small a file for what its functions take/,
      [
        ...Array.from({ length: 28 }, (_, k) =>
          localFunction(
            "pkg",
            `F${k}`,
            ["x"],
            ["y"],
            [],
            [node(`F${k + 1}`, ["x"], ["z"], {}, "pkg"), node(`F${k + 1}`, ["z"], ["y"], {}, "pkg")],
          ),
        ),
        localFunction("pkg", "F28", ["x"], ["y"], [], [node("Identity", ["x"], ["y"])]),
      ],
    ],
    "a cell whose forget gate is not bounded": [
      [
        tensor("W", [I + H, H], waves((I + H) * H, 1)),
        node("Concat", ["x", "c"], ["both"], { axis: 1 }),
        node("MatMul", ["both", "W"], ["z"]),
        node("Mul", ["z", "c"], ["y"]),
      ],
      /"y" \(Mul\) that memcell has no layer for/,
    ],
    "a long product": [
      Array.from({ length: 300 }, (_, k) => node("Mul", [k ? `m${k}` : "x", "x"], [k < 299 ? `m${k + 1}` : "y"])),
      /"y" \(Mul\) that memcell has no layer for/,
    ],
  };
  test.each(Object.entries(files))("%s", (_, [parts, message, more = []]) => {
    expect(() => fromOnnx(fileOf({ x: ["B", I], c: ["B", H] }, { y: ["B", I] }, parts, more))).toThrow(message);
  });
});

test("one step of a GRU with the reset before, by products with [x, h], is a gru", () => {
  const [W, V, b] = [waves(2 * H * (I + H), 1), waves(H * (I + H), 2), waves(2 * H, 3)];
  const parts = [
    tensor("W", [2 * H, I + H], W),
    tensor("V", [H, I + H], V),
    tensor("b", [2 * H], b),
    tensor("one", [], [1]),
    node("Concat", ["x", "h"], ["xh"], { axis: 1 }),
    node("Gemm", ["xh", "W", "b"], ["gates"], { transB: 1 }),
    node("Sigmoid", ["gates"], ["open"]),
    node("Split", ["open"], ["r", "z"], { axis: 1 }),
    node("Mul", ["r", "h"], ["rh"]),
    node("Concat", ["x", "rh"], ["xrh"], { axis: 1 }),
    node("Gemm", ["xrh", "V"], ["sum"], { transB: 1 }),
    node("Tanh", ["sum"], ["n"]),
    node("Sub", ["one", "z"], ["less"]),
    node("Mul", ["less", "n"], ["new"]),
    node("Mul", ["z", "h"], ["old"]),
    node("Add", ["new", "old"], ["next"]),
    node("Identity", ["next"], ["y"]),
  ];
  const cut = (list: number[], from: number, to: number) => list.filter((_, i) => i % (I + H) >= from && i % (I + H) < to);
  const model = modelOf([gru({ units: H, reset: "before" })], {
    weight_ih_l0: [...cut(W, 0, I), ...cut(V, 0, I)],
    weight_hh_l0: [...cut(W, I, I + H), ...cut(V, I, I + H)],
    bias_ih_l0: [...b, ...waves(H, 0).map(() => 0)],
    bias_hh_l0: waves(3 * H, 0).map(() => 0),
  });
  const found = fromOnnx(fileOf({ x: ["B", I], h: ["B", H] }, { y: ["B", H], next: ["B", H] }, parts));
  expect(found.model.config.layers).toMatchObject([{ type: "gru", units: H, reset: "before" }]);
  const [own, expected] = [found.model, model].map((each) => each.predict(sequences).flatMap((y) => [...y]));
  own!.forEach((value, i) => expect(value).toBeCloseTo(expected![i]!, 6));
});
