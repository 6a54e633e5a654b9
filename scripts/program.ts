/** Programs that import from dist/, as a bundler makes them, and their size. */

import { execFileSync } from "node:child_process";
import { build } from "esbuild";

/** By the gzip program: the zlib that Node brings finds fewer matches. */
export const gzipped = (text: string | Uint8Array) => execFileSync("gzip", ["-9", "-c"], { input: text }).length;

/** A program that imports some names, minified by esbuild, and its map. */
export async function program(names: string): Promise<{ code: string; map: string }> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from "./dist/memcell.js";`, resolveDir: "." },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    sourcemap: "external",
    outfile: "program.js",
    logLevel: "silent",
  });
  const [map, code] = outputFiles.map(({ text }) => text) as [string, string];
  return { code, map };
}
