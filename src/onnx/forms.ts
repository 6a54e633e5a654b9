/** The equations of recurrent cells, by which a cell that is written out is known. */

import { evaluate, frontiers, probe, same } from "./formulas.js";
import type { Json, Maker, Signal } from "./signal.js";

type Scalar = (x: number) => number;
const logistic: Scalar = (x) => 1 / (1 + Math.exp(-x));
const hard =
  (alpha: number): Scalar =>
  (x) =>
    Math.min(1, Math.max(0, alpha * x + 0.5));
const relu: Scalar = (x) => Math.max(0, x);
/** A hard sigmoid whose slope and shift stand in the sums that it bounds: those are 0.2 x + 0.5. */
const CLIPPED: Json = { gateActivation: "hardSigmoid" };
type Three = readonly [Scalar, Scalar, Scalar];

/** The activations that cells are tried with: of gates, of the input, of the output. */
const VARIANTS: readonly (readonly [Json, Three, clipped: boolean])[] = (
  [
    [{}, logistic],
    [{ gateActivation: "hardSigmoid" }, hard(0.2)],
    [{ gateActivation: "hardSigmoid", alpha: 0.16666667 }, hard(1 / 6)],
    [CLIPPED, (x) => Math.min(1, Math.max(0, x))],
  ] as const
).flatMap(([gates, s]): [Json, Three, boolean][] => [
  [gates, [s, Math.tanh, Math.tanh], gates === CLIPPED],
  [{ ...gates, inputActivation: "relu" }, [s, relu, Math.tanh], gates === CLIPPED],
  [{ ...gates, outputActivation: "relu" }, [s, Math.tanh, relu], gates === CLIPPED],
  [{ ...gates, inputActivation: "relu", outputActivation: "relu" }, [s, relu, relu], gates === CLIPPED],
]);

interface Form {
  layer: Json;
  /** What the next state is made of: sums for gates, N the state's part of that for n, and the states h and c. */
  of: string;
  next(x: readonly number[], activations: Three): number;
}
type Five = [number, number, number, number, number];

export const CELLS: readonly Form[] = [
  {
    layer: { type: "lstm" },
    of: "ifgoc",
    next(x, [s, a, b]) {
      const [i, f, g, o, c] = x as Five;
      return s(o) * b(s(f) * c + s(i) * a(g));
    },
  },
  {
    layer: { type: "gru" },
    of: "rznNh",
    next(x, [s, a]) {
      const [r, z, n, N, h] = x as Five;
      return (1 - s(z)) * a(n + s(r) * N) + s(z) * h;
    },
  },
  {
    layer: { type: "gru", reset: "before" },
    of: "znh",
    next(x, [s, a]) {
      const [z, n, h] = x as Five;
      return (1 - s(z)) * a(n) + s(z) * h;
    },
  },
  { layer: { type: "rnn" }, of: "h", next: (x, [, a]) => a(x[0] as number) },
];
/** What the reset gate of a GRU leaves of the state. */
export const RESET: Form = { layer: {}, of: "rh", next: ([r, h], [s]) => s(r as number) * (h as number) };

/** Enough that some leave no gate closed or open. */
const PROBES = /* @__PURE__ */ Array.from({ length: 16 }, (_, k) => k + 1);

function* orders(count: number, taken: number[] = []): Generator<number[]> {
  if (taken.length === count) yield taken;
  else for (let i = 0; i < count; i++) if (!taken.includes(i)) yield* orders(count, [...taken, i]);
}

/** The form that a signal has, and the features of each of its letters, unit after unit. */
export function formOf(
  chain: Maker,
  signal: Signal,
  forms: readonly Form[],
): { layer: Json; parts: Record<string, number[]>; clipped: boolean } | undefined {
  const ids = chain.idsOf(signal);
  const after = (id: number, count: number) => {
    let left = count;
    for (const front of frontiers(chain, [id])) if (left-- === 0) return front;
    return [];
  };
  for (let count = 0; ; count++) {
    const front = after(ids[0] as number, count);
    if (front.length === 0 || front.length > 5) return undefined;
    const answers = (id: number, front: number[]) =>
      PROBES.map((k) => probe(front.length, 0.2 * k, k)).map((x) => [x, evaluate(chain, [id], front, x)[0]] as [number[], number]);
    const first = answers(ids[0] as number, front);
    for (const { layer, of, next } of forms) {
      if (of.length !== front.length) continue;
      for (const order of orders(of.length))
        for (const [options, activations, clipped] of VARIANTS) {
          const ordered = <T>(list: readonly T[]) => order.map((i) => list[i] as T);
          const good = ([x, y]: [number[], number]) => same(y, next(ordered(x), activations));
          if (!first.every(good)) continue;
          const fronts = Array.from(ids, (id) => after(id, count));
          if (!fronts.every((front, i) => front.length === of.length && answers(ids[i] as number, front).every(good))) return undefined;
          const parts = Object.fromEntries([...of].map((letter, k) => [letter, fronts.map((front) => ordered(front)[k] as number)]));
          return { layer: { ...layer, ...options, units: ids.length }, parts, clipped };
        }
    }
  }
}
