/** Nodes that multiply by weights: MatMul, Gemm, Conv. */

import { finalOf } from "./lastStep.js";
import { affine } from "./math.js";
import { features, given, idsOf, input, type Node, type Rows, shaped, spendOf } from "./node.js";
import { type Fill, PLACES, type Signal } from "./signal.js";
import {
  type Atom,
  constant,
  countOf,
  type Dim,
  hasRole,
  numberAt,
  refuse,
  reshape,
  type Steps,
  shapeOf,
  sizeOf,
  slice,
  transpose,
  type View,
  valuesOf,
  walk,
} from "./views.js";

/** The most products of constants that a node may take. */
const MOST = 2 ** 28;

/** The product of two constants, with the same axes before the last two. */
function multiplied(node: Node, a: View, b: View): View {
  const [x, y] = [shapeOf(a), shapeOf(b)];
  const [m = 0, k = 0] = x.slice(-2);
  const [rows = 0, n = 0] = y.slice(-2);
  const outer = x.slice(0, -2);
  const count = outer.reduce((all, size) => all * size, 1);
  if (x.length < 2 || k !== rows || outer.join() !== y.slice(0, -2).join() || count * m * k * n > MOST) refuse(`of [${x}] and [${y}]`);
  const [left, right] = [valuesOf(a, spendOf(node)), valuesOf(b, spendOf(node))];
  spendOf(node)(8 * count * m * n, "a product takes");
  const out = new Float64Array(count * m * n);
  for (let i = 0; i < out.length; i++) {
    const [row, column] = [Math.floor(i / n), i % n];
    const from = Math.floor(row / m) * k * n + column;
    let total = 0;
    for (let j = 0; j < k; j++) total += (left[row * k + j] as number) * (right[from + j * n] as number);
    out[i] = total;
  }
  return { ...constant([...outer, m, n], out), product: [a, b] };
}

/** The projection of what a recurrent layer gives, whose weights of the state were made with it. */
function projected(node: Node, view: View, matrix: View): View | undefined {
  const { chain } = node;
  const ids = idsOf(node, view);
  const own = chain.signals[Math.floor((ids[0] as number) / PLACES)] as Signal;
  const signal = own.layer?.type === "pooling" ? (own.below as Signal) : own;
  const { projection } = signal;
  const [D = 0, H = 0, P = 0] = shapeOf(matrix);
  if (!projection || projection.base !== matrix.base || ids.length !== own.units || ids.length !== D * H) return undefined;
  const parts = { ...signal.parts, ...projection.parts };
  projection.made ??= chain.like(signal, { layer: { ...signal.layer, projection: P }, parts, projection: undefined }, D * P);
  const result = own === signal ? projection.made : finalOf(node, projection.made);
  return shaped(view, result, [...view.dims.slice(0, -1), [{ size: P, stride: 1 }]]);
}

/** A product with a matrix [I, O], for each of the axes before the last. */
function product(node: Node, view: View, matrix: View): View {
  const { chain, name } = node;
  const own = matrix.dims.length === 3 ? projected(node, view, matrix) : undefined;
  if (own) return own;
  const flat = matrix.dims.length === 3 && sizeOf(matrix.dims[0] ?? []) === 1 ? slice(matrix, 0, 0, 1, 1, spendOf(node)) : matrix;
  const [I = 0, O = 0] = shapeOf(flat).slice(-2);
  if (flat.dims.length !== (flat === matrix ? 2 : 3) || features(view, -1) !== I)
    refuse(`of [${shapeOf(view)}] and a matrix [${shapeOf(matrix)}]`);
  const ids = idsOf(node, view);
  const outer = ids.length / I;
  const turned = transpose({ ...flat, dims: flat.dims.slice(-2) });
  const fill: Fill = (add) => {
    for (let u = 0; u < outer; u++) {
      walk(turned, (value, i) => add(u * O + Math.floor(i / I), u * I + (i % I), value));
    }
  };
  const rows = outer * O;
  const make = () => {
    const { signal, weight, bias, shifted } = chain.through(ids);
    const dense = chain.dense(signal, rows, name, weight(rows, fill), shifted ? bias(rows, fill) : undefined);
    // The table's own numbers, turned.
    const [[row], [column]] = turned.dims as [Dim, Dim];
    if (turned.offset === 0 && row?.stride === I && column?.stride === 1 && outer === 1 && !shifted) dense.table = turned.base;
    return dense;
  };
  const data = () => {
    const out = chain.floats(rows * ids.length);
    fill((row, feature, value) => {
      out[row * ids.length + feature] = value;
    });
    return out;
  };
  const dense = chain.late(ids)
    ? chain.add(rows, name, {
        layer: { type: "dense" },
        below: chain.add(ids.length, name, { terms: [{ ids }] }),
        parts: { weight: { shape: [rows, ids.length], data } },
        make,
      })
    : make();
  const dims = [...view.dims.slice(0, -1), [...(view.dims.at(-1) ?? []).filter(({ role }) => role), { size: O, stride: 1 } as Atom]];
  return shaped(view, dense, dims);
}

interface Convolution {
  kernel: number;
  stride: number;
  dilation: number;
  front: number;
  behind: number;
}

