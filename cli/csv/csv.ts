/** Comma-separated values: parsed by csv-parse, and read as numbers and dates the way their file writes them. */

import { type CsvError, parse } from "csv-parse/sync";

export type Cells = Record<string, (string | number | null)[]>;

const GAPS = ["", "na", "n/a", "nan", "null", "none", "-"];
const POINT = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
/** Numbers with groups of three digits, or with a decimal comma. */
const [GROUPS, COMMA] = [/^[-+]?\d{1,3}(,\d{3})+(\.\d+)?$/, /^[-+]?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?$/];
const DATE = /^(\d{1,2})([./])(\d{1,2})\2(\d{4}|\d\d)(\D.*)?$/;
const MONTH = /\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b.*\d{4}/i;

/** Without groups by blanks or apostrophes, a currency, a percent sign; brackets are a minus. */
const plainly = (text: string) =>
  text
    .replace(/(?<=\d)[ '’\u00a0\u202f](?=\d{3}(\D|$))/g, "")
    .replace(/^([-+]?)[$€£¥]\s*(?=\d)|(?<=\d)\s*[$€£¥%]$/g, "$1")
    .replace(/^\((\d[\d.,]*)\)$/, "-$1");

/** The text of a file: UTF-8, or what Excel writes besides. */
export function decoded(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** Days first or months first, as 31.12.2020 or 12/31/2020, in the order of ISO 8601; where the column does not tell, as they are. */
function dated(texts: (string | null)[]): (string | null)[] {
  const named = (text: string) => Date.parse(`${text} UTC`);
  // Months by their names, which have one order only.
  if (texts.every((text) => text === null || (MONTH.test(text) && named(text) % 86_400_000 === 0)))
    return texts.map((text) => text && new Date(named(text)).toISOString().slice(0, 10));
  const parts = texts.flatMap((text) => (text === null ? [] : [DATE.exec(text)]));
  if (parts.length === 0 || parts.includes(null)) return texts;
  const above12 = (k: number) => parts.some((found) => Number(found?.[k]) > 12);
  const day = parts[0]?.[2] === "." || above12(1) ? 1 : above12(3) ? 3 : 0;
  if (day === 0) return texts;
  const ordered = (_: string, ...found: string[]) =>
    `${year(found[3] as string)}-${two(found[3 - day])}-${two(found[day - 1])}${(found[4] ?? "").replace(CLOCK, clock)}`;
  return texts.map((text) => text?.replace(DATE, ordered) ?? null);
}
const two = (text: unknown) => String(text).padStart(2, "0");
const year = (text: string) => (text.length === 4 ? text : `${Number(text) < 70 ? 20 : 19}${text}`);
/** A clock of twelve hours. */
const CLOCK = / (\d\d?)(:\d\d)(:\d\d)? ?([ap])m$/i;
const clock = (_: string, hour: string, minute: string, second = "", half: string) =>
  ` ${two((Number(hour) % 12) + (/p/i.test(half) ? 12 : 0))}${minute}${second}`;

/** @param info whether each record comes as `{ record, info }`, which has its line */
function parsed(text: string, info = false) {
  const [head = ""] = text.split(/\r?\n|\r/, 1);
  const delimiter = [",", ";", "\t", "|"].reduce((best, other) => (head.split(other).length > head.split(best).length ? other : best));
  const options = { bom: true, delimiter, trim: true, skip_records_with_empty_values: true, skip_empty_lines: true, info };
  try {
    return { delimiter, records: parse(text, options) as unknown[] };
  } catch (error) {
    const { code, lines, record } = error as CsvError & { lines: number; record: string[] };
    if (code !== "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH") throw error;
    const fields = head.split(delimiter).length;
    throw new RangeError(
      `line ${lines}: expected ${fields} ${fields > 1 ? "fields" : "field"}, as many as line 1 has names of columns, got ${record.length}`,
    );
  }
}

/**
 * The columns by name: numbers where all of a column are, texts otherwise; null where nothing stands, or NA, NaN, null.
 * @throws Error, RangeError with the line
 */
export function readCsv(text: string): Cells {
  const { delimiter, records } = parsed(text);
  const [names, ...rows] = records as string[][];
  if (!names || rows.length === 0) throw new RangeError("line 1: expected names of columns, and rows below them");
  names.forEach((name, k) => {
    if (names.indexOf(name) < k) throw new RangeError(`line 1: expected another name for each column, got ${JSON.stringify(name)} twice`);
  });
  const written = names.map((_, k) => rows.map((row) => (GAPS.includes((row[k] as string).toLowerCase()) ? null : (row[k] as string))));
  const columns = written.map((texts) => texts.map((each) => each && plainly(each)));
  const all = (form: RegExp, texts: (string | null)[]) => texts.every((each) => each === null || form.test(each));
  // One decimal comma, where commas do not part fields, says that all of the file's are.
  const isComma = (each: string) => COMMA.test(each);
  const comma =
    delimiter !== "," &&
    columns.some((texts) => moreThan(0.5, texts, isComma) && texts.some((each) => each?.includes(",") && isComma(each)));
  return Object.fromEntries(
    names.map((name, k) => {
      const texts = columns[k] as (string | null)[];
      const numbers = (plain: (each: string) => string) => texts.map((each) => (each === null ? null : Number(plain(each))));
      if (comma && all(COMMA, texts)) return [name, numbers((each) => each.replaceAll(".", "").replace(",", "."))];
      if (all(POINT, texts)) return [name, numbers((each) => each)];
      const grouped = texts.every((each) => each === null || POINT.test(each) || GROUPS.test(each));
      return [name, grouped ? numbers((each) => each.replaceAll(",", "")) : dated(written[k] as (string | null)[])];
    }),
  );
}

/** Whether more than a share of the cells that are not empty are such. */
const moreThan = (share: number, cells: Cells[string], is: (cell: string) => boolean) => {
  const filled = cells.filter((cell) => cell !== null);
  return filled.filter((cell) => is(String(cell))).length > share * filled.length;
};

/**
 * The first cell that keeps a column from being one of numbers, and the line of the file on which it ends.
 * @param share none where no more of the cells are numbers
 */
export function strayCell(text: string, cells: Cells[string], share = 0): { line: number; cell: string } | undefined {
  const isNumber = (cell: string) => [POINT, GROUPS, COMMA].some((form) => form.test(plainly(cell)));
  if (!cells.some((cell) => typeof cell === "string") || !moreThan(share, cells, isNumber)) return undefined;
  const first = (isGood: (cell: string) => boolean) => cells.findIndex((cell) => cell !== null && !isGood(String(cell)));
  const stray = first(isNumber);
  const row = stray < 0 ? first((cell) => POINT.test(cell)) : stray;
  return { line: lineOf(text, row), cell: String(cells[row]) };
}

/** The line of a file on which a row ends; row 0 is the first below the header. */
export function lineOf(text: string, row: number): number {
  const { info } = parsed(text, true).records[row + 1] as { info: { lines: number } };
  return info.lines;
}

const field = (value: unknown) => {
  const text =
    value === null || Number.isNaN(value) ? "" : typeof value === "number" ? String(Number(value.toPrecision(8))) : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

export function writeCsv(rows: readonly Readonly<Record<string, unknown>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  return `${[names, ...rows.map((row) => names.map((name) => row[name]))].map((row) => row.map(field).join(",")).join("\n")}\n`;
}
