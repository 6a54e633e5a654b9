/** The site as it is built: links lead somewhere, nothing names the folder it is in, and the reference has every public name. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { entryPoints } from "../site/reference.js";
import { htmlOf, pages, root, site, written } from "./pages.js";

test("every link leads to a page and a place on it", () => {
  const broken: string[] = [];
  const html = new Map(pages.map((page) => [page, htmlOf(page)]));
  for (const [page, text] of html)
    for (const [, href] of text.matchAll(/<(?:a|link|script|img)\b[^>]* (?:href|src)="([^"]*)"/g)) {
      if (/^(?:[a-z]+:)/.test(href!)) continue;
      const [path = "", anchor = ""] = decodeURI(href!).replaceAll("&amp;", "&").split("#");
      let target = path === "" ? page : join(dirname(page), path);
      if (path.endsWith("/") || target === ".") target = join(target, "index.html");
      const there = html.has(target) || existsSync(join(site, target));
      if (!there || (anchor && html.has(target) && !html.get(target)!.includes(`id="${anchor}"`))) broken.push(`${page}: ${href}`);
    }
  expect(broken).toEqual([]);
});

test("no page names the folder that it was built for", () => {
  const naming = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((name) => {
    if (!/\.(?:html|css)$/.test(name)) return false;
    return readFileSync(join(site, name), "utf8").includes("/--memcell-base--/");
  });
  expect(naming).toEqual([]);
});

test("the reference has a page for every name that an entry point exports, and no other", () => {
  for (const [path, name] of entryPoints) {
    const types = readFileSync(`${root}dist/types/src/${path}.d.ts`, "utf8");
    const lists = [...types.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) => list!.split(","));
    const declared = [...types.matchAll(/^export (?:declare )?(?:abstract )?(?:function|const|class|interface|type|let) (\w+)/gm)].map(
      ([, each]) => each!,
    );
    const names = lists.map((each) =>
      each
        .replace(/^\s*type /, "")
        .replace(/^.* as /s, "")
        .trim(),
    );
    const exported = [...new Set([...names, ...declared])].filter((each) => each !== "").sort();
    const folder = `${root}docs/reference/${name}`;
    const kinds = ["functions", "variables", "classes", "interfaces", "type-aliases"].filter((kind) => existsSync(`${folder}/${kind}`));
    const found = kinds.flatMap((kind) => readdirSync(`${folder}/${kind}`).map((file) => file.replace(".md", "")));
    // What another entry point has a page for is listed with a link to it.
    const [, references = ""] = readFileSync(`${folder}/index.md`, "utf8").split("## References");
    found.push(...Array.from(references.matchAll(/^### (\w+)/gm), ([, each]) => each as string));
    expect(exported.length, name).toBeGreaterThan(0);
    expect([...new Set(found)].sort(), name).toEqual(exported);
  }
});

test("every page has one title of its own", () => {
  const titles = written.map((page) => /<title>(.*?)<\/title>/.exec(htmlOf(page))?.[1]);
  expect(new Set(titles).size).toBe(written.length);
  for (const page of pages) expect(htmlOf(page).match(/<h1/g)?.length, page).toBe(1);
});
