/** Layers written out as arithmetic: cells, activations, layer normalisation. */

import { evaluate, frontiers, probe, same } from "./formulas.js";
import type { Maker, Signal } from "./signal.js";
import { writtenCell } from "./writtenCells.js";

type Activation = readonly [kind: string, compute: (x: number) => number];
const ACTIVATIONS: readonly Activation[] = [
  ["relu", (x) => Math.max(0, x)],
  ["tanh", Math.tanh],
  ["logistic", (x) => 1 / (1 + Math.exp(-x))],
  ["[-1,1]", (x) => Math.tanh(x / 2)],
  ["[-2,2]", (x) => 2 * Math.tanh(x / 2)],
];

/** The shortest decimal that is the same number in single precision. */
export function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return value;
}

/** An activation on top of a signal: a dense layer's own, or a layer. */
export function activated(chain: Maker, signal: Signal, name: string, kind: string, alpha?: number): Signal {
  const { layer } = signal;
  if (layer?.type === "dense" && !layer.activation && kind !== "hardSigmoid")
    return chain.like(signal, { layer: { ...layer, activation: kind } });
  return chain.bare(signal, name, { type: "activation", kind, ...(alpha !== undefined && alpha !== 0.2 && { alpha }) });
}

/** The value that PyTorch and memcell add to a variance. */
const EPSILON = 1e-5;

/** Layer normalisation, with a gain of 1. */
export function normalized(chain: Maker, given: Float64Array, name: string, epsilon: number): Signal {
  let ids = given;
  // Another epsilon is 0.00001 where inputs are so much larger: (s x) / sqrt(s s v + e) = x / sqrt(v + e / (s s)).
  if (Math.abs(epsilon / EPSILON - 1) > 1e-5) {
    const scale = new Float64Array(ids.length).fill(Math.sqrt(EPSILON / epsilon));
    ids = chain.idsOf(chain.add(ids.length, name, { terms: [{ ids, scale }] }));
  }
  return chain.bare(chain.plain(ids, name), name, { type: "normalization" });
}

type Answer = (x: number[]) => number[];

function activation(chain: Maker, name: string, below: Float64Array, answer: Answer): Signal | undefined {
  const probes = [4, -4].map((scale) => probe(below.length, scale));
  const x = probes.flat();
  const y = probes.flatMap(answer);
  const one = 2 ** -10;
  // The slope of a hard sigmoid.
  const alpha = shortest(((answer(probe(below.length, 0).map(() => one))[0] as number) - 0.5) / one);
  const hard: Activation = ["hardSigmoid", (x) => Math.min(1, Math.max(0, alpha * x + 0.5))];
  const found = [...ACTIVATIONS, hard].find(([, compute]) => x.every((value, i) => same(y[i] as number, compute(value))));
  if (!found || (found === hard && !(alpha > 0))) return undefined;
  return activated(chain, chain.plain(below, name), name, found[0], found === hard ? alpha : undefined);
}

function normalization(chain: Maker, name: string, below: Float64Array, answer: Answer): Signal | undefined {
  const units = below.length;
  /** The inputs less their mean, their variance, and the outputs less the bias. */
  const at = (scale: number) => {
    const x = probe(units, scale, scale);
    const mean = x.reduce((a, b) => a + b, 0) / units;
    const d = x.map((value) => value - mean);
    const y = answer(x).map((value, i) => value - (bias[i] as number));
    return { d, y, variance: d.reduce((sum, value) => sum + value * value, 0) / units };
  };
  const bias = answer(probe(units, 0));
  // Beside large numbers epsilon is nothing, beside small ones all.
  const large = at(1e6);
  const gain = large.d.map((d, i) => (d ? ((large.y[i] as number) * Math.sqrt(large.variance)) / d : 1));
  const small = at(1e-3);
  const k = gain.findIndex((value, i) => value && small.d[i]);
  const epsilon = k < 0 ? EPSILON : (((gain[k] as number) * (small.d[k] as number)) / (small.y[k] as number)) ** 2 - small.variance;
  // Where both count no other function of these is the same.
  const { d, y, variance } = at(Math.sqrt(epsilon));
  const good = epsilon > 1e-12 && y.every((y, i) => same(y, ((gain[i] as number) * (d[i] as number)) / Math.sqrt(variance + epsilon)));
  if (!good) return undefined;
  const part = (values: number[]) => ({ shape: [units], data: () => Float32Array.from(values) });
  const signal = normalized(chain, below, name, Number(epsilon.toPrecision(6)));
  return chain.like(signal, { parts: { weight: part(gain), bias: part(bias) } });
}

/** The layer that a signal of arithmetic is; undefined if there is none. */
export function written(chain: Maker, signal: Signal): Signal | undefined {
  const { name } = signal;
  // Each trial takes its time, which a small file has as little of as of memory.
  chain.spend(2 ** 15, "its arithmetic takes");
  const cell = writtenCell(chain, signal);
  if (cell) return cell;
  const ids = chain.idsOf(signal);
  const fronts = [...frontiers(chain, ids)].filter(({ length }) => length === ids.length);
  // From below: what is scaled within an activation may be a part of it.
  for (const front of fronts.reverse()) {
    const sorted = Float64Array.from(front).sort();
    const below = chain.whole(sorted) ? sorted : Float64Array.from(front);
    const answer: Answer = (x) => evaluate(chain, ids, below, x);
    const found = activation(chain, name, below, answer) ?? normalization(chain, name, below, answer);
    if (found) return found;
  }
  return undefined;
}
