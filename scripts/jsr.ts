/**
 * Makes build/jsr/ from dist/, for `deno publish`: npm's files, with the types declared as JSR wants them. A module names its types,
 * and types name the files that they import: Deno does not look for x.d.ts where a type imports x.js.
 */

import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { movedDown } from "./bundle.js";

const OUT = "build/jsr";
const { version, license, exports } = JSON.parse(readFileSync("package.json", "utf8"));
const change = (file: string, edit: (text: string) => string) => writeFileSync(file, edit(readFileSync(file, "utf8")));

rmSync(OUT, { recursive: true, force: true });
cpSync("dist", join(OUT, "dist"), { recursive: true });
for (const name of ["README.md", "LICENSE"]) copyFileSync(name, join(OUT, name));

const entries: [name: string, files: { types: string; default: string }][] = Object.entries<never>(exports).filter(
  ([, files]) => typeof files === "object",
);
for (const [, { types, default: code }] of entries) {
  change(join(OUT, code), (text) => `/* @ts-self-types="${types.replace("./dist/", "./")}" */\n${text}`);
  const map = join(OUT, `${code}.map`);
  if (existsSync(map)) change(map, (text) => movedDown(text, 1));
}
for (const name of readdirSync(join(OUT, "dist/types"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".d.ts"))) {
  change(join(OUT, "dist/types", name), (text) => text.replace(/((?:from |import\()"\.[^"]*)\.js"/g, '$1.d.ts"'));
}
const manifest = {
  name: "@memcell/memcell",
  version,
  license,
  exports: Object.fromEntries(entries.map(([name, files]) => [name, files.default])),
  // Publishes files that git ignores.
  publish: { exclude: ["!dist"] },
};
writeFileSync(join(OUT, "jsr.json"), `${JSON.stringify(manifest, null, 2)}\n`);
