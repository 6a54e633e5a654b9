/**
 * The signals of a graph, and the layers that are made of them. Linear arithmetic is kept as sums of features until a layer takes from it:
 * only then it is known whether the sum is part of a layer (a bias, a gain, a residual connection) or needs a dense layer of its own.
 */

import { absorbed, type Folded } from "./absorbed.js";
import { combine } from "./combine.js";
import { type Fill, type Json, type Maker, type Numbers, PLACES, type Signal, type Term, type Through } from "./signal.js";
import { refuse, type Spend } from "./views.js";
import { written } from "./written.js";

const taken = (list: Float64Array, at: Float64Array, absent: number) => at.map((place) => (place < 0 ? absent : (list[place] as number)));
const times = (a?: Float64Array, b?: Float64Array) => (a && b ? a.map((x, i) => x * (b[i] as number)) : (a ?? b));
const plus = (a?: Float64Array, b?: Float64Array) => (a && b ? a.map((x, i) => x + (b[i] as number)) : (a ?? b));
const isLate = (of: readonly Signal[]) => of.some(({ late, root }) => late || root !== of[0]?.root);
/** The most sums, one of another, that are followed. */
const LONGEST = 200;

export class Chain implements Maker {
  readonly signals: Signal[] = [];
  /** Facts that the graph does not tell, for the result's `unknown`. */
  readonly notes = new Set<string>();
  /** The input with the sequences' lengths. */
  lengths: unknown;

  readonly #combined = new Map<string, Signal>();

  constructor(readonly spend: Spend) {}

  add(units: number, name: string, more: Partial<Signal>): Signal {
    if (units >= PLACES) refuse(`of ${units} units, expected at most ${PLACES / 2}`);
    this.spend(200);
    const { terms, formula, make } = more;
    const of = terms?.flatMap(({ ids }) => this.#from(ids));
    const signal: Signal = {
      ahead: more.below?.ahead === true,
      parts: {},
      ...more,
      open: formula !== undefined || of?.some(({ open }) => open) === true,
      late: formula !== undefined || make !== undefined || (of !== undefined && isLate(of)),
      root: of?.[0]?.root ?? this.signals.length,
      id: this.signals.length,
      units,
      name,
    };
    this.signals.push(signal);
    return signal;
  }

  like(signal: Signal, more: Partial<Signal>, units = signal.units): Signal {
    return this.add(units, signal.name, { ...signal, final: undefined, settled: undefined, known: undefined, ...more });
  }

  bare(below: Signal, name: string, layer: Json, more: Partial<Signal> = {}): Signal {
    return this.add(below.units, name, { layer, below, ...more });
  }

  dense(below: Signal, units: number, name: string, weight: Numbers, bias?: Numbers): Signal {
    const parts = { weight: { shape: [units, below.units], data: weight }, ...(bias && { bias: { shape: [units], data: bias } }) };
    return this.add(units, name, { layer: { type: "dense", units }, below, parts });
  }

  begins({ name }: Signal): void {
    this.notes.add(`initial states (${name}) are zeros, or a sequence's \`state\`; streams carry them`);
  }

  /** The signals that these features belong to. */
  #from = (ids: Float64Array) => [...new Set(ids.map((id) => Math.floor(id / PLACES)))].flatMap((at) => this.signals[at] ?? []);

  late = (ids: Float64Array) => isLate(this.#from(ids));

  idsOf = ({ id, units }: Signal) => Float64Array.from({ length: units }, (_, i) => id * PLACES + i);

  whole(ids: Float64Array): Signal | undefined {
    const first = ids[0] as number;
    const signal = this.signals[Math.floor(first / PLACES)];
    return signal?.units === ids.length && ids.every((id, i) => id === signal.id * PLACES + i) ? signal : undefined;
  }

  /**
   * Of the step that both directions give last, the backward half has read one step only. Where only places of the half that has read all
   * are used, these are its final states: their ids are returned in place of those of the step.
   */
  #halves(ids: Float64Array): Float64Array {
    const of = (id: number) => this.signals[Math.floor(id / PLACES)];
    const open = new Set(Array.from(ids, of).filter((signal) => signal?.half));
    for (const id of ids) {
      const { half, units = 0 } = of(id) ?? {};
      if (half && (id % PLACES < half.from || id % PLACES >= half.from + units / 2)) open.delete(of(id));
    }
    return open.size > 0 ? ids.map((id) => (open.has(of(id)) ? (of(id)?.half?.final.id as number) * PLACES + (id % PLACES) : id)) : ids;
  }

  /** Features as sums of places in one signal of a layer. @throws Refusal if they come from several that no layer has together */
  fold(given: Float64Array, depth = 0): Folded {
    const { signals } = this;
    const ids = this.#halves(given);
    if (depth > LONGEST) refuse(`after more than ${LONGEST} sums`);
    this.spend(32 * ids.length, "the sums of a node take");
    const found = new Set(ids);
    found.delete(-1);
    const from = [...new Set([...found].map((id) => Math.floor(id / PLACES)))].map((id) => signals[id] as Signal);
    if (from.length === 0) refuse("of zeros alone");
    if (from.length > 1) {
      const real = from.map((signal) => ({ signal: this.settle(signal), offset: 0, from: signal }));
      const [first] = real;
      while (real.some(({ signal }) => signal !== first?.signal)) {
        const pair = real.flatMap((a) => real.flatMap((b) => (a.signal === b.signal ? [] : [{ a: a.signal, b: b.signal }])));
        const merged = pair.reduce<{ a: Signal; b: Signal; both: Signal } | undefined>((done, { a, b }) => {
          const both = done ? undefined : this.combined(a, b, "concat");
          return both ? { a, b, both } : done;
        }, undefined);
        if (!merged) return refuse(`that takes from ${from.map(({ name }) => name).join(" and ")}, expected one chain of layers`);
        for (const each of real) {
          if (each.signal === merged.b) each.offset += merged.a.units;
          if (each.signal === merged.a || each.signal === merged.b) each.signal = merged.both;
        }
      }
      const to = new Map(real.map(({ from, signal, offset }) => [from.id, signal.id * PLACES + offset]));
      return this.fold(
        ids.map((id) => (id < 0 ? id : (to.get(Math.floor(id / PLACES)) as number) + (id % PLACES))),
        depth + 1,
      );
    }
    const signal = from[0] as Signal;
    const at = ids.map((id) => (id < 0 ? -1 : id % PLACES));
    if (signal.late && signal.known === undefined) signal.known = (signal.open && written(this, signal)) || (signal.make?.() ?? null);
    const { known } = signal;
    if (known) {
      return this.fold(
        ids.map((id) => (id < 0 ? id : id + (known.id - signal.id) * PLACES)),
        depth + 1,
      );
    }
    if (!signal.terms) return { signal, terms: [{ at }], ops: [] };
    const inner: (Folded & { by: Float64Array | undefined })[] = signal.terms.map(({ ids, scale }) => ({
      ...this.fold(taken(ids, at, -1), depth + 1),
      by: scale && taken(scale, at, 0),
    }));
    const first = inner[0] as Folded;
    const second = inner[1];
    const sum = second && second.signal !== first.signal && inner.length === 2 ? this.#sum(signal.terms as [Term, Term]) : undefined;
    if (sum) return { signal: sum, terms: [{ at }], ops: [] };
    if (inner.some((each) => each.signal !== first.signal))
      refuse(`that adds ${inner.map(({ signal }) => signal.name).join(" and ")}, expected one chain of layers`);
    const whole = at.length === signal.units && at.every((place, i) => place === i);
    const shift = signal.shift && taken(signal.shift, at, 0);
    return {
      signal: first.signal,
      terms: inner.flatMap(({ terms, by }) => terms.map(({ at, scale }) => ({ at, scale: times(scale, by) }))),
      shift: inner.reduce<Float64Array | undefined>((sum, { shift, by }) => plus(sum, shift && times(shift, by)), shift),
      ops: whole && signal.by ? [...first.ops, signal.by] : [["", at]],
    };
  }

  #sum([a, b]: [Term, Term]): Signal | undefined {
    if (a.scale || b.scale) return undefined;
    const [x, y] = [this.plain(a.ids), this.plain(b.ids)];
    return this.combined(x, y, "sum") ?? this.combined(y, x, "sum");
  }

