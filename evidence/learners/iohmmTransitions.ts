/**
 * The state networks of an input-output HMM: phi_ij = P(x_t = i | x_t-1 = j, u_t).
 *
 *     table     a distribution over i for each j and each input vector that occurred;  phi_ij(u) = sum h_ij / sum_i h_ij over the
 *               steps with input u;  an input that never occurred leaves the state as it is
 *     softmax   phi_ij = softmax_i(sum_k w_ijk u_k), u_0 = 1;  of sum h_ij log phi_ij the derivative by w_ijk is
 *               sum_t (h_ij - phi_ij s_j) u_k, with s_j = sum_i h_ij; its step is this over 1/2 sum_t s_j u_k^2, which bounds the
 *               second derivative (Boehning 1992), times `rate`
 */

import type { Random } from "../random.js";

export interface Transitions {
  /** Numbers that learning sets, so far. */
  readonly weights: number;
  /** Operations to write phi. */
  readonly cost: number;
  /** Draws all anew. */
  begin(): void;
  /** A sequence that will be learned from. */
  meet(inputs: Float32Array): void;
  /** Writes phi for the input from `offset` on, [i x j], to `phi` from `at` on. */
  write(inputs: Float32Array, offset: number, phi: Float64Array, at: number): void;
  /** Adds the expectations h [i x j] of a step with that input. */
  add(inputs: Float32Array, offset: number, h: Float64Array): void;
  /** The M-step; afterwards nothing is added. */
  maximise(): void;
}

/** Distributions over i for each j, the softmax of numbers uniform in [-range, range]. */
function draw(phi: Float64Array, n: number, random: Random, range: number): void {
  for (let j = 0; j < n; j++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += phi[i * n + j] = Math.exp(range * (2 * random.uniform() - 1));
    for (let i = 0; i < n; i++) phi[i * n + j]! /= sum;
  }
}

export function createTable(features: number, n: number, random: Random, range: number): Transitions {
  const entries = new Map<string, { phi: Float64Array; sums: Float64Array }>();
  const identity = Float64Array.from({ length: n * n }, (_, k) => Number(k % (n + 1) === 0));
  const key = (inputs: Float32Array, offset: number) => inputs.subarray(offset, offset + features).join();
  return {
    get weights() {
      return entries.size * n * (n - 1);
    },
    cost: n * n,
    begin() {
      for (const { phi } of entries.values()) draw(phi, n, random, range);
    },
    meet(inputs) {
      for (let offset = 0; offset < inputs.length; offset += features) {
        const name = key(inputs, offset);
        if (entries.has(name)) continue;
        const entry = { phi: new Float64Array(n * n), sums: new Float64Array(n * n) };
        draw(entry.phi, n, random, range);
        entries.set(name, entry);
      }
    },
    write: (inputs, offset, phi, at) => phi.set(entries.get(key(inputs, offset))?.phi ?? identity, at),
    add(inputs, offset, h) {
      const { sums } = entries.get(key(inputs, offset))!;
      for (let k = 0; k < h.length; k++) sums[k]! += h[k]!;
    },
    maximise() {
      for (const { phi, sums } of entries.values()) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let i = 0; i < n; i++) sum += sums[i * n + j]!;
          if (sum > 1e-9) for (let i = 0; i < n; i++) phi[i * n + j] = sums[i * n + j]! / sum;
        }
        sums.fill(0);
      }
    },
  };
}

export function createSoftmax(features: number, n: number, random: Random, range: number, rate: number, ascents: number): Transitions {
  const sources = features + 1;
  /** [i x j x k] */
  const w = new Float64Array(n * n * sources);
  const gradient = new Float64Array(w.length);
  /** [j x k] */
  const bound = new Float64Array(n * sources);
  const phi = new Float64Array(n * n);
  const u = new Float64Array(sources).fill(1);
  /** The inputs of all steps with the bias before them, and their h. */
  const seen = { u: [] as number[], h: [] as number[] };

  /** Phi for u. */
  function compute(to: Float64Array, at: number): void {
    for (let j = 0; j < n; j++) {
      let most = -Infinity;
      for (let i = 0; i < n; i++) {
        let net = 0;
        for (let k = 0, row = (i * n + j) * sources; k < sources; k++) net += w[row + k]! * u[k]!;
        to[at + i * n + j] = net;
        most = Math.max(most, net);
      }
      let sum = 0;
      for (let i = 0; i < n; i++) sum += to[at + i * n + j] = Math.exp(to[at + i * n + j]! - most);
      for (let i = 0; i < n; i++) to[at + i * n + j]! /= sum;
    }
  }

  function ascend(): void {
    gradient.fill(0);
    bound.fill(0);
    for (let step = 0; step * sources < seen.u.length; step++) {
      for (let k = 0; k < sources; k++) u[k] = seen.u[step * sources + k]!;
      compute(phi, 0);
      for (let j = 0; j < n; j++) {
        let s = 0;
        for (let i = 0; i < n; i++) s += seen.h[(step * n + i) * n + j]!;
        for (let k = 0; k < sources; k++) bound[j * sources + k]! += (s * u[k]! * u[k]!) / 2;
        for (let i = 0; i < n; i++) {
          const d = seen.h[(step * n + i) * n + j]! - phi[i * n + j]! * s;
          for (let k = 0, row = (i * n + j) * sources; k < sources; k++) gradient[row + k]! += d * u[k]!;
        }
      }
    }
    for (let c = 0; c < w.length; c++) w[c]! += (rate * gradient[c]!) / (bound[c % bound.length]! + 1e-9);
  }

  function begin(): void {
    for (let c = 0; c < w.length; c++) w[c] = range * (2 * random.uniform() - 1);
  }
  begin();

  return {
    weights: w.length,
    cost: w.length,
    begin,
    meet() {},
    write(inputs, offset, to, at) {
      for (let k = 0; k < features; k++) u[k + 1] = inputs[offset + k]!;
      u[0] = 1;
      compute(to, at);
    },
    add(inputs, offset, h) {
      seen.u.push(1);
      for (let k = 0; k < features; k++) seen.u.push(inputs[offset + k]!);
      for (let k = 0; k < h.length; k++) seen.h.push(h[k]!);
    },
    maximise() {
      for (let n = 0; n < ascents; n++) ascend();
      seen.u.length = 0;
      seen.h.length = 0;
    },
  };
}
