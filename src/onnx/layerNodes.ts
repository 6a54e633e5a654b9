/** Nodes that are layers: activations, normalisation, embeddings, what looks at all steps. */

import { lastOf } from "./lastStep.js";
import { affine } from "./math.js";
import {
  features,
  foreign,
  formula,
  given,
  idsOf,
  input,
  listed,
  type Node,
  plain,
  type Rows,
  shaped,
  spendOf,
  wholeSequence,
} from "./node.js";
import { as, attention } from "./patterns.js";
import { type Json, PLACES, type Signal } from "./signal.js";
import {
  axisOf,
  countOf,
  type Dim,
  filled,
  hasRole,
  numberAt,
  refuse,
  reshape,
  shapeOf,
  sizeOf,
  slice,
  uniform,
  type View,
  valuesOf,
  walk,
} from "./views.js";
import { activated, normalized } from "./written.js";

/** An activation of an array; where it shows later what that is, by its formula. */
function activate(node: Node, kind: string, compute: (x: number) => number): View {
  const { chain, name } = node;
  const view = input(node);
  const ids = idsOf(node, view);
  const make = () => activated(chain, chain.plain(ids, name), name, kind);
  const [term] = chain.whole(ids)?.terms ?? [];
  // tanh of the half is the logistic function stretched.
  const half = kind === "tanh" && term?.scale?.every((value) => value === 0.5);
  if (half || chain.late(ids)) return formula(node, view, [ids], (_, x) => compute(x as number), make);
  return shaped(view, make());
}

function clipped(node: Node, view: View, low: number, high: number): View {
  const values = idsOf(node, view);
  const clip = (x: number) => Math.min(high, Math.max(low, x));
  return view.steps ? formula(node, view, [values], (_, x) => clip(x as number)) : filled(view, values.map(clip));
}

function softmax(node: Node): View {
  const view = input(node);
  const axis = axisOf(view, node.number("axis", -1));
  const dim = view.dims[axis] ?? [];
  if (hasRole(dim, "T")) {
    if (countOf(view) !== 1) refuse("over steps, expected one number at each");
    return as(foreign(node, view, "of a part of an attention over steps"), "share", view);
  }
  if (features(view, axis) !== countOf(view)) refuse("over some of the features, expected all");
  const below = plain(node, view);
  return shaped(
    view,
    node.chain.bare(below, node.name, { type: "softmax" }, { wrong: "that memcell has no layer for, but as the last one" }),
  );
}

/** Axes that are gone, or kept with one number. */
function without(node: Node, view: View, axes: readonly number[], keep = node.number("keepdims", 1)): Dim[] {
  return view.dims.flatMap((dim, k) => (!axes.includes(k) ? [dim] : keep ? [[]] : []));
}

function reduced(kind: "mean" | "max" | "sum"): (node: Node) => View {
  return (node) => {
    const view = input(node);
    const { chain, name } = node;
    const axes = (listed(node, "axes") ?? view.dims.map((_, k) => k)).map((axis) => axisOf(view, axis));
    if (!view.steps) {
      const values = valuesOf(view, spendOf(node));
      if (axes.length !== view.dims.length) refuse("of some axes of a constant");
      const value =
        kind === "max"
          ? values.reduce((a, b) => Math.max(a, b))
          : values.reduce((a, b) => a + b, 0) / (kind === "mean" ? values.length : 1);
      return {
        ...uniform(
          without(node, view, axes).map(() => 1),
          value,
        ),
        type: view.type,
      };
    }
    const dims = without(node, view, axes);
    const over = axes.filter((axis) => sizeOf(view.dims[axis] ?? []) > 1);
    if (over.some((axis) => hasRole(view.dims[axis] ?? [], "T"))) {
      wholeSequence(view);
      if (over.length > 1) refuse("over steps and features, expected steps alone");
      const signal = kind === "sum" ? attention(node, view) : chain.bare(plain(node, view), name, { type: "pooling", kind });
      if (signal) return shaped(view, signal, dims);
      const total = foreign(node, { ...view, dims }, "over steps, expected their mean or maximum");
      return as(total, "total", view);
    }
    const axis = over[0] ?? axes[0] ?? 0;
    const size = features(view, axis);
    if (over.length > 1 || kind === "max") refuse(`over the axes ${axes} of [${shapeOf(view)}]`);
    if (size === 1) return { ...view, dims };
    const scale = kind === "mean" ? 1 / size : undefined;
    const terms = Array.from({ length: size }, (_, i) => {
      const ids = idsOf(node, slice(view, axis, i, 1, 1, spendOf(node)));
      return { ids, scale: scale && ids.map(() => scale) } as { ids: Float64Array; scale?: Float64Array };
    });
    return shaped(view, chain.add(countOf({ ...view, dims }), name, { terms }), dims);
  };
}

/** The mean or maximum of all axes after the second. */
const overSteps = (kind: "mean" | "max") => (node: Node) =>
  reduced(kind)({
    ...node,
    inputs: [input(node)],
    numbers: () =>
      input(node)
        .dims.slice(2)
        .map((_, k) => k + 2),
    number: (_, otherwise) => otherwise,
  });

