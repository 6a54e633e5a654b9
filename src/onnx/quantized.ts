/**
 * Nodes of quantised files. Their weights become what the integers stand for; what layers compute stays as it is, where ONNX Runtime
 * would round it to 8 bits.
 */

import { math } from "./math.js";
import { given, input, type Node, type Rows } from "./node.js";
import { as, isPart } from "./patterns.js";
import { PRODUCTS } from "./products.js";
import { recurrences } from "./recurrences.js";
import { axisOf, refuse, transpose, uniform, unsqueeze, type View } from "./views.js";

type Row = (node: Node) => View | (View | undefined)[];

/** The numbers that constants stand for: (q - zero) scale, of numbers of an axis each its own. */
function meant(node: Node, { type: _, ...q }: View, scale: View, zero: View | undefined, axis: number): View {
  const rows = math() as Record<string, Row>;
  const by = (op: string, a: View, { type, ...b }: View) => {
    // Of the same rank; a row of numbers lies along the axis, two axes around it.
    const axes = q.dims.flatMap((_, k) => ((b.dims.length === 2 ? k === 1 : b.dims.length === 1 && k !== axis) ? [k] : []));
    return rows[op]?.({ ...node, inputs: [a, unsqueeze(b, axes)] }) as View;
  };
  return by("Mul", zero ? by("Sub", q, zero) : q, scale);
}

function rounded(node: Node): View {
  node.chain.notes.add("what layers compute is not rounded to integers, as it is in the file");
  return input(node);
}

export const quantized = (): Rows => ({
  QuantizeLinear: (node) => as(rounded(node), "quantized", input(node)),
  DynamicQuantizeLinear: (node) => [rounded(node), uniform([], 1), uniform([], 0)],
  DequantizeLinear(node) {
    const view = input(node);
    if (view.steps) return view;
    const axis = axisOf(view, node.number("axis", 1), 1);
    const zero = node.inputs[2] && given(node, 2);
    return meant(node, view, given(node, 1), zero, axis);
  },
  MatMulInteger(node) {
    const [a, b] = [input(node), given(node, 1)];
    if (!a.steps || isPart(a, "quantized")) refuse("of other numbers than DynamicQuantizeLinear gives");
    const zero = node.inputs[3] && given(node, 3);
    const weights = meant(node, b, uniform([], 1), zero, 1);
    return (PRODUCTS.MatMul as Row)({ ...node, inputs: [a, weights] }) as View;
  },
  DynamicQuantizeLSTM(node) {
    const weights = (k: number, scale: number) =>
      transpose(meant(node, given(node, k), given(node, scale), given(node, scale + 1), 0), [0, 2, 1]);
    return (recurrences().LSTM as Row)({ ...node, inputs: [input(node), weights(1, 8), weights(2, 10), ...node.inputs.slice(3, 8)] });
  },
});
