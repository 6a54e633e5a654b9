/**
 * EM on an input-output hidden Markov model (Bengio & Frasconi 1994, NIPS 6:75-82; 1996, IEEE TNN 7(5):1231-1249): n states, a
 * state network for each that says by the input where the next step will be, and an output distribution for each.
 *
 *     phi_ij(t) = P(x_t = i | x_t-1 = j, u_t);   b_i(y) = P(y | x_t = i), 1 at steps without a target;   x_0 = state 0
 *     forward    alpha_i(t) = b_i(y_t) sum_j phi_ij(t) alpha_j(t-1);   backward   beta_j(t-1) = sum_i phi_ij(t) b_i(y_t) beta_i(t)
 *     E-step     h_ij(t) = alpha_j(t-1) phi_ij(t) b_i(y_t) beta_i(t) / L,   g_i(t) = sum_j h_ij(t) = alpha_i(t) beta_i(t) / L
 *     M-step     maximise  sum_t sum_ij h_ij log phi_ij + sum_t sum_i g_i log b_i
 *
 * Alpha and beta are scaled at each step, so that no length makes them vanish. State networks (`iohmmTransitions.ts`) are lookup
 * tables, maximised by counts, or softmax units on the inputs, improved by gradient steps (generalised EM). Built of the outputs:
 * b_i is Gaussian of mean mu_i and of one fixed variance, mu_i = sum g_i y / sum g_i; the answer at a step is sum_i P(x_t = i) mu_i
 * by the inputs alone.
 *
 * The first `set` sequences learned become the training set. After that a call of `learn` is the E-step of the next of them, and
 * with the last of them comes the M-step.
 *
 * EM only climbs, and credit spreads thin where transitions are not near 0 or 1: from the sharp beginnings that do without, few lead
 * to the summit. The source does not say how it began; here all is drawn anew when an M-step has raised the logarithm of the
 * likelihood by less than `rise` a sequence although the answers of late were not all right. With `rise` 0 that never happens.
 */

import type { Create, Example } from "../learner.js";
import { randomOf } from "../task.js";
import { createSoftmax, createTable, type Transitions } from "./iohmmTransitions.js";
import { largestError } from "./net.js";

export interface Iohmm {
  /** n; 3. */
  states?: number;
  /** "table" for tasks whose input vectors are few. */
  transitions?: "table" | "softmax";
  /** Weights of the state networks are uniform in [-range, range] at the start, and so are the logarithms of tables; 10. */
  range?: number;
  /** Of b_i; 0.1. */
  variance?: number;
  /** Sequences in the training set; 20. */
  set?: number;
  /** 0.001 */
  rise?: number;
  /** Of the gradient steps of softmax state networks: how many in an M-step, 10, and their rate, 0.5. */
  ascents?: number;
  rate?: number;
}

/** The largest error of an answer that is right. */
const WITHIN = 0.25;

