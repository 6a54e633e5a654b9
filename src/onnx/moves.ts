/** Nodes that move numbers: constants and what layers compute alike. */

import { pick } from "./lastStep.js";
import { foreign, given, input, listed, listOf, type Node, type Rows, spendOf } from "./node.js";
import {
  axisOf,
  concat,
  constant,
  countOf,
  expand,
  hasRole,
  refuse,
  reshape,
  type Steps,
  shapeOf,
  sizeOf,
  slice,
  squeeze,
  transpose,
  uniform,
  unsqueeze,
  type View,
} from "./views.js";

const INTEGER = 7;
const FLOATS = [1, 10, 11, 16];

const same = (node: Node) => [input(node), ...Array.from({ length: node.outputs - 1 }, () => undefined)];

/** Steps of zeros more; fewer, where negative. */
function padSteps(view: View, axis: number, front: number, behind: number): View {
  const steps = view.steps as Steps;
  const size = sizeOf(view.dims[axis] ?? []) + front + behind;
  if (!(size > 0) || view.dims[axis]?.length !== 1) refuse("of steps that are not there");
  const dims = view.dims.map((dim, k): typeof dim => (k === axis ? [{ size, stride: 0, role: "T" }] : dim));
  return {
    ...view,
    dims,
    steps: {
      reversed: steps.reversed,
      computed: steps.computed === true && front <= 0,
      front: steps.front + front,
      behind: steps.behind + behind,
    },
  };
}

function sliced(node: Node, view: View, axis: number, start: number, end: number, step: number): View {
  const dim = view.dims[axis] ?? [];
  const size = sizeOf(dim);
  const bound = (at: number, least: number, most: number) => Math.min(most, Math.max(least, at < 0 ? at + size : at));
  const [from, to] = step > 0 ? [bound(start, 0, size), bound(end, 0, size)] : [bound(start, 0, size - 1), bound(end, -1, size - 1)];
  const count = Math.max(0, Math.ceil((to - from) / step));
  if (!(count > 0)) refuse(`of nothing from the axis ${axis}`);
  if (count === size && step === 1) return view;
  if (!hasRole(dim, "T")) return slice(view, axis, from, count, step, spendOf(node));
  if (count === 1) return unsqueeze(pick(node, view, axis, from), [axis]);
  const { front, behind, reversed } = view.steps as Steps;
  if (count === size && step === -1) return { ...view, dims: [...view.dims], steps: { reversed: !reversed, front: behind, behind: front } };
  return step === 1 ? padSteps(view, axis, -from, to - size) : refuse(`of every ${step}th step`);
}

function split(node: Node): View[] {
  const view = input(node);
  const axis = axisOf(view, node.number("axis", 0));
  const size = sizeOf(view.dims[axis] ?? []);
  const sizes = listed(node, "split") ?? Array.from({ length: node.outputs }, () => size / node.outputs);
  let at = 0;
  return sizes.map((own) => {
    at += own;
    return sliced(node, view, axis, at - own, at, 1);
  });
}

function gather(node: Node): View {
  const view = input(node);
  const indices = given(node, 1);
  const axis = axisOf(view, node.number("axis", 0));
  const size = sizeOf(view.dims[axis] ?? []);
  const places = (listOf(node, 1) as number[]).map((at) => (at < 0 ? at + size : at));
  if (!places.every((at) => Number.isInteger(at) && at >= 0 && at < size)) refuse(`of ${places}, expected places below ${size}`);
  const [place = 0] = places;
  if (indices.dims.length === 0) {
    if (hasRole(view.dims[axis] ?? [], "T")) return pick(node, view, axis, place);
    return squeeze(slice(view, axis, place, 1, 1, spendOf(node)), [axis]);
  }
  const parts = places.map((at) => sliced(node, view, axis, at, at + 1, 1));
  const found = parts.length === 1 ? (parts[0] as View) : concat(parts, axis, spendOf(node));
  const shape = shapeOf(found);
  return indices.dims.length === 1
    ? found
    : reshape(found, [...shape.slice(0, axis), ...shapeOf(indices), ...shape.slice(axis + 1)], spendOf(node));
}

function pad(node: Node): View {
  const pads = listed(node, "pads") ?? [];
  const value = node.inputs[2] ? (listOf(node, 2)?.[0] ?? 0) : node.number("value", 0);
  let view = input(node);
  const axes = listOf(node, 3) ?? view.dims.map((_, k) => k);
  if (value || node.text("mode", "constant") !== "constant") refuse(`with ${node.text("mode", "constant")} ${value}, expected zeros`);
  axes.forEach((given, k) => {
    const axis = axisOf(view, given);
    const [front = 0, behind = 0] = [pads[k], pads[k + axes.length]];
    if (!front && !behind) return;
    if (hasRole(view.dims[axis] ?? [], "T")) {
      view = padSteps(view, axis, front, behind);
      return;
    }
    const zeros = (count: number) => {
      const shape = view.dims.map((dim, k) => (k === axis ? count : sizeOf(dim)));
      return count > 0 ? [uniform(shape, 0)] : [];
    };
    view = concat([...zeros(front), view, ...zeros(behind)], axis, spendOf(node));
  });
  return view;
}

