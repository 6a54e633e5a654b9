// The gradient of a layer's weights and biases, over a whole window: dw += dy (x, h)^T and db += the sum of dy.
//
// It is a product over all slots and lanes at once, k = slots x width long. Both sides are packed BLOCK values of k at a time, dy in
// panels of eight rows, so that the tile of matmul.ts reads them in order: nine tenths of its peak at every size. Without packing it
// falls to a third, and with one product a step at a batch of one to a twentieth. A small layer at a batch of one is left unpacked:
// outer.ts.

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive } from "./asserts";
import { allGroups, groups, inputGroups, recurrentGroups } from "./cell";
import { DENSE, PANEL } from "./codes";
import { transpose, VECTOR } from "./lanes";
import { group } from "./matmul";
import { addColumns, outerProducts } from "./outer";
import { tile } from "./tile";

/** Values of k packed at a time: a panel of 8 rows takes 8 kB. */
const BLOCK: i32 = 256;

/** At a batch of one a dense layer of up to so many rows is not packed. */
const SMALL: i32 = 32;

/** Columns of dw computed at a time: three tiles of four, or two of six. */
const STRIP: i32 = 12;

/** Bytes of scratch that weightGradient needs for `rows` rows. */
export function weightGradientScratch(rows: i32): usize {
  return (<usize>(((rows + 7) & ~7) + STRIP) * BLOCK + 16 * STRIP) << 2;
}

/** Adds the gradients of the groups that have weights; a group without them costs nothing. */
export function weightGradient(
  dw: usize, // [rows/(4G)][kx + kh][G][4]; accumulates
  dbx: usize, // [rows]: gradient of the inputs' bias; accumulates; or 0
  dbh: usize, // [rows]: gradient of the state's bias; accumulates; or 0
  dy: usize, // [slots][rows][width]
  x: usize, // [slots][kx][width]
  h: usize, // [slots][kh][width]
  scratch: usize, // weightGradientScratch(rows) bytes
  cell: i32,
  rowCount: i32, // multiple of 4 G
  kx: i32, // multiple of 4, may be 0
  kh: i32, // multiple of 4, may be 0
  slots: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(dw, dy, scratch) && alignedOrNone(dbx, dbh, x, h) && fours(kx, kh));
  if (DEBUG) assert(rowCount % (4 * groups(cell)) == 0 && positive(slots) && isWidth(width));
  const G = groups(cell);
  const total = rowCount >> 2;
  if (cell == DENSE && rowCount <= SMALL && width == 1) {
    for (let q = dbx ? 0 : total; q < total; q++) {
      const at = (<usize>q) << 4;
      for (let slot = 0; slot < slots; slot += BLOCK) {
        addColumns(dbx + at, dy + ((<usize>(slot * total)) << 4) + at, (<usize>total) << 4, min(BLOCK, slots - slot));
      }
    }
    outerProducts(dw, dy, x, total, kx, kx + kh, slots);
    outerProducts(dw + ((<usize>kx) << 4), dy, h, total, kh, kx + kh, slots);
    return;
  }
  const panels = (total + 1) >> 1;
  const neighbours = allGroups(cell) ? 0 : total - (total % (2 * G));
  const strip = scratch + ((<usize>panels * 8 * BLOCK) << 2);
  const spare = strip + ((<usize>STRIP * BLOCK) << 2);
  const blockSlots = BLOCK / width;
  for (let slot = 0; slot < slots; slot += blockSlots) {
    const count = min(blockSlots, slots - slot);
    const k = count * width;
    const dyBlock = dy + ((<usize>slot * rowCount * width) << 2);
    for (let i = 0; i < 2 * panels; i++) {
      // With an odd number of groups the last panel holds the same group twice.
      const q = paired(min(i, total - 1), neighbours, G);
      const forX = (inputGroups(cell) >> (q % G)) & 1;
      const forH = (recurrentGroups(cell) >> (q % G)) & 1;
      if (!(forX | forH)) continue;
      const panel = scratch + ((<usize>(i >> 1) * 8 * BLOCK) << 2) + <usize>(i & 1) * VECTOR;
      pack(panel, 32, dyBlock, rowCount, q, count, width);
      if (i == total) continue;
      const at = (<usize>q) << 4;
      if (dbx && forX) addColumns(dbx + at, panel, 32, k);
      if (dbh && forH) addColumns(dbh + at, panel, 32, k);
    }
    const xBlock = x + ((<usize>slot * kx * width) << 2);
    const hBlock = h + ((<usize>slot * kh * width) << 2);
    let columns = 0;
    for (let column = 0; column < kx + kh; column += columns) {
      const isInput = column < kx;
      const live = isInput ? inputGroups(cell) : recurrentGroups(cell);
      const first = isInput ? column : column - kx;
      columns = min(STRIP, (isInput ? kx : kh) - first);
      for (let i = 0; i < columns; i += 4) {
        const to = strip + ((<usize>i) << 2);
        pack(to, 4 * STRIP, isInput ? xBlock : hBlock, isInput ? kx : kh, (first + i) >> 2, count, width);
      }
      for (let p = 0; p < panels; p++) {
        const q0 = paired(2 * p, neighbours, G);
        const q1 = 2 * p + 1 < total ? paired(2 * p + 1, neighbours, G) : -1;
        const live0 = (live >> (q0 % G)) & 1;
        const live1 = q1 >= 0 && (live >> (q1 % G)) & 1;
        if (!live0 && !live1) continue;
        // Half of a tile may have no place in dw: a group without weights beside one that has them, or the copy in the last panel. That
        // half goes to a spare tile, which is never read.
        const c0 = live0 ? group(dw, q0, column, G, kx + kh) : spare;
        const c1 = live1 ? group(dw, q1, column, G, kx + kh) : spare;
        tile(c0, c1, <usize>G * VECTOR, 0, strip, scratch + ((<usize>p * 8 * BLOCK) << 2), k, 0, 0, 0, 4 * STRIP, VECTOR, columns);
      }
    }
  }
}

/**
 * The group of four rows that comes i-th when panels take two groups each. In a cell without missing groups that is the order in memory,
 * which makes a training step 3 % faster (H = 128). In a cell with missing groups a panel takes the same group of two neighbouring blocks,
 * so that both have weights or neither has; a last block without a neighbour keeps its order.
 */
function paired(i: i32, neighbours: i32, G: i32): i32 {
  const within = i % (2 * G);
  return i < neighbours ? i - within + (i & 1) * G + (within >> 1) : i;
}

/** Packs rows 4q..4q+3 of every panel to [k][4], with k = slot, lane. */
function pack(
  to: usize, // [count x width][4], `stride` bytes apart
  stride: usize,
  from: usize, // [count][rows][width]
  rows: i32,
  q: i32,
  count: i32,
  width: i32,
): void {
  let source = from + ((<usize>q * 4 * width) << 2);
  const step = (<usize>rows * width) << 2;
  for (let slot = 0; slot < count; slot++) {
    if (width == PANEL) {
      transpose(to, stride, source, 32);
      transpose(to + 4 * stride, stride, source + VECTOR, 32);
      to += 8 * stride;
    } else {
      v128.store(to, v128.load(source));
      to += stride;
    }
    source += step;
  }
}