/** The graph's tokens, which nothing has changed. */
function tokensOf(node: Node, view: View): Signal {
  const ids = idsOf(node, view);
  const signal = node.chain.signals[Math.floor((ids[0] as number) / PLACES)] as Signal;
  if (ids.length !== 1 || signal.layer || signal.terms || signal.units !== 1)
    refuse("by what is not an input of the graph, expected tokens");
  return signal;
}

/** The same input as one of `count` categories, 1 at that of the token. */
const hot = ({ chain }: Node, { name }: Signal, count: number) => chain.add(count, name, { tokens: true });

export const layerNodes = (): Rows => ({
  Relu: (node) => activate(node, "relu", (x) => Math.max(0, x)),
  Tanh: (node) => activate(node, "tanh", Math.tanh),
  Sigmoid: (node) => activate(node, "logistic", (x) => 1 / (1 + Math.exp(-x))),
  Clip(node) {
    const [low, high] = ["min", "max"].map((name, k) => listed(node, name, k + 1)?.[0] ?? node.number(name, k ? Infinity : -Infinity));
    return clipped(node, input(node), low as number, high as number);
  },
  HardSigmoid(node) {
    const [alpha, beta] = [node.number("alpha", 0.2), node.number("beta", 0.5)].map((value) => uniform([], value)) as [View, View];
    const view = input(node);
    return clipped(node, view.steps ? affine(node, affine(node, view, "Mul", alpha), "Add", beta) : view, 0, 1);
  },
  Softmax: softmax,
  LogSoftmax: softmax,
  LayerNormalization(node) {
    const view = input(node);
    if (features(view, -1) !== countOf(view)) refuse("over some of the features, expected all");
    const y = shaped(view, normalized(node.chain, idsOf(node, view), node.name, node.number("epsilon", 1e-5)));
    if (axisOf(view, node.number("axis", -1)) !== view.dims.length - 1) refuse("of several axes, expected the last one");
    const gained = affine(node, y, "Mul", given(node, 1));
    return [node.inputs[2] ? affine(node, gained, "Add", given(node, 2)) : gained, undefined, undefined];
  },
  BatchNormalization(node) {
    const view = input(node);
    const [gain, shift, mean, variance] = [1, 2, 3, 4].map((k) => valuesOf(given(node, k), spendOf(node))) as [
      Float64Array,
      ...Float64Array[],
    ];
    const scale = gain.map((value, i) => value / Math.sqrt((variance?.[i] as number) + node.number("epsilon", 1e-5)));
    const shape = view.dims.slice(1).map((_, k) => (k ? 1 : scale.length));
    const constant = (values: Float64Array): View =>
      reshape({ dims: [[{ size: values.length, stride: 1 }]], offset: 0, read: (at) => values[at] as number }, shape, spendOf(node));
    const moved = scale.map((value, i) => (shift?.[i] as number) - (mean?.[i] as number) * value);
    return [
      affine(node, affine(node, view, "Mul", constant(scale)), "Add", constant(moved)),
      ...Array.from({ length: node.outputs - 1 }, () => undefined),
    ];
  },
  ReduceMean: reduced("mean"),
  ReduceMax: reduced("max"),
  ReduceSum: reduced("sum"),
  GlobalAveragePool: overSteps("mean"),
  GlobalMaxPool: overSteps("max"),
  OneHot(node) {
    const view = input(node);
    const depth = numberAt(given(node, 1), [0]);
    const values = given(node, 2);
    if (numberAt(values, [0]) !== 0 || numberAt(values, [1]) !== 1 || node.number("axis", -1) !== -1)
      refuse("of other values than 0 and 1 at the end");
    const signal = hot(node, tokensOf(node, view), depth);
    return { ...shaped(view, signal, [...view.dims, [{ size: depth, stride: 1 }]]), type: undefined };
  },
  GatherND(node) {
    const [view, index] = [input(node), input(node, 1)];
    return lastOf(node, view, index);
  },
});

/** A vector for each token. */
export function embedding(node: Node): View {
  const { chain, name } = node;
  const [table, index] = [given(node, 0), input(node, 1)];
  const [V = 0, E = 0] = shapeOf(table);
  if (table.dims.length !== 2 || node.number("axis", 0) !== 0) refuse(`of [${shapeOf(table)}], expected vectors of tokens`);
  const below = hot(node, tokensOf(node, index), V);
  const data = () => {
    const out = chain.floats(V * E);
    walk(table, (value, i) => {
      out[i] = value;
    });
    return out;
  };
  const signal = chain.add(E, name, {
    layer: { type: "embedding", units: E } as Json,
    below,
    table: table.base,
    parts: { weight: { shape: [V, E], data } },
  });
  return { ...shaped(index, signal, [...index.dims, [{ size: E, stride: 1 }]]), type: undefined };
}
