// Connectionist temporal classification (Graves et al. 2006): the probability of a sequence of labels under outputs whose alignment with
// it is unknown. `scale` is as in loss.ts.
//
// The labels l with a blank before, between and behind them are the S = 2 L + 1 states of a path. A path stays in its state, goes to
// the next one, or passes over a blank between two labels that differ. In logarithms, with p the softmax of the outputs and
// [+] the logarithm of the sum of exponentials:
//   alpha(t, s) = (alpha(t-1, s) [+] alpha(t-1, s-1) [+] alpha(t-1, s-2) if s may be reached from there) + log p(t, l(s))
//   beta(t, s) = [+] of beta(t+1, r) + log p(t+1, l(r)) over r = s, s+1, s+2 in the same way: what follows t
//   loss = -(alpha(T-1, S-1) [+] alpha(T-1, S-2))
//   dy(t, k) = p(t, k) - sum of exp(alpha(t, s) + beta(t, s) + loss) over the states s of label k
// Each row of alpha and of beta has its largest number taken away, so that f32 does for any T.

import { exp, log } from "./activation";
import { aligned, DEBUG, isWidth, positive, words } from "./asserts";
import { largest, loadColumn, padded, splat, storeColumn, sum, VECTOR } from "./lanes";
import { exponentials } from "./softmax";

/** The logarithm of 0. Sums of it stay finite. */
const NEVER: f32 = -1e30;

/** scale * the sum of weight loss over the sequences; dy is its gradient. */
export function ctcLoss(
  dy: usize, // [T][P][O][width] out
  y: usize, // [T][P][O][width]: logits
  target: usize, // [T][P][width] i32: the labels of each sequence from t = 0 on, each below O; -1 behind the last one
  weight: usize, // [P][width]: of each sequence; 0 where there is none
  lengths: usize, // [P][width] i32: the steps of each sequence, enough for its labels
  scratch: usize, // padded(T P width) floats, and T + 4 rows of states of the longest labels: padded(2 L + 1) + 8 floats each
  blank: i32, // the label that stands for none
  T: i32,
  panels: i32,
  O: i32,
  width: i32,
  scale: f32,
): f64 {
  if (DEBUG) assert(aligned(dy, y, scratch) && words(target, weight) && words(lengths) && positive(T, panels, O) && isWidth(width));
  const row = (<usize>width) << 2;
  const panel = <usize>padded(O) * row;
  // The logarithm of the sum of exponentials at each step of each sequence, [T][P][width].
  const logSums = scratch;
  const states = scratch + ((<usize>padded(T * panels * width)) << 2);
  for (let slot = 0; slot < T * panels; slot++) {
    const t = i32x4.splat(slot / panels);
    const own = <usize>(slot % panels) * row;
    for (let column: usize = 0; column < row; column += VECTOR) {
      const live = i32x4.lt_s(t, loadColumn(lengths + own + column, width));
      const counts = v128.and(f32x4.mul(loadColumn(weight + own + column, width), splat(scale)), live);
      const at = <usize>slot * panel + column;
      storeColumn(logSums + <usize>slot * row + column, exponentials(dy + at, y + at, O, width, splat(1), counts), width);
    }
  }
  let total: f64 = 0;
  for (let at: usize = 0; at < <usize>panels * row; at += 4) {
    const counts = load<f32>(weight + at) * scale;
    if (counts == 0) continue;
    const first = (at / row) * panel + (at & (row - 1));
    const loss = align(
      dy + first,
      y + first,
      target + at,
      logSums + at,
      states,
      blank,
      load<i32>(lengths + at),
      counts,
      <usize>panels,
      panel,
      row,
    );
    total += <f64>counts * loss;
  }
  return total;
}

