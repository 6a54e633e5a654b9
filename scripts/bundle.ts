/** A file of dist/ with its source map: bundled by esbuild, its variables renamed by terser, in short lines. */

import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { type BuildOptions, build } from "esbuild";
import { minify } from "terser";

/** With an error Node prints the whole line that threw, and as many blanks. Short lines cost the core 0.4 kB gzipped. */
const LINE = 300;

/** The same map for code that has `lines` lines put above it. */
export const movedDown = (map: string, lines: number): string => {
  const parsed = JSON.parse(map);
  return JSON.stringify({ ...parsed, mappings: ";".repeat(lines) + parsed.mappings });
};

/** Writes the bundle below a line `head`, which the map leaves out. */
export async function bundle(outfile: string, options: BuildOptions, head = ""): Promise<void> {
  const { outputFiles = [] } = await build({ ...options, outfile, write: false, bundle: true, sourcemap: "external" });
  const [map, bundled] = outputFiles.map(({ text }) => text) as [string, string];
  const file = basename(outfile);
  // Terser's names save 1.1 kB gzipped over esbuild's: it names the variables of functions alike.
  const { code, map: moved } = await minify(
    { [file]: bundled },
    {
      module: true,
      compress: false,
      format: { max_line_len: LINE, preserve_annotations: true },
      sourceMap: { content: map, filename: file },
    },
  );
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, `${head}${code}\n//# sourceMappingURL=${file}.map\n`);
  writeFileSync(`${outfile}.map`, movedDown(moved as string, head.split("\n").length - 1));
}
