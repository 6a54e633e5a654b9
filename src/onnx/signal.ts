/** What a layer computes, as it is found in a graph, or sums that belong to no layer yet. */

/** A feature is a place in a signal: ids are signal * PLACES + place, -1 is zero. */
export const PLACES = 2 ** 21;

export type Numbers = () => Float32Array;
export type Json = Record<string, unknown>;

/** A sum of other features for each of a signal's: `ids`, times `scale`. */
export interface Term {
  ids: Float64Array;
  scale?: Float64Array | undefined;
}

export interface Signal {
  id: number;
  units: number;
  /** The node that computes it. */
  name: string;
  /** A layer, its parameters, and what it takes. */
  layer?: Json;
  parts: Record<string, { shape: number[]; data: Numbers }>;
  below?: Signal | undefined;
  /** Sums that belong to no layer yet; the operation with its numbers, where it is one of a scaler. */
  terms?: Term[];
  shift?: Float64Array | undefined;
  by?: readonly [op: string, values: Float64Array];
  double?: boolean;
  /** The scaler's numbers, where that is all that it does. */
  scaler?: { mean: number[]; deviation: number[] };
  /** Whether it is the input of a model, as tokens. */
  tokens?: boolean;
  /** Whether what comes later in a sequence is in it. */
  ahead?: boolean;
  /** A reason for which it must not be used. */
  wrong?: string;
  /** The constant that an embedding's table or a tied dense layer's weights are. */
  table?: unknown;
  /** The tensor through which its state goes, and the parameters and the signal of the layer with that projection. */
  projection?: { base: unknown; parts: Signal["parts"]; made?: Signal } | undefined;
  /** The final states that half of the places are, from one on. */
  half?: { final: Signal; from: number };
  /** Its last step, or its final states. */
  final?: Signal | undefined;
  /** The signal of a layer that is this one. */
  settled?: Signal | undefined;
}

/** Makes signals. */
export interface Maker {
  /** A signal like another. */
  like(signal: Signal, more: Partial<Signal>, units?: number): Signal;
  /** A layer without parameters of its own. */
  bare(below: Signal, name: string, layer: Json, more?: Partial<Signal>): Signal;
  dense(below: Signal, units: number, name: string, weight: Numbers, bias?: Numbers): Signal;
  floats(count: number): Float32Array;
  combined(a: Signal, b: Signal, how: "concat" | "sum"): Signal | undefined;
}
