/**
 * From build/memcell.wasm (asc) to dist/: the wasm inlined into one module with the loader, its types, and the raw wasm.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

// In hexadecimal: gzip finds the bytes' repetitions in it, 5.3 kB where base64 takes 7.0.
const wasm = readFileSync("build/memcell.wasm").toString("hex");
writeFileSync("build/wasm.js", `export const wasm = "${wasm}";\n`);
writeFileSync("build/wasm.d.ts", "/** build/memcell.wasm in hexadecimal. */\nexport declare const wasm: string;\n");

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: ["src/index.ts"],
  outfile: "dist/memcell.js",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
});
mkdirSync("dist/types/build", { recursive: true });
copyFileSync("build/memcell.wasm", "dist/memcell.wasm");
for (const name of ["memcell.d.ts", "wasm.d.ts"]) copyFileSync(`build/${name}`, `dist/types/build/${name}`);
