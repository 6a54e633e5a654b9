/** Pages of the repository that are not in docs/, and how links between all pages become links of the site. */

import { existsSync, statSync } from "node:fs";
import { posix } from "node:path";

const { dirname, join, relative } = posix;

/** The pages of the site that come from elsewhere in the repository, by their file. */
export const OUTSIDE: Record<string, string> = {
  "README.md": "index.md",
  "bench/README.md": "project/benches.md",
  "evidence/README.md": "project/evidence.md",
  "evidence/REPORT.md": "project/report.md",
  "evidence/tables.md": "project/tables.md",
  "examples/weather/README.md": "project/weather.md",
  "examples/surnames/README.md": "project/surnames.md",
  "examples/node-server/README.md": "project/server.md",
  "CHANGELOG.md": "project/changelog.md",
  "CONTRIBUTING.md": "project/contributing.md",
  "SECURITY.md": "project/security.md",
};

/** The page of the site for a file or folder of the repository; undefined if it has none. */
const pageOf = (file: string): string | undefined =>
  OUTSIDE[file] ?? OUTSIDE[join(file, "README.md")] ?? (/^docs\/.*\.md$/.test(file) ? file.slice("docs/".length) : undefined);

/**
 * A page's text with links that lead from page to page of the site. Links to files that the site does not have become their text.
 * @param from file of the repository that the text is from
 * @param root the repository
 */
export function relinked(text: string, from: string, root: string): string {
  const page = pageOf(from) as string;
  const link = (whole: string, image: string, words: string, href: string) => {
    if (/^(?:[a-z]+:|#|\/)/.test(href)) return whole;
    const [path = "", anchor = ""] = href.split(/(?=#)/);
    const file = join(dirname(from), path);
    const up = (target: string) => `./${relative(dirname(page), target)}`;
    if (image) return `![${words}](${up(`../${file}`)})`;
    const target = pageOf(file);
    if (target) return `[${words}](${up(target)}${anchor})`;
    const inDocs = from.startsWith("docs/") && !existsSync(`${root}/${file}`);
    return inDocs || (existsSync(`${root}/${file}`) && statSync(`${root}/${file}`).isFile() && file.startsWith("docs/")) ? whole : words;
  };
  return text.replace(/(!?)\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)/g, link);
}
