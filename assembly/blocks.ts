// One layer of 1997 memory cell blocks over one window, forward and back. All cells and gates of a panel are the rows of one
// product with one group. The cells' equations are in cells/lstm97.ts.
//
// T time, P panels, I inputs, B blocks of S cells, C = B S, N rows: cells, input gates, output gates. R is the values that the recurrent
// weights multiply: none, the cells, or the cells followed by all gates. I, B and S are passed unpadded, R padded; in shapes each part is
// padded to a multiple of 4.

import { activationForward } from "./activation";
import { aligned, alignedOrNone, DEBUG, fours, isWidth, positive } from "./asserts";
import { blocksBackwardAlone, blocksForwardAlone, isAlone } from "./blocksAlone";
import { lstm97Backward, lstm97Forward } from "./cells/lstm97";
import { BLOCK_H, DENSE, NO_OUTPUT_GATE } from "./codes";
import { clearRows, copyRows, padded } from "./lanes";
import { blocksAtOnce, product, rows } from "./matmul";
import { blend } from "./vectors";

/**
 * T steps forward. Each is the paper's three sub-steps: gates and cells read the inputs of t and the activations of t-1, then the cells
 * change, then the layers above read them, still at t.
 */
export function blocksForward(
  y: usize, // [T][P][C][width] out: y_c
  s: usize, // [T+1][P][C][width]: slot 0 in, slots 1..T out
  net: usize, // [T][P][N][width] out: g(net_c), y_in, y_out; with bias = 0 also in: values to add the products to
  source: usize, // [T+1][P][R][width]: slot 0 in; slots 1..T out where R includes gates (with R = C it is y, one slot earlier)
  x: usize, // [T][P][I][width]
  weight: usize, // [N/4][I + R][4]
  bias: usize, // [N], or 0
  functions: i32, // as in cells/lstm97.ts
  T: i32,
  P: i32,
  I: i32, // unpadded
  R: i32, // padded
  B: i32,
  S: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(y, s, net, source) && aligned(x, weight) && alignedOrNone(bias));
  if (DEBUG) assert(positive(T, P) && positive(B, S) && fours(R) && isWidth(width));
  const row = (<usize>width) << 2;
  const Ip = padded(I);
  const cells = <usize>padded(B * S) * row;
  const gates = <usize>padded(B) * row;
  const N = padded(B * S) + (functions & NO_OUTPUT_GATE ? 1 : 2) * padded(B);
  const netPanel = <usize>N * row;
  const xPanel = <usize>Ip * row;
  const sourcePanel = <usize>R * row;
  if (isAlone(P, S, width)) {
    blocksForwardAlone(y, s, net, source, x, weight, bias, functions, T, I, R, B, S);
    return;
  }
  // Whether the recurrent weights read the gates as well.
  const all = sourcePanel > cells;
  const most = blocksAtOnce(DENSE, width);
  for (let t = 0; t < T; t++) {
    for (let q = 0; q < N >> 2; q += most) {
      const w = weight + ((<usize>(q * (Ip + R))) << 4);
      const b = bias ? bias + ((<usize>q) << 4) : 0;
      let to = net + 4 * <usize>q * row;
      for (let p: usize = 0; p < <usize>P; p++) {
        rows(to, x + p * xPanel, source + p * sourcePanel, w, b, I, R, min(most, (N >> 2) - q), DENSE, width);
        to += netPanel;
      }
    }
    const next = source + <usize>P * sourcePanel;
    const sNext = s + <usize>P * cells;
    for (let p: usize = 0; p < <usize>P; p++) {
      const n = net + p * netPanel;
      const yNow = y + p * cells;
      const inGates = n + cells;
      lstm97Forward(n, inGates, inGates + gates, sNext + p * cells, yNow, s + p * cells, functions, B, S, width);
      if (!all) continue;
      copyRows(next + p * sourcePanel, yNow, cells);
      copyRows(next + p * sourcePanel + cells, inGates, netPanel - cells);
    }
    y += <usize>P * cells;
    s = sNext;
    net += <usize>P * netPanel;
    x += <usize>P * xPanel;
    source = next;
  }
}

/** T steps back. With weightT = 0 it is the paper's truncated gradient: see recurrentBackward. */
export function blocksBackward(
  dnet: usize, // [T][P][N][width] out; may be `net`
  dy: usize, // [T][P][C][width]: from above; after the call, with weightT, the whole gradient of y_c
  ds: usize, // [P][C][width]: from the step after the last; after the call the gradient of the first s
  dsource: usize, // [P][R][width] scratch
  squashed: usize, // [2][C][width] scratch
  dss: usize, // [T][P][C][width] out: the gradient of each s(t); or 0
  net: usize, // [T][P][N][width]: g(net_c), y_in, y_out
  s: usize, // [T][P][C][width]: slots 1..T
  weightT: usize, // [R/4][N][4]: the transposed pack of the recurrent weights; or 0
  dLater: usize, // [P][R][width]: gradients from the next step, whose cells' part is already in dy; or 0
  functions: i32,
  T: i32,
  P: i32,
  R: i32, // padded
  B: i32,
  S: i32,
  width: i32,
): void {
  if (DEBUG) assert(aligned(dnet, dy, ds, squashed) && aligned(net, s) && alignedOrNone(dsource, dss, weightT, dLater));
  if (DEBUG) assert(positive(T, P) && positive(B, S) && fours(R) && isWidth(width));
  const row = (<usize>width) << 2;
  const cells = <usize>padded(B * S) * row;
  const gates = <usize>padded(B) * row;
  const N = padded(B * S) + (functions & NO_OUTPUT_GATE ? 1 : 2) * padded(B);
  const netPanel = <usize>N * row;
  const sourcePanel = <usize>R * row;
  if (!weightT && !dLater && isAlone(P, S, width)) {
    blocksBackwardAlone(dnet, ds, dss, dy, net, s, functions, T, B, S);
    return;
  }
  for (let t = T - 1; t >= 0; t--) {
    const back = weightT && R && t < T - 1;
    if (back) {
      clearRows(dsource, <usize>P * sourcePanel);
      product(dsource, dnet + <usize>((t + 1) * P) * netPanel, weightT, 0, DENSE, P, N, R, width);
    }
    for (let p: usize = 0; p < <usize>P; p++) {
      const slot = <usize>(t * P) + p;
      const n = net + slot * netPanel;
      const dn = dnet + slot * netPanel;
      const dyNow = dy + slot * cells;
      const later = t < T - 1 ? (back ? dsource : 0) : dLater;
      const from = later + p * sourcePanel;
      if (back) blend(dyNow, from, <i32>(cells >> 2), 1, 1);
      const dyIn = later && sourcePanel > cells ? from + cells : 0;
      const dyOut = dyIn ? dyIn + gates : 0;
      const inGates = n + cells;
      const dInGates = dn + cells;
      copyRows(squashed, s + slot * cells, cells);
      activationForward(squashed, (functions >> BLOCK_H) & 15, 0, 1, B * S, width);
      lstm97Backward(
        dn,
        dInGates,
        dInGates + gates,
        ds + p * cells,
        dyNow,
        dyIn,
        dyOut,
        squashed,
        n,
        inGates,
        inGates + gates,
        functions,
        B,
        S,
        width,
      );
    }
    if (dss) copyRows(dss + <usize>(t * P) * cells, ds, <usize>P * cells);
  }
}
