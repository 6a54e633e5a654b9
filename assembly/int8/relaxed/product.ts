// The product of a layer with int8 weights and activations of 7 bits: y = bias + w x, in the place of that of ../product.ts.

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive } from "../../asserts";
import { PANEL } from "../../codes";
import { VECTOR } from "../../lanes";
import { GROUPS, groupBytes } from "./pack";
import { HEAD, panelBytes, quantize } from "./quantize";
import { column, columns, panel, putColumn, putPanel } from "./tile";

/** Panels quantised at a time: the weights of a block are read once for all of them. */
const PANELS: i32 = 8;

/** Sums of a block at width 1: [8 groups][4] i32. */
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
    for (let slot = 0; slot < 2 * vectors; slot += GROUPS) {
      const abreast = min(GROUPS, 2 * vectors - slot);
      const w = weights + <usize>slot * groupBytes(k);
      let to = y;
      for (let q = quantized; q < end; q += room, to += result) {
        block(to, q, w, scales + <usize>slot * VECTOR, groups + ((<usize>slot) << 2), bias, scratch, k, abreast, width);
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
  abreast: i32,
  width: i32,
): void {
  const stride = <usize>abreast * VECTOR;
  const q = head + HEAD;
  const full = width != PANEL && abreast == GROUPS;
  if (full) columns(sums, head, q, w, k);
  for (const end = w + stride; w < end; w += VECTOR, scales += VECTOR, groups += 4) {
    const group = load<i32>(groups);
    if (group < 0) continue;
    if (width == PANEL) {
      panel(sums, head, q, w, stride, k);
      putPanel(y, group, bias, scales, head, sums);
      continue;
    }
    if (!full) column(sums, head, q, w, stride, k);
    putColumn(y, group, bias, scales, head, sums);
    if (full) sums += VECTOR;
  }
}
