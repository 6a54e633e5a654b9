/** Models from ONNX: memcell/onnx. Live comparisons with PyTorch and ONNX Runtime: onnx/main.ts. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createModel, dense, gru, type Layer, lstm, type Model, type ModelConfig, rnn } from "../src/index.js";
import { Graph } from "../src/onnx/writer.js";
import { type FromOnnxOptions, fromOnnx, toOnnx } from "../src/onnx.js";
import { back } from "./onnx/back.js";
import { drawModel } from "./onnx/models.js";
import { apartFrom } from "./onnx/torch.js";

/** Made by onnx/exports.py with PyTorch 1.13. */
const exported: Parameters<typeof apartFrom>[0][] = JSON.parse(readFileSync(new URL("vectors/onnx.json", import.meta.url), "utf8"));

test.each(exported.map((each) => [each.about, each] as const))("PyTorch's file: %s", (_, each) => {
  expect(apartFrom(each)).toBeLessThan(2e-6);
});

test("random models come back to the bit", () => {
  for (let n = 0; n < 60; n++) expect([n, back(drawModel(n))]).toEqual([n, true]);
});

const GATES: Record<string, number[]> = { lstm: [0, 3, 1, 2], gru: [1, 0, 2], rnn: [0] };

/** A graph as converters write it, of a model's own weights. */
class Converted extends Graph {
  constructor(readonly model: Model) {
    super(["y"]);
  }

  /** Names of W, R and B of a layer, in ONNX's order of gates. */
  weights(type: string, k: number, ends: string[]): string[] {
    const parameters = this.model.parameters();
    const rows = (name: string) => {
      const { data } = parameters[name]!;
      const block = data.length / GATES[type]!.length;
      return GATES[type]!.flatMap((gate) => [...data.subarray(gate * block, (gate + 1) * block)]);
    };
    const units = parameters[`weight_hh_l${k}${ends[0]}`]!.shape;
    const of = (names: string[]) => ends.flatMap((end) => names.flatMap((name) => rows(`${name}_l${k}${end}`)));
    const put = (name: string, values: number[], ...shape: number[]) =>
      this.tensor(`${name}${k}${ends[0]}`, [ends.length, ...shape], Float32Array.from(values));
    const [rowsOf = 0, H = 0] = units;
    const x = of(["weight_ih"]);
    return [
      put("W", x, rowsOf, x.length / rowsOf / ends.length),
      put("R", of(["weight_hh"]), rowsOf, H),
      put("B", of(["bias_ih", "bias_hh"]), 2 * rowsOf),
    ];
  }

  dense(x: string): string {
    const { shape, data } = this.model.parameters()["dense.weight"]!;
    const [O = 0, I = 0] = shape;
    const turned = this.tensor(
      "kernel",
      [I, O],
      Float32Array.from({ length: O * I }, (_, i) => data[(i % O) * I + Math.floor(i / O)]!),
    );
    return this.node("Add", [this.node("MatMul", [x, turned]), this.tensor("bias", [O], this.model.parameters()["dense.bias"]!.data)]);
  }

  end(x: string, dims: (number | "T" | "B")[]): Uint8Array<ArrayBuffer> {
    this.result("y", x, dims);
    return this.file(13, {});
  }
}

const made = (layers: Layer[], config: Partial<ModelConfig> = {}) => createModel({ input: { features: 3 }, layers, seed: 5, ...config });
const sequences = [1, 4, 6].map((length) => ({ inputs: Array.from({ length: 3 * length }, (_, i) => Math.sin(i + length)) }));

