// Metrics over a window that are not losses. `weight` is as in loss.ts.

import { DEBUG, isWidth, positive, words } from "./asserts";
import { padded } from "./lanes";

/**
 * scale * the sum of weight over correct predictions. With classes: the steps whose largest logit (the first of equal ones) is the
 * target's class, times the class's weight. Without: the outputs whose logit is >= 0 exactly when the target is >= 0.5.
 */
export function accuracy(
  y: usize, // [slots][O][width]: logits
  target: usize, // with classes [slots][width] i32, else [slots][O][width]
  weight: usize, // [slots][width]
  each: usize, // without classes [slots][O][width], the weight of each output; or 0: all are 1
  classWeight: usize, // [O]; or 0: all are 1
  classes: bool,
  slots: i32,
  O: i32,
  width: i32,
  scale: f32,
): f64 {
  if (DEBUG) assert(words(y, target) && words(weight) && positive(slots, O) && isWidth(width));
  const row = (<usize>width) << 2;
  const panel = <usize>padded(O) * row;
  let total: f64 = 0;
  for (let slot = 0; slot < slots; slot++) {
    for (let lane: usize = 0; lane < row; lane += 4) {
      const logits = y + lane;
      let right: f32 = 0;
      if (classes) {
        const goal = <usize>load<i32>(target + lane);
        let best: usize = 0;
        for (let k: usize = 1; k < <usize>O; k++) if (load<f32>(logits + k * row) > load<f32>(logits + best * row)) best = k;
        if (best == goal) right = classWeight ? load<f32>(classWeight + (goal << 2)) : 1;
      } else {
        for (let at = lane; at < <usize>O * row; at += row) {
          if (load<f32>(y + at) >= 0 == load<f32>(target + at) >= 0.5) right += each ? load<f32>(each + at) : 1;
        }
      }
      total += load<f32>(weight + lane) * right;
    }
    y += panel;
    target += classes ? row : panel;
    if (each) each += panel;
    weight += row;
  }
  return total * scale;
}
