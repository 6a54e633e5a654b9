/**
 * The oracle: the models in double precision, one sequence and one number at a time, written from the equations. It is never
 * made faster and imports nothing from src.
 */

export type Vector = number[];
export type Matrix = Vector[];
/** Parameters by PyTorch's names: vectors and matrices in row-major order. */
export type Parameters = Record<string, { shape: readonly number[]; data: number[] }>;

export interface Layer {
  type: string;
  units?: number;
  rate?: number;
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
}
/** For each recurrent layer. */
export type States = { h: Vector; c: Vector }[];
/** The factor of dropout layer `layer` (among the dropout layers) for one number. */
export type Mask = (layer: number, row: number, t: number, unit: number) => number;

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const zeros = (n: number): Vector => new Array(n).fill(0);

export class Oracle {
  readonly gradients: Parameters;

  constructor(
    readonly model: Description,
    readonly parameters: Parameters,
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
    return this.model.layers.filter(({ type }) => type === "lstm").map(({ units }) => ({ h: zeros(units!), c: zeros(units!) }));
  }

  /** The outputs of one sequence at every step; leaves in `states` the state at its end. `backward` takes their gradients. */
  run(inputs: (Vector | number)[], states: States, mask: Mask = () => 1, row = 0): { outputs: Matrix; backward(dOutputs: Matrix): void } {
    const tokens = this.model.input.tokens;
    const oneHot = (token: number) => zeros(tokens!).map((_, i) => (i === token ? 1 : 0));
    let signal: Matrix = inputs.map((x) => (typeof x === "number" ? oneHot(x) : x));
    const back: ((d: Matrix) => Matrix)[] = [];
    const seen: Record<string, number> = {};
    for (const layer of this.model.layers) {
      const index = seen[layer.type] ?? 0;
      seen[layer.type] = index + 1;
      const name = index === 0 ? layer.type : `${layer.type}_${index}`;
      const made =
        layer.type === "lstm"
          ? this.#lstm(index, layer.units!, signal, states[index]!)
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

  /** i, f, g, o = s(...), c = f c' + i g, h = o tanh(c). */
  #lstm(k: number, H: number, x: Matrix, state: { h: Vector; c: Vector }) {
    const P = this.parameters;
    const gates = ["i", "f", "g", "o"] as const;
    const hs = [state.h];
    const cs = [state.c];
    const activations: Record<"i" | "f" | "g" | "o", Vector>[] = [];
    for (const xt of x) {
      const h = hs.at(-1)!;
      const c = cs.at(-1)!;
      const a = { i: zeros(H), f: zeros(H), g: zeros(H), o: zeros(H) };
      gates.forEach((gate, n) => {
        for (let u = 0; u < H; u++) {
          const r = n * H + u;
          let net = P[`bias_ih_l${k}`]!.data[r]! + P[`bias_hh_l${k}`]!.data[r]!;
          this.#row(`weight_ih_l${k}`, r).forEach((w, j) => (net += w * xt[j]!));
          this.#row(`weight_hh_l${k}`, r).forEach((w, j) => (net += w * h[j]!));
          a[gate][u] = gate === "g" ? Math.tanh(net) : sigmoid(net);
        }
      });
      const next = c.map((cu, u) => a.f[u]! * cu + a.i[u]! * a.g[u]!);
      cs.push(next);
      hs.push(next.map((cu, u) => a.o[u]! * Math.tanh(cu)));
      activations.push(a);
    }
    state.h = hs.at(-1)!;
    state.c = cs.at(-1)!;

    const backward = (dOut: Matrix): Matrix => {
      const dx = x.map((xt) => zeros(xt.length));
      let dh = zeros(H);
      let dc = zeros(H);
      for (let t = x.length - 1; t >= 0; t--) {
        const { i, f, g, o } = activations[t]!;
        const before = cs[t]!;
        const squashed = cs[t + 1]!.map(Math.tanh);
        const dhBefore = zeros(H);
        const dcBefore = zeros(H);
        for (let u = 0; u < H; u++) {
          const total = dOut[t]![u]! + dh[u]!;
          const dCell = dc[u]! + total * o[u]! * (1 - squashed[u]! ** 2);
          const nets = [
            dCell * g[u]! * i[u]! * (1 - i[u]!),
            dCell * before[u]! * f[u]! * (1 - f[u]!),
            dCell * i[u]! * (1 - g[u]! ** 2),
            total * squashed[u]! * o[u]! * (1 - o[u]!),
          ];
          dcBefore[u] = dCell * f[u]!;
          nets.forEach((net, n) => {
            const r = n * H + u;
            this.#add(`bias_ih_l${k}`, r, 0, net);
            this.#add(`bias_hh_l${k}`, r, 0, net);
            x[t]!.forEach((value, j) => this.#add(`weight_ih_l${k}`, r, j, net * value));
            hs[t]!.forEach((value, j) => this.#add(`weight_hh_l${k}`, r, j, net * value));
            this.#row(`weight_ih_l${k}`, r).forEach((w, j) => (dx[t]![j]! += w * net));
            this.#row(`weight_hh_l${k}`, r).forEach((w, j) => (dhBefore[j]! += w * net));
          });
        }
        dh = dhBefore;
        dc = dcBefore;
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

  /** Mean loss over all targets that count, and its gradient added to `gradients`. */
  learn(examples: Example[], loss: "mse" | "crossEntropy", states?: States[], mask?: Mask, ignoreIndex = -100) {
    const runs = examples.map(({ inputs }, row) => this.run(inputs, states?.[row] ?? this.initialStates(), mask, row));
    // Which output each target belongs to.
    const pairs = examples.flatMap(({ targets, inputs }, row) =>
      targets.map((target, n) => ({ row, t: this.model.output === "every" ? n : inputs.length - 1, target })),
    );
    const counted = pairs.filter(({ target }) => loss === "mse" || target !== ignoreIndex);
    const dOutputs = runs.map(({ outputs }) => outputs.map((y) => zeros(y.length)));
    let total = 0;
    for (const { row, t, target } of counted) {
      const y = runs[row]!.outputs[t]!;
      const d = dOutputs[row]![t]!;
      if (loss === "mse") {
        const scale = 1 / (counted.length * y.length);
        (target as Vector).forEach((goal, k) => {
          total += scale * (y[k]! - goal) ** 2;
          d[k] = 2 * scale * (y[k]! - goal);
        });
      } else {
        const top = Math.max(...y);
        const sum = y.reduce((s, value) => s + Math.exp(value - top), 0);
        total += (top + Math.log(sum) - y[target as number]!) / counted.length;
        y.forEach((value, k) => {
          d[k] = (Math.exp(value - top) / sum - (k === target ? 1 : 0)) / counted.length;
        });
      }
    }
    runs.forEach(({ backward }, row) => backward(dOutputs[row]!));
    const outputs = runs.map((run) => (this.model.output === "every" ? run.outputs : run.outputs.slice(-1)));
    return { loss: total, outputs };
  }
}
