/** The layout of an int8 model: no floats of packed matrices, for which pointers below 0 stand, nor of what only learning reads. */

import { type Engine, type Layout, planModel, Table } from "../internal.js";

type Region = "params" | "derived";

/** How far below its place in single precision a matrix's stand-in lies: regions stay apart, and all of them below 0. */
const below = ({ layout: { params, derived } }: Engine, region: Region): number =>
  (region === "params" ? 2 : 4) * (params.bytes + derived.bytes);

/** The bytes of a region's row. */
const span = ({ offsets, bytes }: Table, row: number) => [offsets[row], offsets[row + 1] ?? bytes] as [start: number, end: number];

/** The floats of a region that inference reads. */
class Floats extends Table {
  constructor(
    readonly whole: Engine,
    readonly region: Region,
    /** Pointers in the whole region at which packed matrices begin. */
    readonly packed: readonly number[],
  ) {
    super();
  }

  override add(...shape: number[]): number {
    const { whole, region, packed, offsets } = this;
    const [start, end] = span(whole.layout[region], offsets.length);
    // Derived are, of matrices, a tied one, which is packed, and transposed ones, by which errors flow back.
    const isKept =
      !packed.some((w) => w >= whole[region] + start && w < whole[region] + end) && (region === "params" || shape.length === 1);
    if (isKept) return super.add(...shape);
    const standIn = start - below(whole, region);
    offsets.push(standIn);
    return standIn;
  }
}

/** @param packed pointers in `whole` at which packed matrices begin */
export const layoutWithout = (packed: number[], whole: Engine): Layout =>
  planModel(whole.config, new Floats(whole, "params", packed), new Floats(whole, "derived", packed));

/** Copies the floats. */
export function copyFloats(whole: Engine, rest: Engine): void {
  for (const region of ["params", "derived"] as const) {
    rest.layout[region].offsets.forEach((offset, row) => {
      const [start, end] = span(whole.layout[region], row);
      if (offset > 0) rest.memory.write(rest[region] + offset, whole.memory.read(whole[region] + start, (end - start) / 4));
    });
  }
}

/** The pointer in `rest` that stands for a packed matrix. */
export function standIn(w: number, whole: Engine, rest: Engine): number {
  const region = w >= whole.derived && w < whole.derived + whole.layout.derived.bytes ? "derived" : "params";
  return rest[region] + w - whole[region] - below(whole, region);
}

/** Whether a matrix is packed, at least in part: tokens' columns are not. */
export const isPacked = ({ shape, at }: Layout["parameters"][number]): boolean =>
  Array.from({ length: shape.slice(1).reduce((count, n) => count * n, 1) }, (_, column) => at(0, column)).some((at) => at < 0);
