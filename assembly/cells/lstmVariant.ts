// Variants of the LSTM cell, pointwise. The plain cell has its own file, lstm.ts: testing for the options there would cost a tenth
// of all time (measured at H = 32). Peepholes: Gers, Schraudolph & Schmidhuber 2002; the others: Greff et al. 2017.
//
//   i = sigmoid(i_in + p_i c(t-1))   f = sigmoid(f_in + p_f c(t-1))   g = tanh(g_in)      (_in: W x + b + R h(t-1) + b')
//   c = f c(t-1) + i g                                                 cut to +-clip
//   o = sigmoid(o_in + p_o c)        h = o tanh(c)
//
// A missing gate is 1, a coupled input gate is 1 - f. In place of tanh there may be other activations, of the gates the hard sigmoid.
//
// Backward, with dh the whole gradient of h(t), dc what c(t+1) sends back and d_ what gates at t+1 send back to gates here:
//   do_in = (dh tanh(c) + d_o) o (1 - o)
//   dc  = dc + dh o (1 - tanh(c)^2) + p_o do_in                        0 where c was cut
//   di_in = (dc g + d_i) i (1 - i)     df_in = (dc c(t-1) + d_f) f (1 - f)     dg_in = dc i (1 - g^2)
//   dc(t-1) = dc f + p_i di_in + p_f df_in
//
// Padded units have zero weights and biases, and gates i and o of zero, so c, h and every gradient of theirs stay exactly zero, even where
// an activation of zero is not zero.

import { activate, gateOf, gateSlope, slope } from "../activation";
import { aligned, alignedOrNone, DEBUG, isWidth, positive } from "../asserts";
import { hasGroup, inputActivation, outputActivation } from "../cell";
import { COUPLED, OUTPUT_APART } from "../codes";
import { liveAt, ofRow, splat, VECTOR } from "../lanes";

/** One step of one panel. */
export function lstmVariantForward(
  gates: usize, // [blocks][4 gates][4 units][width]: pre-activations; after the call i, f, g, o
  c: usize, // [blocks][4][width] out
  h: usize, // [blocks][4][width] out; not written with OUTPUT_APART
  cBefore: usize, // [blocks][4][width] c(t-1)
  peepholes: usize, // [blocks][i, f, o][4], or 0
  clip: f32, // or infinity
  alpha: f32, // of the hard sigmoid; 0 for logistic gates
  cell: i32,
  H: i32, // unpadded
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  const inputCode = inputActivation(cell);
  const outputCode = outputActivation(cell);
  const one = splat(1);
  for (let left = H; left > 0; left -= 4) {
    for (let at: usize = 0; at < gate; at += VECTOR) {
      const before = v128.load(cBefore + at);
      const f = hasGroup(cell, 1) ? gateOf(withPeephole(gates + gate + at, peepholes, 1, before, at, width), alpha) : one;
      let i = one;
      if (hasGroup(cell, 0)) i = gateOf(withPeephole(gates + at, peepholes, 0, before, at, width), alpha);
      else if (cell & COUPLED) i = f32x4.sub(one, f);
      const g = activate(v128.load(gates + 2 * gate + at), inputCode);
      if (left < 4) i = v128.and(i, liveAt(at, left, width));
      const state = clamped(f32x4.add(f32x4.mul(f, before), f32x4.mul(i, g)), clip);
      let o = hasGroup(cell, 3) ? gateOf(withPeephole(gates + 3 * gate + at, peepholes, 2, state, at, width), alpha) : one;
      if (left < 4) o = v128.and(o, liveAt(at, left, width));
      v128.store(gates + at, i);
      v128.store(gates + gate + at, f);
      v128.store(gates + 2 * gate + at, g);
      v128.store(gates + 3 * gate + at, o);
      v128.store(c + at, state);
      if (!(cell & OUTPUT_APART)) v128.store(h + at, f32x4.mul(o, activate(state, outputCode)));
    }
    gates += 4 * gate;
    c += gate;
    h += gate;
    cBefore += gate;
    if (peepholes) peepholes += 3 * VECTOR;
  }
}

