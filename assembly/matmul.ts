// The product of a layer, y = bias + w x, and the packing of its weights.
//
// Weights are packed as w[row/(4G)][k][g][4 rows]: G groups of four rows lie together (the four gates of four units: G = 4;
// a layer with one value a unit: G = 1). Activations are panels [k][width].

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive } from "./asserts";
import { allGroups, groups, inputGroups, recurrentGroups } from "./cell";
import { DENSE, PANEL } from "./codes";
import { padded, transpose, VECTOR } from "./lanes";
import { column1, columns, tile } from "./tile";

/**
 * How many blocks `rows` takes in one call; a block is the G groups of four units. At width 1 as many as fill the eight accumulators of
 * `columns`; at width 8 twelve rows (G = 1) or sixteen (G = 4).
 */
export function blocksAtOnce(cell: i32, width: i32): i32 {
  const G = groups(cell);
  return width != PANEL ? 8 / G : G == 1 ? 3 : 1;
}

/**
 * The rows of some blocks of one panel: y = bias + w x + wh h. A group takes part in the product with x or with h only if its bit is
 * set. With bias = 0, y += w x + wh h.
 */
export function rows(
  y: usize, // [blocks][G][4 units][width]
  x: usize, // [kx][width]
  h: usize, // [kh][width]
  w: usize, // [blocks][kx + kh][G][4]
  bias: usize, // [blocks][G][4], or 0
  kx: i32, // unpadded; shapes are padded
  kh: i32,
  blocks: i32, // at most blocksAtOnce
  cell: i32,
  width: i32,
): void {
  if (DEBUG)
    assert(aligned(y, w) && alignedOrNone(x, h, bias) && positive(blocks) && blocks <= blocksAtOnce(cell, width) && isWidth(width));
  const G = groups(cell);
  const column = <usize>G * VECTOR;
  const wh = w + <usize>padded(kx) * column;
  const block = <usize>(padded(kx) + padded(kh)) * column;
  if (width == PANEL) {
    const whole = allGroups(cell);
    const count = whole ? 4 * G * blocks : 4;
    for (let g = 0; g < G; g += whole ? G : 1) {
      const row = y + <usize>g * 128;
      const offset = <usize>g * VECTOR;
      const forX = (inputGroups(cell) >> g) & 1 ? kx : 0;
      const forH = (recurrentGroups(cell) >> g) & 1 ? kh : 0;
      const b = bias ? bias + offset : 0;
      tile(row, row + VECTOR, 32, b, w + offset, x, forX, wh + offset, h, forH, column, G == 1 ? block : VECTOR, count);
    }
    return;
  }
  const next: usize = blocks * G == 8 ? 1 : 0;
  if (G == 4 || next) {
    const vector = G == 4 ? VECTOR : block;
    const others = next * (4 / <usize>G) * block;
    columns(y, y + 64 * next, bias, w, vector, others, column, x, (kx + 1) & ~1);
    if (kh) columns(y, y + 64 * next, 0, wh, vector, others, column, h, (kh + 1) & ~1);
    return;
  }
  for (; blocks > 0; blocks--) {
    column1(y, bias, w, x, padded(kx));
    if (kh) column1(y, 0, w + <usize>padded(kx) * column, h, padded(kh));
    y += VECTOR;
    w += block;
    if (bias) bias += VECTOR;
  }
}

/** y[p] = bias + w x[p] for every panel p; with bias = 0, y[p] += w x[p]. Groups without input weights are skipped. */
export function product(
  y: usize, // [panels][rows][width]
  x: usize, // [panels][k][width]
  w: usize, // [rows/(4G)][k][G][4]
  bias: usize, // [rows], or 0
  cell: i32,
  panels: i32,
  k: i32, // multiple of 4
  rowCount: i32, // multiple of 4 G
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, x, w) && alignedOrNone(bias) && fours(k) && rowCount % (4 * groups(cell)) == 0 && positive(panels));
  const block = 4 * groups(cell);
  const most = blocksAtOnce(cell, width);
  for (let row = 0; row < rowCount; row += most * block) {
    const blocks = min(most, (rowCount - row) / block);
    let to = y + ((<usize>row * width) << 2);
    let from = x;
    for (let p = 0; p < panels; p++) {
      rows(to, from, 0, w, bias, k, 0, blocks, cell, width);
      to += (<usize>rowCount * width) << 2;
      from += (<usize>k * width) << 2;
    }
    w += (<usize>(k * block * blocks)) << 2;
    if (bias) bias += (<usize>(block * blocks)) << 2;
  }
}

/**
 * y = w x for every panel, without a bias: a projection, and backward the gradient of a layer's inputs, dx = W^T dy, with the transposed
 * pack.
 */
export function matmul(
  y: usize, // [panels][rows][width] out
  x: usize, // [panels][k][width]
  w: usize, // [rows/4][k][4]
  panels: i32,
  k: i32, // multiple of 4
  rowCount: i32, // multiple of 4
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, x, w) && fours(k, rowCount) && positive(panels));
  memory.fill(y, 0, (<usize>panels * rowCount * width) << 2);
  product(y, x, w, 0, DENSE, panels, k, rowCount, width);
}

/** Address of group q (four rows), column k, in w[rows/(4G)][k][G][4]. */
export function group(w: usize, q: i32, column: i32, G: i32, k: i32): usize {
  return w + ((<usize>((q / G) * k + column) * G + (q % G)) << 4);
}

/** Packs some columns of w anew, as the rows of its transpose: `matmul` with this pack computes w^T dy, the gradient of the inputs. */
export function transposeWeights(
  wt: usize, // [count/4][rows][4] out
  w: usize, // [rows/(4G)][k][G][4]
  G: i32,
  rows: i32, // multiple of 4 G
  first: i32, // the first column, multiple of 4
  count: i32, // number of columns, multiple of 4
  k: i32, // columns of w
): void {
  if (DEBUG) assert(aligned(wt, w) && fours(first, count) && first + count <= k && rows % (4 * G) == 0);
  for (let column = 0; column < count; column += 4) {
    for (let q = 0; q < rows >> 2; q++) {
      transpose(wt, VECTOR, group(w, q, first + column, G, k), <usize>G * VECTOR);
      wt += 64;
    }
  }
}
