/** The kernels that multiply by weights, with those of int8 weights in their place. The cells and everything else stay as they are. */

import { DENSE, LSTM, NO_INPUTS, NO_STATE } from "../../assembly/codes.js";
import type { instantiate } from "../../build/int8.js";
import type { Engine, Kernels } from "../internal.js";
import { pad4 } from "../layers/packing.js";
import { type Activations, compile } from "./compiled.js";

type Int8Kernels = Awaited<ReturnType<typeof instantiate>>;

/** The kernels for int8 weights, on the memory of the others. */
export const start = ({ memory }: Kernels, activations: Activations): Int8Kernels =>
  new WebAssembly.Instance(compile(activations), { env: { memory } }).exports as unknown as Int8Kernels;

/** Some columns of a matrix, packed: pointers, and sizes as the kernel takes them. */
export interface Pack {
  /** Weights, scales and groups lie one after the other: `bytes` in all. */
  bytes: number;
  weights: number;
  scales: number;
  groups: number;
  /** Room for activations, and its bytes. Packs may share it. */
  scratch: number;
  room: number;
  limit: number;
  k: number;
  vectors: number;
  rows: number;
  /** Whether no group of rows is without weights. */
  whole: boolean;
}

/**
 * Packs `k` columns from the `first` one of `columns` of a matrix `w`, of whose groups of four rows, G at a time, those of the mask
 * `groups` have weights. Undefined for numbers that are no parameters.
 */
export type Packer = (w: number, G: number, groups: number, first: number, k: number, columns: number, rows: number) => Pack | undefined;

/** Groups of four rows for each four units, and those that have weights for the inputs or for the state. */
const groupsOf = (cell: number) => ((cell & 15) >= LSTM ? 4 : 1);
const live = (cell: number, shift: number) => (~cell >> shift) & 15;

/**
 * Replaces the engine's products by those of packs.
 * @param packs by the pointers of their matrices; the recurrent columns' key is the byte after, where no other matrix begins
 * @param pack what packs a matrix that has none yet
 */
export function replaceProducts(
  { kernels, memory }: Pick<Engine, "kernels" | "memory">,
  activations: Activations,
  packs: Map<number, Pack>,
  pack: Packer = () => undefined,
): void {
  const f32 = { ...kernels };
  const int8 = start(f32, activations);

  const packOf = (key: number, ...matrix: Parameters<Packer>): Pack | undefined => {
    const made = packs.get(key) ?? pack(...matrix);
    if (made) packs.set(key, made);
    return made;
  };

  const run = (
    { weights, scales, groups, scratch, limit, k, vectors, rows }: Pack,
    y: number,
    x: number,
    bias: number,
    panels: number,
    width: number,
  ) => int8.product(y, x, weights, scales, groups, bias, scratch, limit, panels, k, vectors, rows, width);

  /** y = bias + w x, or with bias = 0, y += w x. Groups without weights get their bias. */
  const multiply = (of: Pack, y: number, x: number, w: number, bias: number, cell: number, panels: number, width: number) => {
    if (bias && !of.whole) f32.product(y, x, w, bias, cell, panels, 0, of.rows, width);
    run(of, y, x, of.whole ? bias : 0, panels, width);
  };

  const product: Kernels["product"] = (y, x, w, bias, cell, panels, k, rows, width) => {
    const of = packOf(w, w, groupsOf(cell), live(cell, NO_INPUTS), 0, k, k, rows);
    if (of) multiply(of, y, x, w, bias, cell, panels, width);
    else f32.product(y, x, w, bias, cell, panels, k, rows, width);
  };

  const replaced: Partial<Kernels> = {
    product,
    denseForward: (y, x, w, bias, slots, I, O, width) => product(y, x, w, bias, DENSE, slots, I, O, width),
    matmul(y, x, w, slots, k, rows, width) {
      memory.fill(y, slots * rows * width);
      product(y, x, w, 0, DENSE, slots, k, rows, width);
    },
    // biome-ignore format: outputs, inputs, parameters, sizes
    recurrentForward(h, c, gates, x, source, hBefore, cBefore, weight, bias, peepholes, clip, alpha, cell, T, P, I, R, H, width) {
      const G = groupsOf(cell);
      const [Ip, Rp, Hp] = [pad4(I), pad4(R), pad4(H)];
      const [columns, rows] = [Ip + Rp, G * Hp];
      const ofX = I ? packOf(weight, weight, G, live(cell, NO_INPUTS), 0, Ip, columns, rows) : undefined;
      const ofH = R ? packOf(weight + 1, weight, G, live(cell, NO_STATE), Ip, Rp, columns, rows) : undefined;
      if ((I && !ofX) || (R && !ofH)) {
        f32.recurrentForward(h, c, gates, x, source, hBefore, cBefore, weight, bias, peepholes, clip, alpha, cell, T, P, I, R, H, width);
        return;
      }
      const lanes = 4 * P * width;
      // The inputs of all steps at once would write more than the second-level cache holds.
      for (let t = 0; t < T; t++) {
        if (ofX) multiply(ofX, gates, x, weight, bias, cell, P, width);
        else if (bias) f32.product(gates, gates, weight, bias, cell, P, 0, rows, width);
        if (ofH) run(ofH, gates, source, 0, P, width);
        f32.recurrentForward(h, c, gates, x, source, hBefore, cBefore, weight, 0, peepholes, clip, alpha, cell, 1, P, 0, 0, H, width);
        gates += lanes * rows;
        x += lanes * Ip;
        source += lanes * Rp;
        h += lanes * Hp;
        hBefore += lanes * Hp;
        c += lanes * Hp;
        cBefore += lanes * Hp;
      }
    },
  };
  Object.assign(kernels, replaced);
}
