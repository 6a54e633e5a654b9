/** The bare kernels with guarded buffers: what the kernel tests and the bench's checks share. */

import { instantiateSync } from "@assemblyscript/loader";
import type { Kernels } from "../../src/core/kernels.js";
import { compiled } from "./compiled.js";

/** What stands in front of and behind each buffer. */
const CANARY = 0x5ca1ab1e;
const GUARD = 16;

export { compiled };

/** Buffers in a fresh memory, each between canaries that `intact` looks at. */
export class Bench {
  readonly kernels = instantiateSync(compiled).exports as unknown as Kernels;
  readonly #guards: number[] = [];
  #top = 64;

  get f32(): Float32Array {
    return new Float32Array(this.kernels.memory.buffer);
  }
  get i32(): Int32Array {
    return new Int32Array(this.kernels.memory.buffer);
  }

  #guard(): void {
    this.#guards.push(this.#top);
    this.i32.fill(CANARY, this.#top / 4, this.#top / 4 + GUARD);
    this.#top += 4 * GUARD;
  }

  /** A buffer with these numbers, or so many that are not 0 (so that what must be written shows). */
  buffer(values: ArrayLike<number> | number): number {
    const length = typeof values === "number" ? values : values.length;
    const bytes = Math.ceil(length / 4) * 16;
    const need = this.#top + bytes + 8 * GUARD - this.kernels.memory.buffer.byteLength;
    if (need > 0) this.kernels.memory.grow(Math.ceil(need / 65536));
    this.#guard();
    const pointer = this.#top;
    this.#top += bytes;
    this.#guard();
    if (typeof values === "number") this.f32.fill(-7777.25, pointer / 4, pointer / 4 + length);
    else this.f32.set(values, pointer / 4);
    return pointer;
  }

  integers(values: ArrayLike<number>): number {
    const pointer = this.buffer(values.length);
    this.i32.set(values, pointer / 4);
    return pointer;
  }

  read(pointer: number, length: number): Float32Array {
    return this.f32.slice(pointer / 4, pointer / 4 + length);
  }

  /** No kernel wrote where it should not. */
  get intact(): boolean {
    return this.#guards.every((guard) => this.i32.subarray(guard / 4, guard / 4 + GUARD).every((word) => word === CANARY));
  }
}

export const pad4 = (n: number) => (n + 3) & ~3;

/** Packed weights w[rows/(4G)][columns][G][4] from a function of row and column; rows come gate by gate, `units` each. */
export function packWeights(units: number, gates: number, columns: number, at: (row: number, column: number) => number): Float32Array {
  const packed = new Float32Array(pad4(units) * gates * columns);
  for (let gate = 0; gate < gates; gate++) {
    for (let unit = 0; unit < units; unit++) {
      for (let column = 0; column < columns; column++) {
        packed[(((unit >> 2) * columns + column) * gates + gate) * 4 + (unit & 3)] = at(gate * units + unit, column);
      }
    }
  }
  return packed;
}
