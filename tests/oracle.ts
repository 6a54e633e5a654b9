/**
 * The oracle: the models in double precision, one sequence and one number at a time, written from the equations. It is never
 * made faster and imports nothing from src.
 */

import { costOf, type LossOptions } from "./losses.js";

export type Vector = number[];
export type Matrix = Vector[];
/** Parameters by PyTorch's names: vectors and matrices in row-major order. */
export type Parameters = Record<string, { shape: readonly number[]; data: number[] }>;

export interface Layer {
  type: string;
  units?: number;
  rate?: number;
  activation?: string;
}
export interface Description {
  input: { features?: number; tokens?: number };
  layers: Layer[];
  output: "every" | "last";
}
/** inputs: a vector for each step, or a token; targets: a vector for each target, or a class. */
export interface Example {
  inputs: (Vector | number)[];
  targets: (Vector | number)[];
  /** How much each target counts. */
  weights?: number[];
}
/** For each recurrent layer. */
export type States = { h: Vector; c: Vector }[];
/** The factor of dropout layer `layer` (among the dropout layers) for one number. */
export type Mask = (layer: number, row: number, t: number, unit: number) => number;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const RECURRENT = ["rnn", "lstm", "gru"];
const zeros = (n: number): Vector => new Array(n).fill(0);

export class Oracle {
  readonly gradients: Parameters;

  constructor(
    readonly model: Description,
    readonly parameters: Parameters,
    /** False holds the recurrent inputs of the cells constant in the gradient. */
    readonly full = true,
  ) {
    this.gradients = {};
    for (const [name, { shape, data }] of Object.entries(parameters)) this.gradients[name] = { shape, data: zeros(data.length) };
  }