/** The loss of one sequence; subtracts from its `dy` what its labels expect. */
function align(
  dy: usize, // its first number at the first step; steps are panels * panel bytes apart, outputs `row` bytes
  y: usize,
  target: usize, // its first label; labels are panels * row bytes apart
  logSums: usize,
  states: usize,
  blank: i32,
  T: i32,
  counts: f32,
  panels: usize,
  panel: usize,
  row: usize,
): f64 {
  let L = 0;
  while (L < T && load<i32>(target + <usize>L * panels * row) >= 0) L++;
  // A row of states, with four on either side that cannot be reached.
  const bytes = ((<usize>padded(2 * L + 1)) << 2) + 2 * VECTOR;
  const S = (<usize>(2 * L + 1)) << 2;
  const end = bytes - VECTOR;
  // Rows of states. The offset of each state's label in a panel; all bits set where a label may be reached past the blank before it.
  const offsets = states;
  const skips = states + bytes;
  const emission = skips + bytes;
  const beta = emission + bytes;
  const alpha = beta + bytes;
  for (let at: usize = 0; at < 2 * bytes; at += VECTOR) v128.store(states + at, splat(0));
  for (let at = emission; at < alpha; at += VECTOR) v128.store(at, splat(NEVER));
  let before = -1;
  for (let s: usize = 0; s < S; s += 4) {
    let label = blank;
    if (s & 4) {
      label = load<i32>(target + (s >> 3) * panels * row);
      store<i32>(skips + VECTOR + s, label != before ? -1 : 0);
      before = label;
    }
    store<i32>(offsets + VECTOR + s, label * <i32>row);
  }

  // Before the first step a path stands in front of the first state.
  let loss: f64 = 0;
  let top: f32 = 0;
  let previous = beta;
  store<f32>(beta + VECTOR - 4, 0);
  for (let t = 0; t < T; t++) {
    const present = alpha + <usize>t * bytes;
    emit(emission, offsets, y + <usize>t * panels * panel, load<f32>(logSums + <usize>t * panels * row) + top, S);
    loss -= top;
    v128.store(present, splat(NEVER));
    v128.store(present + end, splat(NEVER));
    let most = splat(NEVER);
    for (let at = VECTOR; at < end; at += VECTOR) {
      const from = previous + at;
      const skipped = v128.bitselect(v128.load(from - 8), splat(NEVER), v128.load(skips + at));
      const value = f32x4.add(logSum(v128.load(from), v128.load(from - 4), skipped), v128.load(emission + at));
      most = f32x4.pmax(most, value);
      v128.store(present + at, value);
    }
    top = largest(most);
    previous = present;
  }
  const final = previous + VECTOR + S;
  loss -= f32x4.extract_lane(logSum(v128.load32_splat(final - 4), v128.load32_splat(final - 8), splat(NEVER)), 0);

  for (let at = beta; at < alpha; at += VECTOR) v128.store(at, splat(NEVER));
  store<f32>(beta + VECTOR + S - 4, 0);
  if (L > 0) store<f32>(beta + VECTOR + S - 8, 0);
  for (let t = T - 1; t >= 0; t--) {
    const present = alpha + <usize>t * bytes;
    let most = splat(NEVER);
    let highest = splat(NEVER);
    for (let at = VECTOR; at < end; at += VECTOR) {
      const after = v128.load(beta + at);
      const both = f32x4.add(v128.load(present + at), after);
      v128.store(present + at, both);
      highest = f32x4.pmax(highest, after);
      most = f32x4.pmax(most, both);
    }
    const likeliest = splat(largest(most));
    let all = splat(0);
    for (let at = VECTOR; at < end; at += VECTOR) {
      const share = exp(f32x4.sub(v128.load(present + at), likeliest));
      v128.store(present + at, share);
      all = f32x4.add(all, share);
    }
    const factor = counts / sum(all);
    const d = dy + <usize>t * panels * panel;
    for (let s = VECTOR; s < VECTOR + S; s += 4) {
      const to = d + <usize>load<i32>(offsets + s);
      store<f32>(to, load<f32>(to) - factor * load<f32>(present + s));
    }
    emit(emission, offsets, y + <usize>t * panels * panel, load<f32>(logSums + <usize>t * panels * row) + largest(highest), S);
    for (let at = VECTOR; at < end; at += VECTOR) v128.store(beta + at, f32x4.add(v128.load(beta + at), v128.load(emission + at)));
    for (let at = VECTOR; at < end; at += VECTOR) {
      const from = beta + at;
      const skipped = v128.bitselect(v128.load(from + 8), splat(NEVER), v128.load(skips + at + 8));
      v128.store(from, logSum(v128.load(from), v128.load(from + 4), skipped));
    }
  }
  return loss;
}

/** The logits of each state's label, less `rest`. */
function emit(emission: usize, offsets: usize, y: usize, rest: f32, S: usize): void {
  for (let s = VECTOR; s < VECTOR + S; s += 4) store<f32>(emission + s, load<f32>(y + <usize>load<i32>(offsets + s)) - rest);
}

/** The logarithm of the sum of three exponentials. */
function logSum(a: v128, b: v128, c: v128): v128 {
  const top = f32x4.pmax(f32x4.pmax(a, b), c);
  const powers = f32x4.add(f32x4.add(exp(f32x4.sub(a, top)), exp(f32x4.sub(b, top))), exp(f32x4.sub(c, top)));
  return f32x4.add(top, log(powers));
}
