/** A file of dist/ with its source map: bundled by esbuild, its variables renamed by terser, in short lines. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** Of what no bundler can take a part; elsewhere parts would hang together. */
export const WHOLE = { ecma: 2022, passes: 2 } as const;

/** Writes the bundle below a line `head`, which the map leaves out. @param compress beyond what esbuild does: `WHOLE` */
export async function bundle(outfile: string, options: BuildOptions, head = "", compress: typeof WHOLE | false = false): Promise<void> {
  const { outputFiles = [] } = await build({ ...options, outfile, write: false, bundle: true, sourcemap: "external" });
  const [map, bundled] = outputFiles.map(({ text }) => text) as [string, string];
  const file = basename(outfile);
  // Terser's names save 1.1 kB gzipped over esbuild's: it names the variables of functions alike.
  const { sources, sourcesContent, ...others } = JSON.parse(map) as { sources: string[]; sourcesContent: string[] };
  // An entry point's imports of the core stand in its place: scripts/build.ts.
  const own = sources.map((source, i) => (source === "../src/internal.ts" ? readFileSync("src/internal.ts", "utf8") : sourcesContent[i]));
  const { code, map: moved } = await minify(
    { [file]: bundled },
    {
      module: true,
      compress,
      format: { max_line_len: LINE, preserve_annotations: true },
      sourceMap: { content: JSON.stringify({ ...others, sources, sourcesContent: own }), filename: file },
    },
  );
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, `${head}${code}\n//# sourceMappingURL=${file}.map\n`);
  writeFileSync(`${outfile}.map`, movedDown(moved as string, head.split("\n").length - 1));
}
