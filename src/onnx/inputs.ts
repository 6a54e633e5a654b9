/** A model's inputs as ONNX's nodes: standardised numbers, categories, gaps. */

import type { Config, Tensor } from "../interop/core.js";
import { type Draft, stateIn, stateOut } from "./out.js";
import type { Graph } from "./writer.js";

/** Makes the graph's input and what the first layer takes of it. */
export function inputs(draft: Draft, { input, scaler, layers }: Config): void {
  const { graph } = draft;
  if ("tokens" in input) {
    draft.units = input.tokens;
    draft.x = graph.input("tokens", "int64", ["T", "B"]);
    if (layers[0]?.type !== "embedding") draft.x = oneHot(graph, draft.x, input.tokens);
    return;
  }
  const { columns } = input as { columns?: Columns };
  draft.units = columns ? Object.keys(columns).length : (input as { features: number }).features;
  draft.x = graph.input("inputs", "float", ["T", "B", draft.units]);
  if (columns) columnsOf(draft, columns, scaler.inputs);
  else if (scaler.inputs) draft.x = scaled(graph, draft.x, "scaler.inputs", ["Sub", scaler.inputs.mean], ["Div", scaler.inputs.deviation]);
}

/** A scale of the configuration at `path`, in double precision, as memcell computes it. */
export function scaled(graph: Graph, x: string, path: string, ...steps: [op: string, numbers: readonly number[]][]): string {
  let y = graph.node("Cast", [x], { to: 11 });
  for (const [op, numbers] of steps) y = graph.node(op, [y, graph.tensor(`${path}.${op}`, [numbers.length], Float64Array.from(numbers))]);
  return graph.node("Cast", [y], { to: 1 });
}

const oneHot = (graph: Graph, x: string, count: number) =>
  graph.node("OneHot", [x, graph.integers(count), graph.tensor("zero_one", [2], Float32Array.of(0, 1))], { axis: -1 });

type Columns = Extract<Config["input"], { columns: unknown }>["columns"];

/** Columns [T, B, columns], categories as their index and gaps as NaN, beside each other as the first layer takes them. */
function columnsOf(draft: Draft, columns: Columns, scale: Config["scaler"]["inputs"]): void {
  const { graph, parameters, x } = draft;
  const all = Object.entries(columns);
  const numeric = all.flatMap(([, { type }], k) => (type === "numeric" ? [k] : []));
  const lasting = numeric.filter((k) => all[k]?.[1].missing === "last");
  const pick = (from: string, which: number[]) => graph.node("Gather", [from, graph.integers(which)], { axis: 2 });
  let numbers = numeric.length > 0 ? pick(x, numeric) : "";
  if (scale) numbers = scaled(graph, numbers, "scaler.inputs", ["Sub", scale.mean], ["Div", scale.deviation]);
  const place = (k: number) => [numeric.indexOf(k)];
  const seen = lasting.length > 0 ? filled(draft, pick(numbers, lasting.flatMap(place)), lasting.length) : "";
  draft.units = 0;
  const parts = all.flatMap(([name, { type, missing, ...column }], k) => {
    if (type === "numeric") {
      draft.units += missing ? 2 : 1;
      const plain = pick(numbers, place(k));
      if (!missing) return [plain];
      const gap = graph.node("IsNaN", [plain]);
      const value = missing === "last" ? pick(seen, [lasting.indexOf(k)]) : graph.node("Where", [gap, graph.number(0), plain]);
      return [value, graph.node("Cast", [gap], { to: 1 })];
    }
    const { categories, units } = column as { categories: number | readonly string[]; units?: number };
    let count = typeof categories === "number" ? categories : categories.length;
    let category = graph.node("Gather", [x, graph.integers(k)], { axis: 2 });
    if (missing) category = graph.node("Where", [graph.node("IsNaN", [category]), graph.number(count++), category]);
    category = graph.node("Cast", [category], { to: 7 });
    draft.units += units ?? count;
    if (!units) return [oneHot(graph, category, count)];
    const vectors = `embedding.${name}.weight`;
    return [graph.node("Gather", [graph.tensor(vectors, [count, units], (parameters[vectors] as Tensor).data), category], { axis: 0 })];
  });
  draft.x = parts.length > 1 ? graph.node("Concat", parts, { axis: 2 }) : (parts[0] as string);
}

/**
 * Gaps filled with the value before them, without a loop: those that are there move to the front, gaps behind them, and each step takes
 * the one of the number that it has counted so far. Before the first stands what was seen last, or zero.
 */
function filled(draft: Draft, x: string, units: number): string {
  const { graph, states } = draft;
  const counted = (flags: string) => graph.node("CumSum", [graph.node("Cast", [flags], { to: 7 }), graph.integers(0)]);
  const gap = graph.node("IsNaN", [x]);
  const count = counted(graph.node("Not", [gap]));
  const to = graph.node("Where", [gap, graph.node("Neg", [counted(gap)]), count]);
  const before = stateIn(draft, "seen", [1, "B", units]);
  const table = states ? graph.node("Concat", [before, x], { axis: 0 }) : graph.node("Pad", [x, graph.integers([1, 0, 0, 0, 0, 0])]);
  const packed = graph.node("ScatterElements", [table, to, x], { axis: 0 });
  const y = graph.node("GatherElements", [packed, count], { axis: 0 });
  if (states) stateOut(draft, "seen", graph.node("Concat", [before, y], { axis: 0 }), 1, units);
  return y;
}