  #row(name: string, row: number): Vector {
    const { shape, data } = this.parameters[name]!;
    return data.slice(row * shape[1]!, (row + 1) * shape[1]!);
  }

  #add(name: string, row: number, column: number, value: number): void {
    const { shape, data } = this.gradients[name]!;
    data[shape.length === 1 ? row : row * shape[1]! + column]! += value;
  }

  initialStates(): States {
    return this.model.layers.filter(({ type }) => RECURRENT.includes(type)).map(({ units }) => ({ h: zeros(units!), c: zeros(units!) }));
  }

  /** The outputs of one sequence at every step; leaves in `states` the state at its end. `backward` takes their gradients. */
  run(inputs: (Vector | number)[], states: States, mask: Mask = () => 1, row = 0): { outputs: Matrix; backward(dOutputs: Matrix): void } {
    const tokens = this.model.input.tokens;
    const oneHot = (token: number) => zeros(tokens!).map((_, i) => (i === token ? 1 : 0));
    let signal: Matrix = inputs.map((x) => (typeof x === "number" ? oneHot(x) : x));
    const back: ((d: Matrix) => Matrix)[] = [];
    const seen: Record<string, number> = {};
    for (const layer of this.model.layers) {
      const kind = RECURRENT.includes(layer.type) ? "recurrent" : layer.type;
      const index = seen[kind] ?? 0;
      seen[kind] = index + 1;
      const name = index === 0 ? layer.type : `${layer.type}_${index}`;
      const made =
        kind === "recurrent"
          ? this.#recurrent(layer, index, signal, states[index]!)
          : layer.type === "dropout"
            ? this.#dropout(signal, (t, u) => mask(index, row, t, u))
            : this.#linear(name, signal, layer.type === "dense");
      signal = made.output;
      back.push(made.backward);
    }
    return {
      outputs: signal,
      backward: (dOutputs) => {
        let d = dOutputs;
        for (const step of back.reverse()) d = step(d);
      },
    };
  }

  /** x through a recurrent layer; `cells` below has the equations, this the products and the way back through time. */
  #recurrent(layer: Layer, k: number, x: Matrix, state: { h: Vector; c: Vector }) {
    const H = layer.units!;
    const cell = cellOf(layer);
    const bias = (name: string, r: number) => this.parameters[`bias_${name}_l${k}`]!.data[r]!;
    const net = (name: string, values: Vector) =>
      zeros(cell.gates * H).map((_, r) => this.#row(`weight_${name}_l${k}`, r).reduce((sum, w, j) => sum + w * values[j]!, bias(name, r)));
    const hs = [state.h];
    const cs = [state.c];
    const steps: { dStep: ReturnType<typeof cell.step>["back"] }[] = [];
    for (const xt of x) {
      const { h, c, back } = cell.step(net("ih", xt), net("hh", hs.at(-1)!), hs.at(-1)!, cs.at(-1)!);
      hs.push(h);
      cs.push(c);
      steps.push({ dStep: back });
    }
    state.h = hs.at(-1)!;
    state.c = cs.at(-1)!;

    const backward = (dOut: Matrix): Matrix => {
      let dh = zeros(H);
      let dc = zeros(H);
      const dx: Matrix = [];
      for (let t = x.length - 1; t >= 0; t--) {
        const d = steps[t]!.dStep(
          dOut[t]!.map((value, u) => value + dh[u]!),
          dc,
        );
        const through = (name: string, nets: Vector, values: Vector) => {
          const result = zeros(values.length);
          nets.forEach((dNet, r) => {
            this.#add(`bias_${name}_l${k}`, r, 0, dNet);
            values.forEach((value, j) => this.#add(`weight_${name}_l${k}`, r, j, dNet * value));
            this.#row(`weight_${name}_l${k}`, r).forEach((w, j) => (result[j]! += w * dNet));
          });
          return result;
        };
        dx[t] = through("ih", d.ih, x[t]!);
        const recurrent = through("hh", d.hh, hs[t]!);
        dh = d.h.map((value, u) => value + (this.full ? recurrent[u]! : 0));
        dc = d.c;
      }
      return dx;
    };
    return { output: hs.slice(1), backward };
  }

  /** Dense: y = W x + b. Embedding: the row of the table that x, one-hot, says. */
  #linear(name: string, x: Matrix, dense: boolean) {
    const { shape, data } = this.parameters[`${name}.weight`]!;
    const units = dense ? shape[0]! : shape[1]!;
    const weight = (u: number, j: number) => (dense ? data[u * shape[1]! + j]! : data[j * shape[1]! + u]!);
    const bias = (u: number) => (dense ? this.parameters[`${name}.bias`]!.data[u]! : 0);
    const output = x.map((xt) => zeros(units).map((_, u) => xt.reduce((sum, value, j) => sum + weight(u, j) * value, bias(u))));
    const backward = (dOut: Matrix): Matrix =>
      x.map((xt, t) => {
        dOut[t]!.forEach((d, u) => {
          if (dense) this.#add(`${name}.bias`, u, 0, d);
          xt.forEach((value, j) => (dense ? this.#add(`${name}.weight`, u, j, d * value) : this.#add(`${name}.weight`, j, u, d * value)));
        });
        return xt.map((_, j) => dOut[t]!.reduce((sum, d, u) => sum + weight(u, j) * d, 0));
      });
    return { output, backward };
  }

  #dropout(x: Matrix, mask: (t: number, unit: number) => number) {
    const apply = (values: Matrix) => values.map((row, t) => row.map((value, u) => value * mask(t, u)));
    return { output: apply(x), backward: apply };
  }

  /**
   * Mean loss over all targets that count, each as much as its step's weight, and what is differentiated: the mean or the sum.
   * Adds its gradient to `gradients`.
   */
  learn(examples: Example[], loss: LossOptions | string, states?: States[], mask?: Mask) {
    const runs = examples.map(({ inputs }, row) => this.run(inputs, states?.[row] ?? this.initialStates(), mask, row));
    const dOutputs = runs.map(({ outputs }) => outputs.map((y) => zeros(y.length)));
    const costs = examples.flatMap(({ inputs, targets, weights }, row) =>
      targets.map((target, n) => {
        // Which output the target belongs to.
        const t = this.model.output === "every" ? n : inputs.length - 1;
        const cost = costOf(typeof loss === "string" ? { type: loss } : loss, runs[row]!.outputs[t]!, target);
        return { ...cost, row, t, weight: weights?.[n] ?? 1 };
      }),
    );
    const total = (of: (cost: (typeof costs)[number]) => number) => costs.reduce((sum, cost) => sum + cost.weight * of(cost), 0);
    const mean = 1 / total(({ count }) => count);
    const scale = typeof loss !== "string" && loss.reduction === "sum" ? 1 : mean;
    for (const { row, t, slope, weight } of costs) dOutputs[row]![t] = slope.map((d) => scale * weight * d);
    runs.forEach(({ backward }, row) => backward(dOutputs[row]!));
    const outputs = runs.map((run) => (this.model.output === "every" ? run.outputs : run.outputs.slice(-1)));
    const value = total((cost) => cost.value);
    return { loss: mean * value, objective: scale * value, outputs };
  }
}