/** Graphs by the structure of the converters, each with the model that it is. */
const GRAPHS: Record<string, () => [model: Model, file: Uint8Array]> = {
  "tf2onnx: LSTM that returns sequences, its zeros made of the input's shape": () => {
    const model = made([lstm({ units: 4 }), dense({ units: 2 })]);
    const g = new Converted(model);
    const x = g.input("x", "float", ["B", "T", 3]);
    const batch = g.node("Slice", [g.node("Shape", [x]), g.integers([0]), g.integers([1]), g.integers([0])]);
    const zeros = g.node("Expand", [
      g.tensor("zero", [1], Float32Array.of(0)),
      g.node("Concat", [g.integers([1]), batch, g.integers([4])], { axis: 0 }),
    ]);
    const turned = g.node("Transpose", [x], { perm: [1, 0, 2] });
    const attributes = { hidden_size: 4, direction: "forward" };
    const y = g.node("LSTM", [turned, ...g.weights("lstm", 0, [""]), "", zeros, zeros], attributes);
    return [model, g.end(g.dense(g.node("Transpose", [g.node("Squeeze", [y, g.integers([1])])], { perm: [1, 0, 2] })), ["B", "T", 2])];
  },
  "tf2onnx: GRU's last state": () => {
    const model = made([gru({ units: 4 }), dense({ units: 2 })], { output: "last" });
    const g = new Converted(model);
    const x = g.input("x", "float", ["B", "T", 3]);
    const batch = g.node("Gather", [g.node("Shape", [x]), g.integers([0])], { axis: 0 });
    const repeats = g.node("Concat", [g.integers([1]), batch, g.integers([1])], { axis: 0 });
    const zeros = g.node("Tile", [g.tensor("zeros", [1, 1, 4], new Float32Array(4)), repeats]);
    const turned = g.node("Transpose", [x], { perm: [1, 0, 2] });
    const inputs = [turned, ...g.weights("gru", 0, [""]), "", zeros];
    const [, h] = g.nodes("GRU", inputs, { hidden_size: 4, linear_before_reset: 1 }, ["", "h?"]);
    return [model, g.end(g.dense(g.node("Squeeze", [h!, g.integers([0])])), ["B", 2])];
  },
  "Keras: TimeDistributed, by way of one axis for steps and sequences": () => {
    const model = made([dense({ units: 2 })]);
    const g = new Converted(model);
    const x = g.input("x", "float", ["B", "T", 3]);
    const shape = g.node("Shape", [x]);
    const rows = g.dense(g.node("Reshape", [x, g.integers([-1, 3])]));
    const ends = g.node("Concat", [g.node("Gather", [shape, g.integers([0, 1])], { axis: 0 }), g.integers([2])], { axis: 0 });
    return [model, g.end(g.node("Reshape", [rows, ends]), ["B", "T", 2])];
  },
  "Keras: Bidirectional as two layers, one of what is turned round": () => {
    const model = made([lstm({ units: 4, bidirectional: "concat" }), dense({ units: 2 })]);
    const g = new Converted(model);
    const x = g.node("Transpose", [g.input("x", "float", ["B", "T", 3])], { perm: [1, 0, 2] });
    const round = (name: string) => g.node("Slice", [name, g.integers([-1]), g.integers([-(2 ** 31)]), g.integers([0]), g.integers([-1])]);
    const one = (x: string, end: string) => {
      const y = g.node("LSTM", [x, ...g.weights("lstm", 0, [end])], { hidden_size: 4 });
      return g.node("Squeeze", [y, g.integers([1])]);
    };
    const both = g.node("Concat", [one(x, ""), round(one(round(x), "_reverse"))], { axis: 2 });
    return [model, g.end(g.dense(both), ["T", "B", 2])];
  },
  "the layout with sequences first, and a sum of both directions": () => {
    const model = made([rnn({ units: 4, bidirectional: "sum" }), dense({ units: 2 })]);
    const g = new Converted(model);
    const attributes = { hidden_size: 4, direction: "bidirectional", layout: 1 };
    const y = g.node("RNN", [g.input("x", "float", ["B", "T", 3]), ...g.weights("rnn", 0, ["", "_reverse"])], attributes);
    return [model, g.end(g.dense(g.node("ReduceSum", [y, g.integers([2])], { keepdims: 0 })), ["B", "T", 2])];
  },
};

test.each(Object.entries(GRAPHS))("%s", (_, make) => {
  const [model, file] = make();
  const { model: read } = fromOnnx(file);
  expect(read.predict(sequences)).toEqual(model.predict(sequences));
});

test("ONNX's coupled gates are memcell's, of the negative weights", () => {
  const model = made([lstm({ units: 4 })]);
  const g = new Converted(model);
  const attributes = { hidden_size: 4, input_forget: 1 };
  const y = g.node("LSTM", [g.input("x", "float", ["T", "B", 3]), ...g.weights("lstm", 0, [""])], attributes);
  const { model: read } = fromOnnx(g.end(g.node("Squeeze", [y, g.integers([1])]), ["T", "B", 4]));
  expect(read.config.layers).toEqual([{ type: "lstm", units: 4, coupled: true }]);
  const weight = read.parameters().weight_ih_l0!.data;
  expect(weight[0]).toBe(-model.parameters().weight_ih_l0!.data[0]!);
});

test("softmax, other outputs and initial states are named", () => {
  const model = made([lstm({ units: 4 }), dense({ units: 2 })]);
  expect(fromOnnx(toOnnx(model, { states: true })).unknown).toEqual([
    'initial states ("h_l0") are zeros, or a sequence\'s `state`; streams carry them',
    'initial states ("c_l0") are zeros, or a sequence\'s `state`; streams carry them',
    "the output h_l0_next is left out",
    "the output c_l0_next is left out",
  ]);
  const g = new Converted(made([dense({ units: 2 })]));
  const y = g.node("Softmax", [g.dense(g.input("x", "float", ["B", 3]))], { axis: -1 });
  expect(fromOnnx(g.end(y, ["B", 2])).unknown[0]).toContain("(Softmax) is left to the loss crossEntropy");
});