/** The numbers of a convolution, of one axis. */
function convolution(node: Node, size: number, kernel: number): Convolution {
  const [dilation = 1, stride = 1] = ["dilations", "strides"].map((name) => node.numbers(name)?.[0]);
  const mode = node.text("auto_pad", "NOTSET");
  const past = (kernel - 1) * dilation;
  const [before = 0, after = 0] = node.numbers("pads") ?? [];
  if (!mode.startsWith("SAME")) return { kernel, stride, dilation, front: before, behind: after };
  const all = Math.max(0, (Math.ceil(size / stride) - 1) * stride + past + 1 - size);
  const less = Math.floor(all / 2);
  return {
    kernel,
    stride,
    dilation,
    front: mode.endsWith("UPPER") ? less : all - less,
    behind: mode.endsWith("UPPER") ? all - less : less,
  };
}

function conv(node: Node): View {
  const { chain, name } = node;
  const view = input(node);
  const weights = given(node, 1);
  const [O = 0, each = 0, kernel = 0] = shapeOf(weights);
  const time = view.dims[2] ?? [];
  const C = features(view, 1);
  const group = node.number("group", 1);
  if (view.dims.length !== 3 || weights.dims.length !== 3 || each * group !== C || countOf({ ...view, dims: view.dims.slice(0, 1) }) !== 1)
    refuse(`of [${shapeOf(view)}] and weights [${shapeOf(weights)}], expected one dimension`);
  const { stride, dilation, front, behind } = convolution(node, sizeOf(time), kernel);
  if (![stride, dilation, kernel].every((n) => Number.isInteger(n) && n > 0) || !(front >= 0) || !(behind >= 0))
    refuse("with other attributes than those of one dimension");
  const values = (o: number, c: number, k: number) => {
    const own = c - Math.floor((o * group) / O) * each;
    return own >= 0 && own < each ? numberAt(weights, [o, own, k]) : 0;
  };
  const bias = node.inputs[2] && reshape(given(node, 2), [O, 1], spendOf(node));
  const biased = (result: View) => (bias ? affine(node, result, "Add", bias) : result);
  if (hasRole(time, "T") && (kernel > 1 || front || behind)) {
    if (stride !== 1) refuse(`of every ${stride}th step`);
    const past = (kernel - 1) * dilation;
    const steps = view.steps as Steps;
    // memcell's convolution sees zeros before the first step; here layers have already computed with those.
    if (steps.reversed || (steps.front > 0 && steps.computed) || (steps.front !== 0 && front > 0)) refuse("of padding that is not zeros");
    const below = chain.plain(idsOf(node, view), name);
    const layer = { type: "conv1d", units: O, kernel, ...(dilation > 1 && { dilation }) };
    const data = () => {
      const out = chain.floats(O * C * kernel);
      for (let i = 0; i < out.length; i++) out[i] = values(Math.floor(i / (C * kernel)), Math.floor(i / kernel) % C, i % kernel);
      return out;
    };
    const own = bias && valuesOf(bias, spendOf(node));
    const parts = {
      weight: { shape: [O, C, kernel], data },
      bias: { shape: [O], data: () => (own ? Float32Array.from(own) : chain.floats(O)) },
    };
    const signal = chain.add(O, name, { layer, below, parts });
    const lie = { reversed: false, computed: true, front: steps.front + front - past, behind: steps.behind + behind };
    const size = sizeOf(time) + front + behind - past;
    const dims = [view.dims[0] ?? [], [{ size: O, stride: 1 }], [{ size, stride: 0, role: "T" } as Atom]];
    return { ...shaped(view, signal, dims), steps: lie };
  }
  const S = hasRole(time) ? 1 : sizeOf(time);
  const out = hasRole(time) ? 1 : Math.floor((S + front + behind - (kernel - 1) * dilation - 1) / stride) + 1;
  if (!(out > 0) || !(out <= 2 ** 20)) refuse(`of ${S} places with a kernel of ${kernel}`);
  const { signal, weight, bias: shift, shifted } = chain.through(idsOf(node, view));
  const fill = (add: (row: number, feature: number, weight: number) => void) => {
    for (let o = 0; o < O; o++)
      for (let s = 0; s < out; s++)
        for (let c = 0; c < C; c++)
          for (let k = 0; k < kernel; k++) {
            const place = s * stride + k * dilation - front;
            if (place >= 0 && place < S) add(o * out + s, c * S + place, values(o, c, k));
          }
  };
  const dense = chain.dense(signal, O * out, name, weight(O * out, fill), shifted ? shift(O * out, fill) : undefined);
  const dims = [view.dims[0] ?? [], [{ size: O, stride: 1 }], hasRole(time) ? time : [{ size: out, stride: 1 }]];
  return biased(shaped(view, dense, dims));
}

export const PRODUCTS: Rows = {
  MatMul(node) {
    const a = input(node);
    return a.steps ? product(node, a, given(node, 1)) : multiplied(node, a, given(node, 1));
  },
  Gemm(node) {
    const [a, b, c] = [input(node), given(node, 1), node.inputs[2] && given(node, 2)];
    if (node.number("transA", 0) || a.dims.length !== 2) refuse("with transA, expected rows of features");
    const times = (view: View, name: string) => {
      const scale = node.number(name, 1);
      return scale === 1 ? view : { ...view, base: {}, read: (at: number) => scale * view.read(at) };
    };
    const y = product(node, a, times(node.number("transB", 0) ? transpose(b) : b, "alpha"));
    return c ? affine(node, y, "Add", times(c, "beta")) : y;
  },
  Conv: conv,
};
