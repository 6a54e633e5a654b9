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

/** Arithmetic of other features, one by one, that is no sum. */
export interface Formula {
  op(place: number, ...x: number[]): number;
  of: readonly Float64Array[];
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
  formula?: Formula;
  /** Whether there is a formula in it. */
  open?: boolean;
  /** Whether what it is shows later, when a layer takes from it: `make` makes that, `known` is it, or null. */
  late?: boolean;
  /** The signal, itself no sum, that a sum is of. */
  root?: number;
  make?: (() => Signal) | undefined;
  known?: Signal | null | undefined;
  /** Whether it is an input of the graph beside that of the model. */
  state?: boolean;
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

/** Parameters of `rows` rows, of what `fill` calls `add` with. */
export type Fill = (add: (row: number, feature: number, weight: number) => void) => void;
export interface Through {
  signal: Signal;
  shifted: boolean;
  weight(rows: number, fill: Fill): Numbers;
  bias(rows: number, fill: Fill): Numbers;
}

/** Makes signals. */
export interface Maker {
  readonly signals: readonly Signal[];
  spend(bytes: number, what?: string): void;
  add(units: number, name: string, more: Partial<Signal>): Signal;
  /** A signal like another. */
  like(signal: Signal, more: Partial<Signal>, units?: number): Signal;
  /** A layer without parameters of its own. */
  bare(below: Signal, name: string, layer: Json, more?: Partial<Signal>): Signal;
  dense(below: Signal, units: number, name: string, weight: Numbers, bias?: Numbers): Signal;
  floats(count: number): Float32Array;
  idsOf(signal: Signal): Float64Array;
  whole(ids: Float64Array): Signal | undefined;
  /** The signal of a layer whose outputs these features are. */
  plain(ids: Float64Array, name?: string): Signal;
  settle(signal: Signal): Signal;
  through(ids: Float64Array): Through;
  /** Whether what features are shows when a layer takes from them. */
  late(ids: Float64Array): boolean;
  /** Tells that an input of the graph is a state. */
  begins(signal: Signal): void;
  combined(a: Signal, b: Signal, how: "concat" | "sum"): Signal | undefined;
}