describe("what is wrong is refused, with its place", () => {
  /** A graph of an input x [T, B, 3] that ends at what `make` adds. */
  const graph = (make: (g: Converted, x: string) => string) => {
    const g = new Converted(made([lstm({ units: 4, bidirectional: "concat" })]));
    return g.end(make(g, g.input("x", "float", ["T", "B", 3])), ["T", "B", 3]);
  };
  const both = (g: Converted, x: string, more = {}) =>
    g.node("LSTM", [x, ...g.weights("lstm", 0, ["", "_reverse"])], { hidden_size: 4, direction: "bidirectional", ...more });
  const file = graph((g, x) => g.node("Relu", [x]));
  test.each<[string, Uint8Array, RegExp, FromOnnxOptions?]>([
    ["an operator", graph((g, x) => g.node("Foo", [x])), /^"bytes" has a node "Foo_1" \(Foo\) that memcell has no layer for/],
    ["a loop", graph((g, x) => g.node("Add", [x, "Add_1"])), /"Add_1" \(Add\) that takes "Add_1", which no node before it gives/],
    ["Loop", graph((g, x) => g.node("Loop", [x])), /"Loop_1" \(Loop\) that memcell has no layer for/],
    [
      "an activation",
      graph((g, x) => both(g, x, { activations: ["Sigmoid", "Tanh", "Softsign", "Sigmoid", "Tanh", "Softsign"] })),
      /"LSTM_1" \(LSTM\) with the activation softsign 0.2 0.5, expected Sigmoid, Tanh/,
    ],
    [
      "two chains",
      graph((g, x) => g.node("Add", [g.node("Tanh", [x]), x])),
      /^"bytes" has an output "y" that adds "Tanh_1" \(Tanh\) and "x", expected one chain of layers/,
    ],
    ["clip", graph((g, x) => both(g, x, { clip: 3 })), /\(LSTM\) with clip/],
    [
      "the last step of both directions",
      graph((g, x) => g.node("Gather", [both(g, x), g.integers(-1)], { axis: 0 })),
      /\(Gather\) of a step that a layer in reverse has not read all of the sequence for, expected its final state/,
    ],
    ["weights of another size", graph((g, x) => g.node("LSTM", [x, "W", "R"])), /that takes "W", which no node before it gives/],
    ["a graph of constants", graph((g) => g.integers([1])), /"y" that is constant/],
    ["a file that ends early", file.slice(0, -9), /^"bytes\[\d+\]" expected a field that ends within its message, as in an ONNX file/],
    // A graph (7) with a name (2) alone.
    ["no outputs", new Uint8Array([58, 3, 18, 1, 120]), /^"bytes" expected an input with a shape, got 0 inputs/],
    ["no ONNX file", new Uint8Array([8, 7]), /^"bytes" expected an ONNX file, with a graph/],
    ["a long integer", new Uint8Array(12).fill(255), /^"bytes\[0\]" expected an integer of at most 10 bytes/],
    ["a field of another kind", new Uint8Array([56, 1]), /^"bytes\[0\]" expected field 7 of another kind/],
    ["an output that is not there", file, /^"bytes" has no value "z"/, { to: "z" }],
    ["an option", file, /^"end" is not an option/, { end: "z" } as FromOnnxOptions],
    ["a value that is none", file, /^"given.sr" expected a number, a list of numbers, or a tensor/, { given: { sr: "16" as never } }],
    ["a shape", file, /^"shape" expected sizes, "T" and "B"/, { shape: ["X" as never] }],
  ])("%s", (_, bytes, message, options) => {
    expect(() => fromOnnx(bytes, options)).toThrow(message);
  });

  test("tensors that are larger than the file, or elsewhere", () => {
    const g = new Converted(made([dense({ units: 2 })]));
    const x = g.input("x", "float", ["B", 3]);
    const bytes = g.end(g.dense(x), ["B", 2]);
    // The kernel's shape [3, 2] is 8, 3, 8, 2.
    const at = bytes.findIndex((_, i) => [8, 3, 8, 2, 16, 1].every((byte, k) => bytes[i + k] === byte));
    const huge = bytes.slice();
    huge[at + 1] = 127;
    expect(() => fromOnnx(huge)).toThrow('"bytes" has a tensor "kernel" of [127,2], with 6 numbers');
    const stretched = graph((g, x) => g.node("MatMul", [x, g.node("Expand", [g.integers([1]), g.integers([3, 2 ** 20])])]));
    expect(() => fromOnnx(stretched)).toThrow(/^"bytes" is too small a file for what .*: more than twice its size/);
  });
});
