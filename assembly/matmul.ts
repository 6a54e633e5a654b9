// The two products of a layer: rows from columns, and the gradient of the weights.
//
// Weights are packed as w[row/(4G)][k][g][4 rows]: G groups of four rows lie together (the four gates of four units: G = 4;
// a layer with one value a unit: G = 1). Activations are panels [k][width].

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive } from "./asserts";
import { allGroups, groups, inputGroups, recurrentGroups } from "./cell";
import { DENSE, PANEL } from "./codes";
import { padded, transpose, VECTOR } from "./lanes";
import { addColumns, outerProducts } from "./outer";
import { column1, columns, tile } from "./tile";

/** How many blocks (the G groups of four units) `rows` takes at once: as many as fill the accumulators, or two tiles of six rows. */
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

/** Values of k (slots x lanes) packed at a time for the weight gradient: each panel of 8 rows takes 8 kB. */
const BLOCK: i32 = 256;

/** Up to so many rows of one group are not packed at a batch of one. */
const SMALL: i32 = 32;

/** Columns of dw computed at a time: two tiles of six. */
const STRIP: i32 = 12;

/** Bytes of scratch that weightGradient needs for `rows` rows. */
export function weightGradientScratch(rows: i32): usize {
  return (<usize>(((rows + 7) & ~7) + STRIP) * BLOCK + 16 * STRIP) << 2;
}

/**
 * dw += dy (x, h)^T and db += sum of dy, over all slots and lanes, for the groups that have weights. Both sides are packed block by
 * block, which reaches nine tenths of the tile's peak at every size. The unpacked product falls to a third of it, and one product
 * a step at a batch of one to a twentieth.
 */
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
        // Two results go to a spare tile that nobody reads: a group without weights beside one with them, and the last panel's copy.
        const c0 = live0 ? group(dw, q0, column, G, kx + kh) : spare;
        const c1 = live1 ? group(dw, q1, column, G, kx + kh) : spare;
        tile(c0, c1, <usize>G * VECTOR, 0, strip, scratch + ((<usize>p * 8 * BLOCK) << 2), k, 0, 0, 0, 4 * STRIP, VECTOR, columns);
      }
    }
  }
}

/**
 * The i-th group of four rows in the order in which panels take them in pairs. Where groups are missing, a pair is the same group of
 * two neighbouring blocks, as far as blocks have neighbours: then both have weights or neither has. Otherwise groups keep their
 * order in memory, which is 3 % of a training step faster (H = 128).
 */
function paired(i: i32, neighbours: i32, G: i32): i32 {
  const within = i % (2 * G);
  return i < neighbours ? i - within + (i & 1) * G + (within >> 1) : i;
}

/** Address of group q (four rows), column k, in w[rows/(4G)][k][G][4]. */
function group(w: usize, q: i32, column: i32, G: i32, k: i32): usize {
  return w + ((<usize>((q / G) * k + column) * G + (q % G)) << 4);
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

/** The pack for products with the transposed matrix: wt[k/4][rows][4 of k] from w[rows/(4G)][k][G][4]. */
export function transposeWeights(
  wt: usize,
  w: usize,
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
