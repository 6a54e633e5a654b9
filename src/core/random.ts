/**
 * Counter-based random numbers: Philox-4x32-10 (Salmon, Moraes, Dror & Shaw 2011), the same generator as in the dropout kernel.
 * A number is a function of (seed, purpose, index, position), so the order of drawing does not matter.
 */

/** The purposes of random numbers. The dropout kernel has 0. */
export const PURPOSE = { initialize: 1, shuffle: 2, sample: 3 } as const;

const low = (a: number, b: number) => Math.imul(a, b) >>> 0;

/** The upper 32 bits of a product of two unsigned ones: every intermediate value is below 2^53. */
const high = (a: number, b: number) => Math.floor((a * (b >>> 16) + Math.floor((a * (b & 0xffff)) / 65536)) / 65536);

/** Ten rounds on four counters with two keys, all unsigned 32-bit, in place. */
export function philox(counter: Uint32Array, key0: number, key1: number): void {
  let [c0, c1, c2, c3] = counter as unknown as [number, number, number, number];
  for (let round = 0; round < 10; round++) {
    const h0 = high(0xd2511f53, c0);
    const l0 = low(0xd2511f53, c0);
    const h1 = high(0xcd9e8d57, c2);
    const l1 = low(0xcd9e8d57, c2);
    c0 = (h1 ^ c1 ^ key0) >>> 0;
    c1 = l1;
    c2 = (h0 ^ c3 ^ key1) >>> 0;
    c3 = l0;
    key0 = (key0 + 0x9e3779b9) >>> 0;
    key1 = (key1 + 0xbb67ae85) >>> 0;
  }
  counter.set([c0, c1, c2, c3]);
}

/** A seed as Philox's two keys. */
export function keys(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 4294967296) >>> 0];
}

export class Random {
  /** The arguments from which the kernel `uniforms` makes the same numbers. */
  readonly stream: [index: number, purpose: number, key0: number, key1: number];
  readonly #block = new Uint32Array(4);
  #position = 0;

  /** @param seed an integer from 0 to 2^53 - 1 */
  constructor(seed: number, purpose: number, index: number) {
    this.stream = [index, purpose, ...keys(seed)];
  }

  /** The next 32 bits. */
  bits(): number {
    const within = this.#position++ % 4;
    if (within === 0) {
      const [index, purpose, key0, key1] = this.stream;
      this.#block.set([(this.#position - 1) / 4, 0, index, purpose]);
      philox(this.#block, key0, key1);
    }
    return this.#block[within] as number;
  }

  /** Uniform in [0, 1), with 32 random bits. */
  uniform(): number {
    return this.bits() / 4294967296;
  }

  /** 0..n-1 in random order (Fisher & Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1));
      const swap = order[i] as number;
      order[i] = order[j] as number;
      order[j] = swap;
    }
    return order;
  }
}
