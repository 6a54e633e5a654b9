/** Two signals as one: both directions of a layer, a residual connection, dense layers beside each other. */

import type { Maker, Numbers, Signal } from "./signal.js";

const RECURRENT = /^(rnn|gru|lstm)$/;
const isRecurrent = ({ layer }: Signal) => RECURRENT.test(`${layer?.type}`);

const same = (a: object, b: object) => JSON.stringify(a) === JSON.stringify(b);

/** @returns undefined if no layer has them together; with "concat" first `a`, then `b` */
export function combine(chain: Maker, a: Signal, b: Signal, how: "concat" | "sum"): Signal | undefined {
  const [x, y] = [a.layer ?? {}, b.layer ?? {}];
  const units = how === "concat" ? a.units + b.units : a.units;
  if (x.type === "pooling" && same(x, y)) {
    const below = chain.combined(a.below as Signal, b.below as Signal, how);
    return below && chain.bare(below, a.name, x);
  }
  if (how === "sum" && a.units !== b.units) return undefined;
  if (isRecurrent(a) && !x.residual && a.below === b) return chain.like(a, { layer: { ...x, residual: how } }, units);
  if (how === "concat" && isRecurrent(a) && a.below === b.below && y.direction === "reverse" && !("direction" in x)) {
    const { direction: _, ...rest } = y;
    if (same(x, rest) && !x.residual && !x.bidirectional)
      return chain.like(a, { layer: { ...x, bidirectional: "concat" }, parts: { ...a.parts, ...b.parts }, ahead: true }, units);
  }
  return sideBySide(chain, a, b, how, units);
}

/** Dense layers of the same signal; that signal itself is one whose weights are 1. */
function sideBySide(chain: Maker, a: Signal, b: Signal, how: string, units: number): Signal | undefined {
  const below = (a.layer?.type === "dense" && a.below) || b.below;
  const activation = a.below === below ? a.layer?.activation : b.layer?.activation;
  if (!below || (a !== below && a.below !== below) || (b !== below && b.below !== below)) return undefined;
  for (const each of [a, b]) {
    if (each === below ? activation : each.layer?.type !== "dense" || each.table || each.layer.activation !== activation) return undefined;
  }
  if (how === "sum" && activation) return undefined;
  const columns = below.units;
  const of = (signal: Signal, part: "weight" | "bias"): Float32Array => {
    if (signal !== below) return signal.parts[part]?.data() ?? chain.floats(signal.units);
    const out = chain.floats(part === "bias" ? columns : columns * columns);
    if (part === "weight") for (let i = 0; i < columns; i++) out[i * (columns + 1)] = 1;
    return out;
  };
  const both =
    (part: "weight" | "bias"): Numbers =>
    () => {
      const [first, second] = [of(a, part), of(b, part)];
      if (how === "sum") return first.map((value, i) => value + (second[i] as number));
      const out = chain.floats(first.length + second.length);
      out.set(first);
      out.set(second, first.length);
      return out;
    };
  const dense = chain.dense(below, units, a.name, both("weight"), a.parts.bias || b.parts.bias ? both("bias") : undefined);
  return activation ? chain.like(dense, { layer: { ...dense.layer, activation } }) : dense;
}
