/** The memory cell blocks of 1997 in C: assembly/cells/lstm97.ts. Their products are those of floats in int8 models too. */

import type { Lstm97Layer } from "../index.js";
import { type Below, inputNet } from "./cells.js";
import { evenRows, type Signal, type Writer } from "./writer.js";

const pad4 = (n: number) => (n + 3) & ~3;

export function lstm97(writer: Writer, layer: Lstm97Layer, k: number, below: Below): Signal {
  const { blocks: B, cellsPerBlock: S = 1, recurrence = "cells+gates", outputGate = true, bias: biased = "all" } = layer;
  const { f = "logistic", g = "[-2,2]", h = "[-1,1]" } = layer;
  const cells = B * S;
  const all = cells + (outputGate ? 2 : 1) * B;
  // Rows lie as the kernels have them, as that tells how each is summed: cells, input gates, output gates, padded to four.
  const [C, gates] = [pad4(cells), pad4(B)];
  const rows = C + (outputGate ? 2 : 1) * gates;
  const row = (r: number) => (r < cells ? r : C + gates * Math.floor((r - cells) / B) + ((r - cells) % B));
  const spread = (values: Float32Array | undefined, columns: number, wide: number, column: (k: number) => number, first = 0) => {
    const wider = new Float32Array(rows * wide);
    values?.forEach((value, i) => (wider[row(first + Math.floor(i / columns)) * wide + column(i % columns)] = value));
    return wider;
  };
  const name = (end: string) => `${end}_l${k}`;
  const { tokens, units } = below;
  const inputs = tokens || units;
  const weight = spread(writer.parameter(name("weight_ih")), inputs, inputs, (column) => column);
  const bias = writer.table(
    name("bias_ih"),
    spread(writer.parameter(name("bias_ih")), 1, 1, () => 0, biased === "gates" ? cells : 0),
  );
  const even = evenRows(rows);
  const net = inputNet(writer, below, name("weight_ih"), bias, rows, even, weight);
  const s = writer.field(name("c"), cells);
  const gated = recurrence === "cells+gates";
  const read = writer.field(name("h"), gated ? rows : C);
  if (recurrence !== "none") {
    const [count, wide] = gated ? [all, rows] : [cells, C];
    const recurrent = spread(writer.parameter(name("weight_hh")), count, wide, row);
    writer.product(net, net, writer.matrix(name("weight_hh"), undefined, recurrent), read, rows, wide, even);
  }
  const activate = (kind: string, first: number, count: number) =>
    writer.each(count, `${net}[${first} + u] = ${writer.call(kind, `${net}[${first} + u]`)};`);
  activate(g, 0, cells);
  activate(f, C, B);
  if (outputGate) activate(f, C + gates, B);
  const block = S === 1 ? "u" : `u / ${S}`;
  writer.each(
    cells,
    `float c = ${s}[u] + ${net}[${C} + ${block}] * ${net}[u];`,
    `${s}[u] = c;`,
    `${read}[u] = ${outputGate ? `${net}[${C + gates} + ${block}] * ` : ""}(${writer.call(h, "c")});`,
  );
  if (gated) writer.each(rows - C, `${read}[${C} + u] = ${net}[${C} + u];`);
  return { at: read, units: cells };
}
