/** CITATION.cff says what the package and the report say. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const text = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");

test("CITATION.cff has the package's title, version, authors, licence and date, and the report's title", () => {
  const citation = text("CITATION.cff");
  const { name, version, license } = JSON.parse(text("package.json"));
  /** A field of the work itself, without its quotation marks. */
  const field = (key: string) => new RegExp(`^${key}: (.+)$`, "m").exec(citation)?.[1]?.replaceAll('"', "");
  expect(field("cff-version")).toBe("1.2.0");
  expect(field("title")).toMatch(new RegExp(`^${name}: `));
  expect([field("version"), field("license"), field("type")]).toEqual([version, license, "software"]);
  const [, year, authors] = /Copyright \(c\) (\d{4}) (.+)/.exec(text("LICENSE"))!;
  expect(citation).toContain(`\nauthors:\n  - name: ${authors}\n`);
  expect(field("date-released")).toMatch(new RegExp(`^${year}-\\d{2}-\\d{2}$`));
  expect(new Date(field("date-released")!).getTime()).toBeLessThan(Date.now());
  const report = text("evidence/REPORT.md");
  expect(report).toMatch(/^# (.+)\n/);
  expect(citation).toContain(`  - type: report\n    title: ${report.slice(2, report.indexOf("\n"))}\n`);
  expect(report).toContain("(../CITATION.cff)");
});
