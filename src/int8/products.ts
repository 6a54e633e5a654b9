/** The kernels that multiply by weights, with those of int8 weights in their place. The cells and everything else stay as they are. */

import { DENSE, LSTM, NO_INPUTS, NO_STATE } from "../../assembly/codes.js";
import type { instantiate } from "../../build/int8.js";
import type { Engine, Kernels } from "../internal.js";
import { pad4 } from "../layers/packing.js";
import { compile } from "./compiled.js";
import { limitOf } from "./rows.js";

type Int8Kernels = Awaited<ReturnType<typeof instantiate>>;

/** The kernels for int8 weights, on the memory of the others. */
const start = ({ memory }: Kernels): Int8Kernels =>
  new WebAssembly.Instance(compile(), { env: { memory } }).exports as unknown as Int8Kernels;

/** Some columns of a matrix, packed: pointers, and sizes as the kernel takes them. */
interface Pack {
  weights: number;
  scales: number;
  groups: number;
  limit: number;
  k: number;
  vectors: number;
  rows: number;
  /** Whether no group of rows is without weights. */
  whole: boolean;
}

/** Groups of four rows for each four units, and those that have weights for the inputs or for the state. */
const groupsOf = (cell: number) => ((cell & 15) >= LSTM ? 4 : 1);
const live = (cell: number, shift: number) => (~cell >> shift) & 15;

/**
 * Replaces the engine's products. Each matrix is packed when it is first multiplied, as the arguments tell its shape: let a step run, then
 * call what this returns, which ends the packing.
 * @param beside the same engine with the scale of each weight in its place
 */
export function replaceProducts(engine: Engine, beside: Engine): () => void {
  const { memory, layout } = engine;
  const f32 = { ...engine.kernels };
  const int8 = start(f32);
  const packs = new Map<number, Pack>();
  let scratch = 0;
  let widest = 0;
  let packing = true;

  /** Where the scales of a matrix lie; undefined for numbers that are no parameters. */
  const scalesAt = (w: number): number | undefined => {
    const { params, derived } = engine;
    if (w >= params && w < params + layout.params.bytes) return w - params + beside.params;
    return w >= derived && w < derived + layout.derived.bytes ? w - derived + beside.derived : undefined;
  };

  const pack = (w: number, G: number, groups: number, first: number, k: number, columns: number, rows: number): Pack | undefined => {
    const scales = packing ? scalesAt(w) : undefined;
    if (scales === undefined) return undefined;
    const own = Array.from({ length: rows / 4 }, (_, group) => group).filter((group) => (groups >> (group % G)) & 1);
    const vectors = Math.ceil(own.length / 2);
    const at = memory.allocate(8 * k * vectors + 40 * vectors);
    const packed = { weights: at, scales: at + 8 * k * vectors, groups: at + 8 * k * vectors + 32 * vectors };
    for (let i = 0; i < 2 * vectors; i++) memory.i32[packed.groups / 4 + i] = i < own.length ? 16 * (own[i] as number) : -1;
    const most = int8.pack(packed.weights, packed.scales, packed.groups, w, scales, G, first, k, columns, vectors);
    if (k > widest) {
      memory.release(scratch);
      widest = k;
      scratch = memory.allocate(int8.scratchBytes(k));
    }
    return { ...packed, limit: limitOf(most), k, vectors, rows, whole: own.length === rows / 4 };
  };

  /** The pack under this key, once made. */
  const keep = (key: number, made: Pack | undefined): Pack | undefined => {
    if (made) packs.set(key, made);
    return made;
  };

  const run = (
    { weights, scales, groups, limit, k, vectors, rows }: Pack,
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
    const of = packs.get(w) ?? keep(w, pack(w, groupsOf(cell), live(cell, NO_INPUTS), 0, k, k, rows));
    if (of) multiply(of, y, x, w, bias, cell, panels, width);
    else f32.product(y, x, w, bias, cell, panels, k, rows, width);
  };

  const replaced: Partial<Kernels> = {
    product,
    denseForward: (y, x, w, bias, slots, I, O, width) => product(y, x, w, bias, DENSE, slots, I, O, width),
    inputGradient(dx, dy, w, slots, I, rows, width) {
      memory.fill(dx, slots * I * width);
      product(dx, dy, w, 0, DENSE, slots, rows, I, width);
    },
    // biome-ignore format: outputs, inputs, parameters, sizes
    recurrentForward(h, c, gates, x, source, hBefore, cBefore, weight, bias, peepholes, clip, alpha, cell, T, P, I, R, H, width) {
      const G = groupsOf(cell);
      const [Ip, Rp, Hp] = [pad4(I), pad4(R), pad4(H)];
      const [columns, rows] = [Ip + Rp, G * Hp];
      // The recurrent columns' key is the byte after: no other matrix begins there.
      const ofX = I ? (packs.get(weight) ?? keep(weight, pack(weight, G, live(cell, NO_INPUTS), 0, Ip, columns, rows))) : undefined;
      const key = weight + 1;
      const ofH = R ? (packs.get(key) ?? keep(key, pack(weight, G, live(cell, NO_STATE), Ip, Rp, columns, rows))) : undefined;
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
  Object.assign(engine.kernels, replaced);
  return () => {
    packing = false;
  };
}
