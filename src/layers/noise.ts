/**
 * What is drawn at random between the steps of a layer: of which units the recurrent weights see nothing (recurrent dropout, Gal &
 * Ghahramani 2016: one mask a sequence), and which keep what they were (zoneout, Krueger et al. 2017).
 */

import type { Mode } from "../core/lanes.js";
import { keys } from "../core/random.js";
import type { Carried, Workspace } from "./stage.js";

export interface NoiseOptions {
  zoneout?: number;
  cellZoneout?: number;
  recurrentDropout?: number;
}

/** What random numbers are drawn for, so that no two are the same. */
const DRAW = { mask: 1, hidden: 2, cell: 3 } as const;

/** Whether anything is drawn: zoneout takes the mean away from training. */
export const isNoisy = ({ zoneout, cellZoneout, recurrentDropout }: NoiseOptions, mode: Mode): boolean =>
  Boolean(zoneout || cellZoneout || (recurrentDropout && mode === "train"));

/** What a layer calls between its steps, whether anything is drawn or not. All numbers but t are pointers. */
export interface Noise {
  /** Draws for a window, and masks for the sequences that begin in it. */
  draw(T: number, update: number): void;
  /** What the recurrent weights read in step t: h(t-1), or h(t-1) masked, with room for that of the step after. */
  source(t: number, h: number): number;
  /** All of these, [T][P][read][width], for the gradient of the weights. */
  sources(h: number): number;
  /** Where the gradient of what step t read is added up: that of h(t-1) itself, or zeros, which `unmask` then adds to it. */
  dSource(dh: number): number;
  unmask(dh: number): void;
  /** The same in place, where it has a buffer of its own. */
  unmaskOwn(dSource: number): void;
  /** h(t), of which some units stay what they were. */
  keep(t: number, h: number, before: number): void;
  keepBackward(t: number, dh: number, dBefore: number): void;
  /** The same for c(t); what the cell made of it is still there. */
  keepCells(t: number, c: number, before: number): void;
  made(t: number, c: number): number;
  /** Around the cell's step back: the share of dc that goes past the cell is taken from it, and added afterwards. */
  passCells(t: number, dc: number): void;
  joinCells(dc: number): void;
}

/**
 * @param index of the layer's direction
 * @param read the values that the recurrent weights read, as they are carried
 * @param outputs, cells rows, padded
 */
export function noise(
  workspace: Workspace,
  { zoneout = 0, cellZoneout = 0, recurrentDropout = 0 }: NoiseOptions,
  index: number,
  read: Omit<Carried, "pointer">,
  outputs: number,
  cells: number,
  carried: boolean,
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
  if (mask && carried) workspace.carry({ ...read, name: read.name.replace("h", "mask"), pointer: mask, single: true });
  const trained = (wanted: number, rows: number) => (wanted && train ? buffer(P, rows, width) : 0);
  const [hSlot, cSlot, readSlot] = [P * outputs * width, P * cells * width, P * rows * width];
  // h masked, for all steps; c as the cell made it; a gradient on its way.
  const masked = mask && buffer(longest + 1, P, rows, width);
  const made = cell.pointer && buffer(longest, P, cells, width);
  const [dMasked, dPassed] = [trained(mask, rows), trained(made, cells)];
  const drawMask = (update: number) => {
    const { i32, f32 } = memory;
    const begins = Array.from({ length: batch }, (_, b) => b).filter((b) => i32[ends / 4 + b] === -1);
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