interface Step {
  h: Vector;
  c: Vector;
  /** From the gradients of h and c to those of the two nets (W x + b, R h + b'), of h(t-1) past the net, and of c(t-1). */
  back(dh: Vector, dc: Vector): { ih: Vector; hh: Vector; h: Vector; c: Vector };
}
interface Cell {
  gates: number;
  step(ih: Vector, hh: Vector, hBefore: Vector, cBefore: Vector): Step;
}

/** Gates one after the other, `H` numbers each. */
const split = (values: Vector, H: number) => Array.from({ length: values.length / H }, (_, gate) => values.slice(gate * H, (gate + 1) * H));
const add = (a: Vector, b: Vector) => a.map((value, i) => value + b[i]!);

/** i, f, g, o = s(...), c = f c' + i g, h = o tanh(c). */
const lstm: Cell = {
  gates: 4,
  step(ih, hh, _, before) {
    const H = before.length;
    const [i, f, g, o] = split(add(ih, hh), H).map((net, gate) => net.map(gate === 2 ? Math.tanh : sigmoid)) as [
      Vector,
      Vector,
      Vector,
      Vector,
    ];
    const c = before.map((value, u) => f[u]! * value + i[u]! * g[u]!);
    const h = c.map((value, u) => o[u]! * Math.tanh(value));
    return {
      h,
      c,
      back(dh, dc) {
        const dCell = c.map((value, u) => dc[u]! + dh[u]! * o[u]! * (1 - Math.tanh(value) ** 2));
        const nets = [
          dCell.map((d, u) => d * g[u]! * i[u]! * (1 - i[u]!)),
          dCell.map((d, u) => d * before[u]! * f[u]! * (1 - f[u]!)),
          dCell.map((d, u) => d * i[u]! * (1 - g[u]! ** 2)),
          dh.map((d, u) => d * Math.tanh(c[u]!) * o[u]! * (1 - o[u]!)),
        ].flat();
        return { ih: nets, hh: nets, h: zeros(H), c: dCell.map((d, u) => d * f[u]!) };
      },
    };
  },
};

/** r, z = s(...), n = tanh(W_n x + b_n + r (R_n h' + b_n')), h = (1 - z) n + z h'. */
const gru: Cell = {
  gates: 3,
  step(ih, hh, before, c) {
    const H = before.length;
    const [rx, zx, nx] = split(ih, H) as [Vector, Vector, Vector];
    const [rh, zh, m] = split(hh, H) as [Vector, Vector, Vector];
    const [r, z] = [add(rx, rh).map(sigmoid), add(zx, zh).map(sigmoid)];
    const n = nx.map((value, u) => Math.tanh(value + r[u]! * m[u]!));
    return {
      h: n.map((value, u) => (1 - z[u]!) * value + z[u]! * before[u]!),
      c,
      back(dh) {
        const dn = dh.map((d, u) => d * (1 - z[u]!) * (1 - n[u]! ** 2));
        const dr = dn.map((d, u) => d * m[u]! * r[u]! * (1 - r[u]!));
        const dz = dh.map((d, u) => d * (before[u]! - n[u]!) * z[u]! * (1 - z[u]!));
        return { ih: [dr, dz, dn].flat(), hh: [dr, dz, dn.map((d, u) => d * r[u]!)].flat(), h: dh.map((d, u) => d * z[u]!), c: zeros(H) };
      },
    };
  },
};

/** h = tanh(...) or max(0, ...). */
const rnn = (relu: boolean): Cell => ({
  gates: 1,
  step(ih, hh, before, c) {
    const h = add(ih, hh).map((net) => (relu ? Math.max(0, net) : Math.tanh(net)));
    return {
      h,
      c,
      back(dh) {
        const nets = dh.map((d, u) => d * (relu ? Number(h[u]! > 0) : 1 - h[u]! ** 2));
        return { ih: nets, hh: nets, h: zeros(before.length), c: zeros(before.length) };
      },
    };
  },
});

const cellOf = ({ type, activation }: Layer): Cell => (type === "lstm" ? lstm : type === "gru" ? gru : rnn(activation === "relu"));
