/**
 * The oracle: the models in double precision, one sequence and one number at a time, written from the equations. It is never
 * made faster and imports nothing from src.
 */

import { alignments } from "./ctc.js";
import { costOf, type LossOptions } from "./losses.js";
import { constant, Tape, type Var, type Vector, zeros } from "./tape.js";

export type { Vector } from "./tape.js";
export type Matrix = Vector[];
/** Parameters by PyTorch's names: vectors and matrices in row-major order. */
export type Parameters = Record<string, { shape: readonly number[]; data: number[] }>;

/** A layer as users write it. */
export interface Layer {
  type: string;
  units?: number;
  activation?: string;
  reset?: string;
  tied?: boolean;
  gateActivation?: string;
  alpha?: number;
  kind?: string;
  bidirectional?: "concat" | "sum";
  direction?: string;
  residual?: "sum" | "concat";
  recurrentDropout?: number;
  zoneout?: number;
  cellZoneout?: number;
  coupled?: boolean;
  inputGate?: boolean;
  forgetGate?: boolean;
  outputGate?: boolean;
  inputActivation?: string;
  outputActivation?: string;
  fullGateRecurrence?: boolean;
  projection?: number;
  layerNorm?: boolean;
  cellClip?: number;
  blocks?: number;
  kernel?: number;
  dilation?: number;
  cellsPerBlock?: number;
  recurrence?: string;
  f?: string;
  g?: string;
  h?: string;
}
/** A column of numbers or of categories. */
export interface Column {
  type: string;
  categories?: number | readonly string[];
  units?: number;
  missing?: string;
}
export interface Description {
  input: { features?: number; tokens?: number; columns?: Record<string, Column> };
  layers: readonly object[];
  output: "every" | "last";
}
/** inputs: a vector for each step (a number for each column: categories as their index, NaN for gaps), or a token; targets: a vector for each target, or a class. */
export interface Example {
  inputs: (Vector | number)[];
  targets: (Vector | number)[];
  /** How much each target counts. */
  /** Of each step, or of each number of a step. */
  weights?: number[] | number[][];
}
/** For each recurrent layer: what its recurrent weights read, its cells, the gates that full gate recurrence reads. */
/** Of each recurrent layer; `reverse` is that of the second direction. */
export type States = { h: Vector; c: Vector; gates?: Vector; reverse?: States[number] }[];
/** The factor of dropout layer `layer` (among the dropout layers) for one number. */
export type Mask = (layer: number, row: number, t: number, unit: number) => number;
/** What is drawn inside of recurrent layers: direction 0 or 1 of a layer, the sequence's row. By default what inference takes. */
export interface Draws {
  /** The share of h (kind 0) or c (kind 1) that stays what it was. */
  zone?(layer: number, direction: number, kind: number, row: number, t: number, unit: number): number;
  /** The factor on h(t-1). */
  recurrent?(layer: number, direction: number, row: number, unit: number): number;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const oneHot = (token: number, count: number) => zeros(count).map((_, i) => (i === token ? 1 : 0));
const RECURRENT = ["rnn", "lstm", "gru", "lstm97"];

/** The squashing functions and their slopes. */
const FUNCTIONS: Record<string, [f: (x: number) => number, slope: (x: number) => number]> = {
  identity: [(x) => x, () => 1],
  logistic: [sigmoid, (x) => sigmoid(x) * (1 - sigmoid(x))],
  tanh: [Math.tanh, (x) => 1 - Math.tanh(x) ** 2],
  relu: [(x) => Math.max(0, x), (x) => Number(x > 0)],
  "[-1,1]": [(x) => 2 * sigmoid(x) - 1, (x) => 2 * sigmoid(x) * (1 - sigmoid(x))],
  "[-2,2]": [(x) => 4 * sigmoid(x) - 2, (x) => 4 * sigmoid(x) * (1 - sigmoid(x))],
};

/** An activation by name, or the hard sigmoid of this slope. */
function functionOf(name: string, alpha = 0.2): (typeof FUNCTIONS)[string] {
  if (name !== "hardSigmoid") return FUNCTIONS[name]!;
  const line = (x: number) => alpha * x + 0.5;
  return [(x) => Math.min(1, Math.max(0, line(x))), (x) => (line(x) > 0 && line(x) < 1 ? alpha : 0)];
}

export class Oracle {
  /** The states that the sequence of the last run began from, under their names. */
  #begins: Record<string, Var> = {};
  readonly gradients: Parameters;
  readonly #layers: readonly Layer[];
  /** The step whose error flows down, by the rule of the online learner. */
  #present: number | null = null;

