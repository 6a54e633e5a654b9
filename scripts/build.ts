/**
 * From what asc made in build/ to dist/: the wasm inlined into one module, with the spans that make its variants; the entry points
 * beside it, which take from that module what they share with it; the types; the raw wasm.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { spansBetween } from "./spans.js";

// A character for each byte, so that gzip finds the bytes' repetitions; 64 added, so that most of the characters are ASCII and take
// one byte: 8.9 kB where 10.6 are without, and 8.4 the wasm itself.
const characters = (bytes: Uint8Array) => String.fromCharCode(...bytes.map((byte) => byte + 64));
const plain = readFileSync("build/memcell.wasm");
const variants = Object.fromEntries(
  ["shared"].map((name) => {
    const spans = spansBetween(plain, readFileSync(`build/memcell.${name}.wasm`));
    return [name, spans.map(({ at, removed, bytes }) => [at, removed, characters(bytes)])];
  }),
);
writeFileSync(
  "build/wasm.js",
  `export const wasm = ${JSON.stringify(characters(plain))};\nexport const variants = ${JSON.stringify(variants)};\n`,
);
writeFileSync(
  "build/wasm.d.ts",
  `/** build/memcell.wasm, a character for each byte, 64 more modulo 256. */
export declare const wasm: string;
/** For each variant what it has instead: from which byte of the plain one, how many of its bytes, its own. */
export declare const variants: Record<${Object.keys(variants)
    .map((name) => JSON.stringify(name))
    .join(" | ")}, [number, number, string][]>;
`,
);

const options: BuildOptions = {
  bundle: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  minify: true,
  legalComments: "none",
};
rmSync("dist", { recursive: true, force: true });
await build({
  ...options,
  stdin: { contents: 'export * from "./src/index.js"; export * from "./src/inside.js";', resolveDir: "." },
  outfile: "dist/memcell.js",
  // The wasm first: gzip takes 0.8 kB more where it stands amid the code, whose statistics are others.
  inject: ["build/wasm.js"],
});
const shared: Plugin = {
  name: "shared",
  setup({ onResolve }) {
    onResolve({ filter: /\/(index|inside)\.js$/ }, () => ({ path: "./memcell.js", external: true }));
  },
};
await build({
  ...options,
  entryPoints: { parallel: "src/parallel/trainer.ts", "parallel-worker": "src/parallel/worker.ts" },
  outdir: "dist",
  plugins: [shared],
});
mkdirSync("dist/types/build", { recursive: true });
copyFileSync("build/memcell.wasm", "dist/memcell.wasm");
for (const name of ["memcell.d.ts", "wasm.d.ts"]) copyFileSync(`build/${name}`, `dist/types/build/${name}`);
