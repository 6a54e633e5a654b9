// The product of a layer with int8 weights: y = bias + w x, in the layout of the f32 product (matmul.ts), whose place it takes. The build
// with relaxed SIMD has activations of 7 bits, from relaxed/, the other those of 16.

import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive } from "../asserts";
import { PANEL } from "../codes";
import { block } from "./block";
import { packBytes, VECTORS } from "./pack";
import { panelBytes, quantize } from "./quantize";
import { block as relaxedBlock } from "./relaxed/block";
import { packBytes as relaxedPackBytes } from "./relaxed/pack";
import { panelBytes as relaxedPanelBytes, quantize as relaxedQuantize } from "./relaxed/quantize";

/** Panels quantised at a time: the weights of a block are read once for all of them. */
const PANELS: i32 = 8;

/** Sums of a block at width 1: [4 vectors][2][4] i32. */
const SUMS: usize = 128;

/** Bytes of a panel, quantised. */
function roomOf(k: i32, width: i32): usize {
  return ASC_FEATURE_RELAXED_SIMD ? relaxedPanelBytes(k, width) : panelBytes(k, width);
}

/** Bytes of scratch that products of k columns need. */
export function scratchBytes(k: i32): usize {
  return SUMS + <usize>PANELS * roomOf(k, PANEL);
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
  const room = roomOf(k, width);
  const quantized = scratch + SUMS;
  const result = (<usize>rows * width) << 2;
  for (; panels > 0; panels -= PANELS) {
    const end = quantized + <usize>min(PANELS, panels) * room;
    for (let to = quantized; to < end; to += room, x += (<usize>k * width) << 2) {
      if (ASC_FEATURE_RELAXED_SIMD) relaxedQuantize(to, x, limit, k, width);
      else quantize(to, x, limit, k, width);
    }
    for (let vector = 0; vector < vectors; vector += VECTORS) {
      const abreast = min(VECTORS, vectors - vector);
      const w = weights + (ASC_FEATURE_RELAXED_SIMD ? relaxedPackBytes(k, vector) : packBytes(k, vector));
      const s = scales + ((<usize>vector) << 5);
      const g = groups + ((<usize>vector) << 3);
      let to = y;
      for (let q = quantized; q < end; q += room, to += result) {
        if (ASC_FEATURE_RELAXED_SIMD) relaxedBlock(to, q, w, s, g, bias, scratch, k, abreast, width);
        else block(to, q, w, s, g, bias, scratch, k, abreast, width);
      }
    }
    y += <usize>PANELS * result;
  }
}
