// One step of the LSTM's traces and gradient, forward in time: online.ts says what a trace P is, lstm.ts what the letters are. Only c lasts,
// and only i, f and g write it; o's gradient is that of the present step.
//
//   P_k = f P_k(t-1) + gain_k source          gain_i = g i (1 - i)   gain_f = c(t-1) f (1 - f)   gain_g = i (1 - g^2)
//   dw_k += error P_k   for k = i, f, g       error = dh o (1 - tanh(c)^2)
//   dw_o += do_in source                      do_in = dh tanh(c) o (1 - o)
//
// Exactly the gradient with the recurrent inputs held constant (Hochreiter & Schmidhuber 1997, appendix A.1; with a forget gate Gers,
// Schmidhuber & Cummins 2000). What the sources share is computed once for four units and stays in registers, and a column's four gates
// lie side by side.

import { sigmoidSlope, tanh, tanhSlope } from "../activation";
import { aligned, alignedOrNone, DEBUG, positive } from "../asserts";
import { splat, VECTOR } from "../lanes";

/** Numbers in the description of a source. */
const DESCRIBED: usize = 7;

/** A batch of one. */
export function lstmTraces(
  // [count][7] i32, a row for each source of k columns (inputs, h(t-1), or 1 for the bias): its traces, and the gradients of its weights,
  // both [blocks][k][4 gates][4] with these two strides; source [k]; k; bytes from column to column; from block to block; one unused
  sources: usize,
  count: i32,
  gates: usize, // [blocks][4 gates][4]: i, f, g, o
  c: usize, // [blocks][4]
  cBefore: usize, // [blocks][4]
  dh: usize, // [blocks][4]; or 0 where there is no error: then the gradients stay as they are
  blocks: i32,
): void {
  if (DEBUG) assert(aligned(sources, gates, c, cBefore) && alignedOrNone(dh) && positive(count, blocks));
  const end = sources + DESCRIBED * ((<usize>count) << 2);
  for (let block: usize = 0; block < <usize>blocks; block++) {
    const i = v128.load(gates);
    const f = v128.load(gates, 16);
    const g = v128.load(gates, 32);
    const o = v128.load(gates, 48);
    const gainI = f32x4.mul(g, sigmoidSlope(i));
    const gainF = f32x4.mul(v128.load(cBefore), sigmoidSlope(f));
    const gainG = f32x4.mul(i, tanhSlope(g));
    let error = splat(0);
    let dOut = splat(0);
    if (dh) {
      const dHidden = v128.load(dh);
      const squashed = tanh(v128.load(c));
      error = f32x4.mul(f32x4.mul(dHidden, o), tanhSlope(squashed));
      dOut = f32x4.mul(f32x4.mul(dHidden, squashed), sigmoidSlope(o));
      dh += VECTOR;
    }
    for (let s = sources; s < end; s += DESCRIBED << 2) {
      const column = load<usize>(s, 16);
      const offset = block * load<usize>(s, 20);
      let trace = load<usize>(s) + offset;
      let dw = load<usize>(s, 4) + offset;
      let source = load<usize>(s, 8);
      for (const last = source + (load<usize>(s, 12) << 2); source < last; source += 4) {
        const x = v128.load32_splat(source);
        const pI = f32x4.add(f32x4.mul(f, v128.load(trace)), f32x4.mul(gainI, x));
        const pF = f32x4.add(f32x4.mul(f, v128.load(trace, 16)), f32x4.mul(gainF, x));
        const pG = f32x4.add(f32x4.mul(f, v128.load(trace, 32)), f32x4.mul(gainG, x));
        v128.store(trace, pI);
        v128.store(trace, pF, 16);
        v128.store(trace, pG, 32);
        trace += column;
        if (!dh) continue;
        v128.store(dw, f32x4.add(v128.load(dw), f32x4.mul(error, pI)));
        v128.store(dw, f32x4.add(v128.load(dw, 16), f32x4.mul(error, pF)), 16);
        v128.store(dw, f32x4.add(v128.load(dw, 32), f32x4.mul(error, pG)), 32);
        v128.store(dw, f32x4.add(v128.load(dw, 48), f32x4.mul(dOut, x)), 48);
        dw += column;
      }
    }
    gates += 4 * VECTOR;
    c += VECTOR;
    cBefore += VECTOR;
  }
}