function joined(node: Node): View {
  const views = node.inputs.map((_, k) => input(node, k));
  const [first = input(node)] = views;
  const axis = axisOf(first, node.number("axis", 0));
  const [state, x] = views;
  // The steps before, which a stream of a convolution gives.
  if (views.length === 2 && state?.steps && x?.steps && hasRole(x.dims[axis] ?? [], "T") && !hasRole(state.dims[axis] ?? [], "T"))
    return padSteps(x, axis, sizeOf(state.dims[axis] ?? []), 0);
  return concat(views, axis, spendOf(node));
}

function reshaped(node: Node): View {
  const view = input(node);
  const old = shapeOf(view);
  const all = old.reduce((product, n) => product * n, 1);
  const asked = listed(node, "shape") ?? [];
  const shape = asked.map((n, k) => (n === 0 && !node.number("allowzero", 0) ? (old[k] ?? 0) : n));
  const known = shape.reduce((product, n) => (n === -1 ? product : product * n), 1);
  const sizes = shape.map((n) => (n === -1 ? all / known : n));
  if (!sizes.every((n) => Number.isInteger(n) && n > 0) || sizes.reduce((a, b) => a * b, 1) !== all) refuse(`of [${old}] to [${asked}]`);
  return reshape(view, sizes, spendOf(node));
}

function flattened(node: Node): View {
  const view = input(node);
  const shape = shapeOf(view);
  const axis = axisOf(view, node.number("axis", 1), 1);
  const product = (list: number[]) => list.reduce((a, b) => a * b, 1);
  return reshape(view, [product(shape.slice(0, axis)), product(shape.slice(axis))], spendOf(node));
}

export const MOVES: Rows = {
  Identity: same,
  Dropout: same,
  Cast(node) {
    const to = node.number("to", 1);
    const view = input(node);
    const cut = !FLOATS.includes(to) && FLOATS.includes(view.type ?? 1);
    // One number a step may be a token.
    if (cut && view.steps && countOf(view) > 1) return foreign(node, view, "of what layers compute to integers");
    return { ...view, type: to, ...(cut && !view.steps && { read: (at: number) => Math.trunc(view.read(at)) }) };
  },
  Transpose: (node) => transpose(input(node), node.numbers("perm")),
  Squeeze: (node) => squeeze(input(node), listed(node, "axes")),
  Unsqueeze: (node) => unsqueeze(input(node), listed(node, "axes") ?? []),
  Reshape: reshaped,
  Flatten: flattened,
  Expand(node) {
    const view = input(node);
    const shape = listOf(node, 1) ?? [];
    if (!shape.every((n) => Number.isSafeInteger(n) && n > 0)) refuse(`to [${shape}]`);
    return expand(view, shape);
  },
  Tile(node) {
    const repeats = listOf(node, 1) ?? [];
    return repeats.reduce((view, count, axis) => {
      const size = sizeOf(view.dims[axis] ?? []);
      if (!Number.isInteger(count) || count < 1) refuse(`by [${repeats}]`);
      if (size === 1 || count === 1)
        return expand(
          view,
          shapeOf(view).map((n, k) => (k === axis ? n * count : n)),
        );
      spendOf(node)(count, "a node repeats");
      return concat(
        Array.from({ length: count }, () => view),
        axis,
        spendOf(node),
      );
    }, input(node));
  },
  Slice(node) {
    const starts = listed(node, "starts") ?? [];
    const ends = listed(node, "ends", 2) ?? [];
    const axes = listed(node, "axes", 3) ?? starts.map((_, k) => k);
    const steps = listOf(node, 4);
    return axes.reduce((view, axis, k) => {
      const step = steps?.[k] ?? 1;
      if (!Number.isInteger(step) || step === 0) refuse(`with a step of ${step}`);
      return sliced(node, view, axisOf(view, axis), starts[k] ?? 0, ends[k] ?? 0, step);
    }, input(node));
  },
  Split: split,
  Gather: gather,
  Concat: joined,
  Pad: pad,
  ReverseSequence(node) {
    const view = input(node);
    return sliced(node, view, axisOf(view, node.number("time_axis", 0)), -1, -(2 ** 53), -1);
  },
  Shape(node) {
    const shape = shapeOf(input(node));
    const list = shape.slice(node.number("start", 0), node.number("end", shape.length));
    return { ...constant([list.length], list), type: INTEGER };
  },
  Size: (node) => ({
    ...uniform(
      [],
      shapeOf(input(node)).reduce((a, b) => a * b, 1),
    ),
    type: INTEGER,
  }),
  ConstantOfShape(node) {
    const value = node.inputs[1] as View | undefined;
    return { ...uniform(listOf(node, 0) ?? [], value?.read(value.offset) ?? 0), type: value?.type };
  },
};
