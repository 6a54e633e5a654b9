/** A node of a graph as its rows see it. */

import type { Chain } from "./chain.js";
import { type Formula, type Json, PLACES, type Signal } from "./signal.js";
import { type Dim, hasRole, refuse, type Steps, sizeOf, strided, type View, valuesOf } from "./views.js";

export interface Node {
  name: string;
  inputs: (View | undefined)[];
  /** How many outputs it has. */
  outputs: number;
  chain: Chain;
  /** An attribute. */
  number(name: string, otherwise: number): number;
  text(name: string, otherwise: string): string;
  numbers(name: string): number[] | undefined;
  texts(name: string): string[];
}
/** The rows of nodes: what they make of their inputs. */
export type Rows = Record<string, (node: Node) => View | (View | undefined)[]>;

export const spendOf = ({ chain }: Node) => chain.spend;

export const input = ({ inputs }: Node, k = 0): View => inputs[k] ?? refuse(`without its input ${k}`);
export function given(node: Node, k: number): View {
  const view = input(node, k);
  return view.steps ? refuse(`whose input ${k} layers compute, expected a constant`) : view;
}
/** A constant input's numbers, as integers of a list. */
export const listOf = (node: Node, k: number): number[] | undefined => node.inputs[k] && [...valuesOf(given(node, k), node.chain.spend)];
/** A list of numbers that is an attribute, or in later versions of the operator an input. */
export const listed = (node: Node, name: string, k = 1) => node.numbers(name) ?? listOf(node, k);

/** All of an array's features, by their ids. */
export const idsOf = ({ chain }: Node, view: View): Float64Array => valuesOf(view, chain.spend);

/** A signal in the shape of `like`. */
export function shaped(like: View, { id }: Signal, dims: readonly Dim[] = like.dims): View {
  const { type, steps } = like;
  return { dims: strided(dims), offset: 0, read: (at) => id * PLACES + at, steps: steps && { ...steps, computed: true }, type };
}

/** The output of a node that memcell has no layer for: refused only if the model needs it, as it may be part of a layer, or unused. */
export function foreign({ chain, name }: Node, view: View, reason: string, layer: Json = { type: "foreign" }): View {
  const ids = valuesOf(view, chain.spend);
  return shaped(view, chain.add(ids.length, name, { layer, wrong: reason }));
}

/** The output of a node whose arithmetic, number by number, is not linear; constants among its operands are part of `op`. */
export function formula({ chain, name }: Node, view: View, of: readonly Float64Array[], op: Formula["op"], make?: () => Signal): View {
  const { length } = of[0] as Float64Array;
  const wrong = "that memcell has no layer for";
  return shaped(view, chain.add(length, name, { layer: { type: "foreign" }, wrong, formula: { op, of }, make }));
}

/** The signal of a layer that the array is. */
export const plain = (node: Node, view: View): Signal => node.chain.plain(idsOf(node, view), node.name);

/** @throws Refusal unless its steps are just the sequence's */
export function wholeSequence({ steps }: View): void {
  const { front = 0, behind = 0 } = steps as Steps;
  if (front || behind)
    refuse(
      `of a sequence with ${front} steps before the input's first and ${behind} after its last, expected none: a convolution's padding, its kernel - 1, all in front`,
    );
}

/** The features of an axis alone. */
export function features({ dims }: View, axis: number): number {
  const dim = dims.at(axis) ?? refuse(`without the axis ${axis}`);
  if (hasRole(dim) && dim.some(({ role, size }) => role && size > 1)) refuse(`over steps or sequences (axis ${axis}), expected features`);
  return sizeOf(dim);
}
