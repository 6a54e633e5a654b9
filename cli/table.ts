/** A CSV file as the series that are in it: which column is which, and what is wrong with the file. */

import { readFileSync } from "node:fs";
import { type Cells, decoded, lineOf, readCsv, strayCell } from "./csv/csv.js";

/** What is wrong with what was typed. */
export class Wrong extends Error {}

function contentOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const why = ({ ENOENT: "is not there", EISDIR: "is a folder" } as Record<string, string>)[code] ?? `cannot be read (${code})`;
    throw new Wrong(`expected a CSV file, got ${JSON.stringify(file)}, which ${why}`);
  }
}

const notNumber = (cell: string | number | null) => cell !== null && Number.isNaN(Number(cell));
const TIME = /^(date|time|timestamp|datetime|ds|day|week|month|hour|year)$/i;
const looksLikeTime = (cells: Cells[string] | undefined) => typeof cells?.[0] === "string" && /^\d{4}[-/]\d\d?/.test(cells[0]);
const areYears = (cells: Cells[string] | undefined) =>
  cells?.every((cell) => Number.isInteger(cell) && (cell as number) > 999 && (cell as number) < 3000);

/** Years, days as 20241231, seconds or milliseconds since 1970 as texts; what is none of these as it is. */
function timeOf(cell: string | number | null): string | number | null {
  if (typeof cell !== "number" || !Number.isInteger(cell)) return cell;
  const day = /^((?:19|20)\d\d)(0[1-9]|1[0-2])([0-3]\d)$/.exec(String(cell));
  if (day) return day.slice(1).join("-");
  if (cell > 999 && cell < 3000) return `${cell}-01-01`;
  return cell >= 1e8 && cell < 1e13 ? new Date(cell < 1e11 ? 1000 * cell : cell).toISOString() : cell;
}

const areRising = (cells: Cells[string] | undefined) => cells?.every((cell, row) => row === 0 || Number(cell) > Number(cells[row - 1]));

export interface OneSeries {
  name: string;
  history: Cells;
  /** The rows below its last target. */
  known: Cells;
  /** The rows of the file, of which those of `known` are the last. */
  rows: number[];
}

export interface Table {
  /** The column of dates, if there is one. */
  time: string | undefined;
  series: OneSeries[];
  /** The error, with lines of the file where its message names rows of a table. @param current the series, where the message names none */
  inFile(error: Error, current?: number): Error;
}

/** For the order of rows: texts without an offset are as good as any zone's. */
const instant = (cell: unknown) => {
  const [, date = "", clock = "00:00", offset = "Z"] = /^(\S{4,10})(?:[T ]([\d:.]+))?\s*(Z|[+-]\S+)?$/.exec(String(cell)) ?? [];
  return Date.parse(`${date.replaceAll("/", "-")}T${clock}${offset}`);
};

function seriesOf(cells: Cells, column: string | undefined, target: string, time: string | undefined): OneSeries[] {
  const all = Object.entries(cells);
  const goals = cells[target] as Cells[string];
  const groups = new Map<unknown, number[]>();
  for (const row of goals.keys()) {
    const name = column ? cells[column]?.[row] : "";
    const rows = groups.get(name) ?? [];
    groups.set(name, rows);
    rows.push(row);
  }
  const times = cells[time ?? ""];
  if (looksLikeTime(times)) {
    const instants = times?.map(instant) as number[];
    // The newest first, as some write them, or in any order.
    if (!instants.some(Number.isNaN))
      for (const rows of groups.values()) rows.sort((a, b) => (instants[a] as number) - (instants[b] as number));
  }
  return [...groups].map(([name, rows]) => {
    const end = rows.findLastIndex((row) => goals[row] !== null) + 1;
    const part = (own: number[]): Cells => Object.fromEntries(all.map(([key, list]) => [key, own.map((row) => list[row] ?? null)]));
    return { name: String(name ?? ""), history: part(rows.slice(0, end)), known: part(rows.slice(end)), rows };
  });
}

/** @param columns the names of columns by the option that gives them */
export function readTable(
  file: string,
  columns: Record<"target" | "time" | "series", string | undefined> & Record<string, string | string[] | undefined>,
): Table {
  const text = decoded(contentOf(file));
  let cells: Cells;
  try {
    cells = readCsv(text);
  } catch (error) {
    throw new RangeError(`${file}, ${(error as Error).message}`);
  }
  const all = Object.keys(cells);
  for (const [option, names] of Object.entries({ ...columns, target: columns.target ?? "none" }))
    for (const name of [names ?? []].flat())
      if (!all.includes(name)) throw new Wrong(`--${option} expected a column of ${file} (${all.join(", ")}), got ${name}`);
  const { target = "", time: given, series, ...others } = columns;
  const isTime = (name: string) =>
    looksLikeTime(cells[name]) || (areYears(cells[name]) && (/^year$/i.test(name) || areRising(cells[name])));
  const isPacked = (name: string) => cells[name]?.every((cell) => timeOf(cell) !== cell);
  const time =
    given ??
    all.find((name) => TIME.test(name) && isTime(name)) ??
    all.find((name) => TIME.test(name) && isPacked(name)) ??
    all.find(isTime);
  if (time && isPacked(time)) cells[time] = (cells[time] as Cells[string]).map(timeOf);
  for (const name of [target, ...Object.values(others).flat()]) {
    if (name === undefined) continue;
    // Codes of letters and digits may be some numbers; a column of numbers is one by most of its cells.
    const stray = strayCell(text, cells[name] as Cells[string], name === target ? 0 : 0.5);
    if (!stray) continue;
    const advice = /\d/.test(stray.cell) ? "write it as the other numbers" : "leave the cell empty for a gap";
    throw new RangeError(`${file}, line ${stray.line}: ${name} is ${JSON.stringify(stray.cell)} among numbers; ${advice}`);
  }
  const word = (cells[target] as Cells[string]).find(notNumber);
  if (cells[target]?.every((cell) => cell === null))
    throw new Wrong(`--target expected a column of numbers, got ${target}, which is empty`);
  if (word !== undefined) throw new Wrong(`--target expected a column of numbers, got ${target} with ${JSON.stringify(word)}`);
  const found = seriesOf(cells, series, target, time);
  const inFile = (error: Error, current = 0) => {
    const { message } = error;
    const [head, index, isKnown, name, row] = /^"(?:table|history|series\[(\d+)\]|(known))(?:\.([^"]*?))?, row (\d+)"/.exec(message) ?? [];
    if (head) {
      const { rows, history } = found[Number(index ?? current)] as OneSeries;
      const first = isKnown ? (history[target] as unknown[]).length : 0;
      const line = (row: unknown) => `line ${lineOf(text, rows[first + Number(row)] as number)}`;
      error.message = `${file}, ${line(row)}: ${name}${message.slice(head.length).replace(/\brow (\d+)/g, (_, row) => line(row))}`;
    }
    return error;
  };
  return { time, series: found, inFile };
}
