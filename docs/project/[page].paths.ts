/** A page for each of the repository's pages outside docs/. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { OUTSIDE, relinked } from "../site/outside.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default {
  watch: Object.keys(OUTSIDE).map((file) => `../../${file}`),
  paths: () =>
    Object.entries(OUTSIDE).flatMap(([file, page]) =>
      page.startsWith("project/")
        ? [
            {
              params: { page: page.slice("project/".length, -".md".length) },
              // Two braces are not Vue's here.
              content: relinked(readFileSync(`${root}/${file}`, "utf8"), file, root).replaceAll("{{", "<span v-pre>{{</span>"),
            },
          ]
        : [],
    ),
};
