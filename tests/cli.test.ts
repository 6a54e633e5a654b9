/** The command `memcell`, as it is typed: a CSV file in; a table, files and a model out. */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadForecaster } from "memcell/forecast";
import { afterAll, describe, expect, test } from "vitest";
import { decoded, readCsv, writeCsv } from "../cli/csv/csv.js";
import { picture } from "../cli/picture.js";

const root = new URL("..", import.meta.url).pathname;
const scratch = mkdtempSync(join(root, "build", "cli-test-"));
afterAll(() => rmSync(scratch, { recursive: true }));
const cli = join(root, "dist/cli.js");
const run = (...given: string[]) => spawnSync(process.execPath, [cli, ...given], { cwd: scratch, encoding: "utf8" });

const day = (t: number) => new Date(Date.UTC(2023, 0, 1 + t)).toISOString().slice(0, 10);
const sales = (t: number) => 100 + 40 * Number(t % 7 > 4) + 20 * Number(t % 11 === 0) + ((t * 37) % 13);
const csv = (stores: string[], rows = 150, ahead = 7) =>
  writeCsv(
    stores.flatMap((store, i) =>
      Array.from({ length: rows + ahead }, (_, t) => ({
        Date: day(t),
        store,
        sales: t < rows ? (i + 1) * sales(t) : null,
        promo: Number(t % 11 === 0),
      })),
    ),
  );
writeFileSync(join(scratch, "one.csv"), csv(["a"]));
writeFileSync(join(scratch, "two.csv"), csv(["a", "b"]));
writeFileSync(join(scratch, "closed.csv"), 'n,m,"a\nnote"\n"1,200",1,\n\n2,1.5.2,\nclosed,3,\nclosed,4,\n');
writeFileSync(
  join(scratch, "price.csv"),
  "date,n,price\n2024-01-01,1,5.5\n2024-01-02,2,6\n\n2024-01-03,3,closed\n2024-01-02,4,6\n2024-01-04,5,6\n",
);
const quick = ["--target", "sales", "--horizon", "7", "--units", "4", "--ensemble", "1", "--epochs", "3"];

test("forecasts: a table, forecast.csv, forecast.svg and the model", () => {
  const { status, stdout, stderr } = run(
    "forecast",
    "one.csv",
    ...quick,
    "--known",
    "promo",
    "--out",
    "one",
    "--save",
    "model.safetensors",
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^Forecasts sales: the next 7 days, .*\n\n/s);
  expect(stdout).toMatch(/wrote one\/forecast\.csv\nwrote one\/forecast\.svg\nwrote model\.safetensors\n$/);
  const { time, median } = readCsv(readFileSync(join(scratch, "one/forecast.csv"), "utf8"));
  expect(time).toEqual(Array.from({ length: 7 }, (_, h) => day(150 + h)));
  // Day 153 is one of a weekend, day 150 is not.
  expect((median as number[])[3]).toBeGreaterThan((median as number[])[0]! + 20);
  expect(readFileSync(join(scratch, "one/forecast.svg"), "utf8")).toMatch(/^<svg .*>2023-06-\d\d<.*<\/svg>\n$/s);
  const known = { promo: Array.from({ length: 7 }, (_, h) => Number((150 + h) % 11 === 0)) };
  expect(loadForecaster(readFileSync(join(scratch, "model.safetensors"))).forecast(undefined, { known }).time).toEqual(time);
});

test("many series in one file, and a backtest beside baselines", () => {
  const { status, stdout } = run("backtest", "two.csv", ...quick, "--series", "store", "--from", day(120), "--every", "7", "--out", "two");
  expect(status).toBe(0);
  expect(stdout).toMatch(/10 origins\nforecast +MASE.*\nmemcell.*\nseasonal naive \(7\).*\nHolt-Winters \(7\)/s);
  const rows = readCsv(readFileSync(join(scratch, "two/backtest.csv"), "utf8"));
  expect(new Set(rows.series)).toEqual(new Set(["a", "b"]));
  expect(readdirSync(join(scratch, "two")).sort()).toEqual(["backtest.csv", "backtest.svg"]);
});

