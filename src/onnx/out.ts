/** A model's layers as nodes of an ONNX graph. Signals are [T, B, features], above a pooling [B, features]. */

import { clip, type Tensor } from "../interop/core.js";
import type { Attribute, Dimensions, Graph } from "./writer.js";

/** What is being written, and the signal from the layers so far. */
export interface Draft {
  graph: Graph;
  parameters: Record<string, Tensor>;
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

/** A matrix [O, I] as [I, O]. */
export function transposed(graph: Graph, name: string, { shape: [rows = 0, columns = 0], data }: Tensor): string {
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
  const number = (value: number) => graph.tensor(`${value === 2 ? "two" : "half"}_${x}`, [], Float32Array.of(value));
  const y = graph.node("Tanh", [graph.node("Mul", [x, number(0.5)])]);
  return kind === "[-2,2]" ? graph.node("Mul", [y, number(2)]) : y;
}

/** The values of each sequence's last step. */
export function lastStep({ graph, lengths }: Draft, x: string): string {
  if (!lengths) return graph.node("Gather", [x, graph.integers(-1)], { axis: 0 });
  const at = graph.node("Sub", [graph.node("Cast", [lengths], { to: 7 }), graph.integers(1)]);
  const index = graph.node("Unsqueeze", [at, graph.integers([1])]);
  return graph.node("GatherND", [graph.node("Transpose", [x], { perm: [1, 0, 2] }), index], { batch_dims: 1 });
}
