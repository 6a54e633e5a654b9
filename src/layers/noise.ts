/**
 * Random masks between the steps of a layer. Recurrent dropout hides units from the recurrent weights (Gal & Ghahramani 2016: one mask a
 * sequence). Zoneout lets units keep their value of the step before (Krueger et al. 2017).
 */

import type { Mode } from "../core/lanes.js";
import { keys } from "../core/random.js";
import type { Carried, Workspace } from "./stage.js";

interface NoiseOptions {
  zoneout?: number;
  cellZoneout?: number;
  recurrentDropout?: number;
}

/** The purposes of random numbers here, so that no two draws are the same. */
const DRAW = { mask: 1, hidden: 2, cell: 3 } as const;

/** Whether a layer has noise in this mode. Outside training only zoneout acts, by its mean; recurrent dropout does nothing. */
export const isNoisy = ({ zoneout, cellZoneout, recurrentDropout }: NoiseOptions, mode: Mode): boolean =>
  Boolean(zoneout || cellZoneout || (recurrentDropout && mode === "train"));

/** The calls of a layer between its steps, with or without noise. All numbers but t are pointers. */
export interface Noise {
  /** Draws for a window, and new masks for the sequences that begin in it. */
  draw(T: number, update: number): void;
  /** The values that the recurrent weights multiply in step t: h(t-1), masked if there is recurrent dropout. Has room for step t+1's. */
  source(t: number, h: number): number;
  /** The sources of all steps, [T][P][read][width], for the gradient of the weights. */
  sources(h: number): number;
  /** Where to add up the gradient of step t's source: that of h(t-1) itself, or a zeroed buffer that `unmask` then adds to it. */
  dSource(dh: number): number;
  unmask(dh: number): void;
  /** The same in place, for a layer whose source gradient has its own buffer. */
  unmaskOwn(dSource: number): void;
  /** Zoneout of h(t): some units keep their value of the step before. */
  keep(t: number, h: number, before: number): void;
  keepBackward(t: number, dh: number, dBefore: number): void;
  /** The same for c(t); `made` still has c(t) as the cell made it. */
  keepCells(t: number, c: number, before: number): void;
  made(t: number, c: number): number;
  /** Before the cell's step back: takes out the share of dc that goes around the cell. After it `joinCells` adds that share again. */
  passCells(t: number, dc: number): void;
  joinCells(dc: number): void;
}

/**
 * @param index of the layer's direction
 * @param read the values that the recurrent weights multiply, as carried state
 * @param outputs, cells padded rows
 */
export function noise(
  workspace: Workspace,
  { zoneout = 0, cellZoneout = 0, recurrentDropout = 0 }: NoiseOptions,
  index: number,
  read: Omit<Carried, "pointer">,
  outputs: number,
  cells: number,
): Noise {
  const { kernels, memory, T: longest, panels: P, width, batch, ends, buffer } = workspace;
  const train = workspace.mode === "train";
  const { rows } = read;
  const dropped = train && recurrentDropout > 0;
  const [mask, fresh] = dropped ? [buffer(P, rows, width), buffer(P, rows, width)] : [0, 0];
  const zone = (share: number, rows: number, kind: number) => {
    return { share, kind, slot: P * rows * width, pointer: share && buffer(longest, P, rows, width) };
  };
  const [hidden, cell] = [zone(zoneout, outputs, DRAW.hidden), zone(cellZoneout, cells, DRAW.cell)];
  const [key0, key1] = keys(workspace.seed);
  const random = (pointer: number, count: number, share: number, factor: number, update: number, kind: number) => {
    memory.fill(pointer, count, 1);
    kernels.dropout(pointer, pointer, count, share, factor, update, 65536 + 4 * index + kind, key0, key1);
  };
  if (!train) for (const { pointer, slot, share } of [hidden, cell]) memory.fill(pointer, pointer && longest * slot, share);
  if (mask) workspace.carry({ ...read, name: read.name.replace("h", "mask"), pointer: mask, single: true });
  const trained = (wanted: number, rows: number) => (wanted && train ? buffer(P, rows, width) : 0);
  const [hSlot, cSlot, readSlot] = [P * outputs * width, P * cells * width, P * rows * width];
  // Kept for all steps: h masked, and c as the cell made it. For one step: the gradients on their way around.
  const masked = mask && buffer(longest + 1, P, rows, width);
  const made = cell.pointer && buffer(longest, P, cells, width);
  const [dMasked, dPassed] = [trained(mask, rows), trained(made, cells)];
  const drawMask = (update: number) => {
    const { i32, f32 } = memory;
    const begins = Array.from({ length: batch }, (_, b) => b).filter((b) => (i32[ends / 4 + b] as number) < 0);
    if (begins.length === 0) return;
    random(fresh, P * rows * width, recurrentDropout, 1 / (1 - recurrentDropout), update, DRAW.mask);
    for (const b of begins) {
      const first = Math.floor(b / width) * rows * width + (b % width);
      for (let u = 0; u < rows; u++) f32[mask / 4 + first + u * width] = f32[fresh / 4 + first + u * width] as number;
    }
  };
  return {
    draw(T, update) {
      if (mask) drawMask(update);
      if (!train) return;
      for (const { pointer, slot, share, kind } of [hidden, cell]) if (pointer) random(pointer, T * slot, 1 - share, 1, update, kind);
    },
    source(t, h) {
      if (!mask) return h;
      const to = masked + 4 * t * readSlot;
      kernels.multiply(to, h, mask, readSlot);
      return to;
    },
    sources: (h) => masked || h,
    dSource(dh) {
      if (dMasked) memory.fill(dMasked, readSlot);
      return dMasked || dh;
    },
    unmask(dh) {
      if (!dMasked) return;
      kernels.multiply(dMasked, dMasked, mask, readSlot);
      kernels.blend(dh, dMasked, readSlot, 1, 1);
    },
    unmaskOwn(dSource) {
      if (mask) kernels.multiply(dSource, dSource, mask, readSlot);
    },
    keep(t, h, before) {
      if (hidden.pointer) kernels.zoneoutForward(h, before, hidden.pointer + 4 * t * hSlot, hSlot);
    },
    keepBackward(t, dh, dBefore) {
      if (hidden.pointer) kernels.zoneoutBackward(dh, dBefore, hidden.pointer + 4 * t * hSlot, hSlot);
    },
    keepCells(t, c, before) {
      if (!made) return;
      memory.copy(made + 4 * t * cSlot, c, cSlot);
      kernels.zoneoutForward(c, before, cell.pointer + 4 * t * cSlot, cSlot);
    },
    made: (t, c) => (made ? made + 4 * t * cSlot : c),
    passCells(t, dc) {
      if (!dPassed) return;
      memory.fill(dPassed, cSlot);
      kernels.zoneoutBackward(dc, dPassed, cell.pointer + 4 * t * cSlot, cSlot);
    },
    joinCells(dc) {
      if (dPassed) kernels.blend(dc, dPassed, cSlot, 1, 1);
    },
  };
}