/** As a spreadsheet of another country writes it: a mark first, semicolons, decimal commas, days first, the newest row first. */
const umsatz = ["\uFEFFDatum;Umsatz", ...Array.from({ length: 150 }, (_, t) => 149 - t).map(german)].join("\r\n");
function german(t: number): string {
  const [year, month, date] = day(t).split("-");
  return `${date}.${month}.${year};${t % 29 === 5 ? "" : `1.${String(sales(t)).padStart(3, "0")},5`}`;
}

test("a file of another country's spreadsheet, also in UTF-16", () => {
  writeFileSync(join(scratch, "de.csv"), umsatz);
  writeFileSync(join(scratch, "excel.csv"), Buffer.from(umsatz.replaceAll(";", "\t"), "utf16le"));
  const outputs = ["de", "excel"].map((name) => {
    const { status, stdout, stderr } = run("forecast", `${name}.csv`, "--target", "Umsatz", ...quick.slice(2), "--out", name);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Learned from 150 days, 2023-01-01 to 2023-05-30.");
    return readFileSync(join(scratch, name, "forecast.csv"), "utf8");
  });
  const { time, median } = readCsv(outputs[0]!);
  expect(time).toEqual(Array.from({ length: 7 }, (_, h) => day(150 + h)));
  expect((median as number[]).every((value) => value > 1100 && value < 1200)).toBe(true);
  expect(outputs[1]).toBe(outputs[0]);
});

test("rows in any order; closed days are left out, and said to be", () => {
  const rows = Array.from({ length: 150 }, (_, t) => `${day((t * 37) % 150)},${sales((t * 37) % 150)}`);
  writeFileSync(join(scratch, "mixed.csv"), `date,sales\n${rows.filter((row) => new Date(row.slice(0, 10)).getUTCDay()).join("\n")}\n`);
  const [omitted, guessed] = [[], ["--closed", "forecast"]].map((more) => {
    const { stdout, stderr } = run("forecast", "mixed.csv", ...quick, ...more, "--out", "mixed");
    expect(stderr).toBe("");
    expect(stdout).toContain("Noticed: no numbers, or hardly any, on Sundays.");
    return readCsv(readFileSync(join(scratch, "mixed/forecast.csv"), "utf8")).time;
  });
  const days = Array.from({ length: 7 }, (_, h) => day(150 + h));
  expect(guessed).toEqual(days);
  expect(omitted).toEqual(days.filter((each) => new Date(each).getUTCDay()));
});

test.each([
  ["20240101 and on", (t: number) => day(t).replaceAll("-", ""), "2023-03-02"],
  ["seconds since 1970", (t: number) => String(Date.UTC(2023, 0, 1 + t) / 1000), "2023-03-02"],
  ["milliseconds since 1970", (t: number) => String(Date.UTC(2023, 0, 1 + t)), "2023-03-02"],
])("times as numbers: %s", (_, time, next) => {
  writeFileSync(join(scratch, "numbers.csv"), `time,n\n${Array.from({ length: 60 }, (_, t) => `${time(t)},${t % 5}`).join("\n")}\n`);
  const { stdout } = run("forecast", "numbers.csv", "--target", "n", ...quick.slice(2), "--out", "numbers");
  expect(stdout).toContain(`'${next}`);
});

test("numbers of steps are no years, though some look like it", () => {
  writeFileSync(join(scratch, "steps.csv"), `step,n\n${Array.from({ length: 60 }, (_, t) => `${980 + t},${t % 5}`).join("\n")}\n`);
  const { stdout } = run("forecast", "steps.csv", "--target", "n", "--time", "step", ...quick.slice(2), "--out", "steps");
  expect(stdout).toContain("│ 1040 ");
});

test("without times rows are counted, which is said", () => {
  writeFileSync(join(scratch, "rows.csv"), `week,n\n${Array.from({ length: 60 }, (_, t) => `2023-W${t},${t % 5}`).join("\n")}\n`);
  const { stdout } = run("forecast", "rows.csv", "--target", "n", ...quick.slice(2), "--out", "rows");
  expect(stdout).toMatch(/^Noticed: no column of dates.*so rows are counted/);
});

