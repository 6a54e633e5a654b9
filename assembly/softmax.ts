// Softmax, and cross-entropy over classes. `weight` and `scale` are as in loss.ts.

import { exp, log } from "./activation";
import { aligned, alignedOrNone, DEBUG, isWidth, positive, words } from "./asserts";
import { PANEL } from "./codes";
import { columnWeights, largest, liveRows, ofRow, padded, splat, sum, VECTOR } from "./lanes";

/**
 * scale * sum over steps of weight ((1 - a) w_target c_target + a / O sum_k w_k c_k) with c_k = -log p_k, p = softmax(y), a the
 * label smoothing and w the class weights, as in PyTorch. dy_k = scale weight (A p_k - (1 - a) w_target [k = target]
 * - a / O w_k), where A is the sum of the factors of all c.
 */
export function softmaxCrossEntropy(
  dy: usize, // [slots][O][width] out
  y: usize, // [slots][O][width]: logits
  target: usize, // [slots][width] i32, each below O
  weight: usize, // [slots][width]
  classWeight: usize, // [O], padded with zeros; or 0: all are 1 and there is no smoothing
  smoothing: f32,
  slots: i32,
  O: i32,
  width: i32,
  scale: f32,
): f64 {
  if (DEBUG) assert(aligned(dy, y) && words(target, weight) && alignedOrNone(classWeight) && positive(slots, O) && isWidth(width));
  const single = width != PANEL;
  const stride: usize = single ? VECTOR : 32;
  const row = (<usize>width) << 2;
  const panel = <usize>padded(O) * row;
  const even = smoothing / <f32>O;
  let spread: f32 = 0;
  if (smoothing > 0) for (let k = 0; k < O; k++) spread += even * load<f32>(classWeight + ((<usize>k) << 2));
  let total: f64 = 0;
  for (let slot = 0; slot < slots; slot++) {
    for (let column: usize = 0; column < stride; column += VECTOR) {
      const counts = columnWeights(weight + column, width, scale);
      if (!v128.any_true(counts)) {
        for (let at = column; at < panel; at += stride) v128.store(dy + at, splat(0));
        continue;
      }
      const targets = target + column;
      let hard = counts;
      if (classWeight) hard = f32x4.mul(counts, f32x4.mul(splat(1 - smoothing), gather(classWeight, targets, 4, 0, width)));
      const factors = f32x4.add(hard, f32x4.mul(counts, splat(spread)));
      const logSum = exponentials(dy + column, y + column, O, width, splat(1), factors);
      const losses = f32x4.mul(hard, f32x4.sub(logSum, gather(y + column, targets, row, 4, width)));
      total += single ? f32x4.extract_lane(losses, 0) : sum(losses);
      for (let lane = 0; lane < min(width, 4); lane++) {
        const at = dy + column + entry(targets, lane, row) + ((<usize>lane) << 2);
        store<f32>(at, load<f32>(at) - f32x4.extract_lane(hard, 0));
        hard = v128.shuffle<f32>(hard, hard, 1, 2, 3, 0);
      }
      if (smoothing == 0) continue;
      const smooth = f32x4.mul(counts, splat(even));
      let spreads = splat(0);
      for (let at: usize = 0; at < panel; at += stride) {
        const share = f32x4.mul(smooth, ofRow(classWeight, at, width));
        const d = dy + column + at;
        spreads = f32x4.add(spreads, f32x4.mul(share, f32x4.sub(logSum, v128.load(y + column + at))));
        v128.store(d, f32x4.sub(v128.load(d), share));
      }
      total += sum(spreads);
    }
    y += panel;
    dy += panel;
    target += row;
    weight += row;
  }
  return total;
}

/** y = softmax(beta logits), one column. */
export function softmax(
  y: usize, // [O] out
  logits: usize, // [O]
  O: i32,
  beta: f32, // 1 / temperature
): void {
  if (DEBUG) assert(aligned(y, logits) && positive(O));
  exponentials(y, logits, O, 1, splat(beta), splat(1));
}

/** e = counts softmax(beta y) down one column, padding zero; returns log sum exp(beta y) for each lane. */
export function exponentials(
  e: usize, // the column's first vector
  y: usize, // the column's first vector
  O: i32,
  width: i32,
  beta: v128,
  counts: v128,
): v128 {
  const single = width != PANEL;
  const stride: usize = single ? VECTOR : 32;
  const rows = single ? padded(O) >> 2 : O;
  const last = <usize>(rows - 1) * stride;
  const live = single ? liveRows(O) : i32x4.splat(-1);
  const lowest = splat(-f32.MAX_VALUE);

  let top = v128.bitselect(f32x4.mul(v128.load(y + last), beta), lowest, live);
  for (let at: usize = 0; at < last; at += stride) top = f32x4.pmax(top, f32x4.mul(v128.load(y + at), beta));
  if (single) top = splat(largest(top));

  let total = splat(0);
  for (let at: usize = 0; at <= last; at += stride) {
    let power = exp(f32x4.sub(f32x4.mul(v128.load(y + at), beta), top));
    if (at == last) power = v128.and(power, live);
    total = f32x4.add(total, power);
    v128.store(e + at, power);
  }
  if (single) total = splat(sum(total));

  const share = f32x4.div(counts, total);
  for (let at: usize = 0; at <= last; at += stride) v128.store(e + at, f32x4.mul(v128.load(e + at), share));
  if (!single) for (let row = O; row < padded(O); row++) v128.store(e + <usize>row * stride, splat(0));
  return f32x4.add(top, log(total));
}

/** The number at each lane's target: `stride` bytes from one class to the next, `step` from one lane to the next. */
function gather(from: usize, targets: usize, stride: usize, step: usize, width: i32): v128 {
  let found = splat(load<f32>(from + entry(targets, 0, stride)));
  if (width != PANEL) return found;
  found = f32x4.replace_lane(found, 1, load<f32>(from + entry(targets, 1, stride) + step));
  found = f32x4.replace_lane(found, 2, load<f32>(from + entry(targets, 2, stride) + 2 * step));
  return f32x4.replace_lane(found, 3, load<f32>(from + entry(targets, 3, stride) + 3 * step));
}

/** Byte offset of the entry for a lane's target, `stride` bytes from one class to the next. */
function entry(targets: usize, lane: i32, stride: usize): usize {
  return <usize>load<i32>(targets + ((<usize>lane) << 2)) * stride;
}
