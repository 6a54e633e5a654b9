/** A model's layers as nodes of an ONNX graph. Signals are [T, B, features], above a pooling [B, features]. */

import { roundRows } from "../int8/rows.js";
import { clip, type Tensor } from "../interop/core.js";
import type { Attribute, Dimensions, Graph } from "./writer.js";

/** The graph being written, and the signal from the layers so far. */
export interface Draft {
  graph: Graph;
  parameters: Record<string, Tensor>;
  /** Of int8 weights: the scales of each matrix's rows. */
  scales: ReadonlyMap<string, Float32Array>;
  /** The signal's name, its numbers at each step, and whether it is of the whole sequence. */
  x: string;
  units: number;
  pooled: boolean;
  states: boolean;
  /** The name of the input with the sequences' lengths; "" for none. */
  lengths: string;
  opset: number;
  path: string;
  layer: Record<string, unknown>;
  /** Whether the layer's final state is all that is used of it. */
  final: boolean;
  /** The name that the next part of a kind has. */
  name(kind: string): string;
}

export function refuse({ path, layer }: Pick<Draft, "path" | "layer">, option: string, reason: string): never {
  throw new RangeError(`"${path}.${option}" is ${clip(`${layer[option]}`)}, which ${reason}`);
}

/** The input for a state, where states go in and out. */
export function stateIn({ graph, states }: Draft, name: string, dimensions: Dimensions): string {
  return states ? graph.input(name, "float", dimensions) : "";
}

/**
 * A matrix as a constant. One of int8 weights is its integers times the scales of its rows: runtimes compute it once, as they load the file.
 * (ONNX Runtime would multiply behind a DequantizeLinear in 8 bits, and would compute those of a recurrent layer anew in each run.)
 */
export function matrix(draft: Draft, name: string, tensor = draft.parameters[name] as Tensor, rows = draft.scales.get(name)): string {
  const { graph } = draft;
  const { shape, data } = tensor;
  if (!rows) return graph.tensor(name, shape, data);
  const integers = graph.tensor(`${name}_int8`, shape, roundRows({ shape: [rows.length, data.length / rows.length], data }, rows));
  // A row has all dimensions but the first, or but two.
  const before = rows.length === shape[0] ? 1 : 2;
  const own = shape.map((n, i) => (i < before ? n : 1));
  return graph.node("Mul", [graph.node("Cast", [integers], { to: 1 }), graph.tensor(`${name}_scale`, own, rows)]);
}

/** A matrix [O, I] as [I, O]. */
export function transposed(draft: Draft, name: string): string {
  const { graph, parameters, scales } = draft;
  if (scales.has(name)) return graph.node("Transpose", [matrix(draft, name)], { perm: [1, 0] });
  const {
    shape: [rows = 0, columns = 0],
    data,
  } = parameters[name] as Tensor;
  const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)] as number);
  return graph.tensor(name, [columns, rows], turned);
}

/** An activation, of memcell's or hard sigmoid. */
export function activate({ graph }: Draft, x: string, kind: string, alpha?: number): string {
  const [op, more]: [string, Record<string, Attribute>] =
    kind === "hardSigmoid"
      ? ["HardSigmoid", { alpha: alpha ?? 0.2, beta: 0.5 }]
      : [{ logistic: "Sigmoid", tanh: "Tanh", relu: "Relu" }[kind] ?? kind, {}];
  if (kind === "identity") return x;
  if (kind[0] !== "[") return graph.node(op, [x], more);
  // The logistic function stretched is tanh of the half.
  const y = graph.node("Tanh", [graph.node("Mul", [x, graph.number(0.5)])]);
  return kind === "[-2,2]" ? graph.node("Mul", [y, graph.number(2)]) : y;
}

/** The `count` steps [count, B, units] of each sequence from `first` after its end on. */
function stepsAt({ graph, lengths }: Draft, x: string, first: number, count: number): string {
  const ends = graph.node("Unsqueeze", [graph.node("Cast", [lengths], { to: 7 }), graph.integers([1, 2])]);
  const offsets = graph.integers(Array.from({ length: count }, (_, i) => first + i));
  const index = graph.node("Add", [ends, graph.node("Unsqueeze", [offsets, graph.integers([1])])]);
  const turned = graph.node("Transpose", [x], { perm: [1, 0, 2] });
  return graph.node("Transpose", [graph.node("GatherND", [turned, index], { batch_dims: 1 })], { perm: [1, 0, 2] });
}

/** The values of each sequence's last step. */
export function lastStep(draft: Draft, x: string): string {
  const { graph, lengths } = draft;
  if (!lengths) return graph.node("Gather", [x, graph.integers(-1)], { axis: 0 });
  return graph.node("Squeeze", [stepsAt(draft, x, -1, 1), graph.integers([0])]);
}

/** The output for a state that is the last `past` steps of x, which has as many before its first. */
export function stateOut(draft: Draft, name: string, x: string, past: number, units: number): void {
  const { graph, lengths } = draft;
  const [from, to, axis] = [[-past], [2 ** 31 - 1], [0]].map((list) => graph.integers(list)) as [string, string, string];
  const steps = lengths ? stepsAt(draft, x, 0, past) : graph.node("Slice", [x, from, to, axis]);
  graph.output(graph.node("Identity", [steps], {}, `${name}_next`), [past, "B", units]);
}

/** A sum, mean or maximum over the steps. */
export function reduce({ graph, opset }: Draft, op: "ReduceSum" | "ReduceMean" | "ReduceMax", x: string): string {
  // The axes of the others became an input later.
  if (op !== "ReduceSum" && opset < 18) return graph.node(op, [x], { axes: [0], keepdims: 0 });
  return graph.node(op, [x, graph.integers([0])], { keepdims: 0 });
}

/** x [T, B, units] with `value` in the steps after a sequence's end. */
export function masked({ graph, lengths }: Draft, x: string, value: number): string {
  if (!lengths) return x;
  const T = graph.node("Gather", [graph.node("Shape", [x]), graph.integers(0)]);
  const steps = graph.node("Unsqueeze", [graph.node("Range", [graph.integers(0), T, graph.integers(1)]), graph.integers([1, 2])]);
  const ends = graph.node("Unsqueeze", [graph.node("Cast", [lengths], { to: 7 }), graph.integers([1])]);
  return graph.node("Where", [graph.node("Less", [steps, ends]), x, graph.number(value)]);
}
