/** The LSTM with its head as ONNX Runtime's own int8 model, as its tool for dynamic quantisation makes it: DynamicQuantizeLSTM. */

import { field, joined, littleEndian } from "../../src/onnx/protobuf.js";

const node = (op: string, inputs: string[], outputs: string[], attributes: ReturnType<typeof field> = [], domain = "") =>
  field(1, [
    ...inputs.flatMap((name) => field(1, name)),
    ...outputs.flatMap((name) => field(2, name)),
    ...field(4, op),
    ...attributes,
    ...(domain ? field(7, domain) : []),
  ]);

const size = (name: string, value: number) => field(5, [...field(1, name), ...field(3, value), ...field(20, 2)]);

const tensor = (name: string, shape: number[], data: Int8Array | Float32Array | BigInt64Array) => {
  const type = data instanceof Int8Array ? 3 : data instanceof Float32Array ? 1 : 7;
  return field(5, [...shape.flatMap((n) => field(1, n)), ...field(2, type), ...field(8, name), ...field(9, [littleEndian(data)])]);
};

/** A value of floats, of any sizes. */
const value = (number: number, name: string) => field(number, [...field(1, name), ...field(2, field(1, field(1, 1)))]);

/** A matrix [columns, rows] of integers, and the scale of each row: weights [rows, columns] in ONNX's order of gates, transposed. */
function quantized(weights: Float32Array, rows: number): { integers: Int8Array; scales: Float32Array } {
  const columns = weights.length / rows;
  const scales = Float32Array.from({ length: rows }, (_, row) => {
    const own = weights.subarray(row * columns, (row + 1) * columns);
    return own.reduce((most, weight) => Math.max(most, Math.abs(weight)), 1e-30) / 127;
  });
  const integers = Int8Array.from(weights, (_, i) => {
    const [column, row] = [Math.floor(i / rows), i % rows];
    return Math.round((weights[row * columns + column] as number) / (scales[row] as number));
  });
  return { integers, scales };
}

/** @param parameters by PyTorch's names, gates in ONNX's order i, o, f, c */
export function int8Model(I: number, H: number, parameters: Record<string, Float32Array>): Uint8Array {
  const of = (name: string) => parameters[name] as Float32Array;
  const [W, R] = [quantized(of("weight_ih_l0"), 4 * H), quantized(of("weight_hh_l0"), 4 * H)];
  const zeros = new Int8Array(4 * H);
  const lstm = ["x", "W", "R", "B", "", "h_0", "c_0", "", "W_scale", "W_zero", "R_scale", "R_zero"];
  const graph = [
    ...node("DynamicQuantizeLSTM", lstm, ["Y", "h_n", "c_n"], size("hidden_size", H), "com.microsoft"),
    ...node("Squeeze", ["Y", "axis"], ["h"]),
    ...node("MatMul", ["h", "weight"], ["product"]),
    ...node("Add", ["product", "bias"], ["y"]),
    ...field(2, "int8"),
    ...tensor("W", [1, I, 4 * H], W.integers),
    ...tensor("R", [1, H, 4 * H], R.integers),
    ...tensor("B", [1, 8 * H], Float32Array.from([...of("bias_ih_l0"), ...of("bias_hh_l0")])),
    ...tensor("W_scale", [1, 4 * H], W.scales),
    ...tensor("R_scale", [1, 4 * H], R.scales),
    ...tensor("W_zero", [1, 4 * H], zeros),
    ...tensor("R_zero", [1, 4 * H], zeros),
    ...tensor("axis", [1], BigInt64Array.of(1n)),
    ...tensor("weight", [H, 1], of("dense.weight")),
    ...tensor("bias", [1], of("dense.bias")),
    ...["x", "h_0", "c_0"].flatMap((name) => value(11, name)),
    ...["y", "h_n", "c_n"].flatMap((name) => value(12, name)),
  ];
  const operators = (domain: string, version: number) => field(8, [...field(1, domain), ...field(2, version)]);
  return joined([...field(1, 7), ...field(7, graph), ...operators("", 14), ...operators("com.microsoft", 1)]);
}
