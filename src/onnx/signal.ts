/**
 * The values of a graph. A signal is the output of a layer, or arithmetic on other signals of which no layer has been made yet. A feature
 * is one number of a signal at a step.
 */

/** A feature's id is its signal's id * PLACES + its place in the signal; the id -1 stands for a feature that is always zero. */
export const PLACES = 2 ** 21;

export type Numbers = () => Float32Array;
export type Json = Record<string, unknown>;

/** A term of a sum: for each feature of the signal another feature, by its id, times a number of `scale` (absent: 1). */
export interface Term {
  ids: Float64Array;
  scale?: Float64Array | undefined;
}

/** Arithmetic that is not linear: each feature of the signal is `op` of its place and of one feature of each list in `of`. */
export interface Formula {
  op(place: number, ...x: number[]): number;
  of: readonly Float64Array[];
}

export interface Signal {
  id: number;
  units: number;
  /** The name of the node that computes it, for messages. */
  name: string;
  /** If it is the output of a layer: the layer's configuration, its parameters, and the signal that it takes. */
  layer?: Json;
  parts: Record<string, { shape: number[]; data: Numbers }>;
  below?: Signal | undefined;
  /** If it is a sum: the terms, and the constants added to them. */
  terms?: Term[];
  shift?: Float64Array | undefined;
  /** The operation and its constants, by which a scaler is recognised: "Sub", "Div", "Mul" or "Add". */
  by?: readonly [op: string, values: Float64Array];
  /** Whether the graph computes it in double precision, as memcell's files do with scalers. */
  double?: boolean;
  /** If it is nothing but standardised inputs: the scale. */
  scaler?: { mean: number[]; deviation: number[] };
  formula?: Formula;
  /** Whether a formula is among the signals that it is computed of. */
  open?: boolean;
  /** Whether the layer that it is can be told only when another layer takes from it. */
  late?: boolean;
  /** The id of the first signal below all sums. */
  root?: number;
  /** Makes that layer, if it is known how. */
  make?: (() => Signal) | undefined;
  /** That layer's signal once it was looked for; null if there is none. */
  known?: Signal | null | undefined;
  /** Whether it is an input of the graph that holds a state. */
  state?: boolean;
  /** Whether it is the input of a model, as tokens. */
  tokens?: boolean;
  /** Whether it depends on later steps of the sequence. */
  ahead?: boolean;
  /** A reason for which it must not be used. */
  wrong?: string;
  /** The constant that is the table of an embedding, or of a dense layer tied to one. */
  table?: unknown;
  /**
   * If the recurrent weights were made with a projection: its tensor, the parameters of the layer with it, and that layer's signal, once
   * made.
   */
  projection?: { base: unknown; parts: Signal["parts"]; made?: Signal } | undefined;
  /** The half of its places, from `from` on, that holds final states of the signal `final`. */
  half?: { final: Signal; from: number };
  /** The signal of its last step, or of its final states, once made. */
  final?: Signal | undefined;
  /** The signal of a layer that has the same features, once made. */
  settled?: Signal | undefined;
}

/** Fills a matrix: calls `add` for each weight of a feature in a row; what is added twice adds up. */
export type Fill = (add: (row: number, feature: number, weight: number) => void) => void;

/** Features as linear functions of one layer's outputs, so that weights of the features become weights of the outputs. */
export interface Through {
  /** That layer's signal. */
  signal: Signal;
  /** Whether constants are added. */
  shifted: boolean;
  weight(rows: number, fill: Fill): Numbers;
  bias(rows: number, fill: Fill): Numbers;
}

/** Makes signals. */
export interface Maker {
  readonly signals: readonly Signal[];
  spend(bytes: number, what?: string): void;
  add(units: number, name: string, more: Partial<Signal>): Signal;
  /** A copy of a signal with some changes. */
  like(signal: Signal, more: Partial<Signal>, units?: number): Signal;
  /** A layer without parameters of its own. */
  bare(below: Signal, name: string, layer: Json, more?: Partial<Signal>): Signal;
  dense(below: Signal, units: number, name: string, weight: Numbers, bias?: Numbers): Signal;
  floats(count: number): Float32Array;
  idsOf(signal: Signal): Float64Array;
  /** The signal whose features these are, all of them in order. */
  whole(ids: Float64Array): Signal | undefined;
  /** The signal of a layer whose outputs are these features. */
  plain(ids: Float64Array, name?: string): Signal;
  settle(signal: Signal): Signal;
  through(ids: Float64Array): Through;
  /** Whether the layer of these features can be told only when another layer takes from them. */
  late(ids: Float64Array): boolean;
  /** Notes that an input of the graph is a state. */
  begins(signal: Signal): void;
  combined(a: Signal, b: Signal, how: "concat" | "sum"): Signal | undefined;
}
