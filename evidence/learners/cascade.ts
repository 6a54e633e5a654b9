/**
 * Recurrent cascade correlation (Fahlman 1991, The recurrent cascade-correlation architecture, NIPS 3:190-196). Hidden units are
 * added one by one, and then frozen; each reads the inputs, a bias, all hidden units before it, at the same step, and itself:
 *
 *     V(t) = f(sum_j w_j z_j(t) + w_s V(t-1)),   V(0) = 0;   z = [inputs, 1, hidden units];   f(x) = 1 / (1 + e^-x) - 1/2
 *     y_o(t) = 1/2 + f(sum_j w_oj z_j(t))
 *
 * Two phases take turns. Outputs: E is half the squared error, and f' is taken 0.1 larger (Fahlman 1988). Candidates: of a pool,
 * each with weights of its own to begin with, the one of the largest S (candidate.ts) is frozen; its weights to the outputs begin at 0.
 * Both descend by quickprop, and end when -ln E, or ln S of the best, has not gained `change` for `patience` epochs. As long as all
 * outputs of a set are right to `within`, the outputs' phase begins again instead.
 *
 * A phase has a set of sequences of its own, the `epoch` ones that were learned last when it began. Each epoch on it comes after as
 * many sequences as it presents, so that what is counted are presentations. f in [-1/2, 1/2] is the source's: with f in [0, 1] a unit
 * that latches needs a bias of -w_s / 2 as well. Over many settings 7 of 118 trials learned the embedded Reber grammar (half of them in
 * the source), with f in [0, 1] none of 41; with the defaults and sets of 256, none of 10. epsilon and range are ours, chosen on that
 * grammar, Tomita's and the 2-sequence problem; change, patience and 0.1 are the author's programs', of medium confidence.
 */

import { type Create, Diverged, type Example, type Interface, type Learner } from "../learner.js";
import type { Random } from "../random.js";
import { randomOf } from "../task.js";
import { covariance, dot, f, type Sources } from "./candidate.js";
import { Quickprop } from "./quickprop.js";

export interface Cascade {
  /** Sequences of a set; 128. */
  epoch?: number;
  /** Candidates; 8. */
  pool?: number;
  /** 0.01 */
  change?: number;
  /** 8 */
  patience?: number;
  /** 0.25 */
  within?: number;
  /** Quickprop's, over the patterns for the outputs, and over the sum of squares of E_po - mean E_o for candidates; 1. */
  epsilon?: number;
  /** Weights begin uniform in [-range, range]; 4. */
  range?: number;
}

const PRIME_OFFSET = 0.1;
const DECAY = 1e-4;

const squares = (numbers: Float64Array) => numbers.reduce((sum, number) => sum + number ** 2, 0);

/** An epoch, which returns what is to grow; and what comes after the last one. */
interface Phase {
  epoch(): number;
  end(): void;
}

export class CascadeCorrelation implements Learner {
  /** Of each hidden unit w, and w_s at the end. */
  readonly hidden: Float64Array[] = [];
  /** w_oj, [outputs x sources] */
  #w: Float64Array;
  /** Learned since the last epoch. */
  #batch: Example[] = [];
  #phase: Phase | undefined;
  #candidatesNext = false;
  #best = -Infinity;
  #left = 0;
  readonly #random: Random;

  constructor(
    readonly task: Interface,
    seed: number,
    readonly options: Cascade,
  ) {
    this.#random = randomOf(seed, 0);
    this.#w = this.#draw(task.outputs * this.#sources);
  }

