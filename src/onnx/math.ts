/** Nodes of arithmetic: on constants they are computed, on what layers compute they become sums, scales and shifts. */

import { formula, given, idsOf, input, type Node, type Rows, shaped, spendOf } from "./node.js";
import { isWithin, ofLengths, weighed } from "./patterns.js";
import { constant, countOf, expand, filled, hasRole, refuse, shapeOf, sizeOf, uniform, type View, valuesOf } from "./views.js";

const DOUBLE = 11;
const isInteger = ({ type = 1 }: View) => ![1, 10, 11, 16].includes(type);

type Operation = (a: number, b: number) => number;
const BINARY: Record<string, Operation> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Mod: (a, b) => a - b * Math.floor(a / b),
  Min: Math.min,
  Max: Math.max,
  Equal: (a, b) => Number(a === b),
  Less: (a, b) => Number(a < b),
  LessOrEqual: (a, b) => Number(a <= b),
  Greater: (a, b) => Number(a > b),
  GreaterOrEqual: (a, b) => Number(a >= b),
  And: (a, b) => Number(a && b),
  Or: (a, b) => Number(a || b),
};
const UNARY: Record<string, (x: number) => number> = {
  Neg: (x) => -x,
  Not: (x) => Number(!x),
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  Floor: Math.floor,
  Ceil: Math.ceil,
  Reciprocal: (x) => 1 / x,
  Exp: Math.exp,
};

/** The shape that two arrays are both broadcast to. */
function common(a: View, b: View): number[] {
  const [x, y] = [shapeOf(a), shapeOf(b)];
  const length = Math.max(x.length, y.length);
  return Array.from({ length }, (_, k) => {
    const [m = 1, n = 1] = [x[k - length + x.length], y[k - length + y.length]];
    return m === 1 ? n : m;
  });
}

function computed(node: Node, op: Operation, type?: number): View {
  const [a, b] = [given(node, 0), given(node, 1)];
  const shape = common(a, b);
  const whole = isInteger(a) && isInteger(b);
  const round = type === undefined && whole ? Math.trunc : (x: number) => x;
  const own = { type: type ?? a.type };
  const constantly = (view: View) => view.dims.flat().every(({ stride }) => stride === 0);
  const [x, y] = [expand(a, shape), expand(b, shape)];
  if (constantly(x) && constantly(y)) return { ...uniform(shape, round(op(x.read(x.offset), y.read(y.offset)))), ...own };
  const [left, right] = [valuesOf(x, spendOf(node)), valuesOf(y, spendOf(node))];
  return {
    ...constant(
      shape,
      left.map((value, i) => round(op(value, right[i] as number))),
    ),
    ...own,
  };
}

/** A constant's number for each feature of an array. @throws Refusal if it differs from step to step */
export function forFeatures(node: Node, view: View, constant: View): { view: View; values: Float64Array } {
  const shape = common(view, constant);
  const rank = shape.length;
  const more = rank - view.dims.length;
  const dims = shape.map((size, k) => {
    const dim = view.dims[k - more] ?? [];
    const own = sizeOf(dim);
    return own === size
      ? dim
      : own === 1 && !hasRole(dim)
        ? [{ size, stride: 0 }]
        : refuse(`of [${shapeOf(view)}] and [${shapeOf(constant)}]`);
  });
  const over = rank - constant.dims.length;
  const aligned = dims.map((dim, k) => {
    const own = constant.dims[k - over] ?? [];
    if (!hasRole(dim)) return sizeOf(own) === 1 ? [{ size: sizeOf(dim), stride: 0 }] : own;
    if (own.some(({ size, stride }) => stride !== 0 && size > 1)) refuse("of constants that differ from step to step");
    return [{ size: countOf({ ...view, dims: [dim] }), stride: 0 }];
  });
  return { view: { ...view, dims }, values: valuesOf({ ...constant, dims: aligned }, spendOf(node)) };
}

/** An array times constants, plus constants. */
export function affine(node: Node, given: View, op: string, numbers: View): View {
  const { view, values } = forFeatures(node, given, numbers);
  const scale = op === "Mul" ? values : op === "Div" ? values.map((value) => 1 / value) : undefined;
  const shift = op === "Add" ? values : op === "Sub" ? values.map((value) => -value) : undefined;
  const ids = idsOf(node, view);
  const signal = node.chain.add(ids.length, node.name, { terms: [{ ids, scale }], shift, by: [op, values], double: view.type === DOUBLE });
  return shaped(view, signal);
}