test("years are times", () => {
  writeFileSync(join(scratch, "years.csv"), `Jahr,n\n${Array.from({ length: 60 }, (_, t) => `${1950 + t},${t + (t % 3)}`).join("\n")}\n`);
  const { stdout } = run("forecast", "years.csv", "--target", "n", ...quick.slice(2), "--out", "years");
  expect(stdout).toContain("'2010-01-01'");
});

test("Ctrl-C stops at once and leaves no files", async () => {
  const child = spawn(
    process.execPath,
    [cli, "forecast", "one.csv", "--target", "sales", "--horizon", "7", "--epochs", "100000", "--patience", "100000", "--out", "stopped"],
    { cwd: scratch },
  );
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  // It makes the folder before it learns.
  while (!existsSync(join(scratch, "stopped"))) await new Promise((resolve) => setTimeout(resolve, 20));
  setTimeout(() => child.kill("SIGINT"), 300);
  const status = await new Promise((resolve) => child.on("exit", resolve));
  expect(said).toBe("memcell: stopped; nothing was written\n");
  expect(status).toBe(130);
  expect(readdirSync(join(scratch, "stopped"))).toEqual([]);
});

test.each<[string, string[], string]>([
  ["no such command", ["predict", "one.csv"], 'expected forecast or backtest, got "predict"'],
  ["no file", ["forecast"], "memcell forecast expected one file"],
  ["a file that is not there", ["forecast", "none.csv"], 'expected a CSV file, got "none.csv", which is not there'],
  ["a folder", ["backtest", "."], 'expected a CSV file, got ".", which is a folder'],
  ["no target", ["forecast", "one.csv"], "--target expected a column of one.csv (Date, store, sales, promo), got none"],
  ["no horizon", ["forecast", "one.csv", "--target", "sales"], "--horizon expected a number of steps to forecast, got none"],
  ["a horizon that is none", ["forecast", "one.csv", "--target", "sales", "--horizon", "soon"], '--horizon expected a number, got "soon"'],
  ["a flag that is none", ["forecast", "one.csv", "--lookback", "5"], "Unknown option '--lookback'"],
  [
    "a target of labels",
    ["forecast", "one.csv", "--target", "store", "--horizon", "7"],
    '--target expected a column of numbers, got store with "a"',
  ],
  [
    "a word among numbers",
    ["forecast", "closed.csv", "--target", "n", "--horizon", "7"],
    'closed.csv, line 6: n is "closed" among numbers; leave the cell empty',
  ],
  [
    "a number of another form",
    ["forecast", "closed.csv", "--target", "m", "--horizon", "7"],
    'line 5: m is "1.5.2" among numbers; write it as the other numbers',
  ],
  [
    "a word among the numbers of another column",
    ["forecast", "price.csv", "--target", "n", "--horizon", "7", "--past", "price"],
    'price.csv, line 5: price is "closed" among numbers; leave the cell empty',
  ],
  [
    "a time twice, in whatever order",
    ["forecast", "price.csv", "--target", "n", "--horizon", "2"],
    'price.csv, line 6: date expected a time after that of line 3 (2024-01-02): each time once, got "2024-01-02"',
  ],
  [
    "an unknown column",
    ["forecast", "price.csv", "--target", "n", "--horizon", "2", "--known", "x"],
    "--known expected a column of price.csv",
  ],
  [
    "a backtest from a time that is none of the file's",
    ["backtest", "one.csv", ...quick, "--from", "3.1.2023"],
    "--from expected a time after 2023-01-01 and up to 2023-05-30, written as these, got 3.1.2023",
  ],
  ["many series as one", ["forecast", "two.csv", ...quick], "--series names the column that tells them apart"],
])("%s: one line, and status 1", (_, given, message) => {
  const { status, stderr } = run(...given);
  expect(stderr).toContain(message);
  expect(stderr.split("\n").length).toBeLessThan(4);
  expect(status).toBe(1);
});

test("--help", () => expect(run("--help").stdout).toMatch(/^memcell forecast data\.csv/));