  get #sources() {
    return this.task.features + 1 + this.units;
  }

  get units() {
    return this.hidden.length;
  }

  get weights() {
    return this.hidden.reduce((sum, w) => sum + w.length, this.#w.length);
  }

  get cost() {
    return (this.options.pool ?? 8) * (this.#sources + 1);
  }

  #draw(length: number): Float64Array {
    const { range = 4 } = this.options;
    return Float64Array.from({ length }, () => range * (2 * this.#random.uniform() - 1));
  }

  #read(inputs: Float32Array): Sources {
    const { features: F, output } = this.task;
    const J = this.#sources;
    const steps = inputs.length / F;
    const z = new Float64Array(steps * J);
    for (let t = 0, row = 0; t < steps; t++, row += J) {
      for (let i = 0; i < F; i++) z[row + i] = inputs[t * F + i]!;
      z[row + F] = 1;
      for (let h = 0, at = F + 1; at < J; h++, at++) {
        const w = this.hidden[h]!;
        z[row + at] = f(dot(w, 0, z, row, at) + (t > 0 ? w[at]! * z[row - J + at]! : 0));
      }
    }
    return { z, steps, first: output === "last" ? steps - 1 : 0 };
  }

  #answer({ z, steps, first }: Sources): Float64Array {
    const { outputs } = this.task;
    const J = this.#sources;
    const y = new Float64Array((steps - first) * outputs);
    for (let t = first, at = 0; t < steps; t++) for (let o = 0; o < outputs; o++, at++) y[at] = 0.5 + f(dot(this.#w, o * J, z, t * J, J));
    return y;
  }

  /** E_po, [patterns x outputs]. */
  #errors(set: readonly Sources[], targets: Float32Array): Float64Array {
    const outputs = set.flatMap((sources) => [...this.#answer(sources)]);
    return Float64Array.from(targets, (target, k) => outputs[k]! - target);
  }

  #teachOutputs(set: readonly Sources[], targets: Float32Array): Phase {
    const { outputs } = this.task;
    const { epsilon = 1, within = 0.25 } = this.options;
    const J = this.#sources;
    const quickprop = new Quickprop(this.#w, DECAY);
    const epoch = () => {
      const errors = this.#errors(set, targets);
      const gradient = new Float64Array(outputs * J);
      let k = 0;
      for (const { z, steps, first } of set)
        for (let t = first; t < steps; t++)
          for (let o = 0; o < outputs; o++, k++) {
            const y = targets[k]! + errors[k]!;
            const d = errors[k]! * (y * (1 - y) + PRIME_OFFSET);
            for (let j = 0; j < J; j++) gradient[o * J + j]! += d * z[t * J + j]!;
          }
      quickprop.descend(gradient, (epsilon * outputs) / targets.length);
      return -Math.log(squares(errors) / 2);
    };
    const end = () => {
      this.#candidatesNext = this.#errors(set, targets).some((error) => Math.abs(error) >= within);
    };
    return { epoch, end };
  }

  #teachCandidates(set: readonly Sources[], targets: Float32Array): Phase {
    const { outputs } = this.task;
    const { epsilon = 1, pool = 8 } = this.options;
    const residuals = this.#errors(set, targets);
    for (let o = 0; o < outputs; o++) {
      let sum = 0;
      for (let k = o; k < residuals.length; k += outputs) sum += residuals[k]!;
      for (let k = o; k < residuals.length; k += outputs) residuals[k]! -= (sum * outputs) / residuals.length;
    }
    const candidates = Array.from({ length: pool }, () => new Quickprop(this.#draw(this.#sources + 1)));
    let [most, best] = [0, candidates[0]!.weights];
    const epoch = () => {
      for (const candidate of candidates) {
        const { S, gradient } = covariance(candidate.weights, set, residuals, outputs);
        if (S > most) [most, best] = [S, candidate.weights.slice()];
        const down = gradient.map((slope) => -slope);
        candidate.descend(down, epsilon / squares(residuals));
      }
      return Math.log(most);
    };
    return { epoch, end: () => this.#add(best) };
  }

  #add(unit: Float64Array): void {
    const { outputs } = this.task;
    const J = this.#sources;
    const w = new Float64Array(outputs * (J + 1));
    for (let o = 0; o < outputs; o++) w.set(this.#w.subarray(o * J, (o + 1) * J), o * (J + 1));
    this.#w = w;
    this.hidden.push(unit);
    this.#candidatesNext = false;
  }

  #epoch(): void {
    const { change = 0.01, patience = 8 } = this.options;
    if (!this.#phase) {
      const set = this.#batch.map(({ inputs }) => this.#read(inputs));
      const targets = Float32Array.from(this.#batch.flatMap(({ targets }) => [...targets]));
      this.#phase = this.#candidatesNext ? this.#teachCandidates(set, targets) : this.#teachOutputs(set, targets);
      this.#best = -Infinity;
      this.#left = patience;
    }
    const value = this.#phase.epoch();
    if (Number.isNaN(value)) throw new Diverged("an output is no longer finite");
    if (value > this.#best + change) {
      this.#best = value;
      this.#left = patience;
    } else if (--this.#left === 0) {
      this.#phase.end();
      this.#phase = undefined;
    }
  }

  learn(example: Example) {
    const outputs = this.#answer(this.#read(example.inputs));
    this.#batch.push(example);
    if (this.#batch.length === (this.options.epoch ?? 128)) {
      this.#epoch();
      this.#batch = [];
    }
    return outputs;
  }

  predict(examples: Pick<Example, "inputs">[]) {
    return examples.map(({ inputs }) => this.#answer(this.#read(inputs)));
  }
}

export const createCascade: Create<Cascade> = (task, seed, options) => new CascadeCorrelation(task, seed, options);
