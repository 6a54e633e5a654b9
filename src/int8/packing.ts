/** Matrices packed for the kernels of int8 weights. */

import { type Engine, lanesFor, Network, type Tensor } from "../internal.js";
import { type Pack, type Packer, replaceProducts, start } from "./products.js";
import { limitOf } from "./rows.js";

type Shape = Pick<Pack, "k" | "vectors">;

/** Bytes of a pack: its weights, scales and groups, one after the other. */
const bytesOf = ({ k, vectors }: Shape): number => 8 * k * vectors + 40 * vectors;

const placed = (at: number, { k, vectors }: Shape) => ({
  weights: at,
  scales: at + 8 * k * vectors,
  groups: at + 8 * k * vectors + 32 * vectors,
});

/**
 * Packs each matrix that inference multiplies by, by its pointer: a step runs, in which the products' arguments tell the shapes.
 * @param engine of single precision, with the parameters that the integers stand for
 * @param scales for each matrix its rows' scales in the places of their weights
 */
export function packAll(engine: Engine, scales: ReadonlyMap<string, Tensor>): Map<number, Pack> {
  const { kernels, memory, layout, params, derived } = engine;
  const int8 = start(kernels);
  const own = memory.allocate(layout.params.bytes);
  for (const parameter of layout.parameters) {
    const tensor = scales.get(parameter.name);
    if (tensor) memory.pack(own, parameter, tensor.data);
  }
  const beside = engine.beside(own, memory.allocate(layout.derived.bytes));

  /** Where the scales of a matrix lie; undefined for numbers that are no parameters. */
  const scalesAt = (w: number): number | undefined => {
    if (w >= params && w < params + layout.params.bytes) return w - params + beside.params;
    return w >= derived && w < derived + layout.derived.bytes ? w - derived + beside.derived : undefined;
  };

  const pack: Packer = (w, G, groups, first, k, columns, rows) => {
    const scales = scalesAt(w);
    if (scales === undefined) return undefined;
    const own = Array.from({ length: rows / 4 }, (_, group) => group).filter((group) => (groups >> (group % G)) & 1);
    const vectors = Math.ceil(own.length / 2);
    const packed = placed(memory.allocate(bytesOf({ k, vectors })), { k, vectors });
    for (let i = 0; i < 2 * vectors; i++) memory.i32[packed.groups / 4 + i] = i < own.length ? 16 * (own[i] as number) : -1;
    const most = int8.pack(packed.weights, packed.scales, packed.groups, w, scales, G, first, k, columns, vectors);
    const room = int8.scratchBytes(k);
    return { ...packed, scratch: memory.allocate(room), room, limit: limitOf(most), k, vectors, rows, whole: own.length === rows / 4 };
  };

  const packs = new Map<number, Pack>();
  replaceProducts(engine, packs, pack);
  const network = new Network(engine, 1, lanesFor(1), "infer");
  memory.i32[network.lengths / 4] = 1;
  network.forward(1);
  return packs;
}

/** Copies packs to another memory, in which they share their scratch. @param keyOf the pointer that a matrix has there */
export function movePacks(
  packs: ReadonlyMap<number, Pack>,
  { memory: from }: Pick<Engine, "memory">,
  { memory: to }: Pick<Engine, "memory">,
  keyOf: (w: number) => number,
): Map<number, Pack> {
  const scratch = to.allocate(Math.max(0, ...Array.from(packs.values(), ({ room }) => room)));
  return new Map(
    Array.from(packs, ([w, pack]) => {
      const at = to.allocate(bytesOf(pack));
      to.write(at, from.read(pack.weights, bytesOf(pack) / 4));
      return [keyOf(w), { ...pack, ...placed(at, pack), scratch }];
    }),
  );
}
