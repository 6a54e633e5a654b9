// Losses over a window: the value, and the gradient of the outputs. `weight` is the weight of each step of each sequence: 0 for padding
// and for steps without a target. `each`, if it is not 0, weights every number. `scale` is 1 / (count of the mean), or 1 for a sum.
//
// elementwiseLoss has those that are a sum over outputs, with e = y - target:
//   MSE        e^2
//   MAE        |e|
//   HUBER      e^2 / 2 where |e| < delta, else delta (|e| - delta / 2): Huber 1964
//   BCE        binary cross-entropy of the logit y: max(y, 0) - y target + log(1 + exp(-|y|))
//   QUANTILE   pinball: e (1 - q) where e > 0, else -e q: Koenker & Bassett 1978

import { activate, exp, log } from "./activation";
import { aligned, alignedOrNone, DEBUG, isWidth, positive, words } from "./asserts";
import { BCE, LOGISTIC, MAE, MSE, PANEL, QUANTILE } from "./codes";
import { columnWeights, liveRows, loadColumn, ofRow, padded, splat, storeColumn, sum, VECTOR } from "./lanes";

/** scale * sum over outputs of weight loss(y, target); dy is its gradient. */
export function elementwiseLoss(
  dy: usize, // [slots][O][width] out
  y: usize, // [slots][O][width]
  target: usize, // [slots][O][width]
  weight: usize, // [slots][width]
  each: usize, // [slots][O][width]; or 0: all are 1
  perOutput: usize, // [O], padded: delta of HUBER, q of QUANTILE, or the factor on the values of MAE and MSE; or 0
  loss: i32, // one of the codes
  slots: i32,
  O: i32,
  width: i32,
  scale: f32,
): f64 {
  if (DEBUG) assert(aligned(dy, y, target) && words(weight) && alignedOrNone(each, perOutput) && positive(slots, O) && isWidth(width));
  const single = width != PANEL;
  const stride: usize = single ? VECTOR : 32;
  const panel = (<usize>padded(O) * width) << 2;
  // Stop before padded outputs: binary cross-entropy would add log 2 for each.
  const end = single ? panel : (<usize>O * width) << 2;
  const tail = single ? liveRows(O) : i32x4.splat(-1);
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
        const option = perOutput ? ofRow(perOutput, at, width) : splat(0);
        let value: v128, slope: v128;
        if (loss == MSE) {
          value = f32x4.mul(error, error);
          if (perOutput) value = f32x4.mul(value, option);
          slope = f32x4.add(error, error);
        } else if (loss == BCE) {
          const power = exp(f32x4.neg(f32x4.abs(out)));
          value = f32x4.add(f32x4.sub(f32x4.pmax(out, splat(0)), f32x4.mul(out, goal)), log(f32x4.add(splat(1), power)));
          slope = f32x4.sub(activate(out, LOGISTIC), goal);
        } else if (loss == QUANTILE) {
          const side = f32x4.sub(v128.and(splat(1), f32x4.gt(error, splat(0))), option);
          value = f32x4.mul(error, side);
          slope = v128.and(side, f32x4.ne(error, splat(0)));
        } else {
          const limit = perOutput ? option : splat(1);
          // The limit with the error's sign; 0 where the error is 0.
          const side = v128.and(v128.or(limit, v128.and(error, splat(-0.0))), f32x4.ne(error, splat(0)));
          const inside = loss == MAE ? splat(0) : f32x4.lt(size, limit);
          const beyond = loss == MAE ? f32x4.mul(limit, size) : f32x4.mul(limit, f32x4.sub(size, f32x4.mul(splat(0.5), limit)));
          value = v128.bitselect(f32x4.mul(splat(0.5), f32x4.mul(error, error)), beyond, inside);
          slope = v128.bitselect(error, side, inside);
        }
        let live = at + stride >= end ? v128.and(counts, tail) : counts;
        if (each) live = f32x4.mul(live, v128.load(each + at));
        // Values of weight 0 may have overflowed; mask them, as 0 times infinity is NaN.
        losses = f32x4.add(losses, v128.and(f32x4.mul(live, value), f32x4.ne(live, splat(0))));
        v128.store(dy + at, f32x4.mul(live, slope));
      }
      for (let at = end + column; at < panel; at += stride) v128.store(dy + at, splat(0));
      total += sum(losses);
    }
    y += panel;
    dy += panel;
    target += panel;
    if (each) each += panel;
    weight += (<usize>width) << 2;
  }
  return total;
}

/**
 * scale * sum over targets of weight (s + (target - m)^2 exp(-s)) / 2: the negative log-likelihood of a normal distribution of
 * mean m and variance exp(s), without its constant (Nix & Weigend 1994). The means are the first O / 2 outputs, s the others.
 */
export function gaussianLoss(
  dy: usize, // [slots][O][width] out
  y: usize, // [slots][O][width]
  target: usize, // [slots][O][width], of which the first O / 2 rows are targets
  weight: usize, // [slots][width]
  each: usize, // [slots][O][width], of which the first O / 2 rows are weights; or 0: all are 1
  slots: i32,
  O: i32, // even
  width: i32,
  scale: f32,
): f64 {
  if (DEBUG) assert(aligned(dy, y, target) && words(weight) && alignedOrNone(each) && positive(slots, O) && O % 2 == 0 && isWidth(width));
  const row = (<usize>width) << 2;
  const panel = <usize>padded(O) * row;
  const half = <usize>(O >> 1) * row;
  let total: f64 = 0;
  for (let slot = 0; slot < slots; slot++) {
    for (let at: usize = 2 * half; at < panel; at += 4) store<f32>(dy + at, 0);
    for (let column: usize = 0; column < row; column += VECTOR) {
      const step = columnWeights(weight + column, width, scale);
      for (let at = column; at < half; at += row) {
        const counts = each ? f32x4.mul(step, loadColumn(each + at, width)) : step;
        const s = loadColumn(y + half + at, width);
        const error = f32x4.sub(loadColumn(y + at, width), loadColumn(target + at, width));
        // Values of weight 0 may have overflowed.
        const precision = v128.and(exp(f32x4.neg(s)), f32x4.ne(counts, splat(0)));
        const pull = f32x4.mul(error, precision);
        const square = f32x4.mul(error, pull);
        const halved = f32x4.mul(splat(0.5), counts);
        const losses = f32x4.mul(halved, f32x4.add(s, square));
        const dMean = f32x4.mul(counts, pull);
        const dLogVariance = f32x4.mul(halved, f32x4.sub(splat(1), square));
        storeColumn(dy + at, dMean, width);
        storeColumn(dy + half + at, dLogVariance, width);
        total += width == PANEL ? sum(losses) : f32x4.extract_lane(losses, 0);
      }
    }
    y += panel;
    dy += panel;
    target += panel;
    if (each) each += panel;
    weight += row;
  }
  return total;
}
