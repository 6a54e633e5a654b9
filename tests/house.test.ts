/** The house: no circles, wings that stand on those below them alone, files of one concept. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { betweenWings, circlesOf, longestChain, readGraph, WINGS } from "../scripts/graph.js";

const graph = readGraph();

describe("imports, types counted", () => {
  test("no circles", () => {
    expect(circlesOf(graph)).toEqual([]);
  });

  test("a file stands on few others, and no chain of them is long", () => {
    const imports = [...graph.values()].reduce((sum, { length }) => sum + length, 0);
    expect(imports / graph.size).toBeLessThan(5.2);
    expect(longestChain(graph).length).toBeLessThan(28);
  });

  test("each wing stands on those below it", () => {
    const order: readonly string[] = WINGS;
    const upward = [...betweenWings(graph)].flatMap(([from, to]) =>
      [...to.keys()]
        .filter((wing) => order.includes(from) && order.indexOf(wing) >= order.indexOf(from))
        .map((wing) => `${from} > ${wing}`),
    );
    const outward = [...betweenWings(graph)].flatMap(([from, to]) =>
      [...to.keys()].filter((wing) => order.includes(from) && !order.includes(wing)).map((wing) => `${from} > ${wing}`),
    );
    expect([...upward, ...outward]).toEqual([]);
  });

  test("the check finds what it looks for", () => {
    expect(
      circlesOf(
        new Map([
          ["a.ts", ["b.ts"]],
          ["b.ts", ["c.ts"]],
          ["c.ts", ["a.ts"]],
          ["d.ts", ["a.ts"]],
        ]),
      )[0],
    ).toHaveLength(3);
    expect(
      longestChain(
        new Map([
          ["a.ts", ["b.ts", "c.ts"]],
          ["b.ts", ["c.ts"]],
          ["c.ts", []],
        ]),
      ),
    ).toEqual(["a.ts", "b.ts", "c.ts"]);
  });
});

test("no file of source or kernels is longer than 300 lines", () => {
  const root = new URL("..", import.meta.url).pathname;
  const files = ["src", "assembly"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
  );
  const long = files.filter((file) => file.endsWith(".ts") && readFileSync(join(root, file), "utf8").trimEnd().split("\n").length > 300);
  expect(long).toEqual([]);
});
