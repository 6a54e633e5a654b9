/** Programs that import from dist/, as a bundler makes them, and their size. */

import { execFileSync } from "node:child_process";
import { build } from "esbuild";

/** By the gzip program: the zlib that Node brings finds fewer matches. */
export const gzipped = (text: string | Uint8Array) => execFileSync("gzip", ["-9", "-c"], { input: text }).length;

/** A program that imports some names, minified by esbuild, and its map. @param entry of another entry point: beside the core */
export async function program(names: string, entry = "memcell"): Promise<{ code: string; map: string }> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from "./dist/${entry}.js";`, resolveDir: "." },
    external: entry === "memcell" ? [] : ["*/core.js"],
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
