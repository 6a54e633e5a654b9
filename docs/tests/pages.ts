/** The built site's pages. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const site = `${root}build/site`;

/** Paths from the site's folder. */
export const pages = readdirSync(site, { recursive: true, encoding: "utf8" }).filter(
  (name) => name.endsWith(".html") && name !== "404.html",
);
export const written = pages.filter((page) => !page.startsWith("reference/"));

export const htmlOf = (page: string): string => readFileSync(`${site}/${page}`, "utf8");
