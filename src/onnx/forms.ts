/** Recurrent cells written out as arithmetic: recognised by comparing what they give with the equations of each cell. */

import { evaluate, frontiers, probe, same } from "./formulas.js";
import type { Json, Maker, Signal } from "./signal.js";

type Scalar = (x: number) => number;
/** Activations of gates, of the input, of the output. */
type Three = readonly [Scalar, Scalar, Scalar];
const logistic: Scalar = (x) => 1 / (1 + Math.exp(-x));
/** A hard sigmoid whose slope and shift are part of the sum that it cuts to [0, 1]. */
const clip: Scalar = (x) => Math.min(1, Math.max(0, x));
const relu: Scalar = (x) => Math.max(0, x);

const variants = () => [logistic, clip].flatMap((s) => [Math.tanh, relu].flatMap((a) => [Math.tanh, relu].map((b): Three => [s, a, b])));

interface Form {
  layer: Json;
  /** The values that the next state is computed of, a letter each: the sums of gates, N the state's part of the sum of n, the states h and c. */
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
/** The product of a GRU's reset gate and its state. */
export const RESET: Form = { layer: {}, of: "rh", next: ([r, h], [s]) => s(r as number) * (h as number) };

/** Scales of the probes: enough of them that in some no gate is quite closed or open. */
const PROBES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

function* orders(count: number, taken: number[] = []): Generator<number[]> {
  if (taken.length === count) yield taken;
  else for (let i = 0; i < count; i++) if (!taken.includes(i)) yield* orders(count, [...taken, i]);
}

interface Found {
  layer: Json;
  /** For each letter its features, one of each unit. */
  parts: Record<string, number[]>;
  /** Whether gates are hard sigmoids: then their sums are 0.2 x + 0.5. */
  clipped: boolean;
}

/** The cell that this signal is the next state of, if it is one of `forms`. */
export function formOf(chain: Maker, signal: Signal, forms: readonly Form[]): Found | undefined {
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
        for (const activations of variants()) {
          const ordered = <T>(list: readonly T[]) => order.map((i) => list[i] as T);
          const good = ([x, y]: [number[], number]) => same(y, next(ordered(x), activations));
          if (!first.every(good)) continue;
          const fronts = Array.from(ids, (id) => after(id, count));
          if (!fronts.every((front, i) => front.length === of.length && answers(ids[i] as number, front).every(good))) return undefined;
          const parts = Object.fromEntries([...of].map((letter, k) => [letter, fronts.map((front) => ordered(front)[k] as number)]));
          const [clipped, a, b] = activations.map((each) => each === clip || each === relu);
          const options = {
            ...(clipped && { gateActivation: "hardSigmoid" }),
            ...(a && { [layer.type === "rnn" ? "activation" : "inputActivation"]: "relu" }),
            ...(b && { outputActivation: "relu" }),
          };
          return { layer: { ...layer, ...options, units: ids.length }, parts, clipped: clipped === true };
        }
    }
  }
}