  constructor(
    readonly model: Description,
    readonly parameters: Parameters,
    /** False holds what the recurrent weights read constant in the gradient. */
    readonly full = true,
    readonly draws: Draws = {},
    /**
     * True: the rule of the online learner. The error of each step goes down through the layers at this step alone, and in each recurrent
     * layer back through its cells (lstm, lstm97), or through each unit's own h (rnn, gru).
     */
    readonly local = false,
  ) {
    this.#layers = model.layers as readonly Layer[];
    this.gradients = {};
    for (const [name, { shape, data }] of Object.entries(parameters)) this.gradients[name] = { shape, data: zeros(data.length) };
  }

  initialStates(): States {
    return this.#layers.filter(({ type }) => RECURRENT.includes(type)).map((layer) => initialState(layer));
  }

  /**
   * The outputs of one sequence at every step, or the one that is pooled; leaves in `states` the state at its end. `backward` takes their
   * gradients, and leaves in `begins` those of the states it began from.
   */
  run(
    inputs: (Vector | number)[],
    states: States,
    mask: Mask = () => 1,
    row = 0,
  ): { outputs: Matrix; begins: Record<string, Var>; backward(dOutputs: Matrix): void } {
    this.#begins = {};
    const tape = new Tape();
    const { tokens, columns } = this.model.input;
    const seenLast: Record<string, number> = {};
    let signal: Var[] = inputs.map((x) => {
      if (!columns) return constant(typeof x === "number" ? oneHot(x, tokens!) : x);
      return tape.concat(Object.entries(columns).map(([name, column], k) => this.#column(tape, name, column, (x as Vector)[k]!, seenLast)));
    });
    const seen: Record<string, number> = {};
    const pooling = this.#layers.find(({ type }) => type === "pooling");
    const last = pooling ? pooling.kind === "last" : this.model.output === "last";
    const top = last ? this.#layers.findLastIndex(({ type }) => RECURRENT.includes(type)) : -1;
    // Without a pooling of its own, a model with output "last" takes the last step of the topmost layer that looks beyond the present one.
    const bare = this.model.output === "last" && !pooling;
    const looking = bare ? this.#layers.findLastIndex(({ type }) => [...RECURRENT, "conv1d", "embedding"].includes(type)) : -2;
    if (looking === -1) signal = signal.slice(-1);
    for (const [i, layer] of this.#layers.entries()) {
      const kind = RECURRENT.includes(layer.type) ? "recurrent" : layer.type;
      const index = seen[kind] ?? 0;
      seen[kind] = index + 1;
      const name = index === 0 ? layer.type : `${layer.type}_${index}`;
      const parameter = (end: string) => this.#parameter(`${name}.${end}`)!;
      if (kind === "recurrent") signal = this.#recurrent(tape, layer, index, signal, states[index]!, row, i === top);
      else if (layer.type === "dropout") {
        signal = signal.map((x, t) => tape.mul(x, constant(x.v.map((_, u) => mask(index, row, t, u)))));
      } else if (layer.type === "activation") {
        signal = signal.map((x) => tape.map(x, ...functionOf(layer.kind!, layer.alpha)));
      } else if (layer.type === "dense") {
        const [W, b] = [layer.tied ? this.#parameter("embedding.weight")! : parameter("weight"), this.#parameter(`${name}.bias`)];
        const [f, slope] = FUNCTIONS[layer.activation ?? "identity"]!;
        signal = signal.map((x) => tape.map(b ? tape.add(tape.product(W, x), b) : tape.product(W, x), f, slope));
      } else if (layer.type === "conv1d") {
        const { kernel: K = 1, dilation = 1 } = layer;
        const before = constant(zeros(signal[0]!.v.length));
        // [I][K], as the weights' rows lie: of each input the step furthest back first.
        const seen = (t: number) => {
          const steps = zeros(K).map((_, j) => signal[t - (K - 1 - j) * dilation] ?? before);
          return tape.concat(before.v.flatMap((_, i) => steps.map((x) => tape.slice(x, i, 1))));
        };
        signal = signal.map((_, t) => tape.add(tape.product(parameter("weight"), seen(t)), parameter("bias")));
      } else if (layer.type === "pooling") {
        signal = [pooled(tape, layer, signal, parameter)];
      } else if (layer.type === "normalization") {
        const [gain, bias] = [parameter("weight"), parameter("bias")];
        signal = signal.map((x) => tape.add(tape.mul(tape.normalize(x), gain), bias));
      } else {
        const W = parameter("weight");
        signal = inputs.map((token) => tape.slice(W, (token as number) * layer.units!, layer.units!));
      }
      if (i === looking) signal = signal.slice(-1);
    }
    return {
      outputs: signal.map(({ v }) => v),
      begins: this.#begins,
      backward: (dOutputs) => {
        signal.forEach(({ d }, t) => dOutputs[t]!.forEach((value, u) => (d[u]! += value)));
        tape.backward();
      },
    };
  }

  /**
   * A column's numbers at one step: the number itself, then 1 if it is missing, where it may be; of a category a one-hot vector, or the
   * learned one. `last` has the value last seen.
   */
  #column(tape: Tape, name: string, { type, categories = 0, units, missing }: Column, value: number, last: Record<string, number>): Var {
    const gap = Number.isNaN(value);
    if (type === "numeric") {
      const number = gap ? (missing === "last" ? (last[name] ?? 0) : 0) : value;
      last[name] = number;
      return constant(missing ? [number, Number(gap)] : [number]);
    }
    const given = typeof categories === "number" ? categories : categories.length;
    const category = gap ? given : value;
    if (units) return tape.slice(this.#parameter(`embedding.${name}.weight`)!, category * units, units);
    return constant(oneHot(category, given + (missing ? 1 : 0)));
  }

  /** A parameter, whose gradients add up; undefined if the model has none of this name. */
  #parameter(name: string): Var | undefined {
    const parameter = this.parameters[name];
    return parameter && { v: parameter.data, d: this.gradients[name]!.data };
  }

  /** A recurrent layer: one direction or two, and the way past it. `cells` below has the equations of a step. */
  #recurrent(tape: Tape, layer: Layer, k: number, x: Var[], state: States[number], row: number, final: boolean): Var[] {
    const direction = (inputs: Var[], number: number): Var[] => {
      const end = `_l${k}${number === 1 ? "_reverse" : ""}`;
      if (number === 1) state.reverse ??= initialState(layer);
      const own = number === 1 ? state.reverse! : state;
      const step = cells[layer.type]!({
        tape,
        layer,
        parameter: (name) => this.#parameter(name + end),
        zone: (kind, t, unit) => this.draws.zone?.(k, number, kind, row, t, unit) ?? (kind ? layer.cellZoneout : layer.zoneout) ?? 0,
        recurrent: (unit) => this.draws.recurrent?.(k, number, row, unit) ?? 1,
        // The truncation of 1997.
        held: (h) => (this.full ? h : constant(h.v)),
        own: this.#present !== null,
      });
      let now: Before = { h: constant(own.h), c: constant(own.c), gates: constant(own.gates ?? []) };
      this.#begins[`h${end}`] = now.h;
      this.#begins[`c${end}`] = now.c;
      const outputs = inputs.map((xt, t) => {
        const earlier = this.#present !== null && t !== this.#present;
        const { output, ...next } = step(earlier ? constant(xt.v) : xt, now, t);
        now = next;
        return output;
      });
      Object.assign(own, { h: now.h.v, c: now.c.v, gates: now.gates.v });
      return outputs;
    };
    const reverse = layer.direction === "reverse";
    // Asked for its final state, the second direction has it where it ends: at the first step.
    const backward = () => {
      const read = direction([...x].reverse(), 1);
      return final ? read : read.reverse();
    };
    let y = reverse ? backward() : direction(x, 0);
    if (layer.bidirectional) {
      const back = backward();
      y = y.map((forth, t) => (layer.bidirectional === "sum" ? tape.add(forth, back[t]!) : tape.concat([forth, back[t]!])));
    }
    if (!layer.residual) return y;
    return y.map((yt, t) => (layer.residual === "sum" ? tape.add(yt, x[t]!) : tape.concat([yt, x[t]!])));
  }

  /**
   * Mean loss over all targets that count, each as much as its step's weight, and what is differentiated: the mean or the sum.
   * Adds its gradient to `gradients`.
   */
  learn(examples: Example[], loss: LossOptions | string, states?: States[], mask?: Mask) {
    const runs = examples.map(({ inputs }, row) => this.run(inputs, states?.[row] ?? this.initialStates(), mask, row));
    const dOutputs = runs.map(({ outputs }) => outputs.map((y) => zeros(y.length)));
    const costs = examples.flatMap(({ targets, weights }, row) => {
      if (typeof loss === "object" && loss.type === "ctc") {
        const { value, slope } = alignments(runs[row]!.outputs, targets as number[], loss.blank ?? 0);
        const weight = (weights?.[0] as number | undefined) ?? 1;
        // The loss is that of the sequence.
        return slope.map((slope, n) => ({ value: n === 0 ? value : 0, slope, count: Number(n === 0), row, n, weight }));
      }
      return targets.map((target, n) => {
        const weight = weights?.[n] ?? 1;
        const shares = typeof weight === "number" ? undefined : weight;
        const cost = costOf(typeof loss === "string" ? { type: loss } : loss, runs[row]!.outputs[n]!, target, shares);
        return { ...cost, row, n, weight: typeof weight === "number" ? weight : 1 };
      });
    });
    const total = (of: (cost: (typeof costs)[number]) => number) => costs.reduce((sum, cost) => sum + cost.weight * of(cost), 0);
    const mean = 1 / total(({ count }) => count);
    const scale = typeof loss !== "string" && loss.reduction === "sum" ? 1 : mean;
    for (const { row, n, slope, weight } of costs) dOutputs[row]![n] = slope.map((d) => scale * weight * d);
    if (this.local) {
      for (const [row, { inputs }] of examples.entries()) {
        for (this.#present = 0; this.#present < inputs.length; this.#present++) {
          const now = this.#present;
          this.run(inputs, this.initialStates(), mask, row).backward(dOutputs[row]!.map((d, t) => (t === now ? d : zeros(d.length))));
        }
      }
      this.#present = null;
    } else runs.forEach(({ backward }, row) => backward(dOutputs[row]!));
    const outputs = runs.map((run) => run.outputs);
    const value = total((cost) => cost.value);
    const begins = runs.map(({ begins }) => begins);
    return { loss: mean * value, objective: scale * value, outputs, begins };
  }
}

/** One vector of a sequence's: the last; the mean or the largest of each number; or sum a(t) x(t), a = softmax(v tanh(W x(t) + b)). */
function pooled(tape: Tape, { kind }: Layer, x: Var[], parameter: (end: string) => Var): Var {
  if (kind === "last") return x.at(-1)!;
  if (kind === "max") {
    return tape.concat(
      x[0]!.v.map((_, u) =>
        tape.slice(
          x.reduce((best, xt) => (xt.v[u]! > best.v[u]! ? xt : best)),
          u,
          1,
        ),
      ),
    );
  }
  const weighed = (shares: Var) => tape.add(...x.map((xt, t) => tape.mul(tape.concat(xt.v.map(() => tape.slice(shares, t, 1))), xt)));
  if (kind === "mean") return weighed(constant(x.map(() => 1 / x.length)));
  const scores = x.map((xt) =>
    tape.product(parameter("v"), apply(tape, "tanh", tape.add(tape.product(parameter("weight"), xt), parameter("bias")))),
  );
  return weighed(tape.softmax(tape.concat(scores)));
}

/** What a step goes on from. */
interface Before {
  h: Var;
  c: Var;
  gates: Var;
}
interface Place {
  tape: Tape;
  layer: Layer;
  parameter(name: string): Var | undefined;
  zone(kind: number, t: number, unit: number): number;
  recurrent(unit: number): number;
  held(h: Var): Var;
  /** Whether what is held lets each unit of rnn and gru see its own h. */
  own: boolean;
}
type Step = (x: Var, before: Before, t: number) => Before & { output: Var };

function initialState(layer: Layer): States[number] {
  if (layer.type === "lstm97") {
    const { blocks = 1, cellsPerBlock = 1, recurrence = "cells+gates", outputGate = true } = layer;
    const cells = blocks * cellsPerBlock;
    return { h: zeros(recurrence === "cells+gates" ? cells + (outputGate ? 2 : 1) * blocks : cells), c: zeros(cells) };
  }
  const units = layer.units!;
  return { h: zeros(layer.projection ?? units), c: zeros(units), gates: zeros(layer.fullGateRecurrence ? 3 * units : 0) };
}

/** m before + (1 - m) now, where there is zoneout. */
function zoned({ tape, layer, zone }: Place, kind: number, t: number, now: Var, before: Var): Var {
  if (!layer[kind ? "cellZoneout" : "zoneout"]) return now;
  const m = now.v.map((_, unit) => zone(kind, t, unit));
  return tape.add(tape.mul(before, constant(m)), tape.mul(now, constant(m.map((share) => 1 - share))));
}

/** What the recurrent weights read, masked. */
const masked = ({ tape, layer, recurrent }: Place, h: Var): Var =>
  layer.recurrentDropout ? tape.mul(h, constant(h.v.map((_, unit) => recurrent(unit)))) : h;

/** W x + b, and what the recurrent weights make of h(t-1), masked, held constant in the truncated gradient. */
function nets(place: Place, x: Var, h: Var): [input: Var, recurrent: Var] {
  const { tape, layer, parameter, held } = place;
  const source = masked(place, h);
  const W = parameter("weight_hh")!;
  const input = tape.product(parameter("weight_ih")!, x);
  let back = tape.product(W, held(source));
  if (place.own && layer.type !== "lstm") {
    const H = source.v.length;
    const diagonal = back.v.map((_, r) => W.v[r * H + (r % H)]!);
    // 0, with the slope of h - held(h).
    const moved = tape.map(
      source,
      () => 0,
      () => 1,
    );
    back = tape.add(back, tape.mul(tape.concat(Array(back.v.length / H).fill(moved)), constant(diagonal)));
  }
  if (!layer.layerNorm) return [tape.add(input, parameter("bias_ih")!), tape.add(back, parameter("bias_hh")!)];
  const scaled = (net: Var, end: string) => tape.add(tape.mul(tape.normalize(net), parameter(`gain_${end}`)!), parameter(`bias_${end}`)!);
  return [scaled(input, "ih"), scaled(back, "hh")];
}

const apply = (tape: Tape, name: string, x: Var, alpha?: number) => tape.map(x, ...functionOf(name, alpha));

const cells: Record<string, (place: Place) => Step> = {
  /** h = tanh(...) or max(0, ...). */
  rnn: (place) => (x, before, t) => {
    const { tape, layer } = place;
    const h = zoned(place, 0, t, apply(tape, layer.activation ?? "tanh", tape.add(...nets(place, x, before.h))), before.h);
    return { ...before, h, output: h };
  },

  /** r, z = s(...), n = tanh(W_n x + b_n + r (R_n h' + b_n')), h = (1 - z) n + z h'. */
  gru: (place) => (x, before, t) => {
    const { tape, layer } = place;
    const H = layer.units!;
    const [ih, hh] = nets(place, x, before.h);
    const gate = (g: number) =>
      apply(tape, layer.gateActivation ?? "logistic", tape.add(tape.slice(ih, g * H, H), tape.slice(hh, g * H, H)), layer.alpha);
    const [r, z] = [gate(0), gate(1)];
    // The last rows' product with h', or with r h' where the reset comes before.
    const rows = (name: string) =>
      tape.slice(place.parameter(name)!, 2 * H * (name === "weight_hh" ? H : 1), H * (name === "weight_hh" ? H : 1));
    const m =
      layer.reset === "before"
        ? tape.add(tape.product(rows("weight_hh"), tape.mul(r, masked(place, before.h))), rows("bias_hh"))
        : tape.mul(r, tape.slice(hh, 2 * H, H));
    const n = apply(tape, layer.inputActivation ?? "tanh", tape.add(tape.slice(ih, 2 * H, H), m));
    const rest = tape.map(
      z,
      (value) => 1 - value,
      () => -1,
    );
    const h = zoned(place, 0, t, tape.add(tape.mul(rest, n), tape.mul(z, before.h)), before.h);
    return { ...before, h, output: h };
  },

  /** i, f, o = s(... + p c), g = tanh(...), c = f c' + i g, h = o tanh(c), and the variants. */
  lstm: (place) => (x, before, t) => {
    const { tape, layer, parameter, held } = place;
    const H = layer.units!;
    const { coupled, inputGate = true, forgetGate = true, outputGate = true } = layer;
    const present = ["i", "f", "g", "o"].filter((_, n) => [inputGate && !coupled, forgetGate, true, outputGate][n]);
    const [ih, hh] = nets(place, x, before.h);
    const full = layer.fullGateRecurrence ? tape.product(parameter("weight_gg")!, held(before.gates)) : null;
    const p = parameter("peephole");
    const net = (name: string, cell?: Var): Var => {
      const at = present.indexOf(name) * H;
      const terms = [tape.slice(ih, at, H), tape.slice(hh, at, H)];
      if (full && name !== "g") terms.push(tape.slice(full, ["i", "f", "o"].indexOf(name) * H, H));
      if (p && cell) terms.push(tape.mul(tape.slice(p, present.filter((gate) => gate !== "g").indexOf(name) * H, H), cell));
      return tape.add(...terms);
    };
    const one = constant(zeros(H).map(() => 1));
    const gate = (name: string, cell: Var) =>
      present.includes(name) ? apply(tape, layer.gateActivation ?? "logistic", net(name, cell), layer.alpha) : one;
    const f = gate("f", before.c);
    const minus = (a: Var) =>
      tape.map(
        a,
        (value) => 1 - value,
        () => -1,
      );
    const i = coupled ? minus(f) : gate("i", before.c);
    const g = apply(tape, layer.inputActivation ?? "tanh", net("g"));
    const clip = layer.cellClip ?? Infinity;
    const made = tape.map(
      tape.add(tape.mul(f, before.c), tape.mul(i, g)),
      (value) => Math.max(-clip, Math.min(clip, value)),
      (value) => Number(Math.abs(value) < clip),
    );
    const o = gate("o", made);
    const seen = layer.layerNorm ? tape.add(tape.mul(tape.normalize(made), parameter("gain_c")!), parameter("bias_c")!) : made;
    const hidden = tape.mul(o, apply(tape, layer.outputActivation ?? "tanh", seen));
    const out = layer.projection ? tape.product(parameter("weight_hr")!, hidden) : hidden;
    const h = zoned(place, 0, t, out, before.h);
    return { h, c: zoned(place, 1, t, made, before.c), gates: tape.concat(full ? [i, f, o] : []), output: h };
  },

  /** Blocks of cells that share gates: s = s' + y_in g(net), y = y_out h(s). */
  lstm97: (place) => (x, before, t) => {
    const { tape, layer, parameter, held } = place;
    const { cellsPerBlock: S = 1, recurrence = "cells+gates", outputGate = true, f = "logistic", g = "[-2,2]", h = "[-1,1]" } = layer;
    const B = layer.blocks!;
    const C = B * S;
    const W = parameter("weight_hh");
    let net = tape.product(parameter("weight_ih")!, x);
    if (W) net = tape.add(net, tape.product(W, held(masked(place, before.h))));
    const bias = parameter("bias_ih");
    if (bias) net = tape.add(net, bias.v.length === net.v.length ? bias : tape.concat([constant(zeros(C)), bias]));
    const gates = (which: number) => apply(tape, f, tape.slice(net, C + which * B, B));
    const spread = (gate: Var) => tape.concat(zeros(C).map((_, cell) => tape.slice(gate, Math.floor(cell / S), 1)));
    const [inputs, outputs] = [gates(0), outputGate ? gates(1) : constant(zeros(B).map(() => 1))];
    const s = tape.add(before.c, tape.mul(spread(inputs), apply(tape, g, tape.slice(net, 0, C))));
    const y = zoned(place, 0, t, tape.mul(spread(outputs), apply(tape, h, s)), tape.slice(before.h, 0, C));
    return {
      c: zoned(place, 1, t, s, before.c),
      gates: before.gates,
      h: recurrence === "cells+gates" ? tape.concat(outputGate ? [y, inputs, outputs] : [y, inputs]) : y,
      output: y,
    };
  },
};
