// A block of rows with int8 weights and activations of 16 bits: register tile by register tile.

import { PANEL } from "../codes";
import { VECTOR } from "../lanes";
import { VECTORS } from "./pack";
import { HEAD } from "./quantize";
import { column, columns, panel, putColumn } from "./tile";

/** One panel: y = bias + w x, or with bias = 0, y += w x. */
export function block(
  y: usize, // [rows][width]
  head: usize, // the panel, as quantize wrote it
  w: usize, // weights, scales and groups of the block, as pack made them
  scales: usize,
  groups: usize,
  bias: usize, // [rows], or 0
  sums: usize, // [4 vectors][2][4] i32, scratch
  k: i32,
  vectors: i32, // at most VECTORS
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