/** The same, one step back. */
export function lstmVariantBackward(
  dgates: usize, // [blocks][4 gates][4 units][width] out: gradient of the pre-activations; may be `gates`; with OUTPUT_APART it holds do_in
  dc: usize, // [blocks][4][width]: in, from c(t+1); out, for c(t-1)
  dh: usize, // [blocks][4][width]; not read with OUTPUT_APART
  gates: usize, // [blocks][4 gates][4 units][width]: i, f, g, o
  c: usize, // [blocks][4][width] c(t)
  cBefore: usize, // [blocks][4][width] c(t-1)
  peepholes: usize, // [blocks][i, f, o][4], or 0
  dgatesLater: usize, // [blocks][i, f, o][4 units][width]: gradients that gates at t+1 send back to i, f and o, or 0
  clip: f32,
  alpha: f32,
  cell: i32,
  H: i32, // unpadded
  width: i32,
): void {
  const gate = <usize>width * VECTOR;
  const inputCode = inputActivation(cell);
  const outputCode = outputActivation(cell);
  const none = splat(0);
  for (let left = H; left > 0; left -= 4) {
    for (let at: usize = 0; at < gate; at += VECTOR) {
      const i = v128.load(gates + at);
      const f = v128.load(gates + gate + at);
      const g = v128.load(gates + 2 * gate + at);
      const o = v128.load(gates + 3 * gate + at);
      const state = v128.load(c + at);
      const before = v128.load(cBefore + at);
      let dCell = v128.load(dc + at);
      let dOut = v128.load(dgates + 3 * gate + at);
      if (!(cell & OUTPUT_APART)) {
        const dHidden = v128.load(dh + at);
        const squashed = activate(state, outputCode);
        const through = f32x4.mul(dHidden, o);
        dCell = f32x4.add(dCell, f32x4.mul(through, slope(squashed, outputCode)));
        dOut = f32x4.mul(withLater(f32x4.mul(dHidden, squashed), dgatesLater, 2 * gate + at), gateSlope(o, alpha));
        if (!hasGroup(cell, 3)) dOut = none;
      }
      if (peepholes) dCell = f32x4.add(dCell, f32x4.mul(ofRow(peepholes + 2 * VECTOR, at, width), dOut));
      if (clip < f32.MAX_VALUE) dCell = v128.and(dCell, f32x4.lt(f32x4.abs(state), splat(clip)));
      let dForget = none;
      let dInput = none;
      const dWrite = f32x4.mul(dCell, g);
      if (hasGroup(cell, 1)) {
        let toForget = f32x4.mul(dCell, before);
        if (cell & COUPLED) toForget = f32x4.sub(toForget, dWrite);
        dForget = f32x4.mul(withLater(toForget, dgatesLater, gate + at), gateSlope(f, alpha));
      }
      if (hasGroup(cell, 0)) dInput = f32x4.mul(withLater(dWrite, dgatesLater, at), gateSlope(i, alpha));
      const dBlock = f32x4.mul(dCell, i);
      let dBefore = f32x4.mul(dCell, f);
      if (peepholes) {
        dBefore = f32x4.add(dBefore, f32x4.mul(ofRow(peepholes, at, width), dInput));
        dBefore = f32x4.add(dBefore, f32x4.mul(ofRow(peepholes + VECTOR, at, width), dForget));
      }
      v128.store(dgates + at, dInput);
      v128.store(dgates + gate + at, dForget);
      v128.store(dgates + 2 * gate + at, f32x4.mul(dBlock, slope(g, inputCode)));
      v128.store(dgates + 3 * gate + at, dOut);
      v128.store(dc + at, dBefore);
    }
    dgates += 4 * gate;
    dc += gate;
    dh += gate;
    gates += 4 * gate;
    c += gate;
    cBefore += gate;
    if (peepholes) peepholes += 3 * VECTOR;
    if (dgatesLater) dgatesLater += 3 * gate;
  }
}

/** The step that OUTPUT_APART leaves out: h = o tanh(n), with n the normalised c. */
export function lstmOutputForward(
  h: usize, // [blocks][4][width] out
  gates: usize, // [blocks][4 gates][4][width]
  n: usize, // [blocks][4][width]
  cell: i32,
  blocks: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(h, gates, n) && positive(blocks) && isWidth(width));
  const gate = <usize>width * VECTOR;
  const outputCode = outputActivation(cell);
  for (let block = 0; block < blocks; block++, gates += 4 * gate, n += gate, h += gate) {
    for (let at: usize = 0; at < gate; at += VECTOR) {
      const state = v128.load(n + at);
      v128.store(h + at, f32x4.mul(v128.load(gates + 3 * gate + at), activate(state, outputCode)));
    }
  }
}

/** Back through that step: do_in and dn. Call it before lstmVariantBackward, which takes do_in from dgates. */
export function lstmOutputBackward(
  dgates: usize, // [blocks][4 gates][4][width] out, o's gate only; may be `gates`
  dn: usize, // [blocks][4][width] out
  dh: usize, // [blocks][4][width]
  gates: usize, // [blocks][4 gates][4][width]
  n: usize, // [blocks][4][width]
  dgatesLater: usize, // [blocks][i, f, o][4][width], or 0
  alpha: f32, // of the hard sigmoid; 0 for logistic gates
  cell: i32,
  blocks: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(dgates, dn, dh, gates) && aligned(n) && alignedOrNone(dgatesLater) && positive(blocks) && isWidth(width));
  const gate = <usize>width * VECTOR;
  const outputCode = outputActivation(cell);
  for (let block = 0; block < blocks; block++) {
    for (let at: usize = 0; at < gate; at += VECTOR) {
      const o = v128.load(gates + 3 * gate + at);
      const state = v128.load(n + at);
      const dHidden = v128.load(dh + at);
      const through = f32x4.mul(dHidden, o);
      const squashed = activate(state, outputCode);
      v128.store(dn + at, f32x4.mul(through, slope(squashed, outputCode)));
      const dOut = f32x4.mul(withLater(f32x4.mul(dHidden, squashed), dgatesLater, 2 * gate + at), gateSlope(o, alpha));
      v128.store(dgates + 3 * gate + at, hasGroup(cell, 3) ? dOut : splat(0));
    }
    dgates += 4 * gate;
    gates += 4 * gate;
    dn += gate;
    n += gate;
    dh += gate;
    if (dgatesLater) dgatesLater += 3 * gate;
  }
}

/** A gate's input: its pre-activation, plus the cell times the gate's peephole weight. */
function withPeephole(net: usize, peepholes: usize, which: usize, state: v128, at: usize, width: i32): v128 {
  const input = v128.load(net);
  return peepholes ? f32x4.add(input, f32x4.mul(ofRow(peepholes + which * VECTOR, at, width), state)) : input;
}

/** The gradient of a gate's value, with what the gates at t+1 send back to it. */
function withLater(d: v128, dgatesLater: usize, at: usize): v128 {
  return dgatesLater ? f32x4.add(d, v128.load(dgatesLater + at)) : d;
}

function clamped(x: v128, clip: f32): v128 {
  return clip < f32.MAX_VALUE ? f32x4.pmin(f32x4.pmax(x, splat(-clip)), splat(clip)) : x;
}
