/** What the pages say of speed is what docs/bench.json and docs/peers.json hold: `npm run bench:tables` writes it. */

import { expect, test } from "vitest";
import { filled, PAGES, readPage, tables } from "../bench/pages.js";

test.each(PAGES)("the tables of %s are those of the figures", (page) => expect(readPage(page)).toBe(filled(readPage(page), tables())));

test("every table is on a page, and none is cut short", () => {
  const text = PAGES.map(readPage).join("\n");
  for (const name of Object.keys(tables())) expect(text).toContain(`<!-- table:${name} -->`);
  expect(text.match(/<!-- table:/g)).toHaveLength(text.match(/<!-- \/table -->/g)?.length as number);
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});

test("a table that there is not is refused", () =>
  expect(() => filled("<!-- table:speed -->\n<!-- /table -->", tables())).toThrow("no table is named speed"));
