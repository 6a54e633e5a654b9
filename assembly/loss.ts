// Losses over a window: their value and the gradient of the outputs. `weight` says how much each step of each sequence
// counts: 0 for padding and for ignored targets. `scale` is 1 / (what the mean is taken over), or 1 for the sum.
//
// A column is what one v128 walks down in a panel [O][width]. Width 8 has two columns of O vectors, a lane a sequence.
// Width 1 has one column of O/4 vectors, a lane a row: there the rows past O take no part, and the lanes fold into one.

import { activate, exp, LOGISTIC, log } from "./activation";
import { largest, PANEL, padded, splat, sum, VECTOR } from "./lanes";

// Losses that are a sum over outputs, with e = y - target. The codes are those of ELEMENTWISE in src/losses.ts.
const MSE: i32 = 0; //   e^2
const MAE: i32 = 1; //   |e|
const HUBER: i32 = 2; // e^2 / 2 where |e| < delta, else delta (|e| - delta / 2): Huber 1964
const BCE: i32 = 3; //   binary cross-entropy of the logit y: max(y, 0) - y target + log(1 + exp(-|y|))

/** scale * sum over outputs of weight loss(y, target); dy is its gradient. */
export function elementwiseLoss(
  dy: usize, // [slots][O][width] out
  y: usize, // [slots][O][width]
  target: usize, // [slots][O][width]
  weight: usize, // [slots][width]
  loss: i32, // one of the codes
  delta: f32, // of HUBER
  slots: i32,
  O: i32,
  width: i32,
  scale: f32,
): f64 {
  const stride: usize = width == PANEL ? 32 : VECTOR;
  const panel = (<usize>padded(O) * width) << 2;
  // Padded outputs must not count: log 2 of binary cross-entropy would.
  const end = width == PANEL ? (<usize>O * width) << 2 : panel;
  const tail = width == PANEL ? i32x4.splat(-1) : liveRows(O);
  let total: f64 = 0;
  for (let slot = 0; slot < slots; slot++) {
    for (let column: usize = 0; column < stride; column += VECTOR) {
      const counts = columnWeights(weight + column, width, scale);
      let losses = splat(0);
      for (let at = column; at < end; at += stride) {
        const out = v128.load(y + at);
        const goal = v128.load(target + at);
        const error = f32x4.sub(out, goal);
        const size = f32x4.abs(error);
        let value: v128, slope: v128;
        if (loss == MSE) {
          value = f32x4.mul(error, error);
          slope = f32x4.add(error, error);
        } else if (loss == BCE) {
          const power = exp(f32x4.neg(f32x4.abs(out)));
          value = f32x4.add(f32x4.sub(f32x4.pmax(out, splat(0)), f32x4.mul(out, goal)), log(f32x4.add(splat(1), power)));
          slope = f32x4.sub(activate(out, LOGISTIC), goal);
        } else {
          const limit = splat(loss == HUBER ? delta : 1);
          // The limit with the error's sign; 0 where there is no error.
          const side = v128.and(v128.or(limit, v128.and(error, splat(-0.0))), f32x4.ne(error, splat(0)));
          const inside = loss == MAE ? splat(0) : f32x4.lt(size, limit);
          const beyond = loss == MAE ? size : f32x4.mul(limit, f32x4.sub(size, f32x4.mul(splat(0.5), limit)));
          value = v128.bitselect(f32x4.mul(splat(0.5), f32x4.mul(error, error)), beyond, inside);
          slope = v128.bitselect(error, side, inside);
        }
        const live = at + stride >= end ? v128.and(counts, tail) : counts;
        // What does not count may have overflowed.
        losses = f32x4.add(losses, v128.and(f32x4.mul(live, value), f32x4.ne(live, splat(0))));
        v128.store(dy + at, f32x4.mul(live, slope));
      }
      for (let at = end + column; at < panel; at += stride) v128.store(dy + at, splat(0));
      total += sum(losses);
    }
    y += panel;
    dy += panel;
    target += panel;
    weight += (<usize>width) << 2;
  }
  return total;
}

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

/** The lanes of a column's last vector that are rows below O; width 1. */
function liveRows(O: i32): v128 {
  return i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(((O - 1) & 3) + 1));
}

/** What each lane of a column counts, times the scale. */
function columnWeights(weight: usize, width: i32, scale: f32): v128 {
  return f32x4.mul(width == PANEL ? v128.load(weight) : v128.load32_splat(weight), splat(scale));
}

/** Where the target's row of one lane lies behind the column's start. */
function entry(targets: usize, lane: i32, width: i32): usize {
  return (<usize>(load<i32>(targets + ((<usize>lane) << 2)) * width + lane)) << 2;
}
