/**
 * The random numbers of a trial: xoshiro128** 1.1 (Blackman & Vigna 2018, Scrambled linear pseudorandom number generators). The
 * library's Philox takes 42 ns a number in JavaScript, as much as half a step of a net of 93 weights; this takes 4.
 */

import { Random as Philox } from "../src/core/random.js";

/** The package has its own purposes from 0 on. */
const EVIDENCE = 97;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare = NaN;

  /** @param stream those of a trial are independent of each other */
  constructor(trial: number, stream: number) {
    const seeds = new Philox(trial, EVIDENCE, stream);
    [this.#a, this.#b, this.#c, this.#d] = [seeds.bits(), seeds.bits(), seeds.bits(), seeds.bits() | 1];
  }

  /** The next 32 bits. */
  bits(): number {
    const product = Math.imul(this.#b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.bits() / 4294967296;
  }

  /** Uniform among 0..n-1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Of mean 0 and variance 1, two from each pair of uniform numbers (Marsaglia's polar method). */
  normal(): number {
    const spare = this.#spare;
    if (!Number.isNaN(spare)) {
      this.#spare = NaN;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const square = u * u + v * v;
      if (square === 0 || square >= 1) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = v * factor;
      return u * factor;
    }
  }
}
