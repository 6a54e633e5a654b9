/**
 * Temporal transition hierarchies (Ring 1993, Learning sequential tasks by incrementally adding higher orders, NIPS 5:115-122; 1997,
 * CHILD, Machine Learning 28:77-104). Nothing is fed back. A higher unit l_xy says by the input of one step how the connection to
 * x from input y is to change in the next; it may itself have higher units, and so reaches as many steps back as it has below it.
 *
 *     x(t) = sum_j (w_xj + l_xj(t-1)) u_j(t),  the l that there are;  for output units and for higher ones; all are linear
 *     E = 1/2 sum (target - x)^2;   dw_ij(t) = eta D_i(t) u_j(t - tau_i)
 *     D_k = target_k - x_k, tau = 0 for output k;   D_l = D_x u_y(t - tau_x), tau_l = tau_x + 1 for l = l_xy
 *
 * which is -dE(t)/dw, and takes no memory but of the inputs. A unit is added where a weight is pulled both ways: with
 *
 *     m = s dw / eta + (1 - s) m,   M = s |dw / eta| + (1 - s) M,   taken where the input is not 0
 *
 * l_ij is made where M / (eps + |m|) > Theta; its weights begin at 0, and so do m and M of w_ij anew. The rule is built as it is in
 * experiments-1997 (of medium confidence); the values of eta, s, eps and Theta are ours. Weights change at every step.
 */

import { type Create, Diverged, type Example, type Interface, type Learner } from "../learner.js";

export interface Hierarchy {
  /** 0.01; where units reach d steps back, an error moves d + 1 weights at once, and with an eta above 2 / (d + 1) they overshoot. */
  eta?: number;
  /** 0.1 */
  s?: number;
  /** 0.1 */
  eps?: number;
  /** 1 */
  Theta?: number;
  /** No unit is added beyond so many; 10,000. */
  most?: number;
}

/** An output unit or a higher one. */
interface Unit {
  tau: number;
  w: Float64Array;
  /** For each input the place of the higher unit of that connection, or -1. */
  higher: Int32Array;
  m: Float64Array;
  M: Float64Array;
}

export class TransitionHierarchy implements Learner {
  /** The output units, then the higher ones in the order in which they were made: each after the one that it changes. */
  readonly all: Unit[] = [];
  /** Of all units, at this step and the one before. */
  #x = new Float64Array(64);
  #before = new Float64Array(64);
  #D = new Float64Array(64);
  /** The inputs that are not 0: of step t those at first[t]..first[t + 1]. */
  readonly #first: number[] = [];
  readonly #which: number[] = [];

  constructor(
    readonly task: Interface,
    readonly options: Hierarchy,
  ) {
    for (let k = 0; k < task.outputs; k++) this.#add(0);
  }

  get units() {
    return this.all.length - this.task.outputs;
  }

  get weights() {
    return this.all.length * this.task.features;
  }

  get cost() {
    return this.weights;
  }

  #add(tau: number): number {
    const { features } = this.task;
    const numbers = () => new Float64Array(features);
    this.all.push({ tau, w: numbers(), higher: new Int32Array(features).fill(-1), m: numbers(), M: numbers() });
    if (this.all.length > this.#x.length) {
      const grow = (old: Float64Array) => {
        const longer = new Float64Array(2 * old.length);
        longer.set(old);
        return longer;
      };
      this.#x = grow(this.#x);
      this.#before = grow(this.#before);
      this.#D = grow(this.#D);
    }
    return this.all.length - 1;
  }

  #begin(inputs: Float32Array): number {
    const { features } = this.task;
    this.#first.length = 0;
    this.#which.length = 0;
    this.#x.fill(0);
    for (let at = 0; at < inputs.length; at++) {
      if (at % features === 0) this.#first.push(this.#which.length);
      if (inputs[at] !== 0) this.#which.push(at);
    }
    this.#first.push(this.#which.length);
    return inputs.length / features;
  }

  #step(inputs: Float32Array, t: number): void {
    const { features } = this.task;
    [this.#x, this.#before] = [this.#before, this.#x];
    const [x, before] = [this.#x, this.#before];
    const [from, end] = [this.#first[t]!, this.#first[t + 1]!];
    for (let i = 0; i < this.all.length; i++) {
      const { w, higher } = this.all[i]!;
      let sum = 0;
      for (let n = from; n < end; n++) {
        const at = this.#which[n]!;
        const j = at - t * features;
        const l = higher[j]!;
        sum += (l < 0 ? w[j]! : w[j]! + before[l]!) * inputs[at]!;
      }
      x[i] = sum;
    }
  }

  /** From D of the output units, weights and averages; new units. */
  #update(inputs: Float32Array, t: number): void {
    const { features, outputs } = this.task;
    const { eta = 0.01, s = 0.1, eps = 0.1, Theta = 1, most = 10_000 } = this.options;
    const made = this.all.length;
    this.#D.fill(0, outputs, made);
    for (let i = 0; i < made; i++) {
      const D = this.#D[i]!;
      const { tau, w, higher, m, M } = this.all[i]!;
      if (D === 0 || tau > t) continue;
      for (let n = this.#first[t - tau]!; n < this.#first[t - tau + 1]!; n++) {
        const at = this.#which[n]!;
        const j = at - (t - tau) * features;
        const pull = D * inputs[at]!;
        const dw = eta * pull;
        if (!Number.isFinite(dw)) throw new Diverged("a weight is no longer finite");
        w[j]! += dw;
        if (higher[j]! >= 0) this.#D[higher[j]!] = pull;
        m[j] = s * pull + (1 - s) * m[j]!;
        M[j] = s * Math.abs(pull) + (1 - s) * M[j]!;
        if (higher[j]! >= 0 || M[j]! <= Theta * (eps + Math.abs(m[j]!)) || this.units >= most) continue;
        higher[j] = this.#add(tau + 1);
        m[j] = 0;
        M[j] = 0;
      }
    }
  }

  #run({ inputs }: Pick<Example, "inputs">, targets?: Float32Array): Float64Array {
    const { outputs, output } = this.task;
    const steps = this.#begin(inputs);
    const untargeted = output === "last" ? steps - 1 : 0;
    const answers = new Float64Array((steps - untargeted) * outputs);
    for (let t = 0; t < steps; t++) {
      this.#step(inputs, t);
      if (t < untargeted) continue;
      const row = (t - untargeted) * outputs;
      for (let k = 0; k < outputs; k++) {
        answers[row + k] = this.#x[k]!;
        if (targets) this.#D[k] = targets[row + k]! - this.#x[k]!;
      }
      if (targets) this.#update(inputs, t);
    }
    return answers;
  }

  learn(example: Example) {
    return this.#run(example, example.targets);
  }

  predict(examples: Pick<Example, "inputs">[]) {
    return examples.map((example) => this.#run(example));
  }
}

/** Nothing in it is drawn: all seeds give the same learner. */
export const createHierarchy: Create<Hierarchy> = (task, _seed, options) => new TransitionHierarchy(task, options);
