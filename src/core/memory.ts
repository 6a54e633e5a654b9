/** The memory of one model. Hands out regions; only this file makes views on it. */

import { product } from "./arithmetic.js";
import type { Kernels } from "./kernels.js";

const PAGE = 65536;
/** Leaves the first bytes free, so that no region has pointer 0, which means "none" to the kernels. */
const START = 64;

/** Where a tensor lies in a region. */
export interface Placement {
  shape: readonly number[];
  /** The index among the region's floats of the number at `row`, `column` of the matrix. */
  at(row: number, column: number): number;
}

/** A tensor as a matrix: rows by its first dimension, columns by all others together. A vector has one column. */
export const matrixOf = ([rows, ...others]: readonly number[]): [rows: number, columns: number] => [rows as number, product(others)];

/** When a trainer or streams are garbage-collected, frees their regions in the model's memory. */
export const dropped = /* @__PURE__ */ new FinalizationRegistry<() => void>((release) => release());

interface Span {
  start: number;
  end: number;
}

export class Memory {
  /** All of the memory. Growing replaces it: never keep it across an allocation. */
  f32!: Float32Array;
  i32!: Int32Array;
  #wasm: WebAssembly.Memory;
  /** Free spans sorted by address. Adjacent spans are merged. */
  #free: Span[] = [];
  readonly #sizes = new Map<number, number>();

  constructor(kernels: Kernels) {
    this.#wasm = kernels.memory;
    this.#free.push({ start: START, end: this.#wasm.buffer.byteLength });
    this.view();
  }

  /** Views all of the memory, including what another thread has added. */
  view(): void {
    if (this.f32?.buffer === this.#wasm.buffer) return;
    this.f32 = new Float32Array(this.#wasm.buffer);
    this.i32 = new Int32Array(this.#wasm.buffer);
  }

  /** Bytes handed out. */
  get used(): number {
    let bytes = 0;
    for (const size of this.#sizes.values()) bytes += size;
    return bytes;
  }

  /** A zeroed region at a multiple of 64: the first gap that is large enough; otherwise the memory grows. */
  allocate(bytes: number): number {
    const size = Math.max(64, Math.ceil(bytes / 64) * 64);
    const fits = () => this.#free.find(({ start, end }) => end - start >= size);
    if (!fits()) this.#grow(size);
    const span = fits() as Span;
    const pointer = span.start;
    span.start += size;
    if (span.start === span.end) this.#free.splice(this.#free.indexOf(span), 1);
    this.#sizes.set(pointer, size);
    this.fill(pointer, size / 4);
    return pointer;
  }

  /** Continues in another memory, with the same contents at the same places. */
  move(to: WebAssembly.Memory): void {
    to.grow((this.#wasm.buffer.byteLength - to.buffer.byteLength) / PAGE);
    new Uint8Array(to.buffer).set(new Uint8Array(this.#wasm.buffer));
    this.#wasm = to;
    this.view();
  }

  #grow(size: number): void {
    const top = this.#wasm.buffer.byteLength;
    const tail = this.#free.at(-1);
    const start = tail?.end === top ? tail.start : top;
    try {
      this.#wasm.grow(Math.ceil((start + size - top) / PAGE));
    } catch (cause) {
      throw new RangeError(`memory for ${size} more bytes is not to be had (WebAssembly has 4 GiB at most)`, { cause });
    }
    this.view();
    this.#put(top, this.#wasm.buffer.byteLength);
  }

  /** Frees a region. */
  release(pointer: number): void {
    const size = this.#sizes.get(pointer);
    if (size === undefined) return;
    this.#sizes.delete(pointer);
    this.#put(pointer, pointer + size);
  }

  #put(start: number, end: number): void {
    const next = this.#free.findIndex((span) => span.start > start);
    const at = next < 0 ? this.#free.length : next;
    this.#free.splice(at, 0, { start, end });
    this.#join(at);
    this.#join(at - 1);
  }

  #join(at: number): void {
    const [span, after] = [this.#free[at], this.#free[at + 1]];
    if (!span || !after || span.end !== after.start) return;
    span.end = after.end;
    this.#free.splice(at + 1, 1);
  }

  /** Sets `count` floats. */
  fill(pointer: number, count: number, value = 0): void {
    this.f32.fill(value, pointer / 4, pointer / 4 + count);
  }

  copy(to: number, from: number, count: number): void {
    this.f32.copyWithin(to / 4, from / 4, from / 4 + count);
  }

  /** A copy of `count` floats. */
  read(pointer: number, count: number): Float32Array<ArrayBuffer> {
    return this.f32.slice(pointer / 4, pointer / 4 + count) as Float32Array<ArrayBuffer>;
  }

  write(pointer: number, numbers: ArrayLike<number>): void {
    this.f32.set(numbers, pointer / 4);
  }

  /** Reads a tensor from a region, as plain row-major numbers. */
  unpack(region: number, { shape, at }: Placement): Float32Array<ArrayBuffer> {
    const [rows, columns] = matrixOf(shape);
    const data = new Float32Array(rows * columns);
    const { f32 } = this;
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) data[i++] = f32[region / 4 + at(row, column)] as number;
    }
    return data;
  }

  /** Writes a tensor to a region: the inverse of unpack. */
  pack(region: number, { shape, at }: Placement, data: ArrayLike<number>): void {
    const [rows, columns] = matrixOf(shape);
    const { f32 } = this;
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) f32[region / 4 + at(row, column)] = data[i++] as number;
    }
  }
}

/** Shared by all windows of a model. Regions are pointers. */
export interface EngineParts {
  readonly kernels: Kernels;
  readonly memory: Memory;
  readonly params: number;
  /** Values derived from the parameters, valid until the next update: summed biases, transposed packs. */
  readonly derived: number;
}