describe("CSV", () => {
  test.each<[string, string, object]>([
    ["quotes, commas and line breaks in fields", 'a,b\r\n"x, ""y""\n2",1\r\nz,2\r\n', { a: ['x, "y"\n2', "z"], b: [1, 2] }],
    ["gaps, and numbers that all of a column are", "a,b,c\n1,,x\nNA,z,\n", { a: [1, null], b: [null, "z"], c: ["x", null] }],
    ["decimal commas, also in whole numbers", "a;b;c\n1.000;2,5;x\n-20;;1,5\n", { a: [1000, -20], b: [2.5, null], c: ["x", "1,5"] }],
    ["decimal commas beside a word", "a;b\n1.000;2,5\n2.000;closed\n3.000;2\n", { a: [1000, 2000, 3000], b: ["2,5", "closed", "2"] }],
    ["semicolons alone say nothing of points", "a;b\n1.250;1\n", { a: [1.25], b: [1] }],
    ["groups of digits", 'a,b\n"1,250",1\n"-2,000,000.5",2\n3,3\n', { a: [1250, -2000000.5, 3], b: [1, 2, 3] }],
    [
      "dates, days first",
      "a;b\n1.2.2020;3/12/2021\n31.12.2020 06:00;31/12/2021\n",
      { a: ["2020-02-01", "2020-12-31 06:00"], b: ["2021-12-03", "2021-12-31"] },
    ],
    [
      "dates, months first, or who knows",
      "a,b\n12/31/2020,1/2/2020\n1/1/2021,\n",
      { a: ["2020-12-31", "2021-01-01"], b: ["1/2/2020", null] },
    ],
    [
      "dates of two digits for the year, of twelve hours, by the names of months",
      "a,b,c\n12/31/20 1:30 PM,5 Jan 2021,December 2020\n1/1/21 12:05 AM,31-Dec-2021,Jan 2021\n",
      { a: ["2020-12-31 13:30", "2021-01-01 00:05"], b: ["2021-01-05", "2021-12-31"], c: ["2020-12-01", "2021-01-01"] },
    ],
    [
      "currencies, percent, blanks and apostrophes between thousands, brackets as a minus",
      "a|b|c|d\n$1,200.50|5%|1 234,5 €|(20)\n|-7 %|1'000|3\n||12\u00a0000,25|\n",
      { a: [1200.5, null, null], b: [5, -7, null], c: [1234.5, 1000, 12000.25], d: [-20, 3, null] },
    ],
    ["rows of empty fields alone", "a,b\n1,2\n,\n\n3,4\n,\n", { a: [1, 3], b: [2, 4] }],
    ["a mark at the beginning, tabs, no line break at the end", "\uFEFFa\tb\n-1.5e3\t007", { a: [-1500], b: [7] }],
    ["an empty last field", "a,b\n1,\n2,", { a: [1, 2], b: [null, null] }],
  ])("%s", (_, text, columns) => expect(readCsv(text)).toEqual(columns));

  test("what is wrong is named", () => {
    expect(() => readCsv("a,b\n1,2\n3\n")).toThrow("line 3: expected 2 fields, as many as line 1 has names of columns, got 1");
    expect(() => readCsv('a\n"x\n')).toThrow(/[Qq]uote.* line 2/);
    expect(() => readCsv("a,b,a\n1,2,3\n")).toThrow('line 1: expected another name for each column, got "a" twice');
    expect(() => readCsv("a,b\n")).toThrow("line 1: expected names of columns, and rows below them");
  });

  test("bytes of UTF-8, of Windows, of Excel's Unicode text", () => {
    for (const bytes of [Buffer.from("Öl"), Buffer.from("Öl", "latin1"), Buffer.from("\uFEFFÖl", "utf16le")])
      expect(decoded(bytes)).toBe("Öl");
  });

  test("what is written is read", () => {
    const rows = [
      { a: 'x, "y"', b: 1 / 3 },
      { a: "line\nbreak", b: null },
    ];
    expect(readCsv(writeCsv(rows))).toEqual({ a: rows.map(({ a }) => a), b: [0.33333333, null] });
  });
});

test("a picture of one value, or none but gaps around it, is one", () => {
  expect(picture("a < b", ["x"], [{ label: "l", color: "#000", values: [3] }])).toContain("a &lt; b");
  expect(picture("t", ["x", "y", "z"], [{ label: "l", color: "#000", values: [NaN, 3, NaN] }])).not.toContain("NaN");
});
