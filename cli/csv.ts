/** Comma-separated values (RFC 4180), read and written: quoted fields, quotes and line breaks in them, any line ends. */

export type Cells = Record<string, (string | number | null)[]>;

/** The fields of all rows. A separator other than a comma is known by the first line. */
function fieldsOf(text: string): string[][] {
  const [first = ""] = text.split(/\r?\n|\r/, 1);
  const separator = [",", ";", "\t"].reduce((best, other) => (first.split(other).length > first.split(best).length ? other : best));
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at <= text.length; ) {
    let field = "";
    if (text[at] === '"') {
      const from = at;
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (at >= text.length) throw new RangeError(`line ${text.slice(0, from).split("\n").length}: a quote that does not end`);
        if (text[at] === '"') at++;
        field += text[at];
      }
      at++;
    }
    const from = at;
    while (at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
    row.push((field + text.slice(from, at)).trim());
    if (text[at] === separator && at++ < text.length) continue;
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
  }
  return rows;
}

const GAPS = ["", "na", "nan", "null", "none", "-"];
const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/**
 * The columns by name: numbers where all of a column are, texts otherwise; null where nothing stands, or NA, NaN, null.
 * @throws RangeError with the line
 */
export function readCsv(text: string): Cells {
  const [names, ...rows] = fieldsOf(text.replace(/^\uFEFF/, ""));
  if (!names || rows.length === 0) throw new RangeError("line 1: expected names of columns, and rows below them");
  rows.forEach((row, i) => {
    if (row.length !== names.length) throw new RangeError(`row ${i}: expected ${names.length} fields, as many as names, got ${row.length}`);
  });
  return Object.fromEntries(
    names.map((name, k) => {
      const texts = rows.map((row) => row[k] as string);
      const there = texts.filter((text) => !GAPS.includes(text.toLowerCase()));
      const numeric = there.every((text) => NUMBER.test(text));
      return [name, texts.map((text) => (GAPS.includes(text.toLowerCase()) ? null : numeric ? Number(text) : text))];
    }),
  );
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
