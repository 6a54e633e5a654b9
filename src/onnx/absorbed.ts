/**
 * Sums that need no dense layer of their own, as a layer that is there can do them: a scaler, a dense layer, a gain and a bias, a sum of
 * both directions.
 */

import type { Json, Maker, Numbers, Signal } from "./signal.js";

/** A term of a sum whose features all are of one signal: their places in it, times a scale. */
export interface Places {
  at: Float64Array;
  scale?: Float64Array | undefined;
}
/** Features as a sum of terms of one signal. */
export interface Folded {
  signal: Signal;
  terms: Places[];
  shift?: Float64Array | undefined;
  ops: (readonly [op: string, values: Float64Array])[];
}

const isWhole = ({ signal, terms: [term] }: Folded) => term?.at.length === signal.units && term.at.every((place, i) => place === i);

/** The signal of a layer that has these features as its outputs; undefined if a dense layer must be added. */
export function absorbed(chain: Maker, folded: Folded): Signal | undefined {
  const { signal, terms, shift, ops } = folded;
  const { layer, parts } = signal;
  const [{ at, scale } = { at: new Float64Array() }, second] = terms;
  const whole = isWhole(folded);
  const { activation } = layer ?? {};
  if (second) {
    const own = layer?.type === "pooling" && layer.kind === "last" ? (signal.below as Signal) : signal;
    const half = own.units / 2;
    const halves = at.every((place, i) => place === i) && second.at.every((place, i) => place === half + i);
    const plain = terms.length === 2 && !scale && !second.scale && !shift && at.length === half;
    if (!plain || !halves || own.layer?.bidirectional !== "concat" || own.layer.residual) return undefined;
    const sum = chain.like(own, { layer: { ...own.layer, bidirectional: "sum" } }, half);
    return own === signal ? sum : chain.bare(sum, signal.name, layer as Json);
  }
  if (whole && !scale && !shift) return signal;
  const exact = (one: string, other: string) => (ops.length === 2 && ops[0]?.[0] === one && ops[1]?.[0] === other ? ops : undefined);
  if (!signal.below && !layer && !signal.tokens && whole && (!scale || scale.every((value) => value > 0 && value < Infinity))) {
    const [mean, deviation] = exact("Sub", "Div")?.map(([, values]) => values) ?? [
      at.map((_, i) => -(shift?.[i] ?? 0) / (scale?.[i] ?? 1)),
      at.map((_, i) => 1 / (scale?.[i] ?? 1)),
    ];
    return chain.bare(
      signal,
      signal.name,
      {},
      { scaler: { mean: [...(mean as Float64Array)], deviation: [...(deviation as Float64Array)] } },
    );
  }
  if (layer?.type === "dense" && !activation && (!signal.table || (whole && !scale))) {
    const { weight, bias } = parts as Partial<typeof parts> & { weight: { shape: number[]; data: Numbers } };
    const columns = weight.shape[1] as number;
    const rows = (given: Float32Array, each: number) => {
      const out = chain.floats(at.length * each);
      at.forEach((place, row) => {
        for (let i = 0; place >= 0 && i < each; i++) out[row * each + i] = (given[place * each + i] as number) * (scale?.[row] ?? 1);
      });
      return out;
    };
    const biased = () => {
      const out = bias ? rows(bias.data(), 1) : chain.floats(at.length);
      return shift ? out.map((value, i) => value + (shift[i] as number)) : out;
    };
    const kept = whole && !scale ? weight.data : () => rows(weight.data(), columns);
    const units = at.length;
    const dense = chain.dense(signal.below as Signal, units, signal.name, kept, bias || shift ? biased : undefined);
    return Object.assign(dense, signal.table && { table: signal.table });
  }
  if (layer?.type === "normalization" && whole && !parts.weight) {
    const of = (values: Float64Array | undefined, otherwise: number) => ({
      shape: [at.length],
      data: () => Float32Array.from(values ?? at.map(() => otherwise)),
    });
    return chain.like(signal, { parts: { weight: of(scale, 1), bias: of(shift, 0) } });
  }
  return undefined;
}
