/**
 * What is drawn at random between the steps of a layer: of which units the recurrent weights see nothing (recurrent dropout, Gal &
 * Ghahramani 2016: one mask a sequence), and which keep what they were (zoneout, Krueger et al. 2017).
 */

import type { Mode } from "../lanes.js";
import type { Carried, Window } from "../layer.js";
import { keys } from "../random.js";

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

/** All are pointers; 0 for what is not drawn. */
export interface Noise {
  /** [P][read][width]: what the values that the recurrent weights read are multiplied with. */
  mask: number;
  /** [T][P][rows][width] of outputs, of cells: 1 for what is kept, 0 for what is new; their mean away from training. */
  zoneH: number;
  zoneC: number;
  /** Draws for a window, and masks for the sequences that begin in it. */
  draw(T: number, update: number): void;
}

/**
 * @param index of the layer's direction
 * @param read the values that the recurrent weights read, as they are carried
 * @param outputs, cells rows, padded
 */
export function noise(
  window: Window,
  { zoneout = 0, cellZoneout = 0, recurrentDropout = 0 }: NoiseOptions,
  index: number,
  read: Omit<Carried, "pointer">,
  outputs: number,
  cells: number,
  carried: boolean,
): Noise {
  const { kernels, memory, T: longest, panels: P, width, batch, ends, buffer } = window;
  const train = window.mode === "train";
  const { rows } = read;
  const dropped = train && recurrentDropout > 0;
  const [mask, fresh] = dropped ? [buffer(P, rows, width), buffer(P, rows, width)] : [0, 0];
  const zone = (share: number, rows: number, kind: number) => {
    return { share, kind, slot: P * rows * width, pointer: share && buffer(longest, P, rows, width) };
  };
  const [hidden, cell] = [zone(zoneout, outputs, DRAW.hidden), zone(cellZoneout, cells, DRAW.cell)];
  const [key0, key1] = keys(window.seed);
  const random = (pointer: number, count: number, share: number, factor: number, update: number, kind: number) => {
    memory.fill(pointer, count, 1);
    kernels.dropout(pointer, pointer, count, share, factor, update, 65536 + 4 * index + kind, key0, key1);
  };
  if (!train) for (const { pointer, slot, share } of [hidden, cell]) memory.fill(pointer, pointer && longest * slot, share);
  if (mask && carried) window.carry({ ...read, name: read.name.replace("h", "mask"), pointer: mask, single: true });
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
    mask,
    zoneH: hidden.pointer,
    zoneC: cell.pointer,
    draw(T, update) {
      if (mask) drawMask(update);
      if (!train) return;
      for (const { pointer, slot, share, kind } of [hidden, cell]) if (pointer) random(pointer, T * slot, 1 - share, 1, update, kind);
    },
  };
}
