/** Recurrent cells written out, one call for one step, as nn.LSTMCell and nn.GRUCell are in files. */

import { CELLS, formOf, RESET } from "./forms.js";
import { OWN } from "./gates.js";
import { type Maker, PLACES, type Signal } from "./signal.js";

type Visit = (id: number, weight: number) => void;

/** @returns a function that visits what a sum takes, by one dense layer at most, with its weights; with -1 what is constant */
function sums(chain: Maker) {
  const known = new Map<Signal, (Float32Array | undefined)[]>();
  return function visit(id: number, add: Visit, weight = 1, within = false): void {
    if (id < 0) return;
    const signal = chain.signals[Math.floor(id / PLACES)] as Signal;
    const { terms, shift, open, layer, below, parts } = signal;
    const place = id % PLACES;
    if (terms && (!open || terms.length === 1)) {
      for (const { ids, scale } of terms) visit(ids[place] as number, add, weight * (scale?.[place] ?? 1), within);
      if (shift) add(-1, weight * (shift[place] as number));
    } else if (layer?.type === "dense" && !layer.activation && !within && below) {
      const [W, bias] = known.get(signal) ?? [parts.weight?.data(), parts.bias?.data()];
      known.set(signal, [W, bias]);
      for (let i = 0; i < below.units; i++) visit(below.id * PLACES + i, add, weight * (W?.[place * below.units + i] as number), true);
      if (bias) add(-1, weight * (bias[place] as number));
    } else add(id, weight);
  };
}

/** The layer that a signal is a step of, whose state is an input of the graph; undefined if it is none. */
export function writtenCell(chain: Maker, signal: Signal): Signal | undefined {
  const found = formOf(chain, signal, CELLS);
  if (!found) return undefined;
  const { layer, parts, clipped } = found;
  const { type, units: H } = layer as { type: string; units: number };
  const visit = sums(chain);
  const signalOf = (id: number) => chain.signals[Math.floor(id / PLACES)] as Signal;
  // The part of the state that a reset gate before leaves is in the sum for n, behind its weights.
  let left: Signal | undefined;
  if (layer.reset) {
    visit(parts.n?.[0] as number, (id) => {
      if (id >= 0 && signalOf(id).formula) left = signalOf(id);
    });
    const reset = left && formOf(chain, left, [RESET]);
    if (!reset || reset.parts.h?.join() !== parts.h?.join()) return undefined;
    parts.r = reset.parts.r as number[];
  }
  const gates = [...(OWN[type] as string)];
  /** All weights, row after row: of inputs, of the state, and constants. */
  const each = (add: (row: number, id: number, weight: number, hidden: boolean) => void) =>
    gates.forEach((gate, g) => {
      for (let u = 0; u < H; u++) {
        const scale = clipped && gate !== "g" && gate !== "n" ? 5 : 1;
        const put = (hidden: boolean) => (id: number, weight: number) => add(g * H + u, id, scale * weight, hidden);
        if (scale > 1) put(false)(-1, -0.5);
        visit(parts[gate]?.[u] as number, put(false));
        if (gate === "n" && parts.N) visit(parts.N[u] as number, put(true));
      }
    });
  const inputs = new Set<number>();
  const states = new Set<number>();
  let good = true;
  each((row, id, _, hidden) => {
    if (id < 0) return;
    const own = signalOf(id);
    if (own.state) states.add(id);
    else if (own !== left) inputs.add(id);
    // The sums for n are apart.
    if (type === "gru" && row >= 2 * H && own !== left) good &&= hidden === (own.state === true);
  });
  const [h, c] = [type === "gru" ? parts.h : [...states].sort((a, b) => a - b), parts.c];
  const follow = (ids: readonly number[]) =>
    ids.length === H && signalOf(ids[0] as number).state && ids.every((id, i) => id === (ids[0] as number) + i);
  if (!good || !h || !follow(h) || (c && !follow(c)) || inputs.size === 0 || ![...states].every((id) => h.includes(id))) return undefined;
  const first = h[0] as number;
  const ids = Float64Array.from(inputs).sort();
  const places = new Map(Array.from(ids, (id, i) => [id, i]));
  const { signal: below, weight, bias } = chain.through(ids);
  const rows = gates.length * H;
  const fill = (add: (row: number, feature: number, weight: number) => void) =>
    each((row, id, weight) => places.has(id) && add(row, places.get(id) as number, weight));
  const constants = (hidden: boolean) => {
    const out = hidden ? chain.floats(rows) : bias(rows, fill)();
    each((row, id, weight, own) => {
      if (id < 0 && own === hidden) (out[row] as number) += weight;
    });
    return out;
  };
  const hh = () => {
    const out = chain.floats(rows * H);
    each((row, id, weight) => {
      if (id < 0 || places.has(id)) return;
      (out[row * H + (id - (signalOf(id) === left ? left.id * PLACES : first))] as number) += weight;
    });
    return out;
  };
  for (const [id] of c ? [h, c] : [h]) chain.begins(signalOf(id as number));
  return chain.add(H, signal.name, {
    layer,
    below,
    parts: {
      weight_ih: { shape: [rows, below.units], data: weight(rows, fill) },
      weight_hh: { shape: [rows, H], data: hh },
      bias_ih: { shape: [rows], data: () => constants(false) },
      bias_hh: { shape: [rows], data: () => constants(true) },
    },
  });
}
