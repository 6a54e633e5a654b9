/** Matrices packed for the kernels of int8 weights. */

import { type Engine, lanesFor, Network, type Tensor } from "../internal.js";
import type { Activations } from "./compiled.js";
import { type Pack, type Packer, replaceProducts, start } from "./products.js";
import { limitOf } from "./rows.js";

/**
 * Packs each matrix that inference multiplies by, by its pointer: a step runs, in which the products' arguments tell the shapes.
 * @param engine of single precision, with the parameters that the integers stand for
 * @param scales for each matrix its rows' scales in the places of their weights
 */
export function packAll(engine: Engine, activations: Activations, scales: ReadonlyMap<string, Tensor>): Map<number, Pack> {
  const { kernels, memory, layout, params, derived } = engine;
  const int8 = start(kernels, activations);
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
    const size = int8.packBytes(k, vectors);
    const at = memory.allocate(size + 40 * vectors);
    const packed = { weights: at, scales: at + size, groups: at + size + 32 * vectors, bytes: size + 40 * vectors };
    for (let i = 0; i < 2 * vectors; i++) memory.i32[packed.groups / 4 + i] = i < own.length ? 16 * (own[i] as number) : -1;
    const most = int8.pack(packed.weights, packed.scales, packed.groups, w, scales, G, first, k, columns, vectors);
    const room = int8.scratchBytes(k);
    const sizes = { limit: limitOf(most, activations), k, vectors, rows, whole: own.length === rows / 4 };
    return { ...packed, scratch: memory.allocate(room), room, ...sizes };
  };

  const packs = new Map<number, Pack>();
  replaceProducts(engine, activations, packs, pack);
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
      const weights = to.allocate(pack.bytes);
      to.write(weights, from.read(pack.weights, pack.bytes / 4));
      const shift = weights - pack.weights;
      return [keyOf(w), { ...pack, weights, scales: pack.scales + shift, groups: pack.groups + shift, scratch }];
    }),
  );
}