  /** Two signals as one. The same pair gives the same signal each time, as several layers may take from it. */
  combined(a: Signal, b: Signal, how: "concat" | "sum"): Signal | undefined {
    const key = `${a.id} ${how} ${b.id}`;
    const made = this.#combined.get(key) ?? combine(this, a, b, how);
    if (made) this.#combined.set(key, made);
    return made;
  }

  /** The signal of a layer with the features of this signal: itself, if it is one. */
  settle = (signal: Signal): Signal => (signal.terms || signal.late ? this.plain(this.idsOf(signal)) : signal);

  /** Adds a dense layer if no other layer has just these features as its outputs. */
  plain(ids: Float64Array, name?: string): Signal {
    const whole = this.whole(ids);
    const signal = whole?.settled ?? this.#plain(ids, name);
    if (whole) whole.settled = signal;
    return signal;
  }

  #plain(ids: Float64Array, name?: string): Signal {
    const folded = this.fold(ids);
    const { signal, terms, shift } = folded;
    const free = absorbed(this, folded);
    if (free) return free;
    const { weight, bias } = this.#through(folded);
    const each = (add: (row: number, feature: number, weight: number) => void) => ids.forEach((_, i) => add(i, i, 1));
    const own = name ?? `${signal.name}, then a sum of ${terms.length}`;
    return this.dense(signal, ids.length, own, weight(ids.length, each), shift && bias(ids.length, each));
  }

  /** @see Through */
  through(ids: Float64Array): Through {
    const whole = this.whole(ids);
    const folded = this.fold(ids);
    const free = whole?.settled ?? absorbed(this, folded);
    if (whole) whole.settled = free;
    return this.#through(free ? this.fold(this.idsOf(free)) : folded);
  }

  #through({ signal, terms, shift }: Folded): Through {
    const { units } = signal;
    return {
      signal,
      shifted: shift !== undefined,
      weight:
        (rows: number, fill: Fill): Numbers =>
        () => {
          const out = this.floats(rows * units);
          fill((row, feature, weight) => {
            for (const { at, scale } of terms) {
              const place = at[feature] as number;
              if (place >= 0) (out[row * units + place] as number) += scale ? weight * (scale[feature] as number) : weight;
            }
          });
          return out;
        },
      bias:
        (rows: number, fill: Fill): Numbers =>
        () => {
          const sums = new Float64Array(rows);
          fill((row, feature, weight) => {
            (sums[row] as number) += weight * (shift?.[feature] ?? 0);
          });
          return Float32Array.from(sums);
        },
    };
  }

  floats(count: number): Float32Array {
    this.spend(4 * count, "the model's parameters take");
    return new Float32Array(count);
  }
}
