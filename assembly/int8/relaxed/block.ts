// A block of rows with int8 weights and activations of 7 bits, in the place of that of ../block.ts.

import { PANEL } from "../../codes";
import { VECTOR } from "../../lanes";
import { GROUPS } from "./pack";
import { HEAD } from "./quantize";
import { column, columns, panel, putColumn, putPanel } from "./tile";

/** One panel: y = bias + w x, or with bias = 0, y += w x. */
export function block(
  y: usize, // [rows][width]
  head: usize, // the panel, as quantize wrote it
  w: usize, // weights, scales and groups of the block, as pack made them
  scales: usize,
  groups: usize,
  bias: usize, // [rows], or 0
  sums: usize, // [8 groups][4] i32, scratch
  k: i32,
  vectors: i32, // pairs of groups, at most VECTORS
  width: i32,
): void {
  const abreast = 2 * vectors;
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
