/** Layers that are written as several nodes: layer normalisation, and attention over a sequence's steps. */

import { foreign, type Node, plain, shaped } from "./node.js";
import { PLACES, type Signal } from "./signal.js";
import { type Dim, refuse, type View } from "./views.js";

type Derived = NonNullable<View["derived"]>;

/** The step of a pattern that an array is; undefined if its dimensions have changed since. */
const partOf = ({ derived, dims }: View) => (derived?.dims === dims ? derived : undefined);
export const isPart = (view: View, kind: string) => partOf(view)?.kind === kind;
export function as(view: View, kind: string, of: View, more: Partial<Derived> = {}): View {
  return { ...view, derived: { kind, of, dims: view.dims as readonly Dim[], ...more } };
}

/** The product of an array and a share for each of its steps. */
export function weighed(node: Node, op: string, a: View, b: View): View | undefined {
  const [x, y] = [partOf(a), partOf(b)];
  const reason = "of a part of an attention over steps";
  if (op !== "Mul" || (x?.kind !== "share" && y?.kind !== "share")) return undefined;
  const [array, share] = x?.kind === "share" ? [b, x.of] : [a, y?.of as View];
  return as(foreign(node, array, reason), "weighed", array, { share });
}

/** Whether it is an input of the graph, as the lengths of sequences are. */
function isInput({ chain }: Node, view: View): boolean {
  const signal = view.steps && chain.signals[Math.floor(view.read(view.offset) / PLACES)];
  return signal !== undefined && !signal.layer && !signal.terms;
}

/** Steps within the sequences' lengths, and a sum over steps by them. */
export function ofLengths(node: Node, op: string, a: View, b: View): View | undefined {
  if (op === "Less" && !a.steps && isInput(node, b)) return as(foreign(node, b, "of lengths"), "within", b);
  const total = op === "Div" && isInput(node, b) ? partOf(a) : undefined;
  if (total?.kind !== "total") return undefined;
  return shaped(a, node.chain.bare(plain(node, total.of), node.name, { type: "pooling", kind: "mean" }));
}

/** Beyond its length a sequence has no steps, whatever the graph puts there. */
export const isWithin = (view: View | undefined) => view !== undefined && partOf(view)?.kind === "within";

/** The sum over steps of what `weighed` made. */
export function attention(node: Node, view: View): Signal | undefined {
  const part = partOf(view);
  if (part?.kind !== "weighed") return undefined;
  const { chain, name } = node;
  const scores = plain(node, part.share as View);
  const hidden = scores.below;
  const below = plain(node, part.of);
  // A bias of the scores is the same for all steps, and changes no share.
  const { weight: v } = scores.parts;
  const { weight: W, bias } = hidden?.parts ?? {};
  const fits = scores.layer?.type === "dense" && scores.units === 1 && !scores.layer.activation && hidden?.layer?.activation === "tanh";
  if (!fits || !v || !W || hidden.below !== below) return refuse("of a weighted sum, expected shares that are softmax of v tanh(W x + b)");
  const b = bias ?? { shape: [hidden.units], data: () => chain.floats(hidden.units) };
  const layer = { type: "pooling", kind: "attention", units: hidden.units };
  return chain.bare(below, name, layer, { parts: { weight: W, bias: b, v }, ahead: below.ahead === true });
}
