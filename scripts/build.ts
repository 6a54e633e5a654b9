/**
 * From what asc made in build/ to dist/: the wasm inlined into one module, with the spans that make its variants; the entry points
 * beside it, which take from that module what they share with it; the types; the raw wasm.
 */
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { minify } from "terser";
import { spansBetween } from "./spans.js";

// A character for each byte, so that gzip finds the bytes' repetitions; each taken from 122, so that nearly all of the characters are
// ASCII and take one byte: 10.0 kB gzipped where adding 64 gives 10.3, and the wasm itself 9.7.
const characters = (bytes: Uint8Array) => String.fromCharCode(...bytes.map((byte) => 122 - byte));
const plain = readFileSync("build/memcell.wasm");
const variants = Object.fromEntries(
  ["relaxed", "shared"].map((name) => {
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
  `/** build/memcell.wasm, a character for each byte: 122 less the byte, modulo 256. */
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
const { outputFiles } = await build({
  ...options,
  stdin: { contents: 'export * from "./src/index.js"; export * from "./src/inside.js";', resolveDir: "." },
  write: false,
  // The wasm first: gzip takes 0.8 kB more where it stands amid the code, whose statistics are others.
  inject: ["build/wasm.js"],
});
// Names of variables once more, by terser, which names like functions' alike: 1.1 kB less gzipped.
const { code } = await minify(outputFiles[0]?.text as string, { module: true, compress: false });
/** What an entry point imports of another one stays an import. */
const apart: Plugin = {
  name: "apart",
  setup({ onResolve }) {
    const entries = { "(index|inside)": "memcell", "parallel/trainer": "parallel", host: "worker-host" };
    for (const [source, entry] of Object.entries(entries)) {
      onResolve({ filter: new RegExp(`/${source}\\.js$`) }, () => ({ path: `./${entry}.js`, external: true }));
    }
  },
};
await build({
  ...options,
  entryPoints: {
    batcher: "src/batcher.ts",
    parallel: "src/parallel/trainer.ts",
    "parallel-worker": "src/parallel/worker.ts",
    worker: "src/worker/trainer.ts",
    "worker-host": "src/worker/host.ts",
    "trainer-worker": "src/worker/file.ts",
  },
  outdir: "dist",
  plugins: [apart],
});
mkdirSync("dist/types/build", { recursive: true });
writeFileSync("dist/memcell.js", code as string);
copyFileSync("build/memcell.wasm", "dist/memcell.wasm");
for (const name of ["memcell.d.ts", "wasm.d.ts"]) copyFileSync(`build/${name}`, `dist/types/build/${name}`);
