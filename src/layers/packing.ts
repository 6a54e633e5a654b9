/** Memory layout: the offsets of a region's rows, and the packing of weights in them. */

import { product } from "../core/arithmetic.js";

/** Offsets in one region of memory: rows one after the other, each at a multiple of 64 bytes. */
export class Table {
  readonly offsets: number[] = [];
  /** The first 64 bytes stay empty, so that no offset is 0, which means "none". */
  bytes = 64;

  /** Adds a row of f32 (or i32) of this physical shape, and returns its offset in bytes. */
  add(...shape: number[]): number {
    const offset = this.bytes;
    this.offsets.push(offset);
    this.bytes += Math.ceil(product(shape) / 16) * 64;
    return offset;
  }
}

/** Units are padded to 4; the padding is zero and stays zero. */
export const pad4 = (n: number) => (n + 3) & ~3;

/** Position of row r (gate by gate, `units` each) in a packed vector [unit/4][group][4 units]. `gates` are their groups. */
export const packedRow = (units: number, groups: number, gates: readonly number[]) => (row: number) => {
  const unit = row % units;
  return ((unit >> 2) * groups + (gates[Math.floor(row / units)] as number)) * 4 + (unit & 3);
};

/** Position of row r (as packedRow has it), column k in weights w[row/(4 groups)][k][group][4]. */
export const packedWeight = (rowOf: (row: number) => number, groups: number, columns: number) => (row: number, column: number) => {
  const at = rowOf(row);
  const block = Math.floor(at / (4 * groups));
  return (block * columns + column) * groups * 4 + (at % (4 * groups));
};
