/** A CSV file of any size as columns of numbers, with a word on whatever it lacks. */

export interface Table {
  names: string[];
  /** A column after the other, each with as many numbers as there are rows. */
  columns: Float32Array[];
  /** What a reader should know: rows left out, gaps filled. */
  notes: string[];
}

/** Rows that are read; a page learns from no more in a sensible time. */
export const MOST = 20_000;
const COLUMNS = 100;

/** The cells of a line; commas, semicolons or tabs, whichever the first line has. */
const cellsOf = (line: string, separator: string) => line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));

const numberOf = (cell: string | undefined) => (cell === undefined || cell === "" ? Number.NaN : Number(cell));

/** @throws Error with a sentence for the reader, if there is nothing to learn from */
export async function readTable(chunks: AsyncIterable<string>): Promise<Table> {
  const lines: string[] = [];
  let [rest, more] = ["", false];
  for await (const chunk of chunks) {
    const parts = (rest + chunk).split(/\r?\n/);
    rest = parts.pop() as string;
    for (const part of parts) if (part.trim() !== "") lines.push(part);
    if (rest.length > 100_000) throw new Error("This is no CSV file: a line of it is longer than 100,000 characters.");
    more = lines.length > MOST;
    if (more) break;
  }
  if (!more && rest.trim() !== "") lines.push(rest);
  return tableOf(lines, more);
}

function tableOf(lines: string[], more: boolean): Table {
  const first = lines[0] ?? "";
  const separator = [",", ";", "\t"].find((each) => first.includes(each)) ?? ",";
  const head = cellsOf(first, separator).slice(0, COLUMNS);
  const headed = head.some((cell) => Number.isNaN(numberOf(cell)));
  const rows = (headed ? lines.slice(1) : lines).slice(0, MOST).map((line) => cellsOf(line, separator));
  if (rows.length < 30)
    throw new Error(`This file has ${rows.length} ${rows.length === 1 ? "row" : "rows"} of numbers at most: 30 are needed to learn from.`);
  const notes = more ? [`The first ${MOST.toLocaleString("en")} rows are used; the file has more.`] : [];
  const names: string[] = [];
  const columns: Float32Array[] = [];
  head.forEach((name, k) => {
    const values = Float32Array.from(rows, (row) => numberOf(row[k]));
    const gaps = values.reduce((count, value) => count + Number(!Number.isFinite(value)), 0);
    // Dates, names and the like.
    if (gaps > values.length / 2) return;
    const known = values.find(Number.isFinite) as number;
    let last = known;
    names.push(headed && name !== "" ? name : `column ${k + 1}`);
    columns.push(values.map((value) => (Number.isFinite(value) ? (last = value) : last)));
    if (gaps > 0) notes.push(`${names.at(-1)} has ${gaps} gaps, each of which takes the value before it.`);
  });
  if (columns.length === 0) throw new Error("This is no CSV file with a column of numbers.");
  return { names, columns, notes };
}
