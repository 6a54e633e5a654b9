// Softmax, and the cross-entropy of classes with it. `weight` and `scale` are those of loss.ts.

import { exp, log } from "./activation";
import { columnWeights, largest, liveRows, PANEL, padded, splat, sum, VECTOR } from "./lanes";

/** scale * sum of weight (log sum_k exp(y_k) - y_target); dy = scale weight (softmax(y) - onehot(target)). */
export function softmaxCrossEntropy(
  dy: usize, // [slots][O][width] out
  y: usize, // [slots][O][width]: logits
  target: usize, // [slots][width] i32, each below O
  weight: usize, // [slots][width]
  slots: i32,
  O: i32,
  width: i32,
  scale: f32,
): f64 {
  const stride: usize = width == PANEL ? 32 : VECTOR;
  const panel = (<usize>padded(O) * width) << 2;
  let total: f64 = 0;
  for (let slot = 0; slot < slots; slot++) {
    for (let column: usize = 0; column < stride; column += VECTOR) {
      const counts = columnWeights(weight + column, width, scale);
      if (!v128.any_true(counts)) {
        for (let at = column; at < panel; at += stride) v128.store(dy + at, splat(0));
        continue;
      }
      const logSum = exponentials(dy + column, y + column, O, width, splat(1), counts);
      const targets = target + column;
      const answers = y + column;
      let answer = splat(load<f32>(answers + entry(targets, 0, width)));
      if (width == PANEL) {
        answer = f32x4.replace_lane(answer, 1, load<f32>(answers + entry(targets, 1, width)));
        answer = f32x4.replace_lane(answer, 2, load<f32>(answers + entry(targets, 2, width)));
        answer = f32x4.replace_lane(answer, 3, load<f32>(answers + entry(targets, 3, width)));
      }
      const losses = f32x4.mul(counts, f32x4.sub(logSum, answer));
      total += width == PANEL ? sum(losses) : f32x4.extract_lane(losses, 0);
      for (let lane = 0; lane < min(width, 4); lane++) {
        const at = dy + column + entry(targets, lane, width);
        store<f32>(at, load<f32>(at) - load<f32>(weight + column + ((<usize>lane) << 2)) * scale);
      }
    }
    y += panel;
    dy += panel;
    target += (<usize>width) << 2;
    weight += (<usize>width) << 2;
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
  exponentials(y, logits, O, 1, splat(beta), splat(1));
}

/** e = counts softmax(beta y) down one column, padding zero; returns log sum exp(beta y) for each lane. */
function exponentials(
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

/** Where the target's row of one lane lies behind the column's start. */
function entry(targets: usize, lane: i32, width: i32): usize {
  return (<usize>(load<i32>(targets + ((<usize>lane) << 2)) * width + lane)) << 2;
}
