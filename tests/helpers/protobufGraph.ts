/** ONNX files by hand, for what memcell's own writer never writes: quantised tensors, functions, operators of others. */

import { type Bytes, field, float, joined, littleEndian } from "../../src/onnx/protobuf.js";

export type Values = Record<string, number | readonly number[] | { of: string } | { float: number }>;

function attributes(values: Values): Bytes {
  return Object.entries(values).flatMap(([name, value]) => {
    const own = field(1, name);
    if (typeof value === "number") return field(5, [...own, ...field(3, value), ...field(20, 2)]);
    if (Array.isArray(value)) return field(5, [...own, ...value.flatMap((n) => field(8, n)), ...field(20, 7)]);
    const { of, float: f } = value as { of?: string; float?: number };
    return field(5, [...own, ...(of === undefined ? [...float(2, f!), ...field(20, 1)] : [...field(21, of), ...field(20, 2)])]);
  });
}

export const node = (op: string, inputs: readonly string[], outputs: readonly string[], values: Values = {}, domain = ""): Bytes =>
  field(1, [
    ...inputs.flatMap((name) => field(1, name)),
    ...outputs.flatMap((name) => field(2, name)),
    ...field(4, op),
    ...attributes(values),
    ...field(7, domain),
  ]);

/** Numbers by the code of their type: 1 float, 2 uint8, 3 int8, 7 int64. */
export function tensor(name: string, dims: readonly number[], values: readonly number[], type: 1 | 2 | 3 | 7 = 1): Bytes {
  const raw =
    type === 1
      ? littleEndian(Float32Array.from(values))
      : type === 7
        ? littleEndian(BigInt64Array.from(values, BigInt))
        : Uint8Array.from(values);
  return field(5, [...dims.flatMap((n) => field(1, n)), ...field(2, type), ...field(8, name), ...field(9, [raw])]);
}

const value = (number: number, name: string, dims: readonly (number | string)[]): Bytes => {
  const shape = dims.flatMap((n) => field(1, typeof n === "number" ? field(1, n) : field(2, n)));
  return field(number, [...field(1, name), ...field(2, field(1, [...field(1, 1), ...field(2, shape)]))]);
};

/** A function of the file's own; `nodes` are fields 1 of a graph. */
export const localFunction = (domain: string, name: string, inputs: string[], outputs: string[], names: string[], nodes: Bytes[]): Bytes =>
  field(25, [
    ...field(1, name),
    ...inputs.flatMap((each) => field(4, each)),
    ...outputs.flatMap((each) => field(5, each)),
    ...names.flatMap((each) => field(6, each)),
    // A graph's nodes are its field 1, a function's its field 7.
    ...nodes.flatMap(([, ...rest]) => [Uint8Array.of(7 * 8 + 2), ...rest]),
    ...field(10, domain),
  ]);

/** A file of an input x, an output y, and parts of a graph. */
export function fileOf(
  inputs: Record<string, readonly (number | string)[]>,
  outputs: Record<string, readonly (number | string)[]>,
  parts: readonly Bytes[],
  more: readonly Bytes[] = [],
): Uint8Array<ArrayBuffer> {
  return joined([
    ...field(1, 8),
    ...field(7, [
      ...parts.flat(),
      ...Object.entries(inputs).flatMap(([name, dims]) => value(11, name, dims)),
      ...Object.entries(outputs).flatMap(([name, dims]) => value(12, name, dims)),
    ]),
    ...field(8, field(2, 18)),
    ...more.flat(),
  ]);
}