export const createIohmm: Create<Iohmm> = (task, seed, options) => {
  const { states: n = 3, transitions = "softmax", variance = 0.1, range = 10, set = 20, rise = 1e-3, ascents = 10, rate = 0.5 } = options;
  const { features, outputs } = task;
  const random = randomOf(seed, 0);
  const phi: Transitions =
    transitions === "table" ? createTable(features, n, random, range) : createSoftmax(features, n, random, range, rate, ascents);
  /** [n x outputs] */
  const mu = new Float64Array(n * outputs);
  const [sumG, sumGY] = [new Float64Array(n), new Float64Array(n * outputs)];
  const [predicted, beta, through] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const h = new Float64Array(n * n);
  const examples: Example[] = [];
  let turn = 0;
  /** Of the training set, with the present and the last numbers. */
  let [likelihood, before] = [0, -Infinity];
  /** Whether the answers since the last M-step were all right. */
  let right = true;
  begin();

  /** The mu lie between the targets met so far, before these between 0 and 1. */
  function begin(): void {
    phi.begin();
    const targets = examples.flatMap((example) => Array.from(example.targets));
    const [low, high] = targets.length > 0 ? [Math.min(...targets), Math.max(...targets)] : [0, 1];
    for (let k = 0; k < mu.length; k++) mu[k] = low + (high - low) * random.uniform();
    before = -Infinity;
  }

  let [alpha, phis, b] = [new Float64Array(0), new Float64Array(0), new Float64Array(0)];

  /** x(t) = sum_j phi_ij before_j, of the phi in `phis` from `at` on, [i x j]. */
  function onward(x: Float64Array, at: number, before: Float64Array, row: number): void {
    for (let i = 0; i < n; i++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += phis[at + i * n + j]! * before[row + j]!;
      x[i] = sum;
    }
  }

  function reserve(steps: number): void {
    if (alpha.length >= (steps + 1) * n) return;
    alpha = new Float64Array(2 * (steps + 1) * n);
    b = new Float64Array(2 * (steps + 1) * n);
    phis = new Float64Array(2 * (steps + 1) * n * n);
  }

  /** By the inputs alone. */
  function answer(inputs: Float32Array): Float64Array {
    const steps = inputs.length / features;
    reserve(1);
    const answers = new Float64Array(task.output === "last" ? outputs : steps * outputs);
    const state = new Float64Array(n);
    state[0] = 1;
    for (let t = 0; t < steps; t++) {
      phi.write(inputs, t * features, phis, 0);
      onward(predicted, 0, state, 0);
      state.set(predicted);
      if (task.output === "last" && t < steps - 1) continue;
      const row = task.output === "last" ? 0 : t * outputs;
      for (let i = 0; i < n; i++) for (let k = 0; k < outputs; k++) answers[row + k]! += state[i]! * mu[i * outputs + k]!;
    }
    return answers;
  }

  /** Adds the sequence's expectations to those of the M-step. */
  function expectation({ inputs, targets }: Example): void {
    const steps = inputs.length / features;
    const untargeted = steps - targets.length / outputs;
    reserve(steps);
    alpha.fill(0, 0, n);
    alpha[0] = 1;
    for (let t = 1; t <= steps; t++) {
      const [row, at] = [t * n, (t - 1) * n * n];
      phi.write(inputs, (t - 1) * features, phis, at);
      onward(predicted, at, alpha, row - n);
      weigh(row, t - 1 - untargeted, targets);
      let sum = 0;
      for (let i = 0; i < n; i++) sum += alpha[row + i] = predicted[i]! * b[row + i]!;
      for (let i = 0; i < n; i++) alpha[row + i]! /= sum;
      likelihood += Math.log(sum);
    }
    beta.fill(1);
    for (let t = steps; t > 0; t--) {
      const [row, at] = [t * n, (t - 1) * n * n];
      let L = 0;
      for (let i = 0; i < n; i++) {
        through[i] = b[row + i]! * beta[i]!;
        for (let j = 0; j < n; j++) L += h[i * n + j] = alpha[row - n + j]! * phis[at + i * n + j]! * through[i]!;
      }
      for (let k = 0; k < h.length; k++) h[k]! /= L;
      phi.add(inputs, (t - 1) * features, h);
      if (t > untargeted) collect((t - 1 - untargeted) * outputs, targets);
      let sum = 0;
      for (let j = 0; j < n; j++) {
        let back = 0;
        for (let i = 0; i < n; i++) back += phis[at + i * n + j]! * through[i]!;
        beta[j] = back;
        sum += back;
      }
      for (let j = 0; j < n; j++) beta[j]! /= sum;
    }
  }

  /** b of the target at step `at`, the first that has one being 0; divided by the largest, which no ratio shows. */
  function weigh(row: number, at: number, targets: Float32Array): void {
    let most = -Infinity;
    for (let i = 0; i < n; i++) {
      let log = 0;
      if (at >= 0) for (let k = 0; k < outputs; k++) log -= (targets[at * outputs + k]! - mu[i * outputs + k]!) ** 2 / (2 * variance);
      b[row + i] = log;
      most = Math.max(most, log);
    }
    for (let i = 0; i < n; i++) b[row + i] = Math.max(Math.exp(b[row + i]! - most), 1e-100);
    likelihood += most;
  }

  function collect(at: number, targets: Float32Array): void {
    for (let i = 0; i < n; i++) {
      let g = 0;
      for (let j = 0; j < n; j++) g += h[i * n + j]!;
      sumG[i]! += g;
      for (let k = 0; k < outputs; k++) sumGY[i * outputs + k]! += g * targets[at + k]!;
    }
  }

  function maximisation(): void {
    phi.maximise();
    for (let i = 0; i < n; i++)
      if (sumG[i]! > 1e-9) for (let k = 0; k < outputs; k++) mu[i * outputs + k] = sumGY[i * outputs + k]! / sumG[i]!;
    sumG.fill(0);
    sumGY.fill(0);
    if (!right && likelihood - before < rise * set) begin();
    else before = likelihood;
    likelihood = 0;
    right = true;
  }

  return {
    units: n,
    get weights() {
      return phi.weights + mu.length;
    },
    get cost() {
      return phi.cost + 2 * n * n;
    },
    learn(example) {
      const answers = answer(example.inputs);
      if (largestError(answers, example.targets) >= WITHIN) right = false;
      if (examples.length < set) {
        examples.push(example);
        phi.meet(example.inputs);
      }
      if (examples.length < set) return answers;
      expectation(examples[turn]!);
      turn = (turn + 1) % set;
      if (turn === 0) maximisation();
      return answers;
    },
    predict: (sequences) => sequences.map(({ inputs }) => answer(inputs)),
  };
};