const NEGATIVE = /* @__PURE__ */ uniform([], -1);

/** The features of two arrays, of each step the one's beside the other's. */
function beside(node: Node, a: View, b: View): { like: View; ids: [Float64Array, Float64Array] } {
  const shape = common(a, b);
  const [x, y] = [expand(a, shape), expand(b, shape)];
  const roles = ({ dims }: View) => `${dims.map((dim) => dim.map(({ role, size }) => (size > 1 && role) || ""))}`;
  const lie = ({ steps }: View) => `${[steps?.reversed, steps?.front, steps?.behind]}`;
  if (roles(x).replace(/,/g, "") !== roles(y).replace(/,/g, "") || lie(a) !== lie(b)) refuse("of arrays whose steps lie otherwise");
  return { like: x, ids: [idsOf(node, x), idsOf(node, y)] };
}

function binary(op: string): (node: Node) => View {
  return (node) => {
    const [a, b] = [input(node), input(node, 1)];
    const compute = BINARY[op] as Operation;
    const linear = /^(Add|Sub|Mul|Div)$/.test(op);
    if (!a.steps && !b.steps) return computed(node, compute, /^(Equal|Less|Greater|And|Or)/.test(op) ? 9 : undefined);
    const known = weighed(node, op, a, b) ?? ofLengths(node, op, a, b);
    if (known) return known;
    if (a.steps && b.steps) {
      const { like, ids } = beside(node, a, b);
      if (op !== "Add" && op !== "Sub") return formula(node, like, ids, (_, x, y) => compute(x as number, y as number));
      const [one, other] = ids;
      const terms = [{ ids: one }, { ids: other, ...(op === "Sub" && { scale: other.map(() => -1) }) }];
      return shaped(like, node.chain.add(one.length, node.name, { terms }));
    }
    if (linear && a.steps) return affine(node, a, op, b);
    if (op === "Add" || op === "Mul") return affine(node, b, op, a);
    if (op === "Sub") return affine(node, affine(node, b, "Mul", NEGATIVE), "Add", a);
    const { view, values } = forFeatures(node, a.steps ? a : b, a.steps ? b : a);
    return formula(node, view, [idsOf(node, view)], (place, x) => {
      const value = values[place] as number;
      return a.steps ? compute(x as number, value) : compute(value, x as number);
    });
  };
}

function unary(op: string): (node: Node) => View {
  return (node) => {
    const view = input(node);
    const compute = UNARY[op] as (x: number) => number;
    const values = valuesOf(view, spendOf(node));
    if (!view.steps) return filled(view, values.map(compute));
    if (op === "Neg") return affine(node, view, "Mul", NEGATIVE);
    return formula(node, view, [values], (_, x) => compute(x as number));
  };
}

export const math = (): Rows => ({
  ...Object.fromEntries(Object.keys(BINARY).map((op) => [op, binary(op)])),
  ...Object.fromEntries(Object.keys(UNARY).map((op) => [op, unary(op)])),
  Where(node) {
    if (isWithin(node.inputs[0])) return input(node, 1);
    const [which, a, b] = [0, 1, 2].map((k) => given(node, k)) as [View, View, View];
    const shape = common(which, { ...a, dims: uniform(common(a, b), 0).dims });
    if (which.dims.flat().every(({ stride }) => stride === 0)) return expand(which.read(which.offset) ? a : b, shape);
    const [w, x, y] = [which, a, b].map((view) => valuesOf(expand(view, shape), spendOf(node))) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    return {
      ...constant(
        shape,
        w.map((value, i) => (value ? x[i] : y[i]) as number),
      ),
      type: a.type,
    };
  },
  Range(node) {
    const [from = 0, to = 0, by = 1] = [0, 1, 2].map((k) => given(node, k)).map((view) => view.read(view.offset));
    const count = Math.ceil((to - from) / by);
    if (!(count > 0 && count < 2 ** 31)) refuse(`from ${from} to ${to} by ${by}`);
    node.chain.spend(8 * count, "a range takes");
    return {
      ...constant(
        [count],
        Float64Array.from({ length: count }, (_, i) => from + i * by),
      ),
      type: 7,
    };
  },
});
