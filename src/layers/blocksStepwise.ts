/** The blocks of 1997 with something drawn between their steps: the same kernels, a step at a time. */

import type { Window } from "../layer.js";
import type { Noise } from "./noise.js";

/** The layer's numbers, and its pointers in this window. */
export interface BlocksWindow {
  /** Rows, padded: of inputs, of cells, of all units, of what the recurrent weights read. */
  I: number;
  C: number;
  rows: number;
  read: number;
  y: number;
  s: number;
  net: number;
  source: number;
  gradient: number;
  ds: number;
  dsource: number;
}

/** One step of the kernels: what `x`, `y` and the others are in it. */
export interface BlocksStep {
  forward(y: number, s: number, net: number, source: number, x: number): void;
  backward(net: number, dy: number, s: number, dLater: number): void;
}

export function blocksStepwise(window: Window, at: BlocksWindow, { mask, zoneH, zoneC, draw }: Noise, step: BlocksStep) {
  const { kernels, memory, T: longest, panels: P, width, buffer } = window;
  const { I, C, rows, read, y, s, net, source } = at;
  const gated = source !== y;
  const [count, readCount] = [P * C * width, P * read * width];
  const [slot, readSlot, netSlot] = [4 * count, 4 * readCount, 4 * P * rows * width];
  const masked = mask ? buffer(longest + 1, P, read, width) : source;
  // With zoneout of the cells, what they made of s.
  const made = zoneC && buffer(longest, P, C, width);
  const spare = made && buffer(P, C, width);
  /** The cells' part of what the recurrent weights read, panel by panel, and y. */
  const cells = (work: (ofRead: number, ofY: number) => void, ofRead: number, ofY: number) => {
    for (let p = 0; p < P; p++) work(ofRead + 4 * p * read * width, ofY + 4 * p * C * width);
  };
  return {
    /** What the recurrent weights read: slot t of it in step t. */
    masked,
    forward(T: number, x: number, update: number): void {
      draw(T, update);
      if (gated) cells((from, to) => memory.copy(to, from, C * width), source, y);
      for (let t = 0; t < T; t++) {
        const [before, after, from] = [y + t * slot, y + (t + 1) * slot, masked + t * readSlot];
        const [sBefore, sAfter] = [s + t * slot, s + (t + 1) * slot];
        if (mask) kernels.multiply(from, source + t * readSlot, mask, readCount);
        step.forward(after, sBefore, net + t * netSlot, from, x + 4 * t * P * I * width);
        if (zoneH) kernels.zoneoutForward(after, before, zoneH + t * slot, count);
        if (gated) {
          const next = source + (t + 1) * readSlot;
          if (mask) memory.copy(next, from + readSlot, readCount);
          if (zoneH) cells((to, now) => memory.copy(to, now, C * width), next, after);
        }
        if (made) {
          memory.copy(made + t * slot, sAfter, count);
          kernels.zoneoutForward(sAfter, sBefore, zoneC + t * slot, count);
        }
      }
    },
    /** @param back the transposed pack of the recurrent weights; 0 for the truncated gradient */
    backward(T: number, back: number): void {
      const { gradient, ds, dsource } = at;
      for (let t = T - 1; t >= 0; t--) {
        const [dy, later] = [gradient + t * slot, read && back && t < T - 1 ? dsource : 0];
        if (later) {
          kernels.inputGradient(dsource, net + (t + 1) * netSlot, back, P, read, rows, width);
          if (mask) kernels.multiply(dsource, dsource, mask, readCount);
          cells((from, to) => kernels.blend(to, from, C * width, 1, 1), dsource, dy);
        }
        if (zoneH) kernels.zoneoutBackward(dy, t > 0 ? dy - slot : 0, zoneH + t * slot, count);
        if (made) {
          memory.fill(spare, count);
          kernels.zoneoutBackward(ds, spare, zoneC + t * slot, count);
        }
        step.backward(net + t * netSlot, dy, made ? made + t * slot : s + (t + 1) * slot, later);
        if (made) kernels.blend(ds, spare, count, 1, 1);
      }
    },
  };
}
