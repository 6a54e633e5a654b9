/** What the pages and tables say is what the results give. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { counted } from "../manifest.js";
import { PAGES, readPage, render, renderPage } from "../report.js";
import { Results } from "../results.js";
import type { Result, Row } from "../row.js";
import { ROWS, rowNamed } from "../rows.js";
import { budget, median, trialsOf, verdict, wilson } from "../statistics.js";
import { tablesPage } from "../write.js";

const root = new URL("../..", import.meta.url).pathname;
const results = new Results(`${root}evidence/results.jsonl`);

test.each(PAGES)("%s.md is its template with the figures of the results", (page) => {
  expect(readPage(page)).toBe(renderPage(page, results));
  expect(readPage(page)).not.toContain("{{");
});

test("tables.md is what the results give, and leads from each row to its lines", () => {
  const page = readFileSync(`${root}evidence/tables.md`, "utf8");
  expect(page).toBe(tablesPage(results, counted(results.all)));
  const text = readFileSync(`${root}evidence/results.jsonl`, "utf8").split("\n");
  for (const name of ["6a", "3c-100-1", "2c-none-50-50-x2"]) {
    const lines = new RegExp(`\\| ${name} \\| .* \\| ([\\d, -]+) \\|\n`).exec(page)![1]!;
    const trials = lines.split(", ").flatMap((range) => {
      const [from, to = from] = range.split("-").map(Number) as [number, number?];
      return text.slice(from - 1, to).map((line) => JSON.parse(line));
    });
    expect(trials).toEqual(trialsOf(rowNamed(name), results.all).sort((a, b) => results.lines.get(a)! - results.lines.get(b)!));
  }
});

test("beside each figure of REPORT.md stands the row that it is of", () => {
  const template = readFileSync(`${root}evidence/REPORT.template.md`, "utf8");
  const page = readPage("REPORT");
  const names = new Set(ROWS.map(({ name }) => name));
  const quoted = [...template.matchAll(/\{\{(.*?)\}\}/g)].flatMap(([, text]) => text!.split(" ").filter((word) => names.has(word)));
  expect(quoted.length).toBeGreaterThan(30);
  for (const name of quoted) expect(page.includes(`\`${name}\``) || page.includes(`\n| ${name} |`), name).toBe(true);
  for (const [, name] of page.matchAll(/`([\w.]+(?:-[\w.]+)+)`/g)) expect(names.has(name!), name).toBe(true);
});

test("every trial is of a row that there is", () => {
  const names = new Set(ROWS.map(({ name }) => name));
  expect([...new Set(results.all.map(({ row }) => row))].filter((name) => !names.has(name))).toEqual([]);
});

test.each([
  ["{{learned 6c}}", "no row is named 6c"],
  ["{{median 6a ST1}}", "6a has no mark ST1"],
  ["{{guess 6a}}", "no value is named guess 6a"],
  ["{{verdicts All}}", "no group is named All"],
  ['{{at slopes "relu" 1}}', "slopes has no curve relu"],
  ["{{at slopes tanh 0.05}}", "slopes has no 0.05"],
  ["{{most slope tanh}}", "no picture is named slope"],
  ["{{published rivals-2c-2-bptt}}", "of rivals-2c-2-bptt nothing was published"],
])("a template with %s is refused", (template, message) => expect(() => render(template, results)).toThrow(message));

describe("statistics", () => {
  /** Trials that learned after so many sequences, and some that were given up after others. */
  const trials = (learned: number[], givenUp: number[] = [], limit = 1000) =>
    [...learned, ...givenUp].map((sequences, i) => {
      const solved = i < learned.length;
      return { solved, sequences, limit: solved ? limit : sequences, marks: solved ? { learned: sequences } : {} } as unknown as Result;
    });

  test("Wilson's interval, as in Brown, Cai & DasGupta 2001", () => {
    expect(wilson(0, 10).map((share) => share.toFixed(4))).toEqual(["0.0000", "0.2775"]);
    expect(wilson(5, 10).map((share) => share.toFixed(4))).toEqual(["0.2366", "0.7634"]);
  });

  test.each([
    { learned: [3, 1, 2], givenUp: [], expected: 2 },
    { learned: [1, 2, 3, 4], givenUp: [], expected: 2 },
    { learned: [1, 2], givenUp: [9, 9], expected: 2 },
    { learned: [1, 2], givenUp: [9, 9, 9], expected: Infinity },
    // The one given up at 2 says nothing about 3 and later: of the two left one learned at 3.
    { learned: [1, 3, 5], givenUp: [2], expected: 3 },
    { learned: [5, 5, 5], givenUp: [], expected: 5 },
  ])("the median of $learned, given up at $givenUp, is $expected", ({ learned, givenUp, expected }) =>
    expect(median(trials(learned, givenUp), "learned")).toBe(expected),
  );

  const row = { ...rowNamed("6a"), paper: { ...rowNamed("6a").paper, solved: 1, sequences: { learned: 100 } } } as Row;
  const times = (n: number, value: number) => Array<number>(n).fill(value);
  test.each([
    { of: trials(times(10, 150)), expected: "reproduced" },
    { of: trials(times(10, 201)), expected: "slower" },
    { of: trials(times(10, 49)), expected: "faster" },
    { of: trials(times(9, 100)), expected: "open" },
    { of: trials(times(3, 100)), expected: "open" },
    { of: trials(times(10, 100), [], 199), expected: "open" },
    { of: trials(times(9, 100), [500]), expected: "not reproduced" },
    { of: trials([], times(5, 200)), expected: "not reproduced" },
    { of: trials([], times(5, 199)), expected: "open" },
  ])("$of.length trials: $expected", ({ of, expected }) => expect(verdict(row, of, "learned")).toBe(expected));

  test("the budget is the fewest sequences that a trial was given up after", () => {
    expect(budget(trials([5], [400, 500]))).toBe(400);
    expect(budget(trials([5, 6]))).toBe(1000);
  });
});
