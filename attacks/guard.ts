/** Bands of NaN around every region of every memory. A write into one is found; a read from one shows in the results. */

import { Memory } from "../src/core/memory.js";

const LINE = 64;
/** A quiet NaN that no kernel makes. */
const BAND = 0x7fc5ca1e;

interface Region {
  /** Of the allocation, and of the region inside it. */
  base: number;
  start: number;
  end: number;
  top: number;
}

/** Puts bands around every allocation until `remove` is called. Only one at a time. */
export class Guard {
  readonly #memories = new Map<Memory, Map<number, Region>>();
  readonly #allocate = Memory.prototype.allocate;
  readonly #release = Memory.prototype.release;

  /** @param lines how many lines of 64 bytes to put before the next region, and after it */
  constructor(lines: () => number) {
    const [guard, allocate, release] = [this, this.#allocate, this.#release];
    Memory.prototype.allocate = function (bytes) {
      const [front, back] = [LINE * lines(), LINE * lines()];
      const size = Math.ceil((front + bytes + back) / LINE) * LINE;
      const base = allocate.call(this, size);
      const region = { base, start: base + front, end: base + front + bytes, top: base + size };
      const regions = guard.#memories.get(this) ?? new Map<number, Region>();
      guard.#memories.set(this, regions.set(region.start, region));
      this.i32.fill(BAND, base / 4, region.start / 4).fill(BAND, region.end / 4, region.top / 4);
      return region.start;
    };
    Memory.prototype.release = function (pointer) {
      const regions = guard.#memories.get(this);
      const region = regions?.get(pointer);
      if (!region) return release.call(this, pointer);
      guard.#check(this, region);
      regions?.delete(pointer);
      release.call(this, region.base);
    };
  }

  /** @throws Error if a band has changed: where, and how far from its region */
  check(): void {
    for (const [memory, regions] of this.#memories) for (const region of regions.values()) this.#check(memory, region);
  }

  #check({ i32 }: Memory, { base, start, end, top }: Region): void {
    const from = (first: number, last: number) => {
      for (let at = first / 4; at < last / 4; at++) if (i32[at] !== BAND) return 4 * at;
      return -1;
    };
    const [before, after] = [from(base, start), from(end, top)];
    if (before < 0 && after < 0) return;
    const where = before < 0 ? `${after - end} bytes after` : `${start - before} bytes before`;
    throw new Error(`overwritten: ${where} a region of ${end - start} bytes`);
  }

  remove(): void {
    Memory.prototype.allocate = this.#allocate;
    Memory.prototype.release = this.#release;
  }
}
