// The product of a layer with int8 weights: y = bias + w x, in the layout of the f32 product (matmul.ts), whose place it takes.

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive } from "../asserts";
import { PANEL } from "../codes";
import { VECTOR } from "../lanes";
import { VECTORS } from "./pack";
import { HEAD, panelBytes, quantize } from "./quantize";
import { column, columns, panel, putColumn } from "./tile";

/** Panels quantised at a time: the weights of a block are read once for all of them. */
const PANELS: i32 = 8;

/** Sums of a block at width 1: [4 vectors][2][4] i32. */
const SUMS: usize = 128;

/** Bytes of scratch that products of k columns need. */
export function scratchBytes(k: i32): usize {
  return SUMS + <usize>PANELS * panelBytes(k, PANEL);
}

/** y[p] = bias + w x[p] for every panel p, in the rows of the pack; with bias = 0, y[p] += w x[p]. */
export function product(
  y: usize, // [panels][rows][width]
  x: usize, // [panels][k][width]
  weights: usize, // weights, scales, groups: as pack made them
  scales: usize,
  groups: usize,
  bias: usize, // [rows], or 0
  scratch: usize, // scratchBytes(k) bytes
  limit: f32,
  panels: i32,
  k: i32, // multiple of 4
  vectors: i32,
  rows: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, x, weights, scales) && aligned(scratch) && alignedOrNone(bias) && fours(k, rows));
  if (DEBUG) assert(positive(panels, k, vectors) && isWidth(width));
  const room = panelBytes(k, width);
  const quantized = scratch + SUMS;
  const result = (<usize>rows * width) << 2;
  for (; panels > 0; panels -= PANELS) {
    const end = quantized + <usize>min(PANELS, panels) * room;
    for (let to = quantized; to < end; to += room, x += (<usize>k * width) << 2) quantize(to, x, limit, k, width);
    for (let vector = 0; vector < vectors; vector += VECTORS) {
      const abreast = min(VECTORS, vectors - vector);
      const w = weights + ((<usize>(vector * k)) << 3);
      let to = y;
      for (let q = quantized; q < end; q += room, to += result) {
        block(to, q, w, scales + ((<usize>vector) << 5), groups + ((<usize>vector) << 3), bias, scratch, k, abreast, width);
      }
    }
    y += <usize>PANELS * result;
  }
}

/** The rows of one block of one panel. */
function block(
  y: usize,
  head: usize,
  w: usize,
  scales: usize,
  groups: usize,
  bias: usize,
  sums: usize,
  k: i32,
  vectors: i32,
  width: i32,
): void {
  const stride = <usize>vectors * VECTOR;
  const q = head + HEAD;
  if (width != PANEL && vectors == VECTORS) columns(sums, q, w, k);
  for (const end = w + stride; w < end; w += VECTOR, scales += 32, groups += 8) {
    const low = <usize>load<i32>(groups);
    const high = load<i32>(groups, 4);
    if (width == PANEL) {
      panel(y, low, high, bias, scales, head, q, w, stride, k);
      panel(y, low + 8, high < 0 ? high : high + 8, bias, scales + 8, head, q, w + 8, stride, k);
      continue;
    }
    if (vectors != VECTORS) column(sums, q, w, stride, k);
    putColumn(y, low, high, bias, scales, head, sums);
    if (vectors == VECTORS) sums += 32;
  }
}
