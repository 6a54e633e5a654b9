/** The 1997 blocks with random masks between their steps: the same kernels, a step at a time. */

import { DENSE } from "../../assembly/codes.js";
import type { Noise } from "./noise.js";
import type { Workspace } from "./stage.js";

/** The layer's sizes, and its pointers in this window. */
interface BlocksWindow {
  /** Padded rows of the inputs, the cells, all units, and the values that the recurrent weights multiply. */
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

/** One step of the kernels, given the pointers of this step. */
interface BlocksStep {
  forward(y: number, s: number, net: number, source: number, x: number): void;
  backward(net: number, dy: number, s: number, dLater: number): void;
}

export function blocksStepwise(workspace: Workspace, at: BlocksWindow, drawn: Noise, step: BlocksStep) {
  const { kernels, memory, panels: P, width } = workspace;
  const { I, C, rows, read, y, s, net, source } = at;
  const gated = source !== y;
  const [count, readCount] = [P * C * width, P * read * width];
  const [slot, readSlot, netSlot] = [4 * count, 4 * readCount, 4 * P * rows * width];
  /** Calls `work` for each panel with two pointers: the cells' part of the recurrent weights' input, and y. */
  const cells = (work: (ofRead: number, ofY: number) => void, ofRead: number, ofY: number) => {
    for (let p = 0; p < P; p++) work(ofRead + 4 * p * (read || C) * width, ofY + 4 * p * C * width);
  };
  const begin = workspace.beginning(C);
  return {
    /** The recurrent weights' input: slot t is for step t. */
    sources: drawn.sources(source),
    forward(T: number, x: number, update: number): void {
      drawn.draw(T, update);
      if (gated) cells((from, to) => memory.copy(to, from, C * width), source, y);
      for (let t = 0; t < T; t++) {
        const [before, after, from] = [y + t * slot, y + (t + 1) * slot, drawn.source(t, source + t * readSlot)];
        const [sBefore, sAfter] = [s + t * slot, s + (t + 1) * slot];
        step.forward(after, sBefore, net + t * netSlot, from, x + 4 * t * P * I * width);
        drawn.keep(t, after, before);
        if (gated) {
          const next = source + (t + 1) * readSlot;
          if (from !== source + t * readSlot) memory.copy(next, from + readSlot, readCount);
          cells((to, now) => memory.copy(to, now, C * width), next, after);
        }
        drawn.keepCells(t, sAfter, sBefore);
      }
    },
    /**
     * @param back the transposed pack of the recurrent weights; 0 for the truncated gradient
     * @param first [P][read][width], zero: gets the gradient of what the first step reads; or 0
     */
    backward(T: number, back: number, first: number): void {
      const { gradient, ds, dsource } = at;
      const kept = first && begin;
      if (kept) memory.fill(kept, count);
      for (let t = T - 1; t >= 0; t--) {
        const [dy, later] = [gradient + t * slot, read && back && t < T - 1 ? dsource : 0];
        if (later) {
          kernels.matmul(dsource, net + (t + 1) * netSlot, back, P, rows, read, width);
          drawn.unmaskOwn(dsource);
          cells((from, to) => kernels.blend(to, from, C * width, 1, 1), dsource, dy);
        }
        drawn.keepBackward(t, dy, t > 0 ? dy - slot : kept);
        drawn.passCells(t, ds);
        step.backward(net + t * netSlot, dy, drawn.made(t, s + (t + 1) * slot), later);
        drawn.joinCells(ds);
      }
      if (!first) return;
      if (back && read) kernels.product(first, net, back, 0, DENSE, P, rows, read, width);
      drawn.unmaskOwn(first);
      cells((to, from) => kernels.blend(to, from, C * width, 1, 1), first, kept);
    },
  };
}
