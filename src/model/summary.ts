/** A model as a table for people to read. */

import type { Engine } from "./engine.js";

/** 1234567 as 1,234,567. */
const grouped = (count: number) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");

export function summarize({ layout: { rows } }: Pick<Engine, "layout">): string {
  const table = [["layer", "kind", "output", "parameters", "bytes", "multiplications a step"]];
  const total = [0, 0, 0];
  rows.forEach(({ path, kind, units, once, parameters, multiplications }) => {
    const counts = [parameters, 4 * parameters, multiplications];
    counts.forEach((count, k) => {
      total[k] = (total[k] as number) + count;
    });
    table.push([path, kind, once ? `[${units}]` : `[T, ${units}]`, ...counts.map(grouped)]);
  });
  table.push(["total", "", "", ...total.map(grouped)]);
  const width = (column: number) => Math.max(...table.map((cells) => (cells[column] as string).length));
  return table.map((cells) => cells.map((cell, i) => (i < 3 ? cell.padEnd(width(i)) : cell.padStart(width(i)))).join("  ")).join("\n");
}
